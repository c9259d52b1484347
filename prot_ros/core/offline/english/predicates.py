# SPDX-License-Identifier: Apache-2.0
"""What English statements say of their subject: the verbs, `to be`, `to have` and properties."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros.core.offline.english.numbers import read
from prot_ros.core.offline.english.subjects import SELF, Subject, is_plural, subject_at
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import (
    Value,
    ValueReader,
    age_at,
    date_at,
    looks_like_name,
    name_at,
    place_at,
    short_name_at,
    thing_at,
)
from prot_ros.core.offline.english.verbs import (
    PROGRESSIVE,
    Found,
    Told,
    any_job_at,
    job_at,
    lemma,
    negated_at,
    past,
    verb_at,
)
from prot_ros.core.offline.english.words import (
    ADVERBS,
    NATIONS,
    PASSING,
    PETS,
    RELATIONS,
    TRAITS,
)
from prot_ros.core.offline.plain_text import listed

_HAVE_BEEN_LIVING, _HAS_BEEN_LIVING = ('have', 'been', 'living'), ('has', 'been', 'living')
_DETERMINERS = frozenset(
    listed('a an one two three four five six seven eight nine ten several many')
)


def property_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read `name is alice`, `birthday is on may third`, `favorite color is blue` of someone."""
    low = segment.low
    if low[at : at + 1] in (('first',), ('full',), ('real',)):
        at += 1
    if low[at : at + 3] == ('the', 'name', 'is'):
        at += 1
    if at >= len(low):
        return None
    if low[at] == 'favorite':
        return _favorite(segment, at, who)
    readers: Mapping[str, tuple[str, ValueReader]] = {
        'name': ('name' if who.subject == SELF.subject else 'is called', name_at),
        'birthday': ('birthday', date_at),
        'age': ('age', age_at),
        'job': ('works as', any_job_at),
        'profession': ('works as', any_job_at),
        'hometown': ('comes from', place_at),
        'home': ('lives in', _in_place_at),
    }
    if low[at] not in readers or low[at + 1 : at + 2] != ('is',):
        return None
    predicate, reader = readers[low[at]]
    at = past(low, at + 2, ADVERBS)
    if low[at : at + 1] == ('not',):
        return Found(at + 1, denied=True)
    value = reader(segment, at)
    return Found(value[1], ((who, predicate, value[0]),)) if value else None


