# SPDX-License-Identifier: Apache-2.0
"""The values that English statements give: names, places, things, ages and dates.

Each reader takes a segment and a position and returns the value, as one would write it, with the
position after it; or None when no such value is there. Values are short on purpose: a transcript
has no punctuation to end them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from prot_ros.core.offline.english.dates import begins_time
from prot_ros.core.offline.english.numbers import read
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.words import (
    ADVERBS,
    CONJUNCTIONS,
    ENDS,
    GIVEN_NAMES,
    MONTHS,
    NAME_ENDS,
    NATIONS,
    NOT_NAMES,
    NOT_PLACES,
    NOT_THINGS,
    PLACE_HOMOPHONES,
    PRONOUNS,
    TRAILING,
    UNCERTAIN,
    capitalised,
)
from prot_ros.core.offline.plain_text import listed

Value = tuple[str, int]
ValueReader = Callable[[Segment, int], Value | None]

_MAX_NAME, _MAX_PLACE, _MAX_THING, _MAX_CODE = 3, 4, 7, 12  # words
_AT = ('at', 'for', 'to', 'in')
_MAX_WORD = 40
"""Characters; a longer `word` is noise or an attack."""
_PLACE_ENDS = (
    ENDS
    | ADVERBS
    | frozenset(
        listed("""in with for since near on at my where together alone by from again every
about as right these to from and not or today hello hi stop tell too also thank thanks what
anymore only nice back then there next last instead forever once during until till after before
around through temporarily""")
    )
)
_THING_ENDS = ENDS | {
    'my',
    'our',
    'hello',
    'goodbye',
    'bye',
    'tell',
    'stop',
    'remember',
    'every',
    'it',
    'they',
    'now',
    'lately',
    'check',
}
_ANY_PLACE = frozenset(listed('team company moment office weekend night day time same best'))
_ANY_MORE = (('any', 'more'), ('any', 'longer'), ('no', 'more'))
_DAY = re.compile(r'\d{1,2}(?:st|nd|rd|th)?')
_DAY_WORDS = frozenset(
    listed("""first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty
