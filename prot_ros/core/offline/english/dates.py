# SPDX-License-Identifier: Apache-2.0
"""Times in English: `last week`, `in 2019`, `since May`, `three years ago`, `for ten years`."""

from __future__ import annotations

import re

from prot_ros.core.offline.dates import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    Moment,
    Relation,
    Time,
    Unit,
)
from prot_ros.core.offline.english.numbers import read
from prot_ros.core.offline.plain_text import listed

Words = tuple[str, ...]

_MONTHS = {
    word: at
    for at, word in enumerate(
        listed("""january february march april may june july august september october november
december"""),
        1,
    )
}
_WEEKDAYS = {
    word: at
    for at, word in enumerate(listed('monday tuesday wednesday thursday friday saturday sunday'))
}
_UNITS = {
    'day': Unit.DAY, 'days': Unit.DAY, 'week': Unit.WEEK, 'weeks': Unit.WEEK,
    'month': Unit.MONTH, 'months': Unit.MONTH, 'year': Unit.YEAR, 'years': Unit.YEAR,
}  # fmt: skip
_DAYS = {
    'today': Moment(unit=Unit.DAY), 'tonight': Moment(unit=Unit.DAY),
    'yesterday': Moment(unit=Unit.DAY, back=1), 'tomorrow': Moment(unit=Unit.DAY, back=-1),
}  # fmt: skip
_BACK = {'last': 1, 'this': 0, 'next': -1, 'past': 1}
_ORDINALS = {
    word: at
    for at, word in enumerate(
        listed("""first second third fourth fifth sixth seventh eighth ninth tenth eleventh
twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"""),
        1,
    )
} | {'thirtieth': 30}
_DAY = re.compile(r'(\d{1,2})(?:st|nd|rd|th)?')
_MANY = frozenset(listed('about around almost nearly over roughly the more than exactly at least'))
_BEFORE = frozenset(listed('in on during back early late mid'))
_MAX_BACK = 150
"""Years, or other units, before which nothing is told in talk."""


def time_at(low: Words, at: int) -> tuple[Time, int] | None:
    """Read a time that may follow a statement or lead to it; return it and where it ends."""
    word = low[at] if at < len(low) else ''
    start = at
    relation = Relation.AT
    if word in ('since', 'until', 'till'):
        relation = Relation.SINCE if word == 'since' else Relation.UNTIL
        start += 1
    elif word == 'from':
        # `from 2010 to 2015`; a place follows `from` more often.
        relation = Relation.SINCE
        start += 1
    elif word == 'to' or word == 'for':
        start += 1
        if word == 'for':
            return _lasting(low, at, start)
        relation = Relation.UNTIL
    begin = start
    while start < len(low) and low[start] in _BEFORE and start - begin < 2:
        start += 1
    found = _moment(low, start, named=start > begin or relation is not Relation.AT)
    if found is None or (word in ('from', 'to') and found[0].unit is not None):
        return None
    return Time(relation, found[0], ' '.join(_spoken(low[start : found[1]]))), found[1]


def times_at(low: Words, at: int) -> tuple[tuple[Time, ...], int]:
    """Read all times that follow one another; return them and where they end."""
    found: list[Time] = []
    while len(found) < 3:
        one = time_at(low, at)
        # `in 2019 to london` is no time; `to` needs a `from` before it.
        if one is None or (low[at] == 'to' and not found):
            break
        found.append(one[0])
        at = one[1]
    return tuple(found), at


def begins_time(low: Words, at: int) -> bool:
    """Tell whether a time stands at a position, so that what comes before it has ended."""
    return low[at] != 'to' and time_at(low, at) is not None


def _lasting(low: Words, at: int, start: int) -> tuple[Time, int] | None:
    counted = _counted(low, start)
    if counted is None:
        return None
    unit, count, end = counted
    end += low[end : end + 1] == ('now',)
    moment = Moment(unit=unit, back=count, ago=True)
    return Time(Relation.FOR, moment, ' '.join(low[at:end])), end


