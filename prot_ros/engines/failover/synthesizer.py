# SPDX-License-Identifier: Apache-2.0
"""A voice that never breaks off: the offline voice says what the online one has not said.

What was said is known by the marks of the audio that was given out. A turn that has changed its
voice keeps it: two voices taking turns in one reply would be two robots.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from random import Random

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.survival import Limits
from prot_ros.core.unsaid import resume_at
from prot_ros.engines.failover.failover import Failover
from prot_ros.engines.kinds import EngineError, Log, Mark, Synthesizer
from prot_ros.engines.resample import Resampler

OnMarks = Callable[[Sequence[Mark]], None]


class FailoverSynthesizer(Failover[Synthesizer]):
    """Implements `Synthesizer`, at the online engine's rate."""

    kind = 'voice'

    def __init__(
        self,
        online: Synthesizer,
        offline: Synthesizer | None,
        limits: Limits,
        circuit: CircuitLimits | None = None,
        *,
        log: Log | None = None,
        random: Random | None = None,
    ) -> None:
        super().__init__(online, offline, limits, circuit, log=log, random=random)
        self.rate = online.rate
        self._fallen = NEVER
        """The turn in which the voice has changed."""

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: OnMarks | None = None,
    ) -> AsyncIterator[bytes]:
        given = 0
        marks = _Marks(on_marks)
        if turn == NEVER or turn != self._fallen:
            answer = self._answer(lambda: self._spoken(text, language, turn, marks))
            try:
                async with aclosing(answer) as pieces:  # type: ignore[type-var]
                    async for pcm in pieces:
                        marks.pass_on()
                        given += len(pcm)
                        yield pcm
                return
            except EngineError:
                if self.offline is None:
                    raise
        self._fallen = turn
        given_ms = 1000.0 * (given // 2) / self.rate
        begin = resume_at(text, ((m.characters, m.milliseconds) for m in marks.told), given_ms)
        if not text[begin:].strip():
            return
        self.fallbacks += 1
        stand_in = self._stand_in_speech(text, begin, given_ms, language, turn, on_marks)
        async with aclosing(stand_in) as pieces:  # type: ignore[type-var]
            async for pcm in pieces:
                yield pcm

    def _spoken(
        self, text: str, language: str, turn: Stamp, marks: _Marks
    ) -> AsyncIterator[bytes]:
        marks.begin()
        return self.online.speak(text, language, turn=turn, on_marks=marks.hear)

    async def _stand_in_speech(
        self,
        text: str,
        begin: int,
        given_ms: float,
        language: str,
        turn: Stamp,
        on_marks: OnMarks | None,
    ) -> AsyncIterator[bytes]:
        """Say the text from a character on; marks are told for the sentence as a whole."""
        offline = self.offline
        assert offline is not None

        def shifted(marks: Sequence[Mark]) -> None:
            assert on_marks is not None
            on_marks([Mark(m.characters + begin, m.milliseconds + given_ms) for m in marks])

        resampler = Resampler(offline.rate, self.rate)
        speech = offline.speak(
            text[begin:], language, turn=turn, on_marks=shifted if on_marks else None
        )
        async with aclosing(speech) as pieces:  # type: ignore[type-var]
            async for pcm in pieces:
                yield resampler.push(pcm)
        yield resampler.end()


class _Marks:
    """The marks of one try: told to the listener only once its audio is given out.

    Those of a try that came to nothing must not be told, for the next one has its own.
    """

    def __init__(self, listener: OnMarks | None) -> None:
        self._listener = listener
        self._through = False
        self.told: list[Mark] = []

    def begin(self) -> None:
        self.told.clear()
        self._through = False

    def hear(self, marks: Sequence[Mark]) -> None:
        self.told.extend(marks)
        if self._through and self._listener is not None:
            self._listener(marks)

    def pass_on(self) -> None:
        if self._through:
            return
        self._through = True
        if self.told and self._listener is not None:
            self._listener(tuple(self.told))
