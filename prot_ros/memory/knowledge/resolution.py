# SPDX-License-Identifier: Apache-2.0
"""Who is meant: the entities that a turn speaks of, among those that are known. Pure.

A name is not enough: two people of one name stay two as long as they are different things to the
user, and `my sister` becomes Bora when her name is told. In doubt there are two, because to join
two later is easier than to take one apart; either can be done, and undone, by a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prot_ros.core.facts import IS_CALLED, OWNED, USER, Fact, Kind, Standing
from prot_ros.memory.knowledge.naming import SHORT, is_role, keys
from prot_ros.memory.storable import key

_NAMED = (IS_CALLED, 'name')
_ONLY_ONE = frozenset({
    'mother', 'father', 'wife', 'husband', 'spouse', 'partner', 'girlfriend', 'boyfriend',
    'fiance', 'fiancee', 'boss',
})  # fmt: skip
"""Of these nobody has two at a time: another name is another name of the same."""
_PETS = frozenset({
    'dog', 'puppy', 'cat', 'kitten', 'bird', 'parrot', 'canary', 'rabbit', 'hamster', 'horse',
    'pony', 'fish', 'goldfish', 'turtle', 'tortoise', 'pet', 'snake', 'lizard',
})  # fmt: skip
_LIVING = (None, Kind.PERSON, Kind.ANIMAL)
_OBJECTS = {
    'lives in': Kind.PLACE,
    'comes from': Kind.PLACE,
    'was born in': Kind.PLACE,
    'works in': Kind.PLACE,
    'travels to': Kind.PLACE,
    'works at': Kind.ORGANIZATION,
    'studies at': Kind.ORGANIZATION,
    'likes': Kind.THING,
    'dislikes': Kind.THING,
    'owns': Kind.THING,
    'drives': Kind.THING,
    'is allergic to': Kind.THING,
    'plays': Kind.TOPIC,
    'speaks': Kind.TOPIC,
    'studies': Kind.TOPIC,
    'is married to': Kind.PERSON,
    'knows': Kind.PERSON,
}


@dataclass(frozen=True)
class Mention:
    """Somebody or something that a turn speaks of, under all that it calls them."""

    texts: tuple[str, ...]
    """As they were said, `user's sister` or `Bora`; at least one."""
    kind: Kind | None
    denied: tuple[str, ...] = ()
    """What they are said not to be called, and may be known as."""

    @property
    def is_user(self) -> bool:
        """Whether it is the one who is speaking."""
        return self.kind is Kind.USER

    @property
    def keys(self) -> frozenset[str]:
        """Under which it may be known."""
        return frozenset(
            each for text in (*self.texts, *self.denied) for each in keys(text, self.kind)
        )


@dataclass(frozen=True)
class Known:
    """An entity there is."""

    number: int
    kind: Kind
    keys: frozenset[str]
    last_turn: int
    """The higher, the later it was spoken of."""


@dataclass(frozen=True)
class Resolved:
    """Whom a mention means."""

    entity: int | None
    """None for somebody new."""
    same: int | None = None
    """Another entity that turns out to be the same one."""


def object_kind(fact: Fact) -> Kind | None:
    """Return what the object of a fact is, None for a value that is no entity."""
    if key(fact.predicate) in _NAMED:
        return None
    return fact.object_kind or _OBJECTS.get(key(fact.predicate))


def subject_kind(fact: Fact) -> Kind | None:
    """Return what the subject is, None where nothing tells."""
    if key(fact.subject) == USER:
        return Kind.USER
    return fact.subject_kind


def told_of(fact: Fact) -> str:
    """Return the key of the mention that a fact is about: who is called so, where it names."""
    if key(fact.predicate) in _NAMED and fact.standing is Standing.HOLDS:
        return key(fact.object)
    return key(fact.subject)


def kind_of(mention: Mention) -> Kind:
    """Return what somebody new is: what was said, a pet where the role is one, else a person."""
    if mention.kind is not None:
        return mention.kind
    roles = (key(text).rsplit(' ', 1)[-1] for text in mention.texts if is_role(text))
    return Kind.ANIMAL if any(role in _PETS for role in roles) else Kind.PERSON


def mentions(facts: Sequence[Fact]) -> dict[str, Mention]:
    """Return whom the facts of one turn speak of, by the key of how they are called there."""
    found = _Circles()
    named: dict[str, set[str]] = {}
    for fact in facts:
        if key(fact.predicate) in _NAMED and fact.standing is Standing.HOLDS:
            named.setdefault(key(fact.subject), set()).add(key(fact.object))
    for fact in facts:
        found.add(fact.subject, subject_kind(fact))
        kind = object_kind(fact)
        if kind is not None:
            found.add(fact.object, kind)
    for fact in facts:
        if key(fact.predicate) not in _NAMED:
            continue
        if fact.standing is not Standing.HOLDS:
            found.deny(fact.subject, fact.object)
            continue
        found.add(fact.object, subject_kind(fact) if key(fact.subject) == USER else None)
        if is_role(fact.subject) and len(named[key(fact.subject)]) > 1:
            found.note(fact.object, fact.subject)  # two sisters: each is one
        else:
            found.join(fact.subject, fact.object)
    return found.mentions()


def resolve(mention: Mention, known: Sequence[Known]) -> Resolved:
    """Decide whom a mention means, among those who share a key with it."""
    ours = mention.keys
    roles, names = _roles(ours), ours - _roles(ours)
    alike = sorted(
        (each for each in known if _kinds_agree(mention.kind, each.kind)),
        key=lambda each: each.last_turn,
        reverse=True,
    )
    by_role = [each for each in alike if roles & _roles(each.keys)]
    if not names:
        return Resolved(by_role[0].number if by_role else None)
    by_name = [each for each in alike if _same_name(names, each.keys)]
    both = [each for each in by_name if each in by_role]
    if both:
        return Resolved(both[0].number)
    free = [each for each in by_name if not (roles and _roles(each.keys))]
    nameless = [each for each in by_role if each.keys == _roles(each.keys)]
    if free:
        # `Bora` has been spoken of, and so has `my sister`; now they are one.
        return Resolved(free[0].number, nameless[0].number if nameless else None)
    if nameless:
        return Resolved(nameless[0].number)
    if by_role and any(role.removeprefix(OWNED) in _ONLY_ONE for role in roles):
        return Resolved(by_role[0].number)
    return Resolved(None)


def _roles(of: Iterable[str]) -> frozenset[str]:
    return frozenset(each for each in of if each.startswith(OWNED))


def _same_name(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Two whole names that are equal, or a whole name that is part of the other one."""
    if {each for each in ours if not each.startswith(SHORT)} & theirs:
        return True
    return any(
        SHORT + each in theirs for each in ours if not each.startswith((SHORT, OWNED))
    ) or any(each.startswith(SHORT) and each.removeprefix(SHORT) in theirs for each in ours)


