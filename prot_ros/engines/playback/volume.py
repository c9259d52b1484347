# SPDX-License-Identifier: Apache-2.0
"""How loud each sample of a stream is: changes of volume that glide. Pure."""

from __future__ import annotations

import numpy as np


class Volume:
    """A gain between 0 and 1 that glides in a straight line from one value to the next.

    Samples are counted from the beginning of the stream. What comes before the latest change has
    been heard already, so one glide is all there is to remember.
    """

    def __init__(self, glide: int) -> None:
        """A change takes `glide` samples; one that is quicker than a few milliseconds clicks."""
        self._glide = glide
        self._from = self._to = 1.0
        self._begin = -glide

    @property
    def target(self) -> float:
        """Where it is, or will be at the end of the glide."""
        return self._to

    def at(self, sample: int) -> float:
        """Return the gain of a sample."""
        done = min(1.0, max(0.0, (sample - self._begin) / self._glide))
        return self._from + (self._to - self._from) * done

    def change(self, gain: float, sample: int, *, since: float | None = None) -> None:
        """Glide to `gain`, beginning at `sample` with the gain it has there, or with `since`."""
        self._from = self.at(sample) if since is None else since
        self._to = gain
        self._begin = sample

    def apply(self, pcm: bytes, sample: int) -> bytes:
        """Return S16 audio, whose first sample has the number `sample`, as loud as it shall be."""
        count = len(pcm) // 2
        if self._to == 1.0 == self.at(sample):
            return pcm
        ends = (self._begin, self._begin + self._glide)
        gains = np.interp(np.arange(sample, sample + count), ends, (self._from, self._to))
        return np.rint(np.frombuffer(pcm, '<i2') * gains).astype('<i2').tobytes()
