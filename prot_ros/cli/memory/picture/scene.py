# SPDX-License-Identifier: Apache-2.0
"""Who and what is in the picture, and what links them. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prot_ros.core.circles import CIRCLES, circle_of
from prot_ros.core.facts import Kind
from prot_ros.memory.inspection.dossiers import Entity, Known

MOST_WORDS = 3
"""Predicates on one link; the rest are counted."""
LINK_WEIGHT = 0.5
"""Of a link, beside a turn that spoke of somebody: both bring into the picture."""
ORDER = (
    Kind.PERSON, Kind.ANIMAL, Kind.THING, Kind.TOPIC, Kind.ORGANIZATION, Kind.PLACE,
)  # fmt: skip
"""Kinds as they lie around the user, so that those lie side by side that have to do with each
other: people beside the places where they live and the animals that they have."""


@dataclass(frozen=True)
class Node:
    """Somebody or something in the picture."""

    number: int
    kind: Kind
    label: str
    group: tuple[int, int]
    """Kind and circle in their order around the user."""
    weight: float
    """0 to 1: how much it is spoken of, beside whoever is most."""


@dataclass(frozen=True)
class Link:
    """What is so between two of them."""

    start: int
    end: int
    words: str
    live: bool
    """Whether any of it is true now."""
    told: int


@dataclass(frozen=True)
class Scene:
    """All that is drawn. The user, where there is one, is the first node."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    left_out: int
    """Entities for which there was no room."""


def chosen(entities: Sequence[Entity], most: int) -> list[Entity]:
    """Return the user and at most `most` others: those spoken of most, the latest among equals."""
    users = [each for each in entities if each.kind is Kind.USER]
    others = sorted(
        (each for each in entities if each.kind is not Kind.USER),
        key=lambda each: (each.mentions + LINK_WEIGHT * len(each.roles), each.last_turn),
        reverse=True,
    )
    return [*users, *others[:most]]


def scene(shown: Sequence[Entity], facts: Iterable[Known], left_out: int, *, past: bool) -> Scene:
    """Return what is drawn of these entities; `past` says whether what was so before is, too."""
    most = max((each.mentions for each in shown if each.kind is not Kind.USER), default=1)
    nodes = [
        Node(
            number=each.number,
            kind=each.kind,
            label=each.title,
            group=_group(each),
            weight=math.log1p(each.mentions) / math.log1p(max(1, most, each.mentions)),
        )
        for each in shown
    ]
    nodes.sort(
        key=lambda node: (node.kind is not Kind.USER, node.group, -node.weight, node.number)
    )
    return Scene(tuple(nodes), tuple(_links(shown, facts, past=past)), left_out)


def _group(entity: Entity) -> tuple[int, int]:
    if entity.kind is Kind.USER:
        return (-1, 0)
    circles = [circle_of(role) for role in entity.roles]
    places = [list(CIRCLES).index(circle) for circle in circles if circle]
    return (ORDER.index(entity.kind), min(places, default=len(CIRCLES)))


def _links(shown: Sequence[Entity], facts: Iterable[Known], *, past: bool) -> Iterable[Link]:
    words: dict[tuple[int, int, bool], dict[str, int]] = defaultdict(dict)
    there = {each.number for each in shown}
    user = next((each.number for each in shown if each.kind is Kind.USER), None)
    if user is not None:
        for each in shown:
            # What somebody is to the user is told with their name and is no fact of its own.
            if each.roles and each.kind is not Kind.USER:
                role = max(each.roles, key=lambda role: (len(role.split()), role))
                words[user, each.number, True][role] = 1
    for fact in facts:
        if fact.object is None or not {fact.subject, fact.object} <= there:
            continue
        if fact.subject == fact.object or fact.denied or not (fact.true_now or past):
            continue
        pair = words[fact.subject, fact.object, fact.true_now]
        pair[fact.predicate] = max(fact.told, pair.get(fact.predicate, 0))
    for (start, end, live), told in words.items():
        named = list(told)[:MOST_WORDS]
        more = f' +{len(told) - MOST_WORDS}' if len(told) > MOST_WORDS else ''
        yield Link(start, end, ', '.join(named) + more, live, max(told.values()))
