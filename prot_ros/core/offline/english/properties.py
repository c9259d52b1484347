# SPDX-License-Identifier: Apache-2.0
"""Properties in English: `name is alice`, `birthday is on may third`, `phone number is ...`."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros.core.offline.english.subjects import SELF, Subject
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import (
    Value,
    ValueReader,
    age_at,
    code_at,
    date_at,
    name_at,
    place_at,
    thing_at,
)
from prot_ros.core.offline.english.verbs import Found, any_job_at, past
from prot_ros.core.offline.english.words import ADVERBS, OWNED_NUMBERS
from prot_ros.core.offline.statements import Told, denied

_MAX_PROPERTY = 3  # words


def _in_place_at(segment: Segment, at: int) -> Value | None:
    return place_at(segment, at + 1) if segment.low[at : at + 1] == ('in',) else None


_READERS: Mapping[str, tuple[str, ValueReader]] = {
    'name': ('is called', name_at),
    'nickname': ('is called', name_at),
    'birthday': ('birthday', date_at),
    'age': ('age', age_at),
    'job': ('works as', any_job_at),
    'profession': ('works as', any_job_at),
    'hometown': ('comes from', place_at),
    'home': ('lives in', _in_place_at),
}
_VALUES: Mapping[str, ValueReader] = {
    'name': name_at, 'is called': name_at, 'birthday': date_at, 'age': age_at,
    'lives in': place_at, 'comes from': place_at, 'works at': place_at, 'works in': place_at,
    'studies at': place_at, 'works as': any_job_at, 'likes': thing_at, 'dislikes': thing_at,
    'has': thing_at, 'drives': thing_at, 'owns': thing_at, 'plays': thing_at, 'speaks': thing_at,
    'studies': thing_at,
}  # fmt: skip
"""How the value of a relation is read, where another one is told in its place."""


def property_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read a property and what it is; with `not`, what it is not and what it is instead."""
    low = segment.low
    if low[at : at + 1] in (('first',), ('full',), ('real',)):
        at += 1
    if low[at : at + 3] == ('the', 'name', 'is'):
        at += 1
    if at >= len(low):
        return None
    if low[at] == 'favorite':
        return _favorite(segment, at, who)
    named = _READERS.get(low[at])
    end = at + 1
    if named is None:
        end = next(
            (
                stop
                for stop in range(at + _MAX_PROPERTY, at, -1)
                if ' '.join(low[at:stop]) in OWNED_NUMBERS
            ),
            0,
        )
        if not end:
            return None
        named = (' '.join(low[at:end]), code_at)
    predicate, reader = named
    if low[at] == 'name' and who.subject == SELF.subject:
        predicate = 'name'
    # `grandpa's name was walter`
    if low[end : end + 1] != ('is',) and low[at : end + 1] != ('name', 'was'):
        return None
    start = past(low, end + 1, ADVERBS)
    if low[start : start + 1] != ('not',):
        value = reader(segment, start)
        return Found(value[1], (Told(who, predicate, value[0]),)) if value else None
    return _not_but(segment, start + 1, Told(who, predicate, ''), reader)


def corrected(segment: Segment, found: Found) -> Found:
    """Read on after a statement: `, not bora` denies that value of the same relation."""
    low = segment.low
    at = found.end
    while low[at : at + 1] in ((',',), ('and',)):
        at += 1
    if not found.told or low[at : at + 1] != ('not',):
        return found
    last = found.told[-1]
    at += 1
    if low[at : at + 1] in (('in',), ('at',), ('on',), ('as',), ('from',)):
        at += 1
    reader = thing_at if last.predicate.startswith('favorite ') else _VALUES.get(last.predicate)
    if low[at : at + 1] in (('my',), ('i',)):
        return found
    other = reader(segment, at) if reader else None
    if other is None or other[0] == last.value:
        return found
    untrue = denied((Told(last.who, last.predicate, other[0]),))
    return Found(other[1], found.told + untrue, found.denied)


def _not_but(segment: Segment, at: int, told: Told, reader: ValueReader) -> Found:
    """`is not bora but mina`, `is not bora , it is mina`."""
    low = segment.low
    value = reader(segment, at)
    if value is None:
        return Found(at, denied=True)
    untrue = denied((Told(told.who, told.predicate, value[0]),))
    at = value[1]
    start = at
    while low[at : at + 1] in ((',',), ('but',)):
        at += 1
    if low[at : at + 2] in (('it', 'is'), ('she', 'is'), ('he', 'is'), ('that', 'is')):
        at += 2
    # What follows a comma alone may be anything.
    joined = at > start and low[at - 1] in ('but', 'is')
    right = reader(segment, at) if joined else None
    if right is None:
        return Found(value[1], untrue, denied=True)
    return Found(right[1], (Told(told.who, told.predicate, right[0]), *untrue))


def _favorite(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    for end in (at + 2, at + 3):
        if low[end : end + 1] in (('is',), ('are',)):
            start = past(low, end + 1, ADVERBS)
            if low[start : start + 1] == ('not',):
                told = Told(who, ' '.join(low[at:end]), '')
                return _not_but(segment, start + 1, told, thing_at)
            value = thing_at(segment, start)
            if value:
                return Found(value[1], (Told(who, ' '.join(low[at:end]), value[0]),))
    return None
