# SPDX-License-Identifier: Apache-2.0
"""What someone is, in English: what follows `am`, `is` and `are`, or `used to be`."""

from __future__ import annotations

from prot_ros.core.offline.english.dates import times_at
from prot_ros.core.offline.english.numbers import read
from prot_ros.core.offline.english.possessions import names_at
from prot_ros.core.offline.english.subjects import SELF, Subject, subject_at
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import (
    age_at,
    date_at,
    looks_like_name,
    name_at,
    place_at,
    short_name_at,
    thing_at,
)
from prot_ros.core.offline.english.verbs import PROGRESSIVE, Found, job_at, past, verb_at
from prot_ros.core.offline.english.words import ADVERBS, NATIONS, PLURALS, RELATIONS, TRAITS
from prot_ros.core.offline.statements import Told, ceased, denied


def to_be(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read what follows `am`, `is` or `are`."""
    low = segment.low
    at = past(low, at, ADVERBS)
    if low[at : at + 2] == ('no', 'longer'):
        found = complement_at(segment, past(low, at + 2, ADVERBS), who)
        return Found(found.end, ceased(found.told, changed=True), denied=True) if found else None
    if low[at : at + 1] == ('not',):
        found = complement_at(segment, past(low, at + 1, ADVERBS), who)
        return not_so(segment, found) if found else None
    return complement_at(segment, at, who)


def not_so(segment: Segment, found: Found) -> Found:
    """Return what is told as not so, or with `any more` after it as no longer so."""
    end = past_any_more(segment, found.end)
    if end > found.end:
        return Found(end, ceased(found.told, changed=True), denied=True)
    return Found(end, denied(found.told), denied=True)


def past_any_more(segment: Segment, at: int) -> int:
    """Return where `any more`, `anymore` or `any longer` ends; `at` where there is none."""
    low = segment.low
    if low[at : at + 1] == ('anymore',):
        return at + 1
    return at + 2 if low[at : at + 2] in (('any', 'more'), ('any', 'longer')) else at


def complement_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read what someone can be: from somewhere, some years old, called, a doctor, vegetarian."""
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
            return _and_from(segment, found, who)
    return None


def _and_from(segment: Segment, found: Found, who: Subject) -> Found:
    if segment.low[found.end : found.end + 1] != ('from',):
        return found
    origin = _origin(segment, found.end, who)
    return Found(origin.end, found.told + origin.told) if origin else found


def origin_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read `born in seoul`, `born on may third`; a year alone is an event."""
    return _origin(segment, at, who)


def _origin(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    if low[at] == 'from' or low[at : at + 2] == ('born', 'in'):
        start = at + 1 if low[at] == 'from' else at + 2
        born_on = date_at(segment, start) if low[at] == 'born' else None
        if born_on:
            return Found(born_on[1], (Told(who, 'birthday', born_on[0]),))
        value = None if read(low, start) else place_at(segment, start)  # born in nineteen ninety
        if value:
            return Found(value[1], (Told(who, 'comes from', value[0]),))
    if low[at : at + 2] == ('born', 'on'):
        day = date_at(segment, at + 2)
        return Found(day[1], (Told(who, 'birthday', day[0]),)) if day else None
    return None


def _progressive(segment: Segment, at: int, who: Subject) -> Found | None:
    base = PROGRESSIVE.get(segment.low[at])
    return verb_at(segment, at + 1, who, base) if base else None


def _age(segment: Segment, at: int, who: Subject) -> Found | None:
    value = age_at(segment, at)
    return Found(value[1], (Told(who, 'age', value[0]),)) if value else None


def _called(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    # `also known as` tells another name, and leaves the one that was told before.
    known_as = low[at : at + 2] == ('known', 'as')
    if low[at] not in ('called', 'named') and not known_as:
        return None
    several = PLURALS.get(who.subject.split(' ')[-1], '')
    names = names_at(segment, at, introduced=True) if several else None
    if names:  # `my kids are called leo and mia`
        owner, label = (each.rpartition(' ')[0] for each in (who.subject, who.label))
        each = Subject(f'{owner} {several}', f'{label} {several}')
        return Found(names[1], tuple(Told(each, 'is called', name) for name in names[0]))
    value = name_at(segment, at + 1 + known_as)
    also = known_as or 'also' in low[max(0, at - 2) : at]
    predicate = 'name' if who.subject == SELF.subject and not also else 'is called'
    return Found(value[1], (Told(who, predicate, value[0]),)) if value else None


def _relation(segment: Segment, at: int, who: Subject) -> Found | None:
    """`bob is my brother`: the brother is called Bob."""
    if segment.low[at] not in ('my', 'our') or who.subject == SELF.subject:
        return None
    found = subject_at(segment, at)
    if found is None or found[0].subject == SELF.subject or found[0].owner:
        return None
    return Found(found[1], (Told(found[0], 'is called', who.subject),))


def _profession(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    if low[at] not in ('a', 'an', 'the'):
        return None
    job = job_at(segment, at)
    if job is None:
        return None
    told = [Told(who, 'works as', job[0])]
    end = job[1]
    if low[end : end + 1] in (('at',), ('for',)) and not times_at(low, end)[0]:
        employer = place_at(segment, end + 1)
        if employer:
            at_work = 'studies at' if job[0].endswith('student') else 'works at'
            told.append(Told(who, at_work, employer[0]))
            end = employer[1]
    return Found(end, tuple(told))


def _trait(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read what lasts, such as `vegetarian` or `allergic to nuts`; moods are of the hour."""
    low = segment.low
    word = at + 1 if low[at] in ('a', 'an') else at
    if low[at : at + 2] in (('left', 'handed'), ('right', 'handed')):
        return Found(at + 2, (Told(who, 'is', f'{low[at]}-handed'),))
    if word >= len(low) or low[word] not in TRAITS | NATIONS:
        return None
    end = word + 1
    value = ' '.join(part.capitalize() if part in NATIONS else part for part in low[at:end])
    if low[end : end + 1] == ('to',):
        complement = (name_at if low[word] == 'married' else thing_at)(segment, end + 1)
        if complement:
            value, end = f'{value} to {complement[0]}', complement[1]
    return Found(end, (Told(who, 'is', value),))


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
    return Found(value[1], (Told(who, 'name' if oneself else 'is called', value[0]),))