def _moment(low: Words, at: int, *, named: bool) -> tuple[Moment, int] | None:
    """Read a moment; `named` when a preposition shows that a bare year or month is one."""
    if at >= len(low):
        return None
    word = low[at]
    if word in _DAYS:
        return _DAYS[word], at + 1
    following = low[at + 1] if at + 1 < len(low) else ''
    if word in _BACK and following in _UNITS and not following.endswith('s'):
        return Moment(unit=_UNITS[following], back=_BACK[word]), at + 2
    if word in _BACK and following in _MONTHS:
        # `last May` said in June was this year's; the calendar decides.
        return Moment(month=_MONTHS[following]), at + 2
    if word in _BACK and following in _WEEKDAYS:
        return Moment(weekday=_WEEKDAYS[following]), at + 2
    if word in _WEEKDAYS and named:
        return Moment(weekday=_WEEKDAYS[word]), at + 1
    counted = _counted(low, at)
    if counted and low[counted[2] : counted[2] + 1] == ('ago',):
        return Moment(unit=counted[0], back=counted[1], ago=True), counted[2] + 1
    dated = _date(low, at)
    if dated and (named or dated[0].day):
        return dated
    year = _year(low, at) if named else None
    return (Moment(year=year[0]), year[1]) if year else None


def _counted(low: Words, at: int) -> tuple[Unit, int, int] | None:
    """Read `three years`, `a month`, `the last ten years`."""
    while at < len(low) and low[at] in _MANY | {'last', 'past'}:
        at += 1
    if low[at : at + 2] in (('a', 'couple'), ('a', 'few')):
        return None  # nobody knows how many
    number = (1, at + 1) if low[at : at + 1] in (('a',), ('an',)) else read(low, at)
    if number is None or number[0] > _MAX_BACK or low[number[1] : number[1] + 1] == ():
        return None
    unit = _UNITS.get(low[number[1]])
    return (unit, number[0], number[1] + 1) if unit else None


def _date(low: Words, at: int) -> tuple[Moment, int] | None:
    """Read `may`, `may third`, `may 3 2019`, `the third of may`."""
    start = at + (low[at] == 'the')
    first = _day(low, start)
    if first and low[first[1] : first[1] + 1] == ('of',):
        month = _MONTHS.get(low[first[1] + 1]) if first[1] + 1 < len(low) else None
        if month is None:
            return None
        return _with_year(low, first[1] + 2, Moment(month=month, day=first[0]))
    if low[at] not in _MONTHS:
        return None
    end = at + 1
    end += low[end : end + 1] == ('the',)
    day = _day(low, end)
    if day and not _year(low, end):
        return _with_year(low, day[1], Moment(month=_MONTHS[low[at]], day=day[0]))
    return _with_year(low, at + 1, Moment(month=_MONTHS[low[at]]))


def _with_year(low: Words, at: int, moment: Moment) -> tuple[Moment, int]:
    start = at
    while low[start : start + 1] in ((',',), ('of',), ('in',)) and start - at < 2:
        start += 1
    if low[start : start + 2] in (('last', 'year'), ('this', 'year'), ('next', 'year')):
        back = _BACK[low[start]]
        year = Moment(month=moment.month, day=moment.day, unit=Unit.YEAR, back=back)
        return year, start + 2
    year_at = _year(low, start)
    if year_at is None:
        return moment, at
    return Moment(year=year_at[0], month=moment.month, day=moment.day), year_at[1]


def _day(low: Words, at: int) -> tuple[int, int] | None:
    if at >= len(low):
        return None
    match = _DAY.fullmatch(low[at])
    if match and 1 <= int(match[1]) <= 31:
        return int(match[1]), at + 1
    if low[at] in _ORDINALS:
        return _ORDINALS[low[at]], at + 1
    if low[at] in ('twenty', 'thirty') and at + 1 < len(low):
        rest = _ORDINALS.get(low[at + 1], 0)
        if 1 <= rest <= 9:
            return (20 if low[at] == 'twenty' else 30) + rest, at + 2
    return None


def _year(low: Words, at: int) -> tuple[int, int] | None:
    """Read `2019`, `twenty nineteen`, `nineteen ninety eight`, `two thousand nineteen`."""
    first = read(low, at)
    if first is None:
        return None
    number, end = first
    if number < 100:
        if low[end : end + 1] == ('thousand',):
            end += 1
            end += low[end : end + 1] == ('and',)
            rest = read(low, end)
            number, end = (number * 1000 + rest[0], rest[1]) if rest else (number * 1000, end)
        elif number in (19, 20):
            rest = read(low, end)
            if rest is None or not 10 <= rest[0] <= 99:
                return None
            number, end = number * 100 + rest[0], rest[1]
    return (number, end) if EARLIEST_YEAR <= number <= LATEST_YEAR else None


def _spoken(words: Words) -> list[str]:
    return [word.capitalize() if word in _MONTHS or word in _WEEKDAYS else word for word in words]
