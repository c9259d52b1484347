# SPDX-License-Identifier: Apache-2.0
"""Facts as events in order of time, and how they are printed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prot_ros.cli.memory.facts import said
from prot_ros.cli.memory.table import INDENT, counted, day, minute
from prot_ros.cli.screen import Screen, printable
from prot_ros.memory.inspection.dossiers import MOST_FACTS, Entity, Known


class Change(StrEnum):
    """What happened to a fact."""

    BEGAN = 'became true'
    CEASED = 'ceased'
    WILL_CEASE = 'will cease'
    HAD_BEEN = 'had been true'
    """Until then; that was all that was told of it."""
    DENIED = 'was never true'
    """It was believed, and then denied."""


MARKS = {
    Change.BEGAN: '+',
    Change.CEASED: '-',
    Change.WILL_CEASE: '~',
    Change.HAD_BEEN: '-',
    Change.DENIED: '×',
}
STYLES = {Change.BEGAN: 'good', Change.DENIED: 'bad'}


@dataclass(frozen=True)
class Event:
    """One change, with where the robot knows it from."""

    at: datetime
    """When it was so in the world."""
    change: Change
    what: str
    learnt_at: datetime | None
    turn: int | None
    words: str
    """Of the turn in which it was told; '' where that is not there any more."""
    told: int
    """How many times the fact was told in all."""
    fact: int


def events(facts: Iterable[Known], seen_from: int) -> list[Event]:
    """Return what happened to facts of the entity `seen_from`, in order of time."""
    found = [event for fact in facts for event in _of(fact, said(fact, seen_from))]
    # What ends makes room for what begins at the same moment.
    found.sort(key=lambda event: (event.at, event.change is Change.BEGAN, event.fact))
    return found


def _of(fact: Known, what: str) -> list[Event]:
    if fact.denied:
        return [
            _learnt(fact, what, Change.BEGAN),
            _ended(fact, what, Change.DENIED, fact.ended_at),
        ]
    if fact.valid_to is not None and fact.valid_to <= fact.valid_from and fact.ended_at:
        return [_ended(fact, what, Change.HAD_BEEN, fact.valid_to)]
    begun = [_learnt(fact, what, Change.BEGAN)]
    if fact.valid_to is None:
        return begun
    if fact.true_now:
        # Told together with its beginning, or later; the robot keeps the latest words only.
        return [*begun, _learnt(fact, what, Change.WILL_CEASE, fact.valid_to)]
    if fact.ended_at is None:
        return [*begun, _learnt(fact, what, Change.CEASED, fact.valid_to)]
    return [*begun, _ended(fact, what, Change.CEASED, fact.valid_to)]


def _learnt(fact: Known, what: str, change: Change, at: datetime | None = None) -> Event:
    return Event(
        at=at or fact.valid_from,
        change=change,
        what=what,
        learnt_at=fact.learnt_at,
        turn=fact.learnt_turn,
        words=fact.learnt_words,
        told=fact.told,
        fact=fact.number,
    )


def _ended(fact: Known, what: str, change: Change, at: datetime | None) -> Event:
    return Event(
        at=at or fact.valid_from,
        change=change,
        what=what,
        learnt_at=fact.ended_at,
        turn=fact.ended_turn,
        words=fact.ended_words,
        told=fact.told,
        fact=fact.number,
    )


def show(screen: Screen, entity: Entity, found: Sequence[Event]) -> None:
    """Print them, two lines each."""
    screen.line(screen.style('bold', f'{printable(entity.title)} #{entity.number}'))
    for event in found:
        style = STYLES.get(event.change, 'cut')
        what = printable(f'{MARKS[event.change]} {event.what}')
        times = f', told {event.told:,} times' if event.told > 1 else ''
        screen.line(
            f'{INDENT}{day(event.at)}  {screen.style(style, what)}  ({event.change}{times})'
        )
        screen.line(INDENT + ' ' * 14 + screen.style('dim', _source(event)))
    if not found:
        screen.line(f'{INDENT}nothing was told but that it is')
    if len({event.fact for event in found}) >= MOST_FACTS:
        screen.line(f'These are {counted(MOST_FACTS, "fact")}, the last told; there may be more.')


def _source(event: Event) -> str:
    when = '' if event.learnt_at is None else f'learnt {minute(event.learnt_at)}'
    if event.turn is None:
        return f'{when}, from a turn that is not there any more'
    return f'{when}, turn {event.turn}: “{printable(event.words)}”'