def _favorite(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    for end in (at + 2, at + 3):
        if low[end : end + 1] in (('is',), ('are',)):
            value = thing_at(segment, end + 1)
            if value:
                return Found(value[1], ((who, ' '.join(low[at:end]), value[0]),))
    return None


def _in_place_at(segment: Segment, at: int) -> Value | None:
    return place_at(segment, at + 1) if segment.low[at : at + 1] == ('in',) else None


def predicate_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read a verb and its value; the verb must agree with whom it is about."""
    low = segment.low
    at = past(low, at, ADVERBS)
    if at >= len(low):
        return None
    word = low[at]
    oneself = who.subject == SELF.subject
    if low[at : at + 2] == ('was', 'born'):
        return _origin(segment, at + 1, who)
    if word == ('am' if oneself else 'are' if is_plural(who.subject) else 'is'):
        return _to_be(segment, at + 1, who)
    if low[at : at + 3] == ('can', 'not', 'stand') or low[at : at + 4] == ('can', 'not', 'bear'):
        return verb_at(segment, at + 3, who, 'dislike')
    for lived in (('have', 'lived'), ('has', 'lived'), _HAVE_BEEN_LIVING, _HAS_BEEN_LIVING):
        if low[at : at + len(lived)] == lived:
            return verb_at(segment, at + len(lived), who, 'live')
    negative = 0
    if low[at : at + 2] in (('do', 'not'), ('does', 'not'), ('no', 'longer')):
        negative = 2
    elif word == 'never':
        negative = 1
    at = past(low, at + negative, ADVERBS)
    if at >= len(low):
        return None
    base = lemma(low[at])
    if base == 'has' or base == 'have':
        return Found(at + 1, denied=True) if negative else _to_have(segment, at, who)
    inflected = base != low[at]
    if base in PROGRESSIVE or (oneself and inflected):
        return None
    if negative:
        return negated_at(segment, at + 1, who, base)
    return verb_at(segment, at + 1, who, base)


def _to_be(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read what follows `am`, `is` or `are`."""
    low = segment.low
    at = past(low, at, ADVERBS)
    if at >= len(low):
        return None
    if low[at] == 'not':
        denied = _complement(segment, past(low, at + 1, ADVERBS), who)
        return Found(denied.end, denied=True) if denied else None
    found = _complement(segment, at, who)
    if found and low[found.end : found.end + 1] == ('from',):
        origin = _origin(segment, found.end, who)
        return Found(origin.end, found.told + origin.told) if origin else found
    return found


def _complement(segment: Segment, at: int, who: Subject) -> Found | None:
    if at >= len(segment.low):
        return None
    for complement in (
        _origin,
        _progressive,
        _age,
        _called,
        _relation,
        _profession,
        _trait,
        _name,
    ):
        found = complement(segment, at, who)
        if found:
            return found
    return None


def _origin(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    if low[at] == 'from' or low[at : at + 2] == ('born', 'in'):
        start = at + 1 if low[at] == 'from' else at + 2
        born_on = date_at(segment, start) if low[at] == 'born' else None
        if born_on:
            return Found(born_on[1], ((who, 'birthday', born_on[0]),))
        value = None if read(low, start) else place_at(segment, start)  # born in nineteen ninety
        if value:
            return Found(value[1], ((who, 'comes from', value[0]),))
    if low[at : at + 2] == ('born', 'on'):
        day = date_at(segment, at + 2)
        return Found(day[1], ((who, 'birthday', day[0]),)) if day else None
    return None


def _progressive(segment: Segment, at: int, who: Subject) -> Found | None:
    base = PROGRESSIVE.get(segment.low[at])
    return verb_at(segment, at + 1, who, base) if base else None


def _age(segment: Segment, at: int, who: Subject) -> Found | None:
    value = age_at(segment, at)
    return Found(value[1], ((who, 'age', value[0]),)) if value else None


def _called(segment: Segment, at: int, who: Subject) -> Found | None:
    if segment.low[at] not in ('called', 'named'):
        return None
    value = name_at(segment, at + 1)
    predicate = 'name' if who.subject == SELF.subject else 'is called'
    return Found(value[1], ((who, predicate, value[0]),)) if value else None


def _relation(segment: Segment, at: int, who: Subject) -> Found | None:
    """`bob is my brother`: the brother is called Bob."""
    if segment.low[at] != 'my' or who.subject == SELF.subject:
        return None
    found = subject_at(segment, at)
    if found is None or found[0].subject == SELF.subject or found[0].owner:
        return None
    return Found(found[1], ((found[0], 'is called', who.subject),))


def _profession(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    if low[at] not in ('a', 'an', 'the'):
        return None
    job = job_at(segment, at)
    if job is None:
        return None
    told = [(who, 'works as', job[0])]
    end = job[1]
    if low[end : end + 1] in (('at',), ('for',)):
        employer = place_at(segment, end + 1)
        if employer:
            at_work = 'studies at' if job[0].endswith('student') else 'works at'
            told.append((who, at_work, employer[0]))
            end = employer[1]
    return Found(end, tuple(told))


def _trait(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read what lasts, such as `vegetarian` or `allergic to nuts`; moods are of the hour."""
    low = segment.low
    word = at + 1 if low[at] in ('a', 'an') else at
    if low[at : at + 2] in (('left', 'handed'), ('right', 'handed')):
        return Found(at + 2, ((who, 'is', f'{low[at]}-handed'),))
    if word >= len(low) or low[word] not in TRAITS | NATIONS:
        return None
    end = word + 1
    value = ' '.join(part.capitalize() if part in NATIONS else part for part in low[at:end])
    if low[end : end + 1] == ('to',):
        complement = (name_at if low[word] == 'married' else thing_at)(segment, end + 1)
        if complement:
            value, end = f'{value} to {complement[0]}', complement[1]
    return Found(end, ((who, 'is', value),))


def _name(segment: Segment, at: int, who: Subject) -> Found | None:
    """`i am alice`, `my sister is mina`: only for words that are names, before a clause ends."""
    if not looks_like_name(segment, at) or segment.low[at] in RELATIONS:
        return None
    value = short_name_at(segment, at)
    if value is None:
        return None
    oneself = who.subject == SELF.subject
    if not oneself and "'s " not in who.subject:
        return None
    return Found(value[1], ((who, 'name' if oneself else 'is called', value[0]),))


def _to_have(segment: Segment, at: int, who: Subject) -> Found | None:
    at += 2 if segment.low[at + 1 : at + 2] == ('got',) else 1
    found = _possession(segment, at, who)
    while found and segment.low[found.end : found.end + 1] == ('and',):
        another = _possession(segment, found.end + 1, who)
        if another is None:
            break
        found = Found(another.end, found.told + another.told)
    return found


def _possession(segment: Segment, at: int, who: Subject) -> Found | None:
    """`a dog called rex`, `two sisters`; what passes, such as a cold, is left out."""
    low = segment.low
    if at >= len(low) or low[at] not in _DETERMINERS:
        return None
    value = thing_at(segment, at)
    if value is None or any(word in PASSING for word in low[at : value[1]]):
        return None
    marker = next((i for i in range(at, value[1]) if low[i] in ('called', 'named')), None)
    if marker is None:
        return Found(value[1], ((who, 'has', value[0]),))
    name = short_name_at(segment, marker + 1)
    noun = low[marker - 1]
    if name is None or marker == at:
        return None
    if low[at] not in ('a', 'an', 'one'):
        # Which of several bears the first name is not said.
        return Found(value[1], ((who, 'has', ' '.join(segment.raw[at:marker])),))
    told: list[Told] = []
    if noun in PETS or noun not in RELATIONS:
        told.append((who, 'has', ' '.join((*segment.raw[at : marker + 1], name[0]))))
    owned = RELATIONS.get(noun, noun)
    belongs = Subject(f"{who.subject}'s {owned}", f"{who.label}'s {owned}")
    told.append((belongs, 'is called', name[0]))
    return Found(name[1], tuple(told))
