# SPDX-License-Identifier: Apache-2.0
"""How far a loudspeaker has come, reckoned from what it was given when. Pure: time comes in."""

from __future__ import annotations

import math


class PlayoutClock:
    """Plays at the speed of time what it is given, and stands still when it has nothing.

    It is right by itself for a loudspeaker that exists only on paper. A real one corrects it with
    `observe`, as often as it likes; in between the clock goes on from there.

    Times are seconds of any monotonic clock, none before the one of the call before; amounts are
    samples.
    """

    def __init__(self, rate: int, *, start_delay_s: float = 0.0) -> None:
        """`start_delay_s` passes from a write into silence to the moment it is heard."""
        self._rate = rate
        self._delay = start_delay_s
        self._written = 0
        # Sample `_mark` is heard at time `_mark_s`, and those after it follow without a gap.
        self._mark = 0
        self._mark_s = 0.0
        # What was told: a correction backwards makes the position wait, never go back.
        self._told = 0
        self._moving = True

    @property
    def moving(self) -> bool:
        """Whether it goes on by itself, as it does unless `stand_still` stopped it."""
        return self._moving

    @property
    def written(self) -> int:
        """Samples since the beginning of the stream."""
        return self._written

    def write(self, samples: int, now: float) -> None:
        """Take samples that follow at once on what is unplayed, or begin now if nothing is."""
        if samples > 0 and self.unplayed(now) == 0:
            self._mark, self._mark_s = self._written, now + self._delay
            self._told = self._written
            self._moving = True
        self._written += samples

    def observe(self, played: int, at: float, now: float) -> None:
        """Take from the device that sample number `played` was what was heard at time `at`."""
        self._told = self.played(now)
        self._mark, self._mark_s = min(played, self._written), at
        self._moving = True

    def stand_still(self, now: float) -> None:
        """Stay where it is, until it is observed again or begins anew."""
        self._mark = self._told = self.played(now)
        self._mark_s = now
        self._moving = False

    def played(self, now: float) -> int:
        """Return samples heard; never more than were written, never fewer than before."""
        since = int((now - self._mark_s) * self._rate) if self._moving else 0
        return min(self._written, max(self._told, self._mark + since))

    def heard_at(self, sample: int) -> float:
        """Return when a sample that is not heard yet will be."""
        return self._mark_s + (sample - self._mark) / self._rate

    def next_heard_at(self, now: float) -> float:
        """Return when what is written next will be heard."""
        if self.unplayed(now) == 0:
            return now + self._delay
        return self.heard_at(self._written)

    def unplayed(self, now: float) -> int:
        """Return samples written and not heard yet."""
        return self._written - self.played(now)

    def seconds_until(self, unplayed: int, now: float) -> float:
        """Return how long it takes until no more than `unplayed` samples are left; 0 if so now.

        Infinity while it stands still.
        """
        wanted = self._written - unplayed
        if self.played(now) >= wanted:
            return 0.0
        if not self._moving:
            return math.inf
        # Half a sample later, so that rounding cannot make a sleeper wake one sample too early.
        return self.heard_at(wanted) + 0.5 / self._rate - now

    def stop(self, now: float) -> int:
        """Forget what is unplayed; return samples heard."""
        self._written = self._mark = self._told = self.played(now)
        return self._written
