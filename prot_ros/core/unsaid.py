# SPDX-License-Identifier: Apache-2.0
"""Where a sentence goes on in another voice when the first one stops in the middle of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD_MOST = 40
"""Characters beyond which what has no space in it is no word."""
_WORD_SO_FAR = re.compile(r'[^\s\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]*\Z')
"""Chinese and Japanese have no spaces: there one goes on with the very character."""
_SLACK_MS = 0.5
"""Times of audio that are rounded to samples."""


def resume_at(text: str, marks: Iterable[tuple[int, float]], given_ms: float) -> int:
    """Return the index of the first character that is still to be said.

    `marks` are (characters, milliseconds): how far the text has been said at which time of its
    audio. `given_ms` is the audio that was given out. The word in which it stopped is said again,
    because half a word is no word; where nothing tells how far it came, everything is.
    """
    said = max((count for count, at_ms in marks if at_ms <= given_ms + _SLACK_MS), default=0)
    said = min(max(said, 0), len(text))
    rest = text[said:]
    if not any(map(str.isalnum, rest)):
        return len(text)
    if rest[0].isspace():
        return said
    begun = _WORD_SO_FAR.search(text, max(0, said - _WORD_MOST), said)
    return begun.start() if begun is not None else said
