# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on sound: frames, levels, lengths, and a stereo recording made of placed pieces.

PCM is S16 little-endian in `bytes`, which is native on every platform that ROS 2 supports.
"""

from __future__ import annotations

import math
from array import array

from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp

SAMPLE_BYTES = 2
FULL_SCALE = 32_768
SILENT_DBFS = -100.0
"""The level of digital silence; the smallest sound that S16 can hold is at -90 dBFS."""


def samples(ms: float, rate: int) -> int:
    """Return how many samples last `ms` milliseconds at `rate` Hz, rounded to the nearest."""
    return round(ms * rate / 1000)


def milliseconds(pcm: bytes, rate: int) -> float:
    """Return how long mono `pcm` sounds at `rate` Hz."""
    return len(pcm) // SAMPLE_BYTES * 1000 / rate


def dbfs(pcm: bytes) -> float:
    """Return the RMS level in dB, where 0 is a square wave at full scale (a sine reaches -3).

    Empty and silent audio is at SILENT_DBFS. Raises ValueError for half a sample.
    """
    values = array('h', pcm)
    squares = sum(value * value for value in values)
    if not squares:
        return SILENT_DBFS
    return 10 * math.log10(squares / len(values) / FULL_SCALE**2)


class FrameSplitter:
    """Pieces of any size, odd ones included, -> frames of one size."""

    def __init__(self, frame_bytes: int) -> None:
        """Raise ValueError unless `frame_bytes` is even and positive."""
        if frame_bytes <= 0 or frame_bytes % SAMPLE_BYTES:
            raise ValueError(f'frame_bytes is {frame_bytes}, expected a positive even number')
        self._size = frame_bytes
        self._carry = bytearray()

    def push(self, piece: bytes) -> list[bytes]:
        """Take the next piece and return the frames it has completed."""
        self._carry += piece
        whole = len(self._carry) - len(self._carry) % self._size
        frames = [bytes(self._carry[at : at + self._size]) for at in range(0, whole, self._size)]
        del self._carry[:whole]
        return frames

    def end(self) -> bytes:
        """Return the unfinished frame, without half a sample, and be ready for another stream."""
        rest = bytes(self._carry[: len(self._carry) // SAMPLE_BYTES * SAMPLE_BYTES])
        self._carry.clear()
        return rest


class TimelineFullError(ValueError):
    """The piece lies beyond the longest recording that was allowed."""


class Timeline:
    """Mono pieces placed by channel and time -> one interleaved recording.

    What is placed on top of something is added to it, and clipped. A piece that follows the one
    before it within `join_ms`, early or late, is joined to it: live streams are stamped when they
    are read, some milliseconds off, and each of those would be a click. Memory is two bytes for
    each sample and channel up to the end of what was placed.
    """

    def __init__(
        self,
        rate: int,
        origin: Stamp,
        *,
        channels: int = 2,
        limit_s: float = 3_600,
        join_ms: float = 40,
    ) -> None:
        """`origin` is the time of the first sample. The default limit takes 230 MB at 16 kHz."""
        self._rate = rate
        self._origin = origin
        self._limit = round(limit_s * rate)
        self._join = samples(join_ms, rate)
        self._tracks = [array('h') for _ in range(channels)]

    def place(self, channel: int, start: Stamp, pcm: bytes) -> None:
        """Put `pcm` on a channel, counted from 0, so that its first sample sounds at `start`.

        Raises ValueError for a channel there is not, a time before the origin or half a sample,
        and TimelineFullError for what would end beyond the limit; then nothing was placed.
        """
        if not 0 <= channel < len(self._tracks):
            raise ValueError(f'channel is {channel}, expected 0 to {len(self._tracks) - 1}')
        if start < self._origin:
            early = (self._origin - start) / MILLISECOND
            raise ValueError(f'start is {early:.0f} ms before the origin of the recording')
        if len(pcm) % SAMPLE_BYTES:
            raise ValueError(f'pcm has {len(pcm)} bytes, expected an even number')
        piece = array('h', pcm)
        track = self._tracks[channel]
        at = ((start - self._origin) * self._rate + SECOND // 2) // SECOND
        if track and abs(at - len(track)) <= self._join:
            at = len(track)
        if at + len(piece) > self._limit:
            raise TimelineFullError(
                f'the recording would last {(at + len(piece)) / self._rate:.1f} s, '
                f'expected at most {self._limit / self._rate:.1f} s'
            )
        if not piece:
            return
        if at > len(track):
            track.frombytes(bytes(SAMPLE_BYTES * (at - len(track))))
        below = min(len(track) - at, len(piece))
        for i in range(below):
            track[at + i] = max(-FULL_SCALE, min(FULL_SCALE - 1, track[at + i] + piece[i]))
        track.extend(piece[below:])

    @property
    def seconds(self) -> float:
        """From the origin to the end of the last piece."""
        return self._frames / self._rate

    @property
    def _frames(self) -> int:
        return max(map(len, self._tracks))

    def render(self) -> bytes:
        """Return all channels interleaved, the shorter ones filled up with silence."""
        frames, count = self._frames, len(self._tracks)
        out = array('h', bytes(SAMPLE_BYTES * frames * count))
        for channel, track in enumerate(self._tracks):
            out[channel : len(track) * count : count] = track
        return out.tobytes()
