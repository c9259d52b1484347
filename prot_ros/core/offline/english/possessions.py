# SPDX-License-Identifier: Apache-2.0
"""What someone has, in English: pets and things, and relatives with their names."""

from __future__ import annotations

from prot_ros.core.offline.english.subjects import Subject
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import looks_like_name, short_name_at, thing_at
from prot_ros.core.offline.english.verbs import Found
from prot_ros.core.offline.english.words import (
    KIN_ADJECTIVES,
    KIN_SYNONYMS,
    PASSING,
    PET_SYNONYMS,
    PETS,
    PLURALS,
    RELATIONS,
)
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.statements import Told

_DETERMINERS = frozenset(
    listed('a an one two three four five six seven eight nine ten several many')
)
_MAX_NAMES = 8


def to_have(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read what follows `have`: one thing, or several joined by `and`."""
    found = possession_at(segment, at, who)
    while found:
        start = found.end + (segment.low[found.end : found.end + 1] == (',',))
        if segment.low[start : start + 1] != ('and',):
            break
        another = possession_at(segment, start + 1, who)
        if another is None:
            break
        found = Found(another.end, found.told + another.told)
    return found


def possession_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """`a dog called rex`, `two sisters`; what passes, such as a cold, is left out."""
    low = segment.low
    if at >= len(low) or low[at] not in _DETERMINERS:
        return None
    value = thing_at(segment, at)
    if value is None or any(word in PASSING for word in low[at : value[1]]):
        return None
    marker = next((i for i in range(at, value[1]) if low[i] in ('called', 'named')), None)
    single = low[at] in ('a', 'an', 'one')
    noun = low[(marker or value[1]) - 1]
    if marker == at:
        return None
    if not single:
        shown = ' '.join(segment.raw[at : marker or value[1]])
        names = names_at(segment, marker or value[1], introduced=marker is not None)
        told = [Told(who, 'has', shown)]
        if names and noun in PLURALS:
            belongs = _belonging(who, PLURALS[noun], low[at + 1 : (marker or value[1]) - 1])
            told += [Told(belongs, 'is called', name) for name in names[0]]
        return Found(names[1] if names else value[1], tuple(told))
    if marker is None:
        comma = _after_comma(segment, value[1], noun)
        if comma is None:
            return Found(value[1], (Told(who, 'has', value[0]),))
        name, end = comma
        belongs = _belonging(who, noun, low[at + 1 : value[1] - 1])
        return Found(end, (Told(who, 'has', value[0]), Told(belongs, 'is called', name)))
    named = short_name_at(segment, marker + 1)
    if named is None:
        return None
    told = []
    if noun in PETS or noun not in RELATIONS:
        told.append(Told(who, 'has', ' '.join((*segment.raw[at : marker + 1], named[0]))))
    told.append(Told(_belonging(who, noun, low[at + 1 : marker - 1]), 'is called', named[0]))
    return Found(named[1], tuple(told))


def _belonging(who: Subject, noun: str, before: tuple[str, ...]) -> Subject:
    """Return `user's older sister` for the noun and what stands before it."""
    owned = RELATIONS.get(noun) or PET_SYNONYMS.get(noun, noun)
    if before and before[-1] in KIN_ADJECTIVES and noun in RELATIONS:
        owned = f'{KIN_SYNONYMS.get(before[-1], before[-1])} {owned}'
    return Subject(f"{who.subject}'s {owned}", f"{who.label}'s {owned}")


def _after_comma(segment: Segment, at: int, noun: str) -> tuple[str, int] | None:
    """`a brother , tom`: a name that ends the clause belongs to whom was just told of."""
    low = segment.low
    if low[at : at + 1] != (',',) or noun not in RELATIONS.keys() | PETS or at + 1 >= len(low):
        return None
    name = short_name_at(segment, at + 1) if looks_like_name(segment, at + 1) else None
    return name if name and low[name[1] : name[1] + 1] in ((), (',',), ('and',)) else None


def names_at(segment: Segment, at: int, *, introduced: bool) -> tuple[list[str], int] | None:
    """Read `, bora and mina` or `called bora and mina`: one name each, to the end of a clause."""
    low = segment.low
    if not introduced and low[at : at + 1] != (',',):
        return None
    at += 1
    names: list[str] = []
    while at < len(low) and len(names) < _MAX_NAMES:
        name = short_name_at(segment, at) if looks_like_name(segment, at) else None
        if name is None:
            break
        names.append(name[0])
        at = name[1]
        start = at
        while low[at : at + 1] in ((',',), ('and',)):
            at += 1
        if at == start:
            break
    ends = at >= len(low) or low[at - 1] in (',', 'and')
    return (names, at) if names and (ends or introduced) else None
