# SPDX-License-Identifier: Apache-2.0
"""How a reply is ended aloud that its language model does not end itself.

The model may decline to go on, run out of what it may say, or be lost with its service, in the
middle of a sentence. That sentence is dropped, and one of these closes the reply.
"""

from __future__ import annotations

from prot_ros.core import language

LENGTH = 'length'
"""It was as long as it may be, or as fits."""
REFUSAL = 'refusal'
"""The model declines."""
FAILURE = 'failure'
"""Its service is gone, and no other model knows how the reply was meant to go on."""
REASONS = (LENGTH, REFUSAL, FAILURE)

_AFTER_WORDS = {
    'en': {
        LENGTH: 'I will leave it at that.',
        REFUSAL: 'I would rather not go on with that.',
        FAILURE: 'Sorry, I have lost my train of thought.',
    },
    'ko': {
        LENGTH: '여기까지만 말할게요.',
        REFUSAL: '이 이야기는 여기까지만 할게요.',
        FAILURE: '죄송해요, 말하던 중에 생각이 끊겼어요.',
    },
}
_INSTEAD_OF_WORDS = {
    'en': {
        LENGTH: 'Sorry, that would be too long for me. Could you ask for a part of it?',
        REFUSAL: 'I would rather not talk about that. Shall we talk about something else?',
        FAILURE: 'Sorry, I cannot think clearly just now. Could you ask me again?',
    },
    'ko': {
        LENGTH: '죄송해요, 너무 길어서 다 말할 수가 없어요. 조금만 나눠서 물어봐 주시겠어요?',
        REFUSAL: '그건 말씀드리기 어려워요. 다른 이야기를 해 볼까요?',
        FAILURE: '죄송해요, 지금은 생각이 잘 안 돼요. 다시 물어봐 주시겠어요?',
    },
}
_ELSEWHERE = 'Sorry.'
"""In other languages: a word that is understood nearly everywhere."""
_LOOKED_AT = 400


def ending(reason: str, said: str, asked: str, default: str = 'en') -> str:
    """Return the sentence that closes a reply of which `said` was spoken so far.

    It is in the language of what was said, of what was `asked` where nothing was, and `default`
    (ISO 639-1) where the script does not tell. A reply in another language that has something in
    it just stops, unless by failure: '' is returned. Raises ValueError for a reason that is not in
    `REASONS`.
    """
    if reason not in REASONS:
        raise ValueError(f'reason is {reason!r}, expected one of {REASONS}')
    code = language.detect((said or asked)[-_LOOKED_AT:], default.partition('-')[0].lower())
    if said:
        elsewhere = _ELSEWHERE if reason == FAILURE else ''
        return _AFTER_WORDS[code][reason] if code in _AFTER_WORDS else elsewhere
    return _INSTEAD_OF_WORDS[code][reason] if code in _INSTEAD_OF_WORDS else _ELSEWHERE
