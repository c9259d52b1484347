# SPDX-License-Identifier: Apache-2.0
"""The states of a managed node, and the way from one to another, as far as a supervisor goes it.

Names are those of ROS 2's managed nodes. A node is moved one transition at a time, and the next
one follows from the state that the node tells of, never from what it was last told to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The primary states, from the lowest to the highest. Any other label is a passing one."""

    FINALIZED = 'finalized'
    UNCONFIGURED = 'unconfigured'
    INACTIVE = 'inactive'
    ACTIVE = 'active'


UNKNOWN = ''
"""In the place of a state: nobody has asked yet, or the node did not answer."""


class Transition(StrEnum):
    """What a step does; `OBSERVE` only asks for the state."""

    OBSERVE = 'observe'
    CONFIGURE = 'configure'
    ACTIVATE = 'activate'
    DEACTIVATE = 'deactivate'
    CLEANUP = 'cleanup'
    SHUTDOWN = 'shutdown'


GOAL = {
    Transition.CONFIGURE: State.INACTIVE,
    Transition.ACTIVATE: State.ACTIVE,
    Transition.DEACTIVATE: State.INACTIVE,
    Transition.CLEANUP: State.UNCONFIGURED,
    Transition.SHUTDOWN: State.FINALIZED,
}
"""The state in which a transition ends when it succeeds."""

_ORDER = tuple(State)
_UP = {State.UNCONFIGURED: Transition.CONFIGURE, State.INACTIVE: Transition.ACTIVATE}
_DOWN = {
    State.ACTIVE: Transition.DEACTIVATE,
    State.INACTIVE: Transition.CLEANUP,
    State.UNCONFIGURED: Transition.SHUTDOWN,
}


@dataclass(frozen=True)
class Aim:
    """A node is to be at least (`up`) or at most in the state `goal`."""

    node: str
    goal: State
    up: bool

    def way(self, label: str) -> Transition | None:
        """Return the next transition from a state, None where the aim holds.

        A passing or unknown state is to be asked for again; so is `finalized` on the way up, which
        only a new process of the same name can change.
        """
        if label not in _ORDER:
            return Transition.OBSERVE
        state = State(label)
        here, there = _ORDER.index(state), _ORDER.index(self.goal)
        if self.up:
            return None if here >= there else _UP.get(state, Transition.OBSERVE)
        return None if here <= there else _DOWN[state]


@dataclass(frozen=True)
class Step:
    """One thing to do to one node, then to be answered with a `Reply`."""

    node: str
    transition: Transition
    deadline_s: float
    """For the whole step: the transition, and the question for the state after it."""
    patience_s: float
    """How much of that the node's services may take to appear; 0 where a missing node is fine."""


@dataclass(frozen=True)
class Reply:
    """What became of a step."""

    state: str
    """The label that the node itself tells of afterwards; `UNKNOWN` when it did not answer."""
    reason: str = ''
    """Why it went wrong, in the node's own words where there are any."""
    gone: bool = False
    """Its services are not there."""
