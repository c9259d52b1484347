# SPDX-License-Identifier: Apache-2.0
"""Korean numbers, times and dates: read from words or digits, and said in words.

Korean counts things, hours and years of age in native numerals, and minutes, dates and years of
the calendar in those taken from Chinese.
"""

from __future__ import annotations

from datetime import datetime

from prot_ros.core.offline.plain_text import listed

_NATIVE = listed('하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉')
_NATIVE_TENS = listed('열 스물 서른 마흔 쉰 예순 일흔 여든 아흔')
_BEFORE_NOUN = {'하나': '한', '둘': '두', '셋': '세', '넷': '네', '스물': '스무'}
_SINO = listed('일 이 삼 사 오 육 칠 팔 구')
_UNITS = ((1000, '천'), (100, '백'), (10, '십'))
_WEEKDAYS = '월화수목금토일'
_MONTHS = listed("""January February March April May June July August September October November
December""")


def say(number: int) -> str:
    """Return a whole number from 0 to 9999 in Sino-Korean, `이천이십육`."""
    if number == 0:
        return '영'
    words = ''
    for unit, name in _UNITS:
        count, number = divmod(number, unit)
        if count:
            words += (_SINO[count - 1] if count > 1 else '') + name
    return words + (_SINO[number - 1] if number else '')


def say_native(number: int, *, before_noun: bool = False) -> str:
    """Return 1 to 99 in native numerals, `스물다섯`; `before_noun` gives `스무` and the like.

    There are none from 100 on, where Sino-Korean takes over.
    """
    if not 1 <= number <= 99:
        return say(number)
    tens, ones = divmod(number, 10)
    words = [_NATIVE_TENS[tens - 1]] if tens else []
    words += [_NATIVE[ones - 1]] if ones else []
    if before_noun:
        words[-1] = _BEFORE_NOUN.get(words[-1], words[-1])
    return ''.join(words)


def read(word: str) -> int | None:
    """Read a whole number written as digits, native or Sino-Korean; None when it is none."""
    if word.isascii() and word.isdecimal():
        return int(word) if len(word) <= 6 else None
    return _read_native(word) or _read_sino(word)


def _read_native(word: str) -> int | None:
    total = 0
    for place, tens in enumerate(_NATIVE_TENS, 1):
        forms = (tens, '스무') if tens == '스물' else (tens,)
        form = next((form for form in forms if word.startswith(form)), None)
        if form:
            total, word = 10 * place, word[len(form) :]
            break
    for place, one in enumerate(_NATIVE, 1):
        if word in (one, _BEFORE_NOUN.get(one)):
            return total + place
    return total if total and not word else None


def _read_sino(word: str) -> int | None:
    total = 0
    rest = word
    for unit, name in _UNITS:
        before, found, after = rest.partition(name)
        if not found:
            continue
        if before and before not in _SINO:
            return None
        total += unit * (_SINO.index(before) + 1 if before else 1)
        rest = after
    if rest:
        if rest not in _SINO:
            return None
        total += _SINO.index(rest) + 1
    return total or None


def say_time(now: datetime) -> str:
    """Return the time of day, `오후 세 시 오 분`."""
    part = (
        '새벽'
        if now.hour < 6
        else '오전'
        if now.hour < 12
        else '오후'
        if now.hour < 18
        else '저녁'
        if now.hour < 21
        else '밤'
    )
    hour = say_native(now.hour % 12 or 12, before_noun=True)
    return f'{part} {hour} 시' + (f' {say(now.minute)} 분' if now.minute else '')


def say_month(month: int) -> str:
    """Return a month; June and October drop their final consonant."""
    return {6: '유', 10: '시'}.get(month, say(month)) + '월'


def say_date(now: datetime) -> str:
    """Return the day, `이천이십육년 십일월 이십일일 토요일`."""
    day = f'{say(now.year)}년 {say_month(now.month)} {say(now.day)}일'
    return f'{day} {_WEEKDAYS[now.weekday()]}요일'


def say_birthday(text: str) -> str:
    """Turn `May third` or `5월 3일` into words a Korean voice can say; else return it as it is."""
    words = text.lower().replace(',', ' ').split()
    month = next((at for at, name in enumerate(_MONTHS, 1) if name.lower() in words), None)
    day = next((_DAYS[word] for word in words if word in _DAYS), None)
    if month is None and len(words) == 2 and words[0].endswith('월') and words[1].endswith('일'):
        month, day = read(words[0][:-1]), read(words[1][:-1])
    if month is None or day is None or not 1 <= month <= 12:
        return text
    return f'{say_month(month)} {say(day)}일'


_DAYS = {
    word: day
    for day, word in enumerate(
        listed("""first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"""),
        1,
    )
}


def say_count(start: int, end: int) -> list[str]:
    """Return the numbers from `start` to `end`, up or down, each as one piece of speech.

    Ten of them make a sentence, so that a long count reaches the loudspeaker as it goes.
    """
    step = 1 if end >= start else -1
    numbers = list(range(start, end + step, step))
    return [
        say_native(number) + ('. ' if place % 10 == 0 or place == len(numbers) else ', ')
        for place, number in enumerate(numbers, 1)
    ]
