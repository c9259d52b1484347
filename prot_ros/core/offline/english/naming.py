# SPDX-License-Identifier: Apache-2.0
"""Names that English gives outside its verbs: `call me al`, `we call her bo`, `this is bob`."""

from __future__ import annotations

from prot_ros.core.offline.english.subjects import SELF, Subject, subject_at
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import looks_like_name, name_at, short_name_at
from prot_ros.core.offline.english.verbs import Found
from prot_ros.core.offline.english.words import RELATIONS
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.statements import Told

_CALL = frozenset({'call', 'calls', 'nicknamed'})
_NOT_SO = frozenset(
    listed('not never to will would is was am are nobody hardly rarely seldom noone one did')
)
_ALSO = (('also', 'called'), ('also', 'known', 'as'), ('known', 'as'), ('aka',), ('nicknamed',))


def call_at(segment: Segment, at: int, last: Subject | None) -> Found | None:
    """`call me al`, `everyone calls me al`, `we call her bo`; not `call me later`."""
    low = segment.low
    if low[at] not in _CALL or at + 1 >= len(low):
        return None
    if at and low[at - 1] in _NOT_SO:
        return None
    end = at + 2
    others = at > 0 and low[at - 1] not in ('can', 'may', 'please', 'just', 'or', 'and', ',', 'so')
    who: Subject | None = None
    if low[at + 1] == 'me':
        who = SELF
    elif low[at + 1] in ('her', 'him') and others:
        who = last
    elif low[at + 1] in ('my', 'our') and others:
        found = subject_at(segment, at + 1)
        if found and not found[0].owner:
            who, end = found
    elif others and looks_like_name(segment, at + 1):
        # `we call minsu mj`: two names, of which the first was known.
        named = short_name_at(Segment(low[: at + 2], segment.raw[: at + 2], False), at + 1)
        who = Subject(named[0], named[0]) if named else None
    if who is None or end >= len(low) or (others and not looks_like_name(segment, end)):
        return None  # `my mother calls me every day`
    name = name_at(segment, end)
    if name is None:
        return None
    # What others call one is one more name; what one asks to be called is the name to use.
    predicate = 'is called' if who != SELF or others else 'name'
    return Found(name[1], (Told(who, predicate, name[0]),))


def also_called_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """`, also called mj`, `aka mj` after whom it is about."""
    low = segment.low
    at += low[at : at + 1] == (',',)
    for words in _ALSO:
        if low[at : at + len(words)] == words:
            name = short_name_at(segment, at + len(words))
            return Found(name[1], (Told(who, 'is called', name[0]),)) if name else None
    return None


def introduced_at(segment: Segment, at: int) -> Found | None:
    """Read `this is alice speaking`; `this is my friend bob` is a subject of its own."""
    low = segment.low
    if low[at : at + 2] != ('this', 'is') or at + 2 >= len(low):
        return None
    if looks_like_name(segment, at + 2) and low[at + 2] not in RELATIONS:
        name = name_at(segment, at + 2)
        # `this is max` may show a dog.
        if name and low[name[1] : name[1] + 1] in (('speaking',), ('here',), ('calling',)):
            return Found(name[1], (Told(SELF, 'name', name[0]),))
    return None
