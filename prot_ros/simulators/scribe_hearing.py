# SPDX-License-Identifier: Apache-2.0
"""What the simulated speech-to-text understands: real words by PocketSphinx, or a script."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Protocol

from prot_ros.engines.pocketsphinx.recognizer import (
    PocketSphinxRecognition,
    PocketSphinxRecognizer,
)
from prot_ros.engines.resample import Resampler

WORD_S = 0.25
"""A script's next word is understood after so much more audio."""


class Hearing(Protocol):
    """Of one session."""

    async def push(self, pcm: bytes) -> str:
        """Take audio; return the hypothesis since the last `end`."""
        ...

    async def end(self) -> str:
        """Return what was said since the last `end`."""
        ...

    async def close(self) -> None:
        """Understand nothing any more."""
        ...


class Ears(Protocol):
    """Of the whole service."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def hearing(self, rate: int) -> Hearing:
        """Return that of a session with audio of `rate` Hz."""
        ...


class Script:
    """Says what stands in it, one text for each utterance, and '' when they are used up.

    An utterance that was not committed is said again: whoever lost the connection sends it again.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(texts)
        self._said = 0

    async def open(self) -> None:
        """Need nothing."""

    async def close(self) -> None:
        """Have nothing."""

    def hearing(self, rate: int) -> Hearing:
        return _Reading(self, rate)

    @property
    def text(self) -> str:
        """What is said now."""
        return self._texts[self._said] if self._said < len(self._texts) else ''

    def turn_page(self) -> None:
        """Go on to the next utterance."""
        self._said += 1


class _Reading:
    def __init__(self, script: Script, rate: int) -> None:
        self._script = script
        self._rate = rate
        self._bytes = 0

    async def push(self, pcm: bytes) -> str:
        self._bytes += len(pcm)
        words = self._script.text.split(' ')
        return ' '.join(words[: int(self._bytes / (2 * self._rate) / WORD_S)])

    async def end(self) -> str:
        text = self._script.text
        self._bytes = 0
        self._script.turn_page()
        return text

    async def close(self) -> None:
        self._bytes = 0


class PocketSphinxEars:
    """Recognisers for sessions, as many as there were sessions at once; English."""

    def __init__(self) -> None:
        self._free: list[PocketSphinxRecognizer] = []
        self._lent: list[PocketSphinxRecognizer] = []

    async def open(self) -> None:
        """Load the model, so that the first session need not wait for it."""
        self.give_back(await self.lend())

    async def close(self) -> None:
        for recognizer in [*self._free, *self._lent]:
            await recognizer.close()
        self._free.clear()
        self._lent.clear()

    def hearing(self, rate: int) -> Hearing:
        return _Listening(self, rate)

    async def lend(self) -> PocketSphinxRecognizer:
        """Return an open recogniser, for a caller that gives it back; raise EngineError."""
        if self._free:
            recognizer = self._free.pop()
        else:
            recognizer = PocketSphinxRecognizer()
            await recognizer.open()
        self._lent.append(recognizer)
        return recognizer

    def give_back(self, recognizer: PocketSphinxRecognizer) -> None:
        """Take it for another session."""
        with contextlib.suppress(ValueError):  # everything was closed meanwhile
            self._lent.remove(recognizer)
            self._free.append(recognizer)


class _Listening:
    def __init__(self, ears: PocketSphinxEars, rate: int) -> None:
        self._ears = ears
        self._rate = rate
        self._recognizer: PocketSphinxRecognizer | None = None
        self._recognition: PocketSphinxRecognition | None = None
        self._resampler = Resampler(rate, PocketSphinxRecognizer.rate)

    async def push(self, pcm: bytes) -> str:
        if self._recognizer is None:
            self._recognizer = await self._ears.lend()
        if self._recognition is None:
            self._recognition = self._recognizer.start()
            self._resampler = Resampler(self._rate, self._recognizer.rate)
        return await self._recognition.push(self._resampler.push(pcm))

    async def end(self) -> str:
        recognition, self._recognition = self._recognition, None
        if recognition is None:
            return ''
        await recognition.push(self._resampler.end())
        return await recognition.finish()

    async def close(self) -> None:
        if self._recognition is not None:
            await self._recognition.close()
            self._recognition = None
        if self._recognizer is not None:
            self._ears.give_back(self._recognizer)
            self._recognizer = None
