# SPDX-License-Identifier: Apache-2.0
"""What all loudspeakers share: audio is handed over in small pieces, just ahead of being heard.

So little is under way at any time that a change of volume is heard soon, and what was handed over
and not heard can be kept: a reply that is held goes on at the sample where it fell silent.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic

import numpy as np

from prot_ros.engines.pacing import PlayoutClock

LEAD_S = 0.1
"""At most this much is written and unplayed: what an abort can be late by, if all else fails."""
PIECE_S = 0.02
RAMP_S = 0.01
"""A change of volume that is quicker is a click."""
DUCKED = 10 ** (-18 / 20)
"""Clearly quieter, and still understood."""


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
        self.on_piece: Callable[[bytes, float], None] | None = None
        self._gain = self._volume = 1.0
        self._held = False
        self._going = asyncio.Event()
        self._going.set()
        self._resuming = asyncio.Lock()
        self._handed = bytearray()
        """The latest that was handed over, at full volume, at least as much as is unheard."""
        self._kept = bytearray()
        """While held: what was handed over and not heard."""

    async def write(self, pcm: bytes) -> None:
        if self._over:
            self._over = False
            self._clock = PlayoutClock(self.rate, start_delay_s=self._start_delay_s)
        stopped = self._stopped
        for at in range(0, len(pcm), self._piece_bytes):
            piece = pcm[at : at + self._piece_bytes]
            await self._wait_until(self._lead - len(piece) // 2, stopped)
            if stopped.is_set():
                return
            await self._hand_over(piece, stopped)

    async def _hand_over(self, piece: bytes, stopped: asyncio.Event) -> None:
        """Hand a piece over; where a hold or an abort comes meanwhile, it was not heard."""
        async with self._resuming:
            sounding = self._at_volume(piece)
            await self._play(sounding)
            if stopped.is_set():
                return
            now = monotonic()
            if self.on_piece is not None and not self._held:
                self.on_piece(sounding, self._clock.next_heard_at(now))
            if self._held:
                # The hold came while it was handed over: nothing of it was heard.
                self._handed += piece
                self._kept += piece
                return
            self._clock.write(len(piece) // 2, now)
            self._handed += piece
            del self._handed[: max(0, len(self._handed) - 2 * self._piece_bytes - 2 * self._lead)]

    def _at_volume(self, piece: bytes) -> bytes:
        if self._gain == self._volume == 1.0:
            return piece
        samples = np.frombuffer(piece, '<i2').astype(np.float32)
        ramp = min(len(samples), int(RAMP_S * self.rate))
        gain = np.full(len(samples), self._volume, np.float32)
        gain[:ramp] = np.linspace(self._gain, self._volume, ramp, endpoint=False)
        self._gain = self._volume
        return (samples * gain).astype('<i2').tobytes()

    async def duck(self) -> None:
        self._volume = DUCKED

    async def hold(self) -> None:
        if self._held:
            return
        self._held = True
        self._going.clear()
        now = monotonic()
        unheard = 2 * self._clock.unplayed(now)
        self._clock.stop(now)
        self._kept = bytearray(self._handed[len(self._handed) - unheard :])
        await self._silence()

    async def resume(self) -> None:
        self._volume = 1.0
        if not self._held:
            return
        stopped = self._stopped
        self._gain = 0.0  # it begins in the middle of a sound
        kept, self._kept = bytes(self._kept), bytearray()
        self._held = False
        try:
            # No more than the lead, so nobody has to wait between the pieces.
            del self._handed[:]
            for at in range(0, len(kept), self._piece_bytes):
                if not stopped.is_set():
                    await self._hand_over(kept[at : at + self._piece_bytes], stopped)
        finally:
            self._going.set()

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
        self._held = False
        self._gain = self._volume = 1.0
        self._handed.clear()
        self._going.set()
        self._stopped.set()
        self._stopped = asyncio.Event()

    async def _wait_until(self, unplayed: int, stopped: asyncio.Event) -> None:
        """Wait until no more than `unplayed` samples are left, or the stream is stopped."""
        while not stopped.is_set():
            if self._held or not self._going.is_set():
                await self._going.wait()
                continue
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

    async def _silence(self) -> None:
        """Fall silent for now: what was handed over and not heard comes again, or never."""
        await self._cut()
