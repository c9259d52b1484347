# SPDX-License-Identifier: Apache-2.0
"""Turns are times, and an interrupt voids every turn that began at or before it.

A turn is named by the moment it began: the first speech frame of the user's utterance, or the
arrival of a typed line or a `say` request. Names made this way need no counter, survive the
restart of any node and order themselves. An interrupt is a stamp, too: whatever began at or before
it is void, so it may be repeated, come late, or be latched without harm to anything newer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from prot_ros.core.stamps import MILLISECOND, NEVER, SECOND, Stamp

HEAR = 'hear'
"""The source of an interrupt that is a person typing a line."""
BARGE_IN = 'barge_in'
"""The source of an interrupt that is a person who has something to say."""
ANNOUNCEMENT = 'announcement'
"""The source of an interrupt that is something more important to be said."""

FUTURE_TOLERANCE = 1 * SECOND
"""An interrupt stamped further ahead of the receiver's clock would deafen the robot until then."""


@dataclass(frozen=True)
class Interrupt:
    """Every turn that began at or before `stamp` is void."""

    stamp: Stamp
    source: str
    """`barge_in`, `operator`, `estop`, or the name of the node that sent it."""

    @property
    def voids_speech(self) -> bool:
        """Whether what the user said in a void turn is dropped, too.

        Not at a barge-in: people go on talking, and what they said before the pause still belongs
        to what they want. Nor where something urgent came between. Anybody else who silences the
        robot wants it to let the matter rest.
        """
        return self.source not in (BARGE_IN, HEAR, ANNOUNCEMENT)


class Verdict(Enum):
    """What `TurnGate.interrupt` made of one."""

    VOIDS = 'voids'
    STALE = 'stale'
    FUTURE = 'future'


class TurnGate:
    """Knows which turns are void, and names new ones so that they are not."""

    def __init__(self) -> None:
        self.voided = NEVER
        """Turns up to and including this one are void."""
        self._latest = NEVER

    def interrupt(self, stamp: Stamp, now: Stamp) -> Verdict:
        """Take an interrupt; one that is stale or too far in the future changes nothing."""
        if stamp > now + FUTURE_TOLERANCE:
            return Verdict.FUTURE
        self._latest = max(self._latest, stamp)
        if stamp <= self.voided:
            return Verdict.STALE
        self.voided = stamp
        return Verdict.VOIDS

    def is_void(self, turn: Stamp) -> bool:
        """Return whether work for this turn is to be dropped."""
        return turn <= self.voided

    def seen(self, turn: Stamp, now: Stamp) -> None:
        """Note a turn that somebody else began, so that the next one comes after it.

        One from beyond the tolerance is not noted: following it would date every later turn there.
        """
        if turn <= now + FUTURE_TOLERANCE:
            self._latest = max(self._latest, turn)

    def begin(self, at: Stamp) -> Stamp:
        """Name a new turn that begins at `at`.

        It is later than every turn and interrupt seen, so that a clock that was stepped back
        cannot make the robot deaf to what follows.
        """
        turn = Stamp(max(at, self._latest + 1))
        self._latest = turn
        return turn


def barge_in(turn: Stamp) -> Interrupt:
    """Return the interrupt that voids all that came before `turn`, and not `turn` itself."""
    return Interrupt(Stamp(turn - 1), BARGE_IN)


def describe_offset(stamp: Stamp, now: Stamp) -> str:
    """Say how far a stamp lies from the clock, for logs."""
    return f'{(stamp - now) / MILLISECOND:+.0f} ms'
