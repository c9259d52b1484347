# SPDX-License-Identifier: Apache-2.0
"""How a simulated service behaves: its delays, what it answers, and what goes wrong."""

from __future__ import annotations

import enum
import time
from collections import deque
from dataclasses import dataclass, field


class Fault(enum.StrEnum):
    """What can go wrong with a service, as its client sees it."""

    NONE = 'none'
    REFUSE = 'refuse'
    """Nobody listens at the port."""
    ACCEPT_THEN_CLOSE = 'accept_then_close'
    """The connection is made and ended at once."""
    ERROR = 'error'
    """The service says what is wrong, in its own words: see `Behaviour.error`."""
    ERROR_MIDWAY = 'error_midway'
    """The same after a part of the answer."""
    EOF_MIDWAY = 'eof_midway'
    """The answer ends in good order, but before its end."""
    RESET_MIDWAY = 'reset_midway'
    """The connection is reset inside a frame."""
    STALL = 'stall'
    """Nothing comes, and the connection stays."""
    STALL_MIDWAY = 'stall_midway'
    SLOW_DRIP = 'slow_drip'
    """Byte by byte."""
    WRONG_ORDER = 'wrong_order'
    DUPLICATE = 'duplicate'
    OVERSIZED = 'oversized'
    """A frame beyond what any client should take."""
    MALFORMED = 'malformed'
    """Not JSON."""


@dataclass(frozen=True)
class Behaviour:
    """How one request, or one session, goes."""

    fault: Fault = Fault.NONE
    error: str = ''
    """The service's name of the error, such as `quota_exceeded` or `overloaded_error`."""
    retry_after: str | None = None
    """The header of that name, where the service has one."""
    connect_s: float = 0.0
    """Until the connection is ready for work."""
    first_s: float = 0.0
    """From the request to the first piece of the answer."""
    piece_s: float = 0.0
    """Between two pieces."""


@dataclass
class Plan:
    """What happens to the next requests, one after the other, and then as a rule."""

    rule: Behaviour = Behaviour()
    coming: deque[Behaviour] = field(default_factory=deque)

    def next(self) -> Behaviour:
        """Take what happens to the next request."""
        return self.coming.popleft() if self.coming else self.rule


@dataclass
class Exchange:
    """When a request was there, and when each piece of its answer went: ns of the epoch."""

    asked: int = field(default_factory=time.time_ns)
    answered: list[int] = field(default_factory=list)
    words: str = ''
    """Of the request, its last, where it is made of words."""

    def answer(self) -> None:
        """Note that a piece of the answer goes now."""
        self.answered.append(time.time_ns())


def exchanges() -> deque[Exchange]:
    """Return a book of requests that keeps the latest."""
    return deque(maxlen=1_000)
