# SPDX-License-Identifier: Apache-2.0
"""Heartbeats: what a node tells of itself once a second, and who has fallen silent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SETTLE_S = 0.5
"""A beat and the answer to a step come by different ways, so one overtakes the other. Bad news
from a node this soon after it answered is from before; what is still true comes again in 1 s."""


@dataclass(frozen=True)
class Beat:
    """One sign of life."""

    node: str
    state: str
    """Label of its lifecycle state."""
    failure: str = ''
    """Why it does not do its work, '' when it does."""


class Watch:
    """Knows when each node was last heard."""

    def __init__(self, nodes: Iterable[str], timeout_s: float) -> None:
        """Hold a node for silent after `timeout_s`; 0 means never."""
        self.timeout_s = timeout_s
        self._heard = dict.fromkeys(nodes, -math.inf)
        self._settled = dict.fromkeys(self._heard, -math.inf)
        self._looked = -math.inf

    def heard(self, node: str, now: float) -> None:
        """Note a beat."""
        self._heard[node] = max(now, self._heard[node])

    def answered(self, node: str, now: float) -> None:
        """Note an answer to a step: a sign of life, and the end of earlier news."""
        self.heard(node, now)
        self._settled[node] = now

    def outdated(self, node: str, now: float) -> bool:
        """Return whether a beat that comes now may tell of what was before the last answer."""
        return now < self._settled[node] + SETTLE_S

    def begin(self, now: float) -> None:
        """Start the clock for all: from now on silence counts."""
        self._looked = now
        for node in self._heard:
            self.heard(node, now)

    def silent(self, now: float) -> list[str]:
        """Return the nodes that have not been heard for too long.

        Call it at least twice in `timeout_s`. A longer gap means that the watcher itself was held
        up, with the beats of that time still on their way, so it counts for nobody.
        """
        gap, self._looked = now - self._looked, now
        if not self.timeout_s:
            return []
        if gap > self.timeout_s / 2:
            for node in self._heard:
                self.heard(node, min(now, self._heard[node] + gap))
        return [node for node, at in self._heard.items() if now - at >= self.timeout_s]

    def next_at(self) -> float | None:
        """Return when to look again."""
        return self._looked + self.timeout_s / 4 if self.timeout_s else None
