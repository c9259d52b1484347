# SPDX-License-Identifier: Apache-2.0
"""Rectangles that must not lie over each other. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""x and y in rows: [n, 2], in the picture's units, y downwards."""

_ROUNDS = 60
_GROWTH = 1.04


@dataclass(frozen=True)
class Box:
    """A rectangle around a point."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Tell whether less than `gap` is between them."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2 + gap
            and abs(self.y - other.y) < (self.height + other.height) / 2 + gap
        )

    def contains(self, x: float, y: float, gap: float = 0.0) -> bool:
        """Tell whether a point is in it, or nearer than `gap`."""
        return abs(x - self.x) < self.width / 2 + gap and abs(y - self.y) < self.height / 2 + gap


def apart(at: Points, sizes: Points, gap: float) -> Points:
    """Return the centres of boxes moved so that at least `gap` is between any two.

    The first stays where it is, others move as little as they can. `sizes` are widths and heights.
    """
    at = at.copy()
    room = (sizes[:, None, :] + sizes[None, :, :]) / 2 + gap
    index = np.arange(len(at))
    pairs = index[:, None] < index[None, :]
    while True:
        for _ in range(_ROUNDS):
            difference = at[None, :, :] - at[:, None, :]
            lack = room - np.abs(difference)
            over = pairs & (lack > 1e-6).all(axis=2)
            if not over.any():
                return at
            for first, second in zip(*np.nonzero(over), strict=True):
                between = at[second] - at[first]
                missing = room[first, second] - np.abs(between)
                if (missing <= 1e-6).any():
                    continue  # an earlier move has made room
                axis = int(missing[1] < missing[0])
                sign = 1.0 if between[axis] >= 0 else -1.0
                step = sign * (missing[axis] + 1e-3)
                if first == 0:
                    at[second, axis] += step
                else:
                    at[first, axis] -= step / 2
                    at[second, axis] += step / 2
        # Too crowded to be sorted out in place.
        at = at[0] + (at - at[0]) * _GROWTH
