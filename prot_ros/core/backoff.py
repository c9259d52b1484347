# SPDX-License-Identifier: Apache-2.0
"""How long to wait before something is tried again: longer each time, and never all at once.

The pauses are exponential with "equal jitter" (Brooker, "Exponential Backoff and Jitter", 2015):
half of each is certain, so a service gets its rest, and half is random, so that robots which lost
it together do not come back together.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Backoff:
    """Pauses from `first_s` to `most_s` seconds, each up to `factor` times the one before."""

    first_s: float
    most_s: float
    factor: float = 2.0

    def __post_init__(self) -> None:
        """Raise ValueError for pauses that would not grow, or not end."""
        if not 0 < self.first_s <= self.most_s or self.factor < 1:
            raise ValueError(
                f'pauses from {self.first_s} to {self.most_s} s by a factor of {self.factor}, '
                'expected 0 < first <= most and a factor of at least 1'
            )

    def pause_s(self, failures: int, random: Random) -> float:
        """Return how many seconds to wait after so many failures in a row, at least one."""
        if failures < 1:
            raise ValueError(f'{failures} failures, expected at least 1')
        whole = self.most_s
        # Beyond this many doublings the power would overflow a float, the cap is reached long ago.
        if failures <= 64:
            whole = min(self.most_s, self.first_s * self.factor ** (failures - 1))
        return whole * (0.5 + 0.5 * random.random())

    def honoured_s(self, failures: int, asked_s: float | None, random: Random) -> float | None:
        """Return the pause where a service asked for one of `asked_s` (its Retry-After).

        None when it asked for more than `most_s`: that is no pause between two tries, and the
        service is better left alone.
        """
        pause_s = self.pause_s(failures, random)
        if asked_s is None:
            return pause_s
        # Not below what was asked for, and not a whole crowd at the same moment.
        return None if asked_s > self.most_s else min(self.most_s, asked_s + pause_s / 2)
