# SPDX-License-Identifier: Apache-2.0
"""Listening noises: what people say to show that they listen, and that asks for no answer.

Korean "네", "응" and English "yeah", "uh-huh" are both: whoever was asked answers with them, and
whoever listens shows it with them. So it matters whether the robot has just asked something.

What a recogniser makes of noises counts as well, where it can be no request. PocketSphinx found
words in 175 of 210 coughs and in 14 of 50 doors and bursts of typing, all synthesised; in 142 and
in all 14 of them only words of `NOISES` and `FRAGMENTS` ("at that", "but", "the"). The others
("cook", "i have"), and what it makes of a hummed "mm-hm", which it does not know ("who", "move
move"), are also what people say to a robot, and stay words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

NOISES = frozenset(
    'm mm h hm hmm mh mhm mmhm mmhmm uh huh um umm uhm ah aha eh oh ooh er erm woo hoo whoa boo '
    'ha heh hah lol well a an the and but at '
    '음 흠 흐음 으음 아 오 에 하 허 헐 아하 오호 와 우와 ㅋ ㅎ ㅇ 저 그'.split()
)
"""They mean nothing by themselves, and are no answer either."""
AGREEMENT = frozenset(
    'yeah yea yep yup yes ya aye right okay ok kay sure true exactly absolutely indeed good great '
    'nice cool fine wow really alright definitely totally interesting '
    '응 어 네 예 넵 넹 넴 엉 으응 네에 그래 그래요 그럼 그럼요 그렇지 그렇죠 그죠 그쵸 그치 '
    '그렇구나 그렇군 그렇군요 그렇네 그렇네요 그러게 그러게요 그러네 그러네요 그러니까 맞아 '
    '맞아요 맞네 맞네요 맞죠 맞지 맞습니다 좋아 좋아요 좋네 좋네요 오케이 알았어 알았어요 '
    '알겠어 알겠어요 알겠습니다 진짜 진짜요 정말 정말요 그랬구나 그랬군요 대박 물론 물론이지 '
    '물론이죠 당연하지 당연하죠'.split()
)
"""They are an answer where something was asked, and a listening noise where nothing was."""
FRAGMENTS = frozenset('f i am if or on to that them both'.split())
"""English words that say nothing alone, but might answer a question: "on" or "off"?"""

_PHRASES = re.compile(
    r'\b(?:mm?|uh) (?:hm+|huh|mm+)\b'
    r'|\b(?:i see|all right|of course|got it|i know|no kidding|for sure|makes sense)\b'
    r'|\bthat s (?:right|true|good|great|nice|cool|interesting)\b'
)
"""They agree as one word of `AGREEMENT` does."""
_DRAWN_OUT = re.compile(r'(\w)\1{2,}')
_REPEATED = re.compile(r'(\w{1,5}?)\1+')
_WORD = re.compile(r'\w+')


def is_backchannel(text: str, *, asked: bool) -> bool:
    """Return whether all of a transcript is listening noise.

    `asked` says that the robot has just asked something, so that agreement is an answer. A text
    without any word is none: whoever wants to know that asks for words.
    """
    words = ' '.join(_WORD.findall(_DRAWN_OUT.sub(r'\1\1', unicodedata.normalize('NFC', text))))
    words = _PHRASES.sub('yes', words.lower())
    return bool(words) and all(
        any(
            form in NOISES or (not asked and (form in AGREEMENT or form in FRAGMENTS))
            for form in _forms(word)
        )
        for word in words.split()
    )


def _forms(word: str) -> Iterator[str]:
    """Return a word as it is, said once ("네네", "yeahyeah"), and not drawn out ("ohhh")."""
    yield word
    once = _REPEATED.fullmatch(word)
    if once:
        yield once[1]
    yield re.sub(r'(\w)\1$', r'\1', word)
