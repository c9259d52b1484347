# SPDX-License-Identifier: Apache-2.0
"""What a reader of any language makes of a clause: a statement, and the times that limit it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from prot_ros.core.facts import Fact, Standing
from prot_ros.core.offline.dates import Relation, Time, span


class Who(Protocol):
    """Whom a statement is about, as the `Subject` of a language is."""

    @property
    def subject(self) -> str: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True)
class Told:
    """One statement."""

    who: Who
    predicate: str
    value: str
    standing: Standing = Standing.HOLDS
    changed: bool = False
    """It tells of a change, as `moved` does, so that its time is when that was."""
    ahead: bool = False
    """It tells of what is to come, so that `in June` is the next June."""
    times: tuple[Time, ...] = ()


def ceased(told: Iterable[Told], *, changed: bool = False) -> tuple[Told, ...]:
    """Return the statements as no longer true; `changed` when it was told when they ended."""
    return tuple(replace(each, standing=Standing.CEASED, changed=changed) for each in told)


def denied(told: Iterable[Told]) -> tuple[Told, ...]:
    """Return the statements as not true."""
    return tuple(replace(each, standing=Standing.DENIED) for each in told)


def changed(told: Iterable[Told]) -> tuple[Told, ...]:
    """Return the statements as true from the time that is told with them."""
    return tuple(replace(each, changed=True) for each in told)


def timed(told: Iterable[Told], times: Iterable[Time]) -> tuple[Told, ...]:
    """Return the statements with more times that limit them."""
    more = tuple(times)
    return tuple(replace(each, times=(*each.times, *more)) for each in told)


def _ends(told: Told) -> bool:
    return any(time.relation is Relation.UNTIL for time in told.times)


def fact_of(told: Told, text: str, told_at: datetime | None) -> Fact:
    """Return the fact; without `told_at` nobody knows when `last week` was."""
    since = until = None
    for time in told.times if told_at else ():
        assert told_at is not None
        named = span(time.moment, told_at, ahead=told.ahead)
        if named is None or told.standing is Standing.DENIED:
            continue
        begin, end = named
        gone = told.standing is Standing.CEASED
        # `since May` it is so no longer; `from May to June` it was.
        over = told.changed or time.relation is Relation.SINCE
        if time.relation is Relation.UNTIL or (gone and over and not _ends(told)):
            until = begin
        elif time.relation is Relation.FOR and gone:
            continue  # it is not said when those years began
        elif time.relation is Relation.AT and gone:
            since, until = begin, end
        else:
            since = begin
    if told_at and until and since and until < since:
        since = None
    return Fact(told.who.subject, told.predicate, told.value, text, since, until, told.standing)


def tells(facts: Iterable[Fact], *, denied: bool) -> bool:
    """Tell whether more was told than that something is not so."""
    standings = {fact.standing for fact in facts}
    return Standing.HOLDS in standings or (bool(standings) and not denied)
