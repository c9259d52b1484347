# SPDX-License-Identifier: Apache-2.0
"""What is known from facts: whom a name means, and which of two values counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prot_ros.core.facts import NOTE, OWNED, USER, Fact, Standing
from prot_ros.core.offline.romanization import romanised

_ONE_VALUE = frozenset({
    'name', 'lives in', 'age', 'birthday', 'works as', 'works at', 'works in', 'comes from',
    'studies at', 'address', 'room', 'office', 'apartment', 'license plate', 'shoe size', 'number',
    'was born', 'gets married', 'died', 'retires', 'graduates',
})  # fmt: skip
_OPPOSITE = {'likes': 'dislikes', 'dislikes': 'likes'}
# Answers that serve when the exact one is missing.
_RELATED = {
    'works as': ('works at', 'works in', 'studies at'),
    'works at': ('works in', 'studies at', 'works as'),
    'is called': ('name',),
    'name': ('is called',),
    'comes from': (),
}
_INTRODUCTION = (
    'name', 'is called', 'age', 'lives in', 'comes from', 'works as', 'works at', 'works in',
    'studies at', 'birthday', 'is', 'likes', 'dislikes', 'has',
)  # fmt: skip
_ARTICLES = frozenset({'a', 'an', 'the', 'my', 'to'})


class Knowledge:
    """Facts that hold, without repetition and contradiction; the earlier in the order wins."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts: list[Fact] = []
        seen: set[tuple[str, str, str]] = set()
        over: set[tuple[str, str, str]] = set()  # said to be so no longer, or never
        for fact in facts:
            subject, value = _key(fact.subject), _key(fact.object)
            single = has_one_value(fact.predicate)
            opposite = _OPPOSITE.get(fact.predicate, '')
            known = (subject, fact.predicate, '' if single else value)
            if fact.standing is not Standing.HOLDS:
                over.add((subject, fact.predicate, value))
                continue
            if (subject, fact.predicate, value) in over:
                continue
            if known in seen or (subject, opposite, value) in seen:
                continue
            seen.add(known)
            self.facts.append(fact)

    @property
    def name(self) -> str:
        """The user's name, '' when it is not known."""
        found = self.values(USER, 'name')
        return found[0].object if found else ''

    def holds(self, fact: Fact) -> bool:
        """Tell whether the same was told before, in whatever words."""
        return any(
            _key(known.subject) == _key(fact.subject)
            and known.predicate == fact.predicate
            and _key(known.object) == _key(fact.object)
            for known in self.facts
        )

    def values(self, subject: str, predicate: str) -> list[Fact]:
        """Return the facts that say this of someone, or what comes nearest to it."""
        for relation in (predicate, *_RELATED.get(predicate, ())):
            found = [fact for fact in self.about(subject) if fact.predicate == relation]
            if found:
                return found
        return []

    def about(self, subject: str) -> list[Fact]:
        """Return all facts about someone, by whichever name or relation they were told."""
        keys = self._aliases(subject)
        spoken = f'{subject} '.lower()
        return [
            fact
            for fact in self.facts
            if _key(fact.subject) in keys
            # The sentence names both, also when the fact that links them was not recalled.
            or (subject.startswith(OWNED) and spoken in fact.text.lower() and fact.subject != USER)
        ]

    def who(self, predicate: str, value: str) -> list[Fact]:
        """Return the facts that say this of anyone."""
        return [
            fact
            for fact in self.facts
            if fact.predicate == predicate and same_value(fact.object, value)
        ]

    def _aliases(self, subject: str) -> set[str]:
        keys = {_key(subject)}
        if subject != USER and self.name and _key(self.name) == _key(subject):
            keys.add(_key(USER))
        if subject.startswith(OWNED) and not any(_key(f.subject) in keys for f in self.facts):
            # `my sister` may be the older sister who was told of; an only one, so it is she.
            relation = _key(subject).removeprefix(OWNED)
            wider = {_key(fact.subject) for fact in self.facts}
            keys |= {key for key in wider if key.endswith(f' {relation}') and OWNED in key}
        for fact in self.facts:
            if fact.predicate != 'is called':
                continue
            if _key(fact.subject) in keys:
                keys.add(_key(fact.object))
            elif _key(fact.object) in keys:
                keys.add(_key(fact.subject))
        return keys


def same_value(told: str, asked: str) -> bool:
    """Tell whether a value answers to what was asked: `a dog called Rex` to `dog`."""
    wanted = set(_key(asked).split()) - _ARTICLES
    return bool(wanted) and wanted <= set(_key(told).split())


def opposite(predicate: str) -> str:
    """Return the relation that excludes this one, '' for none."""
    return _OPPOSITE.get(predicate, '')


def has_one_value(predicate: str) -> bool:
    """Tell whether somebody has only one of these: one home, but many likes."""
    return predicate in _ONE_VALUE or predicate.startswith('favorite ') or _is_number(predicate)


def _is_number(predicate: str) -> bool:
    return predicate.endswith(' number')


def in_order(facts: Sequence[Fact]) -> list[Fact]:
    """Order facts as one would introduce somebody: the name and home first, notes last."""
    places = {predicate: at for at, predicate in enumerate(_INTRODUCTION)}
    return sorted(facts, key=lambda f: (f.predicate == NOTE, places.get(f.predicate, len(places))))


def without_echoes(facts: Sequence[Fact]) -> list[Fact]:
    """Leave out names that another fact says too: `a dog called Rex` and `your dog is Rex`."""
    owned = [fact.object for fact in facts if fact.predicate == 'has']
    return [
        fact
        for fact in facts
        if fact.predicate != 'is called' or not any(fact.object in each for each in owned)
    ]


def _key(text: str) -> str:
    """Return a text in the form in which names are compared, over scripts and capitals."""
    return ' '.join(romanised(text).casefold().split())
