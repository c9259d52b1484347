# SPDX-License-Identifier: Apache-2.0
"""What all loudspeakers share: audio is handed over in small pieces, just ahead of being heard."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from time import monotonic

from prot_ros.engines.pacing import PlayoutClock

LEAD_S = 0.1
"""At most this much is written and unplayed: what an abort can be late by, if all else fails."""
PIECE_S = 0.02


class PacedPlayback(ABC):
    """Keeps the books of one stream: what was written, what was heard, and what an abort voids.

    The kinds of loudspeaker below it say what to do with a piece, at the end and at an abort.
    """

    def __init__(self, rate: int, *, start_delay_s: float = 0.0) -> None:
        self.rate = rate
        self._start_delay_s = start_delay_s
        self._lead = int(LEAD_S * rate)
        self._piece_bytes = 2 * int(PIECE_S * rate)
        self._over = True
        self._stopped = asyncio.Event()
        self._clock = PlayoutClock(rate, start_delay_s=start_delay_s)

    async def write(self, pcm: bytes) -> None:
        if self._over:
            self._over = False
            self._clock = PlayoutClock(self.rate, start_delay_s=self._start_delay_s)
        stopped = self._stopped
        for at in range(0, len(pcm), self._piece_bytes):
            piece = pcm[at : at + self._piece_bytes]
            await self._wait_until(self._lead - len(piece) // 2, stopped)
            if not stopped.is_set():
                await self._play(piece)
            # Asked again: an abort may have come while the piece was handed over.
            if stopped.is_set():
                return
            self._clock.write(len(piece) // 2, monotonic())

    async def drain(self) -> None:
        stopped = self._stopped
        await self._wait_until(0, stopped)
        if not stopped.is_set():
            await self._finish()
            self._end_stream()

    async def abort(self) -> None:
        self._clock.stop(monotonic())
        self._end_stream()
        await self._cut()

    def played(self) -> int:
        return self._clock.played(monotonic())

    def _end_stream(self) -> None:
        """Make the next write begin a stream, and a write that waits now forget its audio."""
        self._over = True
        self._stopped.set()
        self._stopped = asyncio.Event()

    async def _wait_until(self, unplayed: int, stopped: asyncio.Event) -> None:
        """Wait until no more than `unplayed` samples are left, or the stream is stopped."""
        while not stopped.is_set():
            left_s = self._clock.seconds_until(unplayed, monotonic())
            if left_s <= 0:
                return
            try:
                async with asyncio.timeout(left_s):
                    await stopped.wait()
            except TimeoutError:
                self._progressed()

    @abstractmethod
    async def _play(self, piece: bytes) -> None:
        """Hand over at most 20 ms, which are heard after all that was handed over before."""

    @abstractmethod
    def _progressed(self) -> None:
        """Time has passed: more has been heard."""

    @abstractmethod
    async def _finish(self) -> None:
        """All has been heard as far as the clock can tell."""

    @abstractmethod
    async def _cut(self) -> None:
        """Fall silent; `_clock` tells what was heard."""
