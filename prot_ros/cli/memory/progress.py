# SPDX-License-Identifier: Apache-2.0
"""How far something is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from prot_ros.cli.screen import Screen

BAR = 24
"""Columns."""
TERMINAL_S = 0.1
ELSEWHERE_S = 10.0


class Bar:
    """Shows `done` of `total`. Calling it is cheap, however often that is."""

    def __init__(
        self,
        screen: Screen,
        what: str,
        unit: str = '',
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`what` is done, to so many of `unit`; '' for a share only."""
        self._screen = screen
        self._what = what
        self._unit = unit
        self._clock = clock
        self._next = clock() + (0.0 if screen.terminal else ELSEWHERE_S)

    def __call__(self, done: int, total: int) -> None:
        """Show it, unless it was shown just now."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + (TERMINAL_S if self._screen.terminal else ELSEWHERE_S)
        words = line(self._what, done, total, self._unit)
        if self._screen.terminal:
            self._screen.status(words)
        else:
            self._screen.line(words)

    def end(self) -> None:
        """Take the bar away."""
        self._screen.status('')


def line(what: str, done: int, total: int, unit: str) -> str:
    """Return the words and the bar."""
    share = min(1.0, done / total) if total else 1.0
    filled = round(share * BAR)
    bar = '█' * filled + '░' * (BAR - filled)
    count = f'  {done:,} of {total:,} {unit}' if unit else ''
    return f'{what}  {bar} {share:4.0%}{count}'
