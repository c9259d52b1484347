# SPDX-License-Identifier: Apache-2.0
"""What people said, made safe to take apart: bounded, composed, only of what one can say.

Transcripts and typed lines are hostile input. Whatever reads them here goes through `plain` first,
so that no later step meets a control character, an unpaired surrogate, mark-up or ten kilobytes.
"""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 2_000
"""Characters. Thirty seconds of fast speech are about 600; what follows is not read."""

_APOSTROPHES = dict.fromkeys(map(ord, '’‘`´ʼ＇'), "'")
_QUOTED = re.compile('["“]([^"“”]*)["”]')
_QUOTED_NAME = 2  # words
_MARKUP = dict.fromkeys(map(ord, '*_#|~<>[]{}\\^=+'), ' ')


def plain(text: str) -> str:
    """Return at most MAX_TEXT characters of text in NFC, with single spaces.

    Letters, marks, numbers and punctuation stay. Controls, symbols, emoji and mark-up become
    spaces, invisible format characters vanish, every apostrophe becomes `'`.
    """
    composed = unicodedata.normalize('NFC', text[:MAX_TEXT]).translate(_APOSTROPHES)
    kept: list[str] = []
    for character in composed.translate(_MARKUP):
        category = unicodedata.category(character)
        if category[0] in 'LMNP' or character in '$%€':
            kept.append(character)
        elif category != 'Cf':
            kept.append(' ')
    return ' '.join(''.join(kept).split())


def without_quotations(text: str) -> str:
    """Return text without what stands in quotation marks: the words of others, or a title.

    A single word or two stay: they may be a name.
    """
    return _QUOTED.sub(_quotation, text)


def _quotation(match: re.Match[str]) -> str:
    words = match[1]
    return f' {words} ' if len(words.split()) <= _QUOTED_NAME else ' … '


def listed(words: str) -> tuple[str, ...]:
    """Return the words of a list that is written as prose, as the tables of words are."""
    return tuple(words.split())
