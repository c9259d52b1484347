# SPDX-License-Identifier: Apache-2.0
"""When what was told is true: the tellings of a slot, folded into spans of time. Pure.

Things that cannot be true at the same time share a slot: `lives in` has one for each person, and
`likes coffee` and `dislikes coffee` have one between them. The order of the turns decides, not
when a turn came to be read: reading late, twice, or in another order gives the same spans, and a
turn that is forgotten has never been.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from prot_ros.core.facts import Fact, Standing
from prot_ros.core.offline.knowledge import has_one_value, opposite
from prot_ros.memory.storable import key

_SEPARATOR = '\x1f'
"""White space to `key`, so no key has it in it."""


@dataclass(frozen=True)
class Telling:
    """One thing said in a turn, as far as time and truth go."""

    number: int
    """By which the caller knows it."""
    turn: int
    nth: int
    """Its place among what the turn said."""
    value: str
    """Two of a slot say the same if these are equal."""
    told_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    standing: Standing = Standing.HOLDS


@dataclass(frozen=True)
class Span:
    """Something that is or was true: from `valid_from` to before `valid_to`, None for still."""

    telling: int
    """The latest that said so."""
    value: str
    valid_from: datetime
    valid_to: datetime | None
    learnt_at: datetime
    """When the robot first heard of it."""
    ended_at: datetime | None
    """When the robot heard that it had ended, or had never been."""
    last_turn: int
    told: int
    """How many tellings said so, at least 1."""

    def is_open(self, at: datetime) -> bool:
        """Tell whether it is true at that time or will be."""
        return self.valid_to is None or self.valid_to > at


def slot(subject: int, fact: Fact) -> str:
    """Return the name that all share that exclude this fact about the entity `subject`."""
    predicate = key(fact.predicate)
    if has_one_value(predicate):
        return _SEPARATOR.join((str(subject), predicate))
    if opposite(predicate):
        # Of the same thing only one of the two is true.
        predicate = '/'.join(sorted((predicate, opposite(predicate))))
    return _SEPARATOR.join((str(subject), predicate, key(fact.object)))


def value(predicate: str, told: str) -> str:
    """Return what two tellings of a slot have in common that say the same."""
    return _SEPARATOR.join((key(predicate), key(told)))


def spans(tellings: Iterable[Telling]) -> list[Span]:
    """Return what they come to, in the order in which it was first told.

    At most one has no end.
    """
    in_order = sorted(tellings, key=lambda telling: (telling.turn, telling.nth))
    # By value: what was told a thousand times is looked through once.
    last_word = {telling.value: telling for telling in in_order}
    line = _Line()
    for telling in in_order:
        if telling.standing is Standing.HOLDS:
            last = last_word[telling.value]
            if last.standing is Standing.DENIED:
                line.never(telling, last)
            else:
                line.holds(telling)
        elif telling.standing is Standing.CEASED:
            line.ceased(telling)
    return line.spans


class _Line:
    """The spans so far. Only the one at `_live`, if any, is open at its end."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._live: int | None = None

    def holds(self, telling: Telling) -> None:
        """It is true: it confirms the live span, or ends it and begins one of its own."""
        if telling.until is not None and telling.until <= telling.told_at:
            self.ceased(telling)
            return
        live = self._current
        begin = telling.since or telling.told_at
        if live is not None and live.value == telling.value:
            first = telling.since or min(live.valid_from, telling.told_at)
            self._put(
                replace(
                    live,
                    telling=telling.number,
                    valid_from=first,
                    valid_to=_not_before(first, telling.until or live.valid_to),
                    last_turn=telling.turn,
                    told=live.told + 1,
                )
            )
            return
        if live is not None:
            end = begin if live.valid_to is None else min(begin, live.valid_to)
            self._put(replace(live, valid_to=max(live.valid_from, end), ended_at=telling.told_at))
        self._live = len(self.spans)
        self.spans.append(_span(telling, begin, _not_before(begin, telling.until)))

    def ceased(self, telling: Telling) -> None:
        """It was true: it ends the live span that says so, or tells of a time before."""
        end = telling.until or telling.told_at
        live = self._current
        if live is not None and live.value == telling.value:
            begin = telling.since or live.valid_from
            self._put(
                replace(
                    live,
                    telling=telling.number,
                    valid_from=begin,
                    valid_to=max(begin, end),
                    ended_at=telling.told_at,
                    last_turn=telling.turn,
                    told=live.told + 1,
                )
            )
            self._live = None
            return
        begin = min(telling.since or end, end)
        self.spans.append(replace(_span(telling, begin, end), ended_at=telling.told_at))

    def never(self, telling: Telling, denial: Telling) -> None:
        """It was believed until it was denied, and was true at no time."""
        begin = telling.since or telling.told_at
        self.spans.append(replace(_span(telling, begin, begin), ended_at=denial.told_at))

    @property
    def _current(self) -> Span | None:
        return None if self._live is None else self.spans[self._live]

    def _put(self, span: Span) -> None:
        assert self._live is not None
        self.spans[self._live] = span


def _span(telling: Telling, begin: datetime, end: datetime | None) -> Span:
    return Span(
        telling=telling.number,
        value=telling.value,
        valid_from=begin,
        valid_to=end,
        learnt_at=telling.told_at,
        ended_at=None,
        last_turn=telling.turn,
        told=1,
    )


def _not_before(begin: datetime, end: datetime | None) -> datetime | None:
    return None if end is None else max(begin, end)
