# SPDX-License-Identifier: Apache-2.0
"""`Forget that`: the request that takes something away for good, so it must be all that is said.

A further language is a row here.
"""

from __future__ import annotations

import re
import unicodedata

from prot_ros.core.language import detect
from prot_ros.core.offline.languages import DEFAULT, LANGUAGES
from prot_ros.core.offline.phrasebook import Line

_MOST_TEXT = 100
_REQUESTS = {
    'en': r"""
        (?:(?:please|okay|ok|oh|no|sorry|robot)\s+)*
        (?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?
        (?:forget|delete|erase|do\s+not\s+(?:remember|keep|save)|don't\s+(?:remember|keep|save))\s+
        (?:that|this|what\s+i\s+(?:just\s+)?(?:said|told\s+you)(?:\s+(?:just\s+)?now)?
            |(?:that|the)\s+last\s+(?:thing|part|bit|sentence)(?:\s+(?:that\s+)?i\s+said)?)
        (?:\s+(?:again|please|now))*
    """,
    'ko': r"""
        (?:(?:아니|아|저기|그냥|제발|미안한데|죄송한데)\s*)*
        (?:방금|지금|아까|마지막(?:으로|에)?)?\s*(?:내가|제가)?\s*
        (?:한\s*말|한\s*얘기|한\s*이야기|말한\s*거|말한\s*것|말씀드린\s*거|그\s*말|그\s*얘기|그거|그것|그건|이거)
        (?:은|는|을|를)?\s*(?:좀|다)?\s*
        (?:잊어|잊어\s*버려|지워|삭제\s*해|기억하지\s*마|잊으세요|지우세요)
        \s*(?:줘|줄래|주세요|주실래요|주시겠어요)?\s*(?:요|세요)?
    """,
}
_PATTERNS = {code: re.compile(wording, re.VERBOSE) for code, wording in _REQUESTS.items()}
_MARKS = ' \t\n.,!?~…。！？'


def asks_to_forget(text: str) -> bool:
    """Tell whether somebody asks for what they said last to be forgotten, and for nothing else."""
    if len(text) > _MOST_TEXT:
        return False
    plain = unicodedata.normalize('NFC', text).replace('\u2019', "'").casefold()
    plain = ' '.join(plain.replace(',', ' ').strip(_MARKS).split())
    return any(pattern.fullmatch(plain) for pattern in _PATTERNS.values())


def answer(line: Line, text: str) -> str:
    """Return a line of the phrasebook in the language of a text."""
    language = LANGUAGES.get(detect(text), LANGUAGES[DEFAULT])
    return language.phrases.lines[line][0]
