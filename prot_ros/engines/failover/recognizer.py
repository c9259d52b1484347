# SPDX-License-Identifier: Apache-2.0
"""Ears that lose no utterance: its audio is kept, and given to whoever can still recognise it.

An online session that breaks is replaced by another one, which is given the audio from the
utterance's beginning; when that breaks as well, or there is no time for it, the offline recogniser
is given all of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random

from prot_ros.core.circuit import Admission, CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines.failover.failover import Failover
from prot_ros.engines.kinds import EngineError, Log, Recognition, Recognizer
from prot_ros.engines.resample import Resampler

KEPT_S = 120.0
"""Audio of one utterance that is kept; its node cuts them at 30 s. Beyond it the oldest goes."""
REPLAY_S = 0.1
"""What is replayed at once, as the service would have had it."""


class FailoverRecognizer(Failover[Recognizer]):
    """Implements `Recognizer`, at the online engine's rate."""

    kind = 'speech recogniser'

    def __init__(
        self,
        online: Recognizer,
        offline: Recognizer | None,
        limits: Limits,
        circuit: CircuitLimits | None = None,
        *,
        log: Log | None = None,
        random: Random | None = None,
    ) -> None:
        super().__init__(online, offline, limits, circuit, log=log, random=random)
        self.rate = online.rate
        self.stands_in: Callable[[], bool] = lambda: True
        """Whether the offline engine knows the language that is spoken now."""

    def stand_in(self) -> Recognizer | None:
        """Return the offline engine, None where it would not understand a word."""
        return self.offline if self.stands_in() else None

    def _stand_in(self) -> str:
        if self.offline is not None and self.stand_in() is None:
            return (
                f'{self.kind}: {self.name} fails, and {self.offline.name} knows another language'
            )
        return super()._stand_in()

    def start(self) -> Recognition:
        return FailoverRecognition(self)


class FailoverRecognition:
    """One utterance."""

    def __init__(self, ears: FailoverRecognizer) -> None:
        self._ears = ears
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self.forgotten = 0
        """Bytes that would be missing in a replay."""
        self._admission: Admission | None = None
        self._tries = 0
        self._session: Recognition | None = None
        self._resampler: Resampler | None = None
        """Set once the offline engine has the utterance."""
        self._over = False

    async def push(self, pcm: bytes) -> str:
        if self._over or not pcm:
            return ''
        self._keep(pcm)
        if self._resampler is not None:
            return await self._push_offline(pcm)
        try:
            if self._session is None:
                return await self._begin()
            return await self._session.push(pcm)
        except EngineError as err:
            return await self._recover(err)

    async def finish(self) -> str:
        if self._over or not self._kept:
            self._settle(None)
            return ''
        try:
            return await self._finish()
        finally:
            self._over = True

    async def close(self) -> None:
        self._over = True
        self._settle(None)
        self._kept.clear()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _keep(self, pcm: bytes) -> None:
        self._kept.append(pcm)
        self._kept_bytes += len(pcm)
        while self._kept_bytes > KEPT_S * 2 * self._ears.rate:
            gone = len(self._kept.popleft())
            self._kept_bytes -= gone
            self.forgotten += gone

    # --- online --------------------------------------------------------------------------------

    async def _begin(self) -> str:
        """Start a session with all audio so far; raise EngineError when there can be none."""
        ears = self._ears
        if self._admission is None:
            self._admission = ears.admit()
        self._tries += 1
        try:
            async with asyncio.timeout(ears.patience_s(self._admission)):
                await ears.open_online()
                self._session = ears.online.start()
                return await self._replay(self._session)
        except TimeoutError:
            raise EngineError(f'{ears.name} takes no audio in time', retryable=True) from None

    async def _replay(self, session: Recognition) -> str:
        text = ''
        piece_bytes = 2 * int(self._ears.rate * REPLAY_S)
        audio = b''.join(self._kept)
        for at in range(0, len(audio), piece_bytes):
            text = await session.push(audio[at : at + piece_bytes])
        return text

    async def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _recover(self, error: EngineError) -> str:
        """Go on with another session or offline; return the hypothesis so far."""
        ears = self._ears
        deadline = ears.now() + ears.patience_s(self._admission or Admission.PROBE)
        while self._admission is not None:
            await self._drop_session()
            if not await ears.worth_another_try(self._admission, error, self._tries, deadline):
                break
            try:
                return await self._begin()
            except EngineError as err:
                error = err
        return await self._go_offline(error)

    async def _finish(self) -> str:
        ears = self._ears
        deadline: float | None = None
        while self._resampler is None:
            assert self._admission is not None
            deadline = deadline or ears.now() + ears.patience_s(self._admission)
            try:
                async with asyncio.timeout_at(deadline):
                    assert self._session is not None
                    text = await self._session.finish()
            except TimeoutError:
                error = EngineError(f'{ears.name} gave no transcript in time', retryable=True)
                await self._go_offline(error)
            except EngineError as err:
                await self._recover_at_end(err, deadline)
            else:
                self._settle(True)
                return text
        assert self._session is not None
        tail = self._resampler.end()
        if tail:
            await self._session.push(tail)
        return await self._session.finish()

    async def _recover_at_end(self, error: EngineError, deadline: float) -> None:
        await self._drop_session()
        if await self._ears.worth_another_try(self._admission, error, self._tries, deadline):
            try:
                await self._begin()
                return
            except EngineError as err:
                error = err
        await self._go_offline(error)

    # --- offline -------------------------------------------------------------------------------

    async def _go_offline(self, error: EngineError) -> str:
        """Give the offline engine all audio so far; raise `error` where there is none."""
        ears = self._ears
        self._settle(error)
        await self._drop_session()
        offline = ears.stand_in()
        if offline is None:
            self._over = True
            raise error
        ears.fallbacks += 1
        self._session = offline.start()
        self._resampler = Resampler(ears.rate, offline.rate)
        audio = b''.join(self._kept)
        self._kept.clear()  # it goes on from here, and nobody comes after it
        self._kept.append(b'')
        return await self._push_offline(audio)

    async def _push_offline(self, pcm: bytes) -> str:
        assert self._resampler is not None
        assert self._session is not None
        ready = self._resampler.push(pcm)
        return await self._session.push(ready)

    def _settle(self, outcome: EngineError | bool | None) -> None:
        """Tell the circuit, once, how it went: an error, success, or nothing that could tell."""
        admission, self._admission = self._admission, None
        if admission is None:
            return
        if outcome is None:
            self._ears.abandoned(admission)
        elif isinstance(outcome, EngineError):
            self._ears.failed(admission, outcome)
        else:
            self._ears.succeeded(admission)
