# SPDX-License-Identifier: Apache-2.0
"""Short phrases are asked of their voice once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

import pytest

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting
from prot_ros.engines.kinds import EngineError, Mark
from prot_ros.engines.phrase_cache import PHRASE_LIMIT, PhraseCache


class Voice:
    """Says 100 bytes for each character in two pieces, and counts what it was asked for."""

    name = 'counted'
    rate = 24_000

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: Callable[[Sequence[Mark]], None] | None = None,
    ) -> AsyncIterator[bytes]:
        self.asked.append(text)
        assert on_marks is not None
        for half in (0, 1):
            on_marks([Mark(half + 1, half * 50.0)])
            yield bytes([half]) * 50 * len(text)
            if self.fails:
                raise EngineError('lost', retryable=True)


class Cached:
    def __init__(self, **options: int) -> None:
        self.voice = Voice()
        self.setting = VoiceSetting()
        self.cache = PhraseCache(self.voice, lambda: self.setting, **options)

    def say(self, text: str, language: str = 'en') -> tuple[bytes, list[Mark]]:
        async def run() -> tuple[bytes, list[Mark]]:
            marks: list[Mark] = []
            speech = self.cache.speak(text, language, on_marks=marks.extend)
            async with aclosing(speech) as pieces:
                return b''.join([piece async for piece in pieces]), marks

        return asyncio.run(run())


def test_c03_equal_text_voice_and_settings_come_from_the_cache_with_their_marks():
    on = Cached()
    first = on.say('네, 말씀하세요.')
    assert on.say('네, 말씀하세요.') == first
    assert on.voice.asked == ['네, 말씀하세요.']
    assert on.cache.hits == 1
    assert first[1] == [Mark(1, 0.0), Mark(2, 50.0)]


@pytest.mark.parametrize(
    'setting',
    [
        VoiceSetting(voice='other'),
        VoiceSetting(model='other'),
        VoiceSetting(speed=1.1),
        VoiceSetting(language='ko'),
    ],
)
def test_c03_whatever_would_sound_otherwise_is_asked_for_anew(setting):
    on = Cached()
    on.say('Yes?')
    on.setting = setting
    on.say('Yes?')
    on.say('Yes?', 'ko')
    assert len(on.voice.asked) == 3


def test_c03_the_cache_is_bounded_and_forgets_what_was_not_said_for_longest():
    on = Cached(bytes_limit=1_000)
    for text in ('aaaa', 'bbbb', 'aaaa', 'cccc', 'aaaa', 'bbbb'):
        on.say(text)
    assert on.voice.asked == ['aaaa', 'bbbb', 'cccc', 'bbbb']


def test_a_long_text_is_not_kept():
    on = Cached()
    for _ in range(2):
        on.say('x' * (PHRASE_LIMIT + 1))
    assert len(on.voice.asked) == 2


def test_what_was_cut_or_failed_is_not_taken_for_the_whole():
    on = Cached()

    async def cut() -> None:
        async with aclosing(on.cache.speak('Hello.', 'en')) as pieces:
            await anext(pieces)

    asyncio.run(cut())
    on.voice.fails = True
    with pytest.raises(EngineError):
        on.say('Hello.')
    on.voice.fails = False
    assert len(on.say('Hello.')[0]) == 600
    assert len(on.voice.asked) == 3
