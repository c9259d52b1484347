# SPDX-License-Identifier: Apache-2.0
"""Times in Korean: `지난주에`, `2019년에`, `5월부터`, `3년 전에`, `삼 년째`.

Spaces within them vary (`지난 달`, `지난달`), so up to four words are looked at as one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from prot_ros.core.offline.dates import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    Moment,
    Relation,
    Time,
    Unit,
)
from prot_ros.core.offline.korean.numbers import read

_MAX_WORDS = 4
_MAX_LENGTH = 24
"""Characters of a time without its spaces."""
_MAX_BACK = 150
_NAMED = {
    '지난주': Moment(unit=Unit.WEEK, back=1), '저번주': Moment(unit=Unit.WEEK, back=1),
    '이번주': Moment(unit=Unit.WEEK), '다음주': Moment(unit=Unit.WEEK, back=-1),
    '지난달': Moment(unit=Unit.MONTH, back=1), '저번달': Moment(unit=Unit.MONTH, back=1),
    '이번달': Moment(unit=Unit.MONTH), '다음달': Moment(unit=Unit.MONTH, back=-1),
    '작년': Moment(unit=Unit.YEAR, back=1), '지난해': Moment(unit=Unit.YEAR, back=1),
    '재작년': Moment(unit=Unit.YEAR, back=2), '올해': Moment(unit=Unit.YEAR),
    '내년': Moment(unit=Unit.YEAR, back=-1), '어제': Moment(unit=Unit.DAY, back=1),
    '그저께': Moment(unit=Unit.DAY, back=2), '그제': Moment(unit=Unit.DAY, back=2),
    '오늘': Moment(unit=Unit.DAY), '내일': Moment(unit=Unit.DAY, back=-1),
    '모레': Moment(unit=Unit.DAY, back=-2),
}  # fmt: skip
_UNITS = {
    '년': Unit.YEAR, '해': Unit.YEAR, '달': Unit.MONTH, '개월': Unit.MONTH, '주': Unit.WEEK,
    '주일': Unit.WEEK, '일': Unit.DAY,
}  # fmt: skip
_NUMBER = r'(\d{1,3}|[일이삼사오육칠팔구십한두세네다섯여섯일곱여덟아홉열스무]{1,4})'
_LAST = '(에|에는|엔|부터|까지)?'
_NAMED_TIME = re.compile(f'({"|".join(_NAMED)})(?:(\\d{{1,2}})월)?{_LAST}')
_AGO = re.compile(f'{_NUMBER}(년|달|개월|주일|주|일)전(에|부터|까지)?')
_LASTING = re.compile(f'{_NUMBER}(년|해|달|개월|주일|주|일)(?:째|동안|간)')
_YEAR = re.compile(rf'(\d{{4}})년도?(?:(\d{{1,2}})월(?:(\d{{1,2}})일)?)?{_LAST}')
_MONTH = re.compile(r'(?:지난|이번|오는)?(\d{1,2})월(?:(\d{1,2})일)?(에|부터|까지)')


def times_in(words: Sequence[str]) -> tuple[tuple[Time, ...], list[str]]:
    """Return the times among the words of a clause, and the other words."""
    found: list[Time] = []
    rest: list[str] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + _MAX_WORDS), at, -1):
            time = _time(words[at:end])
            if time:
                found.append(time)
                at = end
                break
        else:
            rest.append(words[at])
            at += 1
    return tuple(found), rest


def _time(words: Sequence[str]) -> Time | None:
    joined = ''.join(words)
    if len(joined) > _MAX_LENGTH:
        return None
    shown = ' '.join(words)
    lasting = _LASTING.fullmatch(joined)
    if lasting:
        moment = _counted(lasting)
        return Time(Relation.FOR, moment, shown) if moment else None
    moment, particle = _moment(joined)
    if moment is None:
        return None
    relation = {'부터': Relation.SINCE, '까지': Relation.UNTIL}.get(particle, Relation.AT)
    return Time(relation, moment, shown.removesuffix(particle).rstrip())


def _moment(joined: str) -> tuple[Moment | None, str]:
    """Return the moment and the particle after it."""
    named = _NAMED_TIME.fullmatch(joined)
    if named:
        moment = _NAMED[named[1]]
        if named[2] and moment.unit is not Unit.YEAR:
            return None, ''
        month = int(named[2]) if named[2] else None
        return Moment(unit=moment.unit, back=moment.back, month=month), named[3] or ''
    ago = _AGO.fullmatch(joined)
    if ago:
        return _counted(ago), ago[3] or ''
    year = _YEAR.fullmatch(joined)
    if year and EARLIEST_YEAR <= int(year[1]) <= LATEST_YEAR:
        return _dated(int(year[1]), year[2], year[3]), year[4] or ''
    month_only = _MONTH.fullmatch(joined)
    if month_only:
        return _dated(None, month_only[1], month_only[2]), month_only[3]
    return None, ''


def _dated(year: int | None, month: str | None, day: str | None) -> Moment:
    return Moment(year, int(month) if month else None, int(day) if day else None)


def _counted(match: re.Match[str]) -> Moment | None:
    number = read(match[1])
    if number is None or number > _MAX_BACK:
        return None
    return Moment(unit=_UNITS[match[2]], back=number, ago=True)
