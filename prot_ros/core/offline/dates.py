# SPDX-License-Identifier: Apache-2.0
"""Times as people name them (`last week`, `in 2019`, `3년 전`), and when they were. Pure.

A language reads its words into a `Moment`; when that was depends on the day on which it was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
"""A number within these, where a time may stand, is a year."""
_MONTHS_OF = {'month': 1, 'year': 12}


class Unit(Enum):
    """What calendars count."""

    DAY = 'day'
    WEEK = 'week'
    MONTH = 'month'
    YEAR = 'year'


class Relation(Enum):
    """How a time limits what is told."""

    AT = 'at'
    """It was then: for what changed, the time of the change."""
    SINCE = 'since'
    UNTIL = 'until'
    FOR = 'for'
    """For so long until now; the moment is when that began."""


@dataclass(frozen=True)
class Moment:
    """A time as it was named; what was not said is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    """0 is Monday."""
    unit: Unit | None = None
    back: int = 0
    """How many units before now; negative after it: `last week` is one week back."""
    ago: bool = False
    """Counted from the day of telling, not from the beginning of its week, month or year."""


@dataclass(frozen=True)
class Time:
    """A moment, and what it has to do with what was told."""

    relation: Relation
    moment: Moment
    words: str
    """As it was told, without a preposition or particle."""


def span(
    moment: Moment, told_at: datetime, *, ahead: bool = False
) -> tuple[datetime, datetime] | None:
    """Return when a moment began and when it was over, in the time zone of `told_at`.

    A month or a weekday without a year is the last one before `told_at`, or with `ahead` the next.
    None for what no calendar has, such as 31 February.
    """
    try:
        return _span(moment, told_at, ahead)
    except (ValueError, OverflowError):
        return None


def _span(moment: Moment, told_at: datetime, ahead: bool) -> tuple[datetime, datetime]:
    today = told_at.replace(hour=0, minute=0, second=0, microsecond=0)
    if moment.unit is not None and moment.ago:
        start = _shifted(today, moment.unit, -moment.back)
        return start, _shifted(start, Unit.DAY, 1)
    if moment.unit is not None:
        start = _shifted(_floor(today, moment.unit), moment.unit, -moment.back)
        if moment.month is None:
            return start, _shifted(start, moment.unit, 1)
        return _of_year(moment, start)
    if moment.weekday is not None:
        days = (today.weekday() - moment.weekday) % 7 or 7
        start = today + timedelta(days=(7 - days or 7) if ahead else -days)
        return start, start + timedelta(days=1)
    if moment.year is not None:
        return _of_year(moment, today.replace(year=moment.year, month=1, day=1))
    start, end = _of_year(moment, today.replace(month=1, day=1))
    if ahead and end <= told_at:
        return _of_year(moment, start.replace(year=start.year + 1, month=1, day=1))
    if not ahead and start > told_at:
        return _of_year(moment, start.replace(year=start.year - 1, month=1, day=1))
    return start, end


def _of_year(moment: Moment, new_year: datetime) -> tuple[datetime, datetime]:
    if moment.month is None:
        return new_year, _shifted(new_year, Unit.YEAR, 1)
    start = new_year.replace(month=moment.month, day=moment.day or 1)
    return start, _shifted(start, Unit.DAY if moment.day else Unit.MONTH, 1)


def _floor(day: datetime, unit: Unit) -> datetime:
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit is Unit.DAY:
        return day
    return day.replace(day=1) if unit is Unit.MONTH else day.replace(month=1, day=1)


def _shifted(day: datetime, unit: Unit, count: int) -> datetime:
    if unit in (Unit.DAY, Unit.WEEK):
        return day + timedelta(days=count * (7 if unit is Unit.WEEK else 1))
    months = day.year * 12 + day.month - 1 + count * _MONTHS_OF[unit.value]
    first = day.replace(year=months // 12, month=months % 12 + 1, day=1)
    # A month before 31 March is the last of February.
    last = (_next_month(first) - timedelta(days=1)).day
    return first.replace(day=min(day.day, last))


def _next_month(first: datetime) -> datetime:
    return (first + timedelta(days=31)).replace(day=1)
