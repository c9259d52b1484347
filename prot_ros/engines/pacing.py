# SPDX-License-Identifier: Apache-2.0
"""How far a loudspeaker has come, reckoned from what it was given when. Pure: time comes in."""

from __future__ import annotations


class PlayoutClock:
    """Plays at the speed of time what it is given, and stands still when it has nothing.

    Times are seconds of any monotonic clock; amounts are samples.
    """

    def __init__(self, rate: int, *, start_delay_s: float = 0.0) -> None:
        """`start_delay_s` passes from a write into silence to the moment it is heard."""
        self._rate = rate
        self._delay = start_delay_s
        self._written = 0
        # Sample `_mark` is heard at time `_mark_s`, and those after it follow without a gap.
        self._mark = 0
        self._mark_s = 0.0

    @property
    def written(self) -> int:
        """Samples since the beginning of the stream."""
        return self._written

    def write(self, samples: int, now: float) -> None:
        """Take samples that follow at once on what is unplayed, or begin now if nothing is."""
        if samples > 0 and self.unplayed(now) == 0:
            self._mark, self._mark_s = self._written, now + self._delay
        self._written += samples

    def played(self, now: float) -> int:
        """Return samples heard; never more than were written, never fewer than before."""
        since = max(0, int((now - self._mark_s) * self._rate))
        return min(self._written, self._mark + since)

    def next_heard_at(self, now: float) -> float:
        """Return when what is written next will be heard."""
        if self.unplayed(now) == 0:
            return now + self._delay
        return self._mark_s + (self._written - self._mark) / self._rate

    def unplayed(self, now: float) -> int:
        """Return samples written and not heard yet."""
        return self._written - self.played(now)

    def seconds_until(self, unplayed: int, now: float) -> float:
        """Return how long it takes until no more than `unplayed` samples are left; 0 if so now."""
        wanted = self._written - unplayed
        if self.played(now) >= wanted:
            return 0.0
        # Half a sample later, so that rounding cannot make a sleeper wake one sample too early.
        return self._mark_s + (wanted - self._mark + 0.5) / self._rate - now

    def stop(self, now: float) -> int:
        """Forget what is unplayed; return samples heard."""
        self._written = self._mark = self.played(now)
        return self._written
