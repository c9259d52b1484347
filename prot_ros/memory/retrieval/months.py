# SPDX-License-Identifier: Apache-2.0
"""Which months a text names, in English and Korean. Pure.

`What did we do in July?` asks for what was said in July or soon after. A text in another language
names none, and is looked up by its words alone.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MOST_TEXT = 2_000
"""Characters that are read."""

_NAMES = (
    'january',
    'february',
    'march',
    'april',
    'may',
    'june',
    'july',
    'august',
    'september',
    'october',
    'november',
    'december',
)
_AMBIGUOUS = ('march', 'may')
"""Verbs as well: months only beside a number or after a word of time."""
_ENGLISH = re.compile(
    r'(?:\b(?P<before>[^\W_]+)\s+)?'
    rf'\b(?P<name>{"|".join(_NAMES)})\b'
    r'(?P<number>,?\s+[0-9]{1,2}(?:st|nd|rd|th)?\b)?'
    r'(?:,?\s+(?:of\s+)?(?P<year>(?:19|20)[0-9]{2})\b)?'
)
_OF_TIME = frozenset(
    'after before between by during early every in last late mid next of since this until'.split()
)
_DAY = re.compile('[0-9]{1,2}(?:st|nd|rd|th)?')
_KOREAN = re.compile(
    r'(?:(?P<year>(?:19|20)[0-9]{2})\s*년\s*)?(?<![0-9])(?P<month>1[0-2]|[1-9])\s*월(?!요일)'
)


@dataclass(frozen=True)
class Month:
    """A month as it was named."""

    month: int
    """1 to 12."""
    year: int | None = None
    """None: of any year."""


def months(text: str) -> tuple[Month, ...]:
    """Return the months that the first MOST_TEXT characters name, each once."""
    folded = unicodedata.normalize('NFKC', text[:MOST_TEXT]).casefold()
    found: dict[Month, None] = {}
    for match in _ENGLISH.finditer(folded):
        if match['name'] not in _AMBIGUOUS or _is_a_time(match):
            found[Month(_NAMES.index(match['name']) + 1, _year(match))] = None
    for match in _KOREAN.finditer(folded):
        found[Month(int(match['month']), _year(match))] = None
    return tuple(found)


def _is_a_time(match: re.Match[str]) -> bool:
    before = match['before'] or ''
    return bool(match['number'] or match['year'] or before in _OF_TIME or _DAY.fullmatch(before))


def _year(match: re.Match[str]) -> int | None:
    return int(match['year']) if match['year'] else None
