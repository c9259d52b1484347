# SPDX-License-Identifier: Apache-2.0
"""What a robot says again and again ("Yes?", "One moment.") is asked of its voice once.

Equal text, voice, model, speed, language and rate give equal sound; longer texts hardly repeat.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.engines.kinds import Mark, Preparable, Synthesizer

OnMarks = Callable[[Sequence[Mark]], None]
PHRASE_LIMIT = 80
"""Characters, about five seconds of speech."""
BYTES_LIMIT = 8 * 2**20
"""Of all phrases together: three minutes at 24 kHz."""
PIECE = 32 * 2**10
"""Bytes that are given out at once."""


@dataclass(frozen=True)
class _Phrase:
    pcm: bytes
    marks: tuple[Mark, ...]


class PhraseCache:
    """Implements `Synthesizer`. The phrase that was not said for longest is forgotten first."""

    def __init__(
        self,
        engine: Synthesizer,
        setting: Callable[[], Hashable],
        *,
        bytes_limit: int = BYTES_LIMIT,
    ) -> None:
        """`setting` is all that makes the engine speak otherwise, as it is now."""
        self.name = engine.name
        self.rate = engine.rate
        self.hits = 0
        """Sentences that were not asked for again."""
        self._engine = engine
        self._setting = setting
        self._bytes_limit = bytes_limit
        self._phrases: OrderedDict[Hashable, _Phrase] = OrderedDict()
        self._bytes = 0

    async def open(self) -> None:
        await self._engine.open()

    async def close(self) -> None:
        await self._engine.close()

    def prepare(self) -> None:
        if isinstance(self._engine, Preparable):
            self._engine.prepare()

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: OnMarks | None = None,
    ) -> AsyncIterator[bytes]:
        key = (text, language, self.rate, self._setting())
        phrase = self._phrases.get(key)
        if phrase is not None:
            self.hits += 1
            self._phrases.move_to_end(key)
            if on_marks is not None and phrase.marks:
                on_marks(phrase.marks)
            for at in range(0, len(phrase.pcm), PIECE):
                yield phrase.pcm[at : at + PIECE]
            return
        marks: list[Mark] = []
        kept: list[bytes] | None = [] if len(text) <= PHRASE_LIMIT else None

        def hear(new: Sequence[Mark]) -> None:
            marks.extend(new)
            if on_marks is not None:
                on_marks(new)

        speech = self._engine.speak(text, language, turn=turn, on_marks=hear)
        async with aclosing(speech) as pieces:  # type: ignore[type-var]
            async for pcm in pieces:
                if kept is not None:
                    kept.append(pcm)
                yield pcm
        # Only what came to its end is known to be the whole of it.
        if kept:
            self._keep(key, _Phrase(b''.join(kept), tuple(marks)))

    def _keep(self, key: Hashable, phrase: _Phrase) -> None:
        before = self._phrases.pop(key, None)
        self._bytes += len(phrase.pcm) - (len(before.pcm) if before is not None else 0)
        self._phrases[key] = phrase
        while self._bytes > self._bytes_limit:
            _, oldest = self._phrases.popitem(last=False)
            self._bytes -= len(oldest.pcm)
