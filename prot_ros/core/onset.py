# SPDX-License-Identifier: Apache-2.0
"""Whether a voice may be beginning after quiet, for which less evidence is enough.

A neural detector is slow to believe a soft beginning: the f of "four" or the a of "and" may sound
for 150 ms before it is sure. That it is louder than the room was is known at once, and so it is of
a door. But that something rises out of the quiet, and that it may be a voice, is together evidence
that neither is alone. Not enough to begin an utterance, but to be inaudible until it is known.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rise:
    """What is enough to say that a voice may be beginning."""

    frames: int
    """How many frames in a row have to be louder than the room."""
    probability: float
    """What the detector has to say of them at least, on average, 0 to 1."""
    brightness_db: float
    """Level of the differences between samples in relation to that of the samples, on average, at
    least: -34 dB for a hum of 50 Hz, 0 dB at 2.7 kHz, 3 dB for white noise."""


class Floor:
    """How loud the room is by itself: what a fifth of the last 3 s did not exceed."""

    FRAMES = 150
    SHARE = 0.2
    """What lasts on is the room's own after four fifths of the time, whatever it is."""
    LEAST_DB = 35.0
    """-55 dBFS: less is the microphone's own noise, and not the room's."""

    def __init__(self) -> None:
        """Know nothing yet: the first frame is the room."""
        self._levels: deque[float] = deque(maxlen=self.FRAMES)

    def push(self, level_db: float) -> float:
        """Return what it was before this frame, dB above the square of one step of 16 bits."""
        if not self._levels:
            self._levels.extend([level_db] * self.FRAMES)
        floor = sorted(self._levels)[int(self.SHARE * self.FRAMES)]
        self._levels.append(level_db)
        return max(floor, self.LEAST_DB)


class Onset:
    """Looks at frames of 20 ms, and says whether a voice may be beginning with one."""

    RISES = (
        Rise(2, 0.4, -math.inf),
        Rise(3, 0.15, -6.0),
        Rise(3, 0.1, -4.0),
        Rise(4, 0.09, -9.0),
    )
    """Chosen on the sounds of docs/vad.md. With 0.06 instead of 0.09 twice as many steps and doors
    pass, and nothing is quicker; without the brightness four times as many of a desktop's alerts
    do."""
    ABOVE_DB = 4.0
    """With 3 it is 20 ms later in noise, because noise has risen itself; more lets music pass."""
    QUIET_FRAMES, MOST_LOUD = 35, 6
    """Of 0.7 s before, how many frames may be louder than the room: a breath may. Music has no
    beginning."""

    def __init__(self, rises: Sequence[Rise] = RISES) -> None:
        """Begin after quiet; without `rises` nothing begins."""
        self._rises = tuple(rises)
        self._floor, self._bright_floor = Floor(), Floor()
        longest = max((one.frames for one in self._rises), default=0)
        self._frames: deque[tuple[bool, float, float]] = deque(maxlen=self.QUIET_FRAMES + longest)

    def push(self, level_db: float, difference_db: float, probability: float) -> bool:
        """Return whether a voice may have begun with this frame or up to three before.

        `level_db` is the mean square of its samples at 16 kHz, `difference_db` that of the
        differences between them, both in dB above one; `probability` is the detector's.
        """
        loud = level_db > self._floor.push(level_db) + self.ABOVE_DB
        bright = difference_db > self._bright_floor.push(difference_db) + self.ABOVE_DB
        self._frames.append((loud or bright, probability, difference_db - level_db))
        return any(self._met(one, list(self._frames)) for one in self._rises)

    def _met(self, rise: Rise, frames: list[tuple[bool, float, float]]) -> bool:
        latest = frames[-rise.frames :]
        before = frames[: -rise.frames][-self.QUIET_FRAMES :]
        return (
            len(latest) == rise.frames
            and all(loud for loud, _, _ in latest)
            and sum(loud for loud, _, _ in before) <= self.MOST_LOUD
            and sum(sure for _, sure, _ in latest) >= rise.probability * rise.frames
            and sum(db for _, _, db in latest) >= rise.brightness_db * rise.frames
        )
