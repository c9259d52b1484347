# SPDX-License-Identifier: Apache-2.0
"""What changed, in English: `moved from seoul to busan`, `used to live`, `stopped working at`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prot_ros.core.offline.english.complements import complement_at, to_be
from prot_ros.core.offline.english.dates import times_at
from prot_ros.core.offline.english.possessions import to_have
from prot_ros.core.offline.english.subjects import Subject
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import age_at, place_at, thing_at
from prot_ros.core.offline.english.verbs import (
    PROGRESSIVE,
    Found,
    any_job_at,
    past,
    verb_at,
)
from prot_ros.core.offline.english.words import ADVERBS, CHANGE_ADVERBS
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.statements import Told, ceased, changed, denied, timed

_PAST = {'lived': 'live', 'worked': 'work', 'studied': 'study'}
"""Past forms that tell of a state; `liked` and `played` tell of an evening."""
_PERFECT = {**_PAST, 'liked': 'like', 'loved': 'love', 'hated': 'hate', 'played': 'play',
            'spoken': 'speak'}  # fmt: skip
_GERUNDS = {
    **PROGRESSIVE, 'liking': 'like', 'loving': 'love', 'playing': 'play', 'speaking': 'speak',
    'driving': 'drive',
}  # fmt: skip
_STOPPED = frozenset(listed('stopped quit'))
_STARTED = frozenset(listed('started began'))
_BOUGHT = frozenset(listed('bought adopted'))
_LASTING_THINGS = frozenset(
    listed("""car bike bicycle motorbike motorcycle house apartment flat boat guitar piano violin
drum drums scooter van truck camera dog cat puppy kitten bird parrot hamster rabbit horse turtle
goldfish fish""")
)
"""What one goes on having once one has bought or got it."""


def change_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read a verb that tells of what was, or of what became so or ceased to be."""
    low = segment.low
    at = past(low, at, CHANGE_ADVERBS)
    perfect = low[at : at + 1] in (('have',), ('has',))
    start = past(low, at + 1, CHANGE_ADVERBS | {'always'}) if perfect else at
    if start >= len(low):
        return None
    if low[start] == 'never':
        return _never(segment, past(low, start + 1, ADVERBS), who)
    if perfect:
        lasting = _lasting(segment, start, who, always='always' in low[at:start])
        if lasting:
            return lasting
    if low[start : start + 2] == ('used', 'to') and not perfect:
        return _used_to(segment, start + 2, who)
    reader = _READERS.get(low[start])
    if reader:
        return reader(segment, start + 1, who)
    if low[start] in _PAST and not perfect:
        found = verb_at(segment, start + 1, who, _PAST[low[start]])
        if found and found.told[0].predicate == 'studies':
            return None  # `studied all night`
        return Found(found.end, ceased(found.told)) if found else None
    if low[start] == 'was' and not perfect:
        return _was(segment, start + 1, who)
    return None


def _was(segment: Segment, at: int, who: Subject) -> Found | None:
    """`was living in paris`, `was a teacher`; a mood or a name in the past tells nothing."""
    low = segment.low
    at = past(low, at, ADVERBS)
    if low[at : at + 1] not in (('a',), ('an',)) and low[at : at + 1] not in {
        (form,) for form in PROGRESSIVE
    }:
        return None
    found = complement_at(segment, at, who)
    if found is None or any(told.predicate in ('is called', 'name') for told in found.told):
        return None
    return Found(found.end, ceased(found.told))


def _never(segment: Segment, at: int, who: Subject) -> Found | None:
    """`never lived in paris`; what was never so is denied."""
    low = segment.low
    if at >= len(low) or low[at] not in _PERFECT | {'had': 'have', 'owned': 'own'}:
        return None
    if low[at] == 'had':
        found = to_have(segment, at + 1, who)
    else:
        base = _PERFECT.get(low[at], 'own')
        found = verb_at(segment, at + 1, who, base)
    return Found(found.end, denied(found.told), denied=True) if found else None


def _lasting(segment: Segment, at: int, who: Subject, *, always: bool) -> Found | None:
    """`have lived in busan since 2020`: so it still is; without a time it may be over."""
    low = segment.low
    if low[at] == 'been':
        at = past(low, at + 1, ADVERBS)
        found = complement_at(segment, at, who)
        sure = low[at : at + 1] != () and low[at] in PROGRESSIVE
    else:
        base = _PERFECT.get(low[at])
        found = verb_at(segment, at + 1, who, base) if base else None
        sure = False
    if found is None:
        return None
    times, end = times_at(low, found.end)
    if not (times or always or sure):
        return None
    return Found(end, timed(found.told, times))


