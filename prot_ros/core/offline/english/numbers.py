# SPDX-License-Identifier: Apache-2.0
"""English numbers, times and dates: read from words or digits, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prot_ros.core.offline.plain_text import listed

_ONES = listed("""zero one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen""")
_TENS = listed('zero ten twenty thirty forty fifty sixty seventy eighty ninety')
_VALUES = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS) if value > 1
}
_ORDINALS = {
    1: 'first',
    2: 'second',
    3: 'third',
    5: 'fifth',
    8: 'eighth',
    9: 'ninth',
    12: 'twelfth',
}
_WEEKDAYS = listed('Monday Tuesday Wednesday Thursday Friday Saturday Sunday')
_MONTHS = listed("""January February March April May June July August September October
November December""")


def read(words: Sequence[str], start: int) -> tuple[int, int] | None:
    """Read a whole number at `words[start]`; return it and where it ends.

    Words reach 999, digits 999,999.
    """
    at, total = _below_hundred(words, start)
    if at < len(words) and words[at] == 'hundred':
        # `a hundred` and a bare `hundred` count as one hundred.
        hundreds = 1 if at == start else total
        if not 1 <= hundreds <= 9:
            return None
        at += 1
        follows = at + 1 if words[at : at + 1] == ['and'] else at
        rest_at, rest = _below_hundred(words, follows)
        return (100 * hundreds + rest, rest_at) if rest_at > follows else (100 * hundreds, at)
    return (total, at) if at > start else None


def _below_hundred(words: Sequence[str], start: int) -> tuple[int, int]:
    """Return where a number under one hundred (or one in digits) ends, and its value."""
    if start >= len(words):
        return start, 0
    word = words[start]
    if word.isdecimal() and word.isascii() and len(word) <= 6:
        return start + 1, int(word)
    if word not in _VALUES:
        return start, 0
    value = _VALUES[word]
    if value >= 20 and start + 1 < len(words) and 1 <= _VALUES.get(words[start + 1], 0) <= 9:
        return start + 2, value + _VALUES[words[start + 1]]
    return start + 1, value


def say(number: int) -> str:
    """Return a whole number from 0 to 9999 in words, `twenty-five`."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f'-{_ONES[ones]}' if ones else '')
    large, unit = (1000, 'thousand') if number >= 1000 else (100, 'hundred')
    count, rest = divmod(number, large)
    return f'{say(count)} {unit}' + (f' {say(rest)}' if rest else '')


def say_ordinal(number: int) -> str:
    """Return 1 to 31 as the day of a month, `twenty-first`."""
    if number in _ORDINALS:
        return _ORDINALS[number]
    if number > 20 and number % 10:
        return f'{_TENS[number // 10]}-{say_ordinal(number % 10)}'
    word = say(number)
    return (word[:-1] + 'ie' if word.endswith('y') else word) + 'th'


def say_year(year: int) -> str:
    """Return a year from 1000 to 9999 as it is read, `twenty twenty-six`."""
    century, rest = divmod(year, 100)
    if 2000 <= year < 2010 or (not rest and not century % 10):
        return say(year)
    if not rest:
        return f'{say(century)} hundred'
    return f'{say(century)} {"oh " if rest < 10 else ""}{say(rest)}'


def say_time(now: datetime) -> str:
    """Return the time of day, `three oh five in the afternoon`."""
    if (now.hour, now.minute) == (0, 0):
        return 'midnight'
    if (now.hour, now.minute) == (12, 0):
        return 'noon'
    hour = say(now.hour % 12 or 12)
    minute = f'oh {say(now.minute)}' if now.minute < 10 else say(now.minute)
    if not now.minute:
        minute = "o'clock"
    part = (
        'at night'
        if now.hour < 5 or now.hour >= 22
        else 'in the morning'
        if now.hour < 12
        else 'in the afternoon'
        if now.hour < 18
        else 'in the evening'
    )
    return f'{hour} {minute} {part}'


def say_date(now: datetime) -> str:
    """Return the day, `Saturday, November the twenty-first, twenty twenty-six`."""
    day = f'{_WEEKDAYS[now.weekday()]}, {_MONTHS[now.month - 1]} the {say_ordinal(now.day)}'
    return f'{day}, {say_year(now.year)}'


def say_birthday(text: str) -> str:
    """Turn a Korean `5월 3일` into `May third`; return anything else as it is."""
    month, found, day = text.replace(' ', '').removesuffix('일').partition('월')
    if found and month.isdecimal() and day.isdecimal():
        numbers = int(month[:2]), int(day[:2])
        if 1 <= numbers[0] <= 12 and 1 <= numbers[1] <= 31:
            return f'{_MONTHS[numbers[0] - 1]} {say_ordinal(numbers[1])}'
    return text


def say_count(start: int, end: int) -> list[str]:
    """Return the numbers from `start` to `end`, up or down, each as one piece of speech.

    Ten of them make a sentence, so that a long count reaches the loudspeaker as it goes.
    """
    step = 1 if end >= start else -1
    numbers = list(range(start, end + step, step))
    pieces = []
    for place, number in enumerate(numbers, 1):
        word = say(number)
        ends = place % 10 == 0 or place == len(numbers)
        pieces.append(
            (word.capitalize() if place % 10 == 1 else word) + ('.' if ends else ',') + ' '
        )
    return pieces