def _kinds_agree(ours: Kind | None, theirs: Kind) -> bool:
    if ours is None:
        return theirs in _LIVING  # what is said of something else has its kind with it
    if ours in (Kind.PERSON, Kind.ANIMAL):
        return theirs is ours
    return ours is theirs


class _Circles:
    """What one turn calls the same, joined as it comes."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._texts: dict[str, dict[str, str]] = {}
        self._kinds: dict[str, Kind] = {}
        self._denied: dict[str, list[str]] = {}

    def add(self, text: str, kind: Kind | None) -> None:
        at = key(text)
        first = self._of.setdefault(at, at)
        self._texts.setdefault(first, {}).setdefault(at, text)
        if kind is not None:
            self._kinds.setdefault(first, kind)

    def note(self, text: str, other: str) -> None:
        """The one text is another word for it, but not for it alone."""
        self._texts[self._of[key(text)]].setdefault(key(other), other)

    def deny(self, text: str, name: str) -> None:
        self._denied.setdefault(key(text), []).append(name)

    def join(self, text: str, other: str) -> None:
        kept, gone = self._of[key(text)], self._of[key(other)]
        if kept == gone:
            return
        self._texts[kept] |= self._texts.pop(gone)
        kind = self._kinds.pop(gone, None)
        if kind is not None:
            self._kinds.setdefault(kept, kind)
        for at, first in self._of.items():
            if first == gone:
                self._of[at] = kept

    def mentions(self) -> dict[str, Mention]:
        return {
            at: Mention(
                tuple(self._texts[first].values()),
                self._kinds.get(first),
                tuple(name for each in self._texts[first] for name in self._denied.get(each, ())),
            )
            for at, first in self._of.items()
        }