def _used_to(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    at = past(low, at, ADVERBS)
    if at >= len(low):
        return None
    if low[at] == 'be':
        found = to_be(segment, at + 1, who)
    elif low[at] == 'have':
        found = to_have(segment, at + 1, who)
    else:
        found = verb_at(segment, at + 1, who, low[at])
    return Found(found.end, ceased(found.told)) if found else None


def _moved(segment: Segment, at: int, who: Subject) -> Found | None:
    """`moved to busan`, `moved here from seoul last week`, `moved out of paris`."""
    low = segment.low
    told: dict[str, Told] = {}
    times, at = times_at(low, at)
    while at < len(low):
        step = past(
            low, at, frozenset({'back', 'away', 'out', 'here', 'over', 'all', 'the', 'way'})
        )
        if low[step : step + 1] in (('to',), ('into',)) and 'to' not in told:
            place = place_at(segment, step + 1)
            key = 'to'
        elif low[step : step + 1] in (('from',), ('of',)) and 'from' not in told:
            place = place_at(segment, step + 1)
            key = 'from'
        else:
            break
        if place is None or low[step + 1] in ('a', 'an', 'the', 'my', 'new'):
            break
        told[key] = Told(who, 'lives in', place[0])
        more, at = times_at(low, place[1])
        times += more
    if not told:
        return None
    left = ceased((told['from'],), changed=True) if 'from' in told else ()
    here = changed((told['to'],)) if 'to' in told else ()
    return Found(at, timed((*left, *here), times))


def _stopped(segment: Segment, at: int, who: Subject) -> Found | None:
    """`stopped working at samsung`, `quit playing the guitar`, `quit my job at samsung`."""
    low = segment.low
    base = _GERUNDS.get(low[at]) if at < len(low) else None
    found = verb_at(segment, at + 1, who, base) if base else None
    if found is None and low[at : at + 2] == ('my', 'job') and low[at + 2 : at + 3] == ('at',):
        place = place_at(segment, at + 3)
        found = Found(place[1], (Told(who, 'works at', place[0]),)) if place else None
    return Found(found.end, ceased(found.told, changed=True), denied=True) if found else None


def _started(segment: Segment, at: int, who: Subject) -> Found | None:
    """`started working at samsung`, `started a new job at samsung`, `started playing`."""
    low = segment.low
    if at < len(low) and low[at] in _GERUNDS:
        found = verb_at(segment, at + 1, who, _GERUNDS[low[at]])
        return Found(found.end, changed(found.told)) if found else None
    return _new_job(segment, at, who)


def _new_job(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    at += low[at : at + 1] in (('a',), ('my',))
    at += low[at : at + 1] == ('new',)
    if low[at : at + 1] not in (('job',), ('work',)):
        return None
    found = verb_at(segment, at + 1, who, 'work')
    return Found(found.end, changed(found.told)) if found else None


def _got(segment: Segment, at: int, who: Subject) -> Found | None:
    """`got a job at samsung`, `got a puppy called max`; most of what one gets passes."""
    return _new_job(segment, at, who) or _bought(segment, at, who)


def _bought(segment: Segment, at: int, who: Subject) -> Found | None:
    found = to_have(segment, at, who)
    if found is None or not set(segment.low[at : found.end]) & _LASTING_THINGS:
        return None
    return Found(found.end, changed(found.told))


def _became(segment: Segment, at: int, who: Subject) -> Found | None:
    if segment.low[at : at + 1] not in (('a',), ('an',)):
        return None
    found = complement_at(segment, at, who)
    return Found(found.end, changed(found.told)) if found else None


def _turned(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    value = age_at(segment, at)
    # An age may be followed by when that was.
    end = next((end for end in (at + 1, at + 2) if times_at(low, end)[0]), 0)
    if value is None and end:
        value = age_at(Segment(low[:end], segment.raw[:end], question=False), at)
    return Found(value[1], changed((Told(who, 'age', value[0]),))) if value else None


def _sold(segment: Segment, at: int, who: Subject) -> Found | None:
    """`sold my tesla`: it is had and driven no more."""
    if segment.low[at : at + 1] != ('my',):
        return None
    thing = thing_at(segment, at + 1)
    if thing is None or not (
        _LASTING_THINGS & set(thing[0].lower().split(' ')) or thing[0] != thing[0].lower()
    ):
        return None
    told = tuple(Told(who, predicate, f'a {thing[0]}') for predicate in ('has', 'drives'))
    return Found(thing[1], ceased(told, changed=True))


def _joined(segment: Segment, at: int, who: Subject) -> Found | None:
    """`joined samsung as an engineer`: only with a job, since one joins much else."""
    place = place_at(segment, at)
    if place is None or segment.low[place[1] : place[1] + 1] != ('as',):
        return None
    job = any_job_at(segment, place[1] + 1)
    if job is None:
        return None
    return Found(job[1], changed((Told(who, 'works at', place[0]), Told(who, 'works as', job[0]))))


_READERS: Mapping[str, Callable[[Segment, int, Subject], Found | None]] = {
    **dict.fromkeys(('moved', 'relocated'), _moved),
    **dict.fromkeys(_STOPPED, _stopped),
    **dict.fromkeys(_STARTED, _started),
    **dict.fromkeys(_BOUGHT, _bought),
    'got': _got, 'became': _became, 'turned': _turned, 'sold': _sold, 'joined': _joined,
}  # fmt: skip
CHANGE_VERBS = frozenset(_READERS) | _PAST.keys() | {'used', 'was'}
