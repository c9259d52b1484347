# SPDX-License-Identifier: Apache-2.0
"""A circuit breaker: a service that fails is left alone for a while, then tried with one request.

    closed     requests go to the service; so many failures in a row open the circuit
    open       none do, until a rest is over
    half open  one does, the probe: it closes the circuit, or opens it for a longer rest

After Nygard, "Release It!" (2007). Time comes in as seconds of any clock that never goes back.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from random import Random

from prot_ros.core.backoff import Backoff


class State(enum.StrEnum):
    """What becomes of a request."""

    CLOSED = 'closed'
    OPEN = 'open'
    HALF_OPEN = 'half open'


class Admission(enum.Enum):
    """What becomes of this request."""

    THROUGH = enum.auto()
    PROBE = enum.auto()
    """It goes to the service and decides whether others may follow. Its outcome must be told."""
    REFUSED = enum.auto()


@dataclass(frozen=True)
class CircuitLimits:
    """When a service is left alone, and for how long. Times in seconds."""

    failures: int = 2
    """In a row that open the circuit."""
    rest_s: float = 5.0
    """Until the first probe; each that fails doubles it."""
    rest_most_s: float = 120.0
    refused_s: float = 30.0
    """The same where a person has to mend something, such as a key. Not longer, because it may
    have been but this one request that the service refuses."""
    refused_most_s: float = 300.0
    """Also where the service itself names a time."""


class Circuit:
    """Counts failures and decides which requests go through."""

    def __init__(self, limits: CircuitLimits, random: Random) -> None:
        """`random` jitters the rests; a seeded one makes them repeatable."""
        if limits.failures < 1:
            raise ValueError(f'failures is {limits.failures}, expected at least 1')
        self.state = State.CLOSED
        self.retry_at = 0.0
        """While open: the second from which a probe is let through."""
        self._limits = limits
        self._random = random
        self._rest = Backoff(limits.rest_s, max(limits.rest_s, limits.rest_most_s))
        self._refusal = Backoff(limits.refused_s, max(limits.refused_s, limits.refused_most_s))
        self._failures = 0
        self._rests = 0

    def admit(self, now: float) -> Admission:
        """Decide what becomes of a request that begins now."""
        if self.state is State.CLOSED:
            return Admission.THROUGH
        if self.state is State.OPEN and now >= self.retry_at:
            self.state = State.HALF_OPEN
            return Admission.PROBE
        return Admission.REFUSED

    def succeeded(self, admission: Admission) -> bool:
        """Take note that a request was answered; return whether this closed the circuit."""
        if admission is Admission.PROBE and self.state is State.HALF_OPEN:
            self.state = State.CLOSED
            self._failures = self._rests = 0
            return True
        # What began before the circuit opened does not tell how the service is now.
        if self.state is State.CLOSED:
            self._failures = 0
        return False

    def failed(
        self,
        now: float,
        admission: Admission,
        *,
        retryable: bool = True,
        rest_s: float | None = None,
    ) -> bool:
        """Take note of a failure; return whether this opened a closed circuit.

        One that is not `retryable` opens it at once, and so does a service that asked to be left
        alone for `rest_s`.
        """
        was_closed = self.state is State.CLOSED
        if not was_closed and admission is not Admission.PROBE:
            return False
        self._failures += 1
        once = retryable and rest_s is None
        if once and was_closed and self._failures < self._limits.failures:
            return False
        self._rests += 1
        if rest_s is not None:
            pause_s = min(max(0.0, rest_s), self._limits.refused_most_s)
        else:
            growing = self._rest if retryable else self._refusal
            pause_s = growing.pause_s(self._rests, self._random)
        self.state = State.OPEN
        self.retry_at = now + pause_s
        return was_closed

    def abandoned(self, now: float, admission: Admission) -> None:
        """Take note that a request was given up before it could tell anything."""
        if admission is Admission.PROBE and self.state is State.HALF_OPEN:
            self.state = State.OPEN
            self.retry_at = now

    def reset(self) -> None:
        """Let requests through again: a person has mended something."""
        self.state = State.CLOSED
        self._failures = self._rests = 0
