# SPDX-License-Identifier: Apache-2.0
"""What all loudspeakers share: audio is handed over in small pieces, just ahead of being heard.

What was handed over and is not heard yet can be taken back: it is kept here for as long. So a
change of volume is heard at once, and a reply that is held goes on where it fell silent.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic

from prot_ros.engines.playback.pacing import PlayoutClock
from prot_ros.engines.playback.volume import Volume

LEAD_S = 0.1
"""At most this much is written and unplayed, where the loudspeaker has no reason for more."""
PIECE_S = 0.02
GLIDE_S = 0.01
"""A change of volume that is quicker is a click."""
TAKEN_BACK_S = 0.005
"""What is heard so soon is not taken back: it may be on its way already."""
LOOK_S = 0.02
"""How often a device is asked where it is while somebody waits for it."""
RETELL_S = 0.002
"""An echo canceller minds an error above this."""
DUCK_DB = -18
"""Clearly quieter, and still understood."""
DUCKED = 10 ** (DUCK_DB / 20)


class PacedPlayback(ABC):
    """Keeps the books of one stream: what was written, what was heard, and what is taken back.

    The kinds of loudspeaker below it say what to do with a piece, at the end and to be silent.
    Except for waiting nothing here awaits, so what a method does to the books it does in one go.
    """

    def __init__(self, rate: int, *, lead_s: float = LEAD_S, start_delay_s: float = 0.0) -> None:
        self.rate = rate
        self.on_piece: Callable[[bytes, float], None] | None = None
        self._start_delay_s = start_delay_s
        self._lead = int(lead_s * rate)
        self._piece_bytes = 2 * int(PIECE_S * rate)
        self._over = True
        self._stopped = asyncio.Event()
        self._going = asyncio.Event()
        self._going.set()
        self._clock = PlayoutClock(rate)
        self._volume = Volume(int(GLIDE_S * rate))
        self._handed = bytearray()
        """The latest that was handed over, at full volume, at least as much as is unheard."""
        self._kept = b''
        """What was taken back, and not handed over again yet."""
        self._told_until_s = 0.0
        """When the last that was told of will have been heard."""

    async def write(self, pcm: bytes) -> None:
        if self._over:
            self._over = False
            self._begin_stream()
        stopped = self._stopped
        for at in range(0, len(pcm), self._piece_bytes):
            piece = pcm[at : at + self._piece_bytes]
            await self._wait_until(self._lead - len(piece) // 2, stopped)
            if stopped.is_set():
                return
            self._hand_over(piece)

    async def drain(self) -> None:
        stopped = self._stopped
        await self._wait_until(0, stopped)
        if not stopped.is_set():
            self._finish()
            self._end_stream()

    async def duck(self) -> None:
        self._set_volume(DUCKED)

    async def hush(self) -> None:
        self._set_volume(0.0)

    async def hold(self) -> None:
        if self._going.is_set():
            self._going.clear()
            self._take_back()
            self._silence()

    async def resume(self) -> None:
        if self._going.is_set():
            self._set_volume(1.0)
            return
        if self._kept:
            self._volume.change(1.0, self._clock.written, since=0.0)  # in the middle of a sound
        else:
            self._set_volume(1.0)
        self._going.set()
        self._hand_over_kept()

    async def abort(self) -> None:
        self._take_back()
        self._end_stream()
        self._silence()

    def played(self) -> int:
        self._observe()
        return self._clock.played(monotonic())

    def _begin_stream(self) -> None:
        self._clock = PlayoutClock(self.rate, start_delay_s=self._start_delay_s)

    def _end_stream(self) -> None:
        """Make the next write begin a stream, and a write that waits now forget its audio."""
        self._over = True
        self._volume = Volume(int(GLIDE_S * self.rate))
        self._handed.clear()
        self._kept = b''
        self._going.set()
        self._stopped.set()
        self._stopped = asyncio.Event()

    async def _wait_until(self, unplayed: int, stopped: asyncio.Event) -> None:
        """Wait until no more than `unplayed` samples are left, or the stream is stopped."""
        while not stopped.is_set():
            await self._going.wait()
            await self._make_ready(stopped)
            if stopped.is_set() or not self._going.is_set():
                continue
            self._hand_over_kept()
            self._observe()
            left_s = self._clock.seconds_until(unplayed, monotonic())
            if left_s <= 0:
                return
            try:
                async with asyncio.timeout(min(left_s, LOOK_S)):
                    await stopped.wait()
            except TimeoutError:
                self._progressed()

    def _hand_over(self, piece: bytes) -> None:
        now = monotonic()
        sounding = self._volume.apply(piece, self._clock.written)
        heard_at = self._clock.next_heard_at(now)
        self._play(sounding)
        self._clock.write(len(piece) // 2, now)
        self._handed += piece
        del self._handed[: -2 * (self._lead + self._piece_bytes)]
        self._tell(sounding, heard_at)

    def _hand_over_kept(self) -> None:
        """Play what was taken back; it is no more than the lead, so nobody has to wait."""
        if self._kept and self._is_ready():
            kept, self._kept = self._kept, b''
            for at in range(0, len(kept), self._piece_bytes):
                self._hand_over(kept[at : at + self._piece_bytes])

    def _take_back(self) -> None:
        """Keep what is not heard yet, as if it had not been handed over."""
        self._observe()
        now = monotonic()
        unheard = 2 * self._clock.unplayed(now)
        self._clock.stop(now)
        if unheard:
            self._kept = bytes(self._handed[-unheard:])
            self._tell(bytes(unheard), now)
        self._handed.clear()

    def _set_volume(self, gain: float) -> None:
        if gain == self._volume.target:
            return
        self._observe()
        now, written = monotonic(), self._clock.written
        if self._clock.unplayed(now) == 0:
            self._volume.change(gain, written, since=gain)  # nothing sounds that could click
            return
        soon = int(TAKEN_BACK_S * self.rate)
        first = self._clock.played(now) + soon
        if first + soon > written:
            self._volume.change(gain, written)  # what little is left is not worth the trouble
            return
        self._volume.change(gain, first)
        changed = self._sounding_from(first)
        self._replace(changed)
        self._tell(changed, self._clock.heard_at(first))

    def _sounding_from(self, sample: int) -> bytes:
        """Return what was handed over from a sample on that is not heard yet, as it sounds."""
        handed = self._handed[2 * (sample - self._clock.written) :]
        return self._volume.apply(bytes(handed), sample)

    def _correct(self, played: int, at: float, now: float) -> None:
        """Note that the device says to have been at sample `played` at the second `at`."""
        self._clock.observe(played, at, now)
        end = self._clock.heard_at(self._clock.written)
        first = self._clock.played(now)
        if abs(end - self._told_until_s) > RETELL_S and first < self._clock.written:
            self._tell(self._sounding_from(first), self._clock.heard_at(first))

    def _tell(self, sounding: bytes, heard_at: float) -> None:
        self._told_until_s = heard_at + len(sounding) / 2 / self.rate
        if self.on_piece is None:
            return
        for at in range(0, len(sounding), self._piece_bytes):
            self.on_piece(sounding[at : at + self._piece_bytes], heard_at + at / 2 / self.rate)

    async def _make_ready(self, stopped: asyncio.Event) -> None:  # noqa: B027 - a hook
        """Wait until pieces can be handed over, or the stream is stopped; EngineError if never."""

    def _is_ready(self) -> bool:
        return True

    def _observe(self) -> None:  # noqa: B027 - a hook
        """Correct the clock by what the device says, where there is one."""

    @abstractmethod
    def _play(self, piece: bytes) -> None:
        """Append a piece to what plays."""

    @abstractmethod
    def _replace(self, pcm: bytes) -> None:
        """Let the last that was handed over sound like this instead; it is as long."""

    @abstractmethod
    def _progressed(self) -> None:
        """Some of what was handed over has been heard."""

    @abstractmethod
    def _finish(self) -> None:
        """All that was handed over has been heard; the stream is over."""

    @abstractmethod
    def _silence(self) -> None:
        """Be silent at once, and forget what was handed over and not heard."""
