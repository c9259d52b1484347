# SPDX-License-Identifier: Apache-2.0
"""How often a thing that failed is tried again, how soon, and when it is forgiven."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Numbers that a person may choose."""

    beat_timeout_s: float = 4.0
    """Silence after which a node is lost; 0 is never."""
    appear_s: float = 20.0
    """How long a node's process may take to be there."""
    retries: int = 3
    """Tries to bring a node back alone, and further tries of a start that nobody waits for."""
    backoff_s: float = 1.0
    """Pause before the second try; each further one is twice as long."""
    backoff_limit_s: float = 15.0
    quiet_s: float = 60.0
    """After this long without trouble, trouble is new trouble: counting starts at zero."""
    restarts: int = 1
    """Restarts of the whole graph before giving up."""
    stop_s: float = 3.0
    """All that taking the graph down may take when the manager's process ends."""


class Patience:
    """Counts tries: each node's alone, and those of the whole graph."""

    def __init__(self, nodes: Iterable[str], policy: Policy) -> None:
        self._policy = policy
        self._tries = dict.fromkeys(nodes, 0)
        self._restarts = 0
        self._trouble_at = 0.0

    def trouble(self, now: float) -> None:
        """Note that something went wrong; after a quiet time it is the first thing that did."""
        if now - self._trouble_at >= self._policy.quiet_s:
            self.forget()
        self._trouble_at = now

    def forget(self) -> None:
        """Begin to count anew."""
        self._tries = dict.fromkeys(self._tries, 0)
        self._restarts = 0

    def has_tries(self, node: str) -> bool:
        """Return whether the node may be tried once more alone."""
        return self._tries[node] < self._policy.retries

    def take_try(self, node: str) -> str:
        """Use a try up; return which one it is, such as `2 of 3`."""
        self._tries[node] += 1
        return f'{self._tries[node]} of {self._policy.retries}'

    def pause_s(self, node: str) -> float:
        """Return how long to wait after as many tries as the node has had: none after none."""
        tries = self._tries[node]
        if not tries:
            return 0.0
        # The exponent is bounded because retries are.
        return min(self._policy.backoff_limit_s, self._policy.backoff_s * 2.0 ** (tries - 1))

    def take_restart(self) -> bool:
        """Use a restart of the whole graph up; return False when there is none left."""
        if self._restarts >= self._policy.restarts:
            return False
        self._restarts += 1
        return True
