# SPDX-License-Identifier: Apache-2.0
"""How wide words are, and words that can stand in a picture. Pure.

No font is at hand where a picture is made, and any may be where it is looked at; so words are
measured as the widest of the usual fonts have them, DejaVu Sans, to within a twentieth.
"""

from __future__ import annotations

import unicodedata

from prot_ros.cli.screen import printable

BOLD = 1.13
"""How much wider letters of the user's name are."""
FONT = (
    "'Noto Sans', 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', "
    "NanumGothic, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif"
)
_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_WIDE = frozenset('mwMW@%&<>=+~#')
_NO_CHARACTER = frozenset({'\ufffe', '\uffff'})
"""XML has no way to write them."""


def clean(text: str) -> str:
    """Return words that are text to whatever reads the picture: nothing that acts, one line."""
    plain = ''.join('\ufffd' if char in _NO_CHARACTER else char for char in printable(text))
    return ' '.join(plain.split())


def width(text: str, size: float) -> float:
    """Return how wide a text is in a font of `size`, both in the picture's units."""
    return size * sum(map(_em, text))


def _em(char: str) -> float:
    if unicodedata.combining(char) or char in '\u200c\u200d\ufe0f':
        return 0.0
    if unicodedata.east_asian_width(char) in 'WF':
        return 0.98
    if char in _NARROW:
        return 0.34
    if char in _WIDE:
        return 0.9
    return 0.68 if char.isupper() else 0.61


def shortened(text: str, size: float, most: float) -> str:
    """Return the beginning of a text that is at most `most` wide, marked where it was cut."""
    if width(text, size) <= most:
        return text
    kept = ''
    for char in text:
        if width(f'{kept}{char}…', size) > most:
            break
        kept += char
    return kept.rstrip() + '…'
