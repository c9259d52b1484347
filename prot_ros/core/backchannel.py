# SPDX-License-Identifier: Apache-2.0
"""Listening noises: what people say to show that they listen, and that asks for no answer."""

from __future__ import annotations

import re
import unicodedata

NOISES = frozenset(
    'mm hm hmm mhm mmhm mmhmm mh uh huh um umm uhm ah aha oh ooh er erm '
    '응 음 흠 어 아 오 에 으음 흐음 아하 오호'.split()
)
"""They mean nothing by themselves, and are no answer either."""
AGREEMENT = frozenset(
    'yeah yep yes right okay ok sure wow nice cool '
    '네 예 그래 그래요 그렇구나 그렇군요 맞아 맞아요 좋아 와 우와'.split()
)
"""They are an answer where something was asked, and a listening noise where nothing was."""
REPEATED = re.compile(r'(네|예|응|어|아)\1+')

_WORD = re.compile(r'\w+')


def is_backchannel(text: str, *, asked: bool) -> bool:
    """Return whether all of a transcript is listening noise.

    `asked` says that the robot has just asked something, so that agreement is an answer. A text
    without any word is none: whoever wants to know that asks for words.
    """
    words = _WORD.findall(unicodedata.normalize('NFC', text).lower())
    words = [REPEATED.sub(r'\1', word) for word in words]
    return bool(words) and all(
        word in NOISES or (not asked and word in AGREEMENT) for word in words
    )
