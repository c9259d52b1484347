# SPDX-License-Identifier: Apache-2.0
"""Flow control: the credit of a producer, and the gauge of a queue."""

from __future__ import annotations

HIGH_WATER = 0.75
"""A queue this full is about to lose something."""
LOW_WATER = 0.5
"""A queue that was high is calm again below this, so that one item more or less does not flap."""


class Window:
    """How much a producer may have on its way: published, not yet played."""

    def __init__(self, limit: float) -> None:
        """`limit` in whatever unit the producer counts: sentences, or milliseconds of audio."""
        self.limit = limit
        self._published = 0.0
        self._played = 0.0

    def published(self, amount: float) -> None:
        """Note what was sent."""
        self._published += amount

    def played_total(self, total: float) -> None:
        """Note a report of how much has been played since the start; old reports do no harm.

        Nor does a wrong one: what was never published cannot be played, and gives no credit.
        """
        self._played = max(self._played, min(total, self._published))

    @property
    def under_way(self) -> float:
        """What has been published and not played."""
        return self._published - self._played

    def may_publish(self) -> bool:
        """Return whether there is room. The last item may go beyond the limit, never the next."""
        return self.under_way < self.limit


class Gauge:
    """What a bounded queue shows in diagnostics. The queue updates it; nothing here blocks."""

    def __init__(self, name: str, bound: int) -> None:
        self.name = name
        self.bound = bound
        self.size = 0
        self.peak = 0
        self.dropped = 0
        """Items lost because the queue was full."""
        self.flushed = 0
        """Items emptied on purpose, by an interrupt or a deactivation."""
        self.high = False
        """At three quarters or more since it was last at half or less. A queue of one never is:
        what waits in it is the latest there is, and loses nothing but what it replaces."""

    def update(self, size: int) -> bool:
        """Note the queue's size after a change; return whether it has become high just now."""
        self.size = size
        self.peak = max(self.peak, size)
        was_high = self.high
        if size >= HIGH_WATER * self.bound and self.bound > 1:
            self.high = True
        elif size <= LOW_WATER * self.bound:
            self.high = False
        return self.high and not was_high

    def summary(self) -> str:
        """Return one line for a person."""
        return (
            f'{self.size}/{self.bound}, peak {self.peak}, '
            f'dropped {self.dropped}, flushed {self.flushed}'
        )
