# SPDX-License-Identifier: Apache-2.0
"""Half duplex: while the robot can be heard, it does not listen.

For acoustics where nothing else helps, and for machines without a canceller. Nobody can interrupt
by voice then, but nothing the robot says is ever taken for a user's words.
"""

from __future__ import annotations

from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.engines.echo.reference import Reference

AHEAD_MS = 60
"""Silence begins this long before the robot is said to be audible: stamps are estimates."""
AUDIBLE = 8
"""Of 32,768. Quieter samples are dither and not speech."""


class EchoGate:
    """Gives silence from shortly before the robot is audible until its echo has faded."""

    name = 'gate'

    def __init__(self, rate: int, tail_ms: int) -> None:
        """Take the microphone's Hz, and how long after the robot its echo may last."""
        self._rate = rate
        self._tail = tail_ms * MILLISECOND
        self._until = Stamp(0)
        self._silenced = 0
        self._reference = Reference(rate)

    async def open(self) -> None:
        self._reference = Reference(self._rate)
        self._until = Stamp(0)

    async def close(self) -> None:
        pass

    def played(self, chunk: AudioChunk, now: Stamp) -> None:
        self._reference.place(chunk, now)

    def captured(self, frame: bytes, at: Stamp) -> bytes:
        length = len(frame) // 2
        ahead = Stamp(at + AHEAD_MS * MILLISECOND)
        audible, known = self._reference.take(ahead, length)
        if not known or (audible.size and int(abs(audible.astype(int)).max()) > AUDIBLE):
            self._until = Stamp(ahead + self._tail)
        if at >= self._until:
            return frame
        self._silenced += 1
        return bytes(len(frame))

    def status(self) -> dict[str, object]:
        return {
            'frames silenced': self._silenced,
            'reference lost': self._reference.lost,
            'reference out of order': self._reference.stale,
        }
