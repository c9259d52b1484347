# SPDX-License-Identifier: Apache-2.0
"""What the loudspeaker sounds, laid out on the microphone's own time.

An echo canceller compares two streams sample by sample, but both arrive in pieces, dated by
clocks that are read a little late now and then. A piece placed 3 ms off is as bad as a
loudspeaker that has moved a metre, so streams are kept whole here: only a deviation that no late
reading explains moves them.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp

HISTORY_S = 3
"""Seconds of reference that are kept; 2 of them are for what is announced ahead."""
AHEAD_S = 2
"""A piece dated further ahead is refused: it would overwrite what is needed now."""
HOLE_S = 0.5
"""A gap in the numbering that is longer than this is no lost piece but a pause."""
JOIN = 5 * MILLISECOND
"""A piece that follows the one before within this is joined to it."""

Samples = NDArray[np.int16]


class CaptureClock:
    """When each frame was captured, from when it arrived.

    Frames arrive late by as much as the machine is busy, and in bursts, but are captured evenly:
    the least delayed of the last second tells the truth. Where that moves (the sound card's clock
    is not the computer's; 100 ppm are 6 ms a minute), frames follow it so slowly while the robot
    can be heard that a canceller can follow, too, and at once while it cannot.
    """

    WINDOW = 50
    """Frames, of which the earliest counts: one second."""
    TOLERANCE = MILLISECOND // 4
    """Deviations below this are left alone."""
    GLIDE = 8
    """Frames for which one sample is moved: 390 ppm at 16 kHz, more than clocks differ."""
    BREAK, SHORT = 60 * MILLISECOND, 10
    """Beyond this for so many frames, audio was lost or the clock was set. Frames that were only
    delayed come the sooner after each other."""

    def __init__(self, rate: int, frame_samples: int) -> None:
        self._sample = SECOND // rate
        self._frame = frame_samples * SECOND // rate
        self._late: deque[int] = deque(maxlen=self.WINDOW)
        self._next: int | None = None
        self._waited = 0

    def time(self, arrived: Stamp, *, quiet: bool) -> Stamp:
        """Return when the frame's first sample was captured, as well as is known.

        `arrived` is that time as it looks from the arrival, `quiet` whether no echo is near.
        """
        if self._next is None:
            self._next = arrived
        self._late.append(arrived - self._next)
        earliest = min(self._late)
        lately = min(list(self._late)[-self.SHORT :])
        if len(self._late) >= self.SHORT and abs(lately) > self.BREAK:
            self._move(lately)
            self._late.clear()
        # One that is early cannot be explained by a delay; that all are late needs a second.
        elif earliest < -self.TOLERANCE or (
            len(self._late) == self.WINDOW and earliest > self.TOLERANCE
        ):
            self._waited += 1
            if quiet:
                self._move(earliest)
            elif self._waited % self.GLIDE == 0:
                self._move(self._sample if earliest > 0 else -self._sample)
        time = self._next
        self._next += self._frame
        return Stamp(max(0, time))

    def _move(self, by: int) -> None:
        assert self._next is not None
        self._next += by
        self._late = deque((late - by for late in self._late), maxlen=self.WINDOW)


class ReferenceTimeline:
    """A ring of what is audible when. What nobody announced is silence; a lost piece is a hole."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._size = HISTORY_S * rate
        self._ring: Samples = np.zeros(self._size, np.int16)
        self._hole = np.zeros(self._size, np.bool_)
        # Absolute sample numbers, counted from the epoch. What is in the ring ends at `_end` and
        # reaches back to `_cleared - _size`.
        self._end = 0
        self._latest = 0

    def begin(self, at: Stamp, *, after_loss: bool = False) -> None:
        """Let what `extend` brings sound from `at` on.

        What was announced before for the same time is replaced piece by piece: its volume has
        changed, or its time was known better later, or it was taken back, and is silence now.
        """
        start = self.position(at)
        if start < self._latest - self._size:
            # The clock was set back: all that is here is of a future that will come again.
            self._clear(0, self._size)
            self._latest = start
        elif after_loss and 0 < start - self._end <= HOLE_S * self._rate:
            self._write(self._end, np.zeros(start - self._end, np.int16), hole=True)
        self._end = start

    def extend(self, samples: Samples) -> None:
        """Append to the stream that `begin` began."""
        self._write(self._end, samples)
        self._end += samples.size

    def position(self, at: Stamp) -> int:
        """Return a time as the number of a sample."""
        return (at * self._rate + SECOND // 2) // SECOND

    @property
    def end(self) -> int:
        """The number of the sample after the last one of the current stream."""
        return self._end

    def take(self, start: int, count: int) -> tuple[Samples, bool]:
        """Return what is audible from sample `start` on, and whether all of it is known."""
        if start < self._latest - self._size or start >= self._latest:
            return np.zeros(count, np.int16), True
        at = np.arange(start, start + count)
        inside = at < self._latest
        places = at % self._size
        samples = np.where(inside, self._ring[places], np.int16(0)).astype(np.int16)
        return samples, not bool(np.any(self._hole[places] & inside))

    def _write(self, start: int, samples: Samples, *, hole: bool = False) -> None:
        stop = start + samples.size
        if start > self._latest:
            self._clear(max(self._latest, start - self._size), start)
        places = np.arange(start, stop) % self._size
        self._ring[places] = samples
        self._hole[places] = hole
        self._latest = max(self._latest, stop)

    def _clear(self, start: int, stop: int) -> None:
        places = np.arange(start, stop) % self._size
        self._ring[places] = 0
        self._hole[places] = False


class ReferenceOrder:
    """Tells pieces that follow from those that begin anew, and from those that do not count."""

    FOLLOWS, BEGINS, AFTER_LOSS, STALE = 'follows', 'begins', 'after loss', 'stale'

    def __init__(self) -> None:
        self._seq = -1
        self._stamp = Stamp(0)
        self._expected = 0
        self.lost = 0
        """Pieces that never came."""
        self.stale = 0
        """Pieces that came twice, out of order, or dated impossibly far ahead."""

    def place(self, seq: int, stamp: Stamp, samples: int, rate: int, now: Stamp) -> str:
        """Say what to do with a piece that is audible from `stamp` on; `now` is the same clock."""
        again = seq <= self._seq and stamp <= self._stamp
        if again or stamp > now + AHEAD_S * SECOND:
            self.stale += 1
            return self.STALE
        # A lower number with a later time: the loudspeaker's node was started anew.
        missing = max(0, seq - self._seq - 1) if self._seq >= 0 else 0
        joins = not missing and seq > self._seq and abs(stamp - self._expected) <= JOIN
        # Joined pieces count on from each other, or the joining would add up their errors unseen.
        begins = self._expected if joins else stamp
        self._seq, self._stamp = seq, stamp
        self._expected = begins + samples * SECOND // rate
        self.lost += missing
        if missing:
            return self.AFTER_LOSS
        return self.FOLLOWS if joins else self.BEGINS
