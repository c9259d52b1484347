# SPDX-License-Identifier: Apache-2.0
"""What other nodes want said, while it waits: the most important first, the stale ones dropped."""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.core.interruption import Policy
from prot_ros.core.stamps import SECOND, Stamp

BOUND = 10
"""Requests that may wait. Ten sentences are most of a minute; nobody wants to hear more."""


@dataclass(frozen=True)
class Request:
    """Something to say."""

    turn: Stamp
    """When it arrived."""
    text: str
    source: str
    """`say` or `announce`: how it arrived."""
    policy: str = Policy.INTERRUPTIBLE
    priority: int = 0
    """Of a `say` and of every reply 0; higher ones go first."""
    max_age_s: float = 0.0
    """It is not said when it has waited longer than this; 0: it waits for ever."""

    def stale(self, now: Stamp) -> bool:
        """Return whether it has waited too long."""
        return self.max_age_s > 0 and now > self.turn + self.max_age_s * SECOND


class Announcements:
    """A bounded queue. When it is full, the least important goes; of equals the oldest."""

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._waiting: list[Request] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: Request) -> Request | None:
        """Take a request; return the one that had to go for it, which may be the same."""
        self._waiting.append(request)
        if len(self._waiting) <= self._bound:
            return None
        least = min(self._waiting, key=lambda waiting: (waiting.priority, waiting.turn))
        self._waiting.remove(least)
        return least

    def expire(self, now: Stamp) -> list[Request]:
        """Remove those that have waited too long, and return them."""
        stale = [waiting for waiting in self._waiting if waiting.stale(now)]
        self._waiting = [waiting for waiting in self._waiting if not waiting.stale(now)]
        return stale

    def first(self) -> Request | None:
        """Return the next to be said: the highest priority, of equals the oldest."""
        return min(
            self._waiting, key=lambda waiting: (-waiting.priority, waiting.turn), default=None
        )

    def remove(self, request: Request) -> None:
        """Take it out: it is being said."""
        self._waiting.remove(request)

    def void(self, stamp: Stamp) -> int:
        """Drop what arrived at or before `stamp`; return how many that were."""
        before = len(self._waiting)
        self._waiting = [waiting for waiting in self._waiting if waiting.turn > stamp]
        return before - len(self._waiting)
