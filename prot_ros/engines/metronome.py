# SPDX-License-Identifier: Apache-2.0
"""Beats at the speed of time, for sources of sound that have no clock of their own."""

from __future__ import annotations

import asyncio
from time import monotonic


class Metronome:
    """Beats every `period_s`. Beats are reckoned from the first one, so lateness does not add up.

    Whoever takes beats late gets those that were due at once, but only the last second of them:
    after a longer absence (a suspended machine) time goes on from now.
    """

    CATCH_UP_S = 1.0

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._begin_s: float | None = None
        self._beats = 0

    async def beat(self) -> None:
        """Wait for the next beat; the first is one period after the first call."""
        now = monotonic()
        if self._begin_s is None or now - self._due(self._beats) > self.CATCH_UP_S:
            self._begin_s, self._beats = now, 0
        self._beats += 1
        # Also when it is due already: a source that never lets go starves everything else.
        await asyncio.sleep(max(0.0, self._due(self._beats) - now))

    def _due(self, beat: int) -> float:
        assert self._begin_s is not None
        return self._begin_s + beat * self._period_s
