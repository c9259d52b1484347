# SPDX-License-Identifier: Apache-2.0
"""Whether a voice begins after quiet, where less evidence of it is enough.

A neural detector is slow to believe a soft beginning: the f of "four" or the a of "and" may sound
for 150 ms before it is sure. An energy detector hears it at once, and a door as well. That both
hear something, and that nothing was heard before, is evidence that neither is alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """What is enough to say that a voice has begun."""

    frames: int
    """How many frames in a row the energy detector has to take for speech."""
    probability: float
    """What the neural one has to say of them at least, on average, 0 to 1."""
    treble_db: float
    """How bright they have to be at least, on average: see `Onset.push`."""


class Onset:
    """Two opinions on each frame of 20 ms, and whether a voice begins with it."""

    AGREEMENTS = (Agreement(2, 0.4, -99.0), Agreement(4, 0.14, -8.0))
    """Chosen on the sounds of docs/vad.md. With 0.1 instead of 0.14 clicks pass; without the
    treble so do four times as many of a desktop's alerts; both alone are 20 ms later in noise."""
    QUIET_FRAMES, MOST_HEARD = 25, 2
    """Of half a second before, how many frames may be taken for speech by the energy detector.
    Music, and whatever else goes on, has no beginning for it."""

    def __init__(self, agreements: Sequence[Agreement] = AGREEMENTS) -> None:
        """Begin after quiet."""
        self._agreements = tuple(agreements)
        self._longest = max((one.frames for one in self._agreements), default=0)
        self._frames: deque[tuple[bool, float, float]] = deque(
            maxlen=self.QUIET_FRAMES + self._longest
        )

    def push(self, heard: bool, probability: float, treble_db: float) -> bool:
        """Return whether a voice has begun with this frame, or with one of the last few.

        `heard` is the energy detector's opinion, `probability` the neural one's, and `treble_db`
        the power of the differences between samples at 16 kHz in relation to that of the samples:
        -34 dB for a hum of 50 Hz, 0 dB at 2.7 kHz, 3 dB for white noise, at most 6 dB.
        """
        self._frames.append((heard, probability, treble_db))
        frames = list(self._frames)
        for one in self._agreements:
            latest = frames[-one.frames :]
            before = frames[: -one.frames][-self.QUIET_FRAMES :]
            if (
                len(latest) == one.frames
                and all(heard for heard, _, _ in latest)
                and sum(heard for heard, _, _ in before) <= self.MOST_HEARD
                and sum(p for _, p, _ in latest) >= one.probability * one.frames
                and sum(db for _, _, db in latest) >= one.treble_db * one.frames
            ):
                return True
        return False
