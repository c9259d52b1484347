# SPDX-License-Identifier: Apache-2.0
"""Speech without network: English by Flite, every other language by eSpeak NG, at one rate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.engines.kinds import Mark
from prot_ros.engines.resample import Resampler
from prot_ros.engines.voices.espeak import EspeakSynthesizer
from prot_ros.engines.voices.flite import FliteSynthesizer, spelled_for_flite


class OfflineSynthesizer:
    """Lets the better of two programs speak each sentence."""

    name = 'offline'

    def __init__(self, rate: int = 24000, voice: str = 'slt') -> None:
        """Take the Hz of everything that is spoken, and Flite's voice for English."""
        self.rate = rate
        self._flite = FliteSynthesizer(voice)
        self._espeak = EspeakSynthesizer()

    async def open(self) -> None:
        await self._flite.open()
        await self._espeak.open()

    async def close(self) -> None:
        await self._flite.close()
        await self._espeak.close()

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: Callable[[Sequence[Mark]], None] | None = None,
    ) -> AsyncIterator[bytes]:
        engine = self._engine(text, language)
        resampler = Resampler(engine.rate, self.rate)
        async with aclosing(engine.speak(text, language)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                yield resampler.push(piece)
        yield resampler.end()

    def _engine(self, text: str, language: str) -> FliteSynthesizer | EspeakSynthesizer:
        english = language.partition('-')[0].lower() == 'en'
        # A name in another script, which Flite would skip: eSpeak NG says it in its language.
        lost = sum(map(str.isalnum, text)) > sum(map(str.isalnum, spelled_for_flite(text)))
        return self._flite if english and not lost else self._espeak