thirtieth thirty one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen""")
)
_AGE_TAILS = (('years', 'old'), ('year', 'old'), ('years', 'of', 'age'), ('years', 'else'))


def looks_like_name(segment: Segment, at: int) -> bool:
    """Tell whether a word is a given name we know, or is written as one."""
    word = segment.low[at]
    written = segment.raw[at] != word
    return word not in NOT_NAMES and len(word) <= _MAX_WORD and (word in GIVEN_NAMES or written)


def name_at(segment: Segment, at: int) -> Value | None:
    """Read `alice` as `Alice`; up to three words when nothing else follows them."""
    low, raw = segment.low, segment.raw
    if at >= len(low) or low[at] in NOT_NAMES or not _is_word(low[at]):
        return None
    end = at + 1
    while end < len(low) and low[end] not in NAME_ENDS and _is_word(low[end]):
        end += 1
    # `alice nice weather we are having`: a long tail is speech that goes on, not a surname.
    if end - at > _MAX_NAME:
        end = at + 1
        while end < at + _MAX_NAME and looks_like_name(segment, end):
            end += 1
    return capitalised(raw[at:end]), end


def short_name_at(segment: Segment, at: int) -> Value | None:
    """Read one word, or more when they too look like names; where a sentence goes on after it."""
    low, raw = segment.low, segment.raw
    if at >= len(low) or low[at] in NOT_NAMES or not _is_word(low[at]):
        return None
    end = at + 1
    while end < min(len(low), at + _MAX_NAME) and looks_like_name(segment, end):
        end += 1
    return capitalised(raw[at:end]), end


def place_at(segment: Segment, at: int) -> Value | None:
    """Read `new york` as `New York`, `a small village` as it is."""
    low = segment.low
    if low[at : at + 3] in (('the', 'city', 'of'), ('the', 'town', 'of')):
        at += 3
    if at >= len(low) or low[at] in NOT_PLACES | _PLACE_ENDS or not _is_word(low[at]):
        return None
    end = _end(low, at, _PLACE_ENDS, _MAX_PLACE)
    if low[at : at + 1] == ('the',) and end == at + 2 and low[at + 1] in _ANY_PLACE:
        return None
    if end == at or (end == at + 1 and low[at] in ('a', 'an', 'the')):
        return None
    words = [
        PLACE_HOMOPHONES[word] if end == at + 1 and word in PLACE_HOMOPHONES else raw
        for word, raw in zip(low[at:end], segment.raw[at:end], strict=True)
    ]
    if low[at] in ('a', 'an'):
        return ' '.join(words), end
    if low[at] == 'the':
        return f'the {capitalised(words[1:])}', end
    return capitalised(words), end


def thing_at(segment: Segment, at: int) -> Value | None:
    """Read what is liked, owned or done: a few words, without fillers at the end."""
    low = segment.low
    if at >= len(low) or low[at] in NOT_THINGS or not _is_word(low[at]):
        return None
    if low[at] in ENDS:
        return None
    # `my` may begin a thing, but later on it begins another statement.
    end = _end(low, at + 1, _THING_ENDS, _MAX_THING - 1)
    last = end
    while last > at and low[last - 1] in TRAILING:
        last -= 1
    if last == at + 1 and low[at] in GIVEN_NAMES:
        return capitalised(segment.raw[at:last]), end
    words = (word.capitalize() if word in NATIONS else word for word in segment.raw[at:last])
    return (' '.join(words), end) if last > at else None


def field_at(segment: Segment, at: int) -> Value | None:
    """Read a field of study or work: a thing that ends where its place begins."""
    low = segment.low
    end = next((i for i in range(at, min(len(low), at + _MAX_THING)) if low[i] in _AT), 0)
    if not end:
        return thing_at(segment, at)
    value = thing_at(Segment(low[:end], segment.raw[:end], question=False), at)
    return (value[0], end) if value and value[1] == end else value


def vehicle_at(segment: Segment, at: int) -> Value | None:
    """Read `a tesla`; `me crazy` and `to work` are no vehicles."""
    if segment.low[at : at + 1] not in (('a',), ('an',), ('the',)):
        return None
    if segment.low[at + 1 : at + 2] in (('hard',), ('point',), ('wedge',)):
        return None
    return field_at(segment, at)


def code_at(segment: Segment, at: int) -> Value | None:
    """Read a number, a code or an address, as it was told: at least one digit is in it."""
    low = segment.low
    end = at
    ends = ENDS | ADVERBS
    while end < len(low) and end - at < _MAX_CODE and low[end] not in ends and _is_word(low[end]):
        end += 1
    words = segment.raw[at:end]
    if not any(word[:1].isdigit() or read((word.lower(),), 0) for word in words):
        return None
    return ' '.join(words), end


def age_at(segment: Segment, at: int) -> Value | None:
    """Read `thirty two years old` as `32`; a bare number must end its clause."""
    number = read(segment.low, at)
    if number is None or not 1 <= number[0] <= 130:
        return None
    age, end = number
    for tail in _AGE_TAILS:
        if segment.low[end : end + len(tail)] == tail:
            return str(age), end + len(tail)
    if end < len(segment.low) and begins_time(segment.low, end):
        return str(age), end
    if end == len(segment.low) or segment.low[end] in CONJUNCTIONS | PRONOUNS | {',', 'my', 'now'}:
        return str(age), end
    return None


def date_at(segment: Segment, at: int) -> Value | None:
    """Read `the third of may` or `may third`; a month is needed."""
    low = segment.low
    start = end = at + 1 if low[at : at + 1] == ('on',) else at
    while end < len(low) and end - start < 8 and _is_date_word(low[end]):
        end += 1
    while end > start and low[end - 1] in ('the', 'of', 'in'):
        end -= 1
    if not any(word in MONTHS for word in low[start:end]):
        return None
    words = [word.capitalize() if word in MONTHS else word for word in low[start:end]]
    return ' '.join(word for word in words if word != 'in'), end


def _is_date_word(word: str) -> bool:
    return (
        word in MONTHS
        or word in _DAY_WORDS
        or word in ('the', 'of', 'in')
        or _DAY.fullmatch(word) is not None
    )


def _end(low: tuple[str, ...], at: int, ends: frozenset[str], limit: int) -> int:
    end = at
    while end < len(low) and end - at < limit and low[end] not in ends and _is_word(low[end]):
        # A time, or `any more`, says something of the statement and is no part of the value.
        if begins_time(low, end) or low[end : end + 2] in _ANY_MORE:
            break
        end += 1
    return end


def _is_word(word: str) -> bool:
    return len(word) <= _MAX_WORD and word not in (',', '.') and word not in UNCERTAIN
