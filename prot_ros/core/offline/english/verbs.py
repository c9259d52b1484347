# SPDX-License-Identifier: Apache-2.0
"""The verbs of English statements and what they take: `live in` a place, `like` a thing or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prot_ros.core.offline.english.subjects import Subject, subject_at
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import (
    Value,
    ValueReader,
    field_at,
    place_at,
    thing_at,
    vehicle_at,
)
from prot_ros.core.offline.english.words import (
    ADVERBS,
    AUXILIARIES,
    ENDS,
    PASSING,
    PROFESSIONS,
    PRONOUNS,
)
from prot_ros.core.offline.statements import Told


@dataclass(frozen=True)
class Found:
    """What a verb and its value told, and where they ended."""

    end: int
    told: tuple[Told, ...] = ()
    denied: bool = False


def job_at(segment: Segment, at: int) -> Value | None:
    """Read `a software engineer` as `software engineer`: up to a word that names a profession."""
    low = segment.low
    if low[at : at + 1] in (('a',), ('an',), ('the',)):
        at += 1
    for end in range(at + 1, min(len(low), at + 4) + 1):
        if low[end - 1] in ENDS or low[end - 1] == 'of':
            return None
        if low[end - 1] in PROFESSIONS:
            return ' '.join(segment.raw[at:end]), end
    return None


def any_job_at(segment: Segment, at: int) -> Value | None:
    """Read what follows `work as`, whether or not the list knows the profession."""
    if segment.low[at : at + 1] == ('at',):
        return None
    known = job_at(segment, at)
    thing = known or field_at(segment, at)
    return (
        (thing[0].removeprefix('a ').removeprefix('an ').removeprefix('the '), thing[1])
        if thing
        else None
    )


@dataclass(frozen=True)
class _Verb:
    predicate: str
    value: ValueReader
    prepositions: tuple[str, ...] = ()
    several: bool = False
    """`jazz and pizza` are two values."""


_LIKES = _Verb('likes', thing_at, several=True)
_DISLIKES = _Verb('dislikes', thing_at, several=True)
_VERBS: Mapping[str, tuple[_Verb, ...]] = {
    'live': (_Verb('lives in', place_at, ('in',)),),
    'living': (_Verb('lives in', place_at, ('in',)),),
    'reside': (_Verb('lives in', place_at, ('in',)),),
    'come': (_Verb('comes from', place_at, ('from',)),),
    'work': (
        _Verb('works as', any_job_at, ('as',)),
        _Verb('works at', place_at, ('at', 'for')),
        _Verb('works in', place_at, ('in',)),
    ),
    **dict.fromkeys(('like', 'love', 'enjoy', 'adore'), (_LIKES,)),
    **dict.fromkeys(('hate', 'dislike', 'detest', 'despise'), (_DISLIKES,)),
    'speak': (_Verb('speaks', thing_at, several=True),),
    'play': (_Verb('plays', thing_at, several=True),),
    'study': (
        _Verb('studies at', place_at, ('at', 'in')),
        _Verb('studies', field_at, several=True),
    ),
    'own': (_Verb('owns', thing_at, several=True),),
    'drive': (_Verb('drives', vehicle_at),),
    'ride': (_Verb('drives', vehicle_at),),
}  # fmt: skip
_LASTING = frozenset({'plays', 'studies', 'owns'})
"""Of these what passes is no value: `plays a role`, `learning a lot`."""
PROGRESSIVE = {
    'living': 'live', 'working': 'work', 'studying': 'study', 'learning': 'study',
}  # fmt: skip


def lemma(word: str) -> str:
    """Return the base form of a verb of the table: `lives` is `live`, `studies` is `study`."""
    if word.endswith('ies') and f'{word[:-3]}y' in _VERBS:
        return f'{word[:-3]}y'
    return word[:-1] if word.endswith('s') and word[:-1] in _VERBS else word


def past(low: tuple[str, ...], at: int, words: frozenset[str]) -> int:
    """Return the first position from `at` on whose word is none of `words`."""
    while at < len(low) and low[at] in words:
        at += 1
    return at


def verb_at(segment: Segment, at: int, who: Subject, base: str) -> Found | None:
    """Read what follows a verb of the table, given in its base form."""
    for verb in _VERBS.get(base, ()):
        found = _valued(segment, at, who, verb)
        if found:
            return _completed(segment, found, who) if base in ('work', 'study') else found
    return None


def _completed(segment: Segment, found: Found, who: Subject) -> Found:
    """`at samsung as an engineer`, `as a nurse at st mary's`, `physics at kaist`."""
    low = segment.low
    following = low[found.end : found.end + 1]
    first = found.told[0].predicate
    if following == ('as',) and first != 'works as':
        job = any_job_at(segment, found.end + 1)
        return Found(job[1], (*found.told, Told(who, 'works as', job[0]))) if job else found
    if following == ('in',) and first == 'works as':
        place = place_at(segment, found.end + 1)
        return Found(place[1], (*found.told, Told(who, 'works in', place[0]))) if place else found
    if following in (('at',), ('for',)) and first in ('works as', 'studies'):
        place = place_at(segment, found.end + 1)
        predicate = 'works at' if first == 'works as' else 'studies at'
        return Found(place[1], (*found.told, Told(who, predicate, place[0]))) if place else found
    return found


def _valued(segment: Segment, at: int, who: Subject, verb: _Verb) -> Found | None:
    low = segment.low
    at = past(low, at, ADVERBS)
    if verb.prepositions:
        if at >= len(low) or low[at] not in verb.prepositions:
            return None
        at += 1
    value = verb.value(segment, at)
    if value is None or (
        verb.predicate in _LASTING and not PASSING.isdisjoint(value[0].lower().split(' '))
    ):
        return None
    told = [Told(who, verb.predicate, value[0])]
    end = value[1]
    while verb.several and low[end : end + 1] in (('and',), (',',), ('or',)):
        start = past(low, end, frozenset({'and', ',', 'or', 'also'}))
        another = None if _begins_clause(segment, start) else verb.value(segment, start)
        if another is None:
            break
        told.append(Told(who, verb.predicate, another[0]))
        end = another[1]
    return Found(end, tuple(told))


def _begins_clause(segment: Segment, at: int) -> bool:
    low = segment.low
    if at >= len(low):
        return True
    word = low[at]
    return (
        word in PRONOUNS | AUXILIARIES | {'my', 'our', 'have', 'call', 'not', 'never', 'the'}
        or lemma(word) in _VERBS
        or subject_at(segment, at) is not None
    )
