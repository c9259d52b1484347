# SPDX-License-Identifier: Apache-2.0
"""What the subjects and objects of facts are: people, animals, places, things.

Predicates and relations are English words whatever was spoken, so one table serves all languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prot_ros.core.facts import IS_CALLED, OWNED, USER, Fact, Kind
from prot_ros.core.offline.plain_text import listed

_ANIMALS = frozenset(
    listed("""dog cat bird parrot fish goldfish hamster rabbit horse pony turtle tortoise snake
lizard pet""")
)
_THINGS = frozenset(listed('robot boat car bike house'))
_OBJECTS: Mapping[str, Kind] = {
    'lives in': Kind.PLACE, 'comes from': Kind.PLACE, 'travels to': Kind.PLACE,
    'moves to': Kind.PLACE, 'works in': Kind.PLACE, 'works at': Kind.ORGANIZATION,
    'studies at': Kind.ORGANIZATION, 'graduated from': Kind.ORGANIZATION,
    'drives': Kind.THING, 'owns': Kind.THING, 'plays': Kind.TOPIC, 'speaks': Kind.TOPIC,
    'studies': Kind.TOPIC,
}  # fmt: skip
"""What the objects of these are; the objects of others may be anything, or are mere values."""


def with_kinds(facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts with the kinds that are certain; a name has that of whoever bears it."""
    named = {
        fact.object: _of_relation(fact.subject)
        for fact in facts
        if fact.predicate == IS_CALLED and fact.subject.startswith(OWNED)
    }
    return [
        replace(
            fact,
            subject_kind=_of_subject(fact.subject, named),
            object_kind=named.get(fact.object)
            if fact.predicate == IS_CALLED
            else _OBJECTS.get(fact.predicate),
        )
        for fact in facts
    ]


def _of_subject(subject: str, named: Mapping[str, Kind]) -> Kind | None:
    if subject == USER:
        return Kind.USER
    return named.get(subject) or (_of_relation(subject) if "'s " in subject else None)


def _of_relation(subject: str) -> Kind:
    noun = subject.split(' ')[-1]
    return Kind.ANIMAL if noun in _ANIMALS else Kind.THING if noun in _THINGS else Kind.PERSON
