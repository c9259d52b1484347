# SPDX-License-Identifier: Apache-2.0
"""What can be asked of a supervised graph, where each operation leads, and who may interrupt whom.

These are the tables of the supervision plan (`core/supervision.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from prot_ros.core.lifecycle import Aim, State, Transition


class Phase(StrEnum):
    """Where the graph as a whole is."""

    DOWN = 'down'
    STARTING = 'starting'
    ACTIVE = 'active'
    PAUSING = 'pausing'
    PAUSED = 'paused'
    RESETTING = 'resetting'
    RECOVERING = 'recovering'
    RESTARTING = 'restarting'
    GIVING_UP = 'giving up'
    FAILED = 'failed'
    SHUTTING_DOWN = 'shutting down'
    FINALIZED = 'finalized'
    STOPPING = 'stopping'
    STOPPED = 'stopped'


class Operation(StrEnum):
    """What can be asked for. `STOP` is asked by the manager's own process when it ends."""

    STARTUP = 'startup'
    PAUSE = 'pause'
    RESUME = 'resume'
    RESET = 'reset'
    SHUTDOWN = 'shutdown'
    STOP = 'stop'
    RECOVER = 'recover'
    RESTART = 'restart'
    GIVE_UP = 'give up'


@dataclass(frozen=True)
class Course:
    """An operation: the phase while it lasts and after it, and where it leads all nodes."""

    during: Phase
    ends_in: Phase
    aims: tuple[tuple[State, bool], ...]
    """Goals that all nodes reach before the next one; True is up, in order, False in reverse."""
    said: str


_UP = ((State.INACTIVE, True), (State.ACTIVE, True))
_PAUSE = ((State.INACTIVE, False),)
_DOWN = (*_PAUSE, (State.UNCONFIGURED, False))
COURSES = {
    Operation.STARTUP: Course(Phase.STARTING, Phase.ACTIVE, _UP, 'prot is listening'),
    Operation.RESUME: Course(Phase.STARTING, Phase.ACTIVE, _UP, 'prot is listening again'),
    Operation.PAUSE: Course(
        Phase.PAUSING, Phase.PAUSED, _PAUSE, 'prot is paused: its microphone is closed'
    ),
    Operation.RESET: Course(Phase.RESETTING, Phase.DOWN, _DOWN, 'prot is down'),
    Operation.SHUTDOWN: Course(
        Phase.SHUTTING_DOWN,
        Phase.FINALIZED,
        (*_DOWN, (State.FINALIZED, False)),
        'prot is shut down; its processes have to be started anew',
    ),
    Operation.STOP: Course(Phase.STOPPING, Phase.STOPPED, _DOWN, 'prot is down'),
    Operation.RECOVER: Course(
        Phase.RECOVERING,
        Phase.ACTIVE,
        ((State.UNCONFIGURED, False), (State.ACTIVE, True)),
        'is back',
    ),
    Operation.RESTART: Course(
        Phase.RESTARTING, Phase.ACTIVE, (*_DOWN, *_UP), 'prot is listening again'
    ),
    Operation.GIVE_UP: Course(Phase.GIVING_UP, Phase.FAILED, _DOWN, ''),
}

ENDED = (Phase.DOWN, Phase.FAILED, Phase.FINALIZED)
"""Phases that a pause confirms rather than leaves: there is nothing that `resume` could resume."""

YIELDS_TO = {
    Operation.PAUSE: (Phase.STARTING, Phase.RECOVERING, Phase.RESTARTING),
    Operation.SHUTDOWN: tuple(
        p for p in Phase if p not in (Phase.SHUTTING_DOWN, Phase.STOPPING, Phase.STOPPED)
    ),
    Operation.STOP: tuple(p for p in Phase if p not in (Phase.STOPPING, Phase.STOPPED)),
}
"""Who may interrupt whom. Privacy and the way out cannot wait for a model to load."""

DEADLINES_S = {
    Transition.OBSERVE: 5.0,
    Transition.CONFIGURE: 75.0,
    Transition.ACTIVATE: 25.0,
    Transition.DEACTIVATE: 15.0,
    Transition.CLEANUP: 15.0,
    Transition.SHUTDOWN: 15.0,
}
"""A node's own deadline (60 s to open, 10 s to start, 3 s for each release), the time in which it
gives back what it took when it misses that, and a question for its state."""

STOP_DEADLINE_S = 1.0
"""For one question while the process ends: who is ending as well need not be waited for."""

LEVELS_DOWN = {
    Operation.STOP: 'info',
    Operation.RESTART: 'warning',
    Operation.GIVE_UP: 'warning',
}
"""How grave it is that a node could not be taken down, where it is not an error: while the
process stops the node most likely ends, too, and needs nobody."""

VERBS = {
    Transition.OBSERVE: 'reached',
    Transition.CONFIGURE: 'configured',
    Transition.ACTIVATE: 'activated',
    Transition.DEACTIVATE: 'deactivated',
    Transition.CLEANUP: 'cleaned up',
    Transition.SHUTDOWN: 'shut down',
}


class RequestError(Exception):
    """A request that cannot be met now; the message is a sentence for who asked."""


@dataclass(frozen=True)
class News:
    """A line for a person."""

    level: str
    """`debug`, `info`, `warning` or `error`."""
    text: str


@dataclass(frozen=True)
class Outcome:
    """The end of what was asked for."""

    ticket: int
    success: bool
    message: str


@dataclass
class Work:
    """An operation under way."""

    operation: Operation
    agenda: deque[Aim]
    """What is still to be reached, next first."""
    ends_in: Phase
    began: float
    ends_at: float | None = None
    """When it is cut short."""
    ticket: int | None = None
    patient: bool = False
    """Whether a failure is tried again: who waits for an answer is served better by the answer."""
    node: str = ''
    """Which one is being brought back, '' where it is about all."""
    problems: list[str] = field(default_factory=list)

    def skip(self, node: str) -> None:
        """Take a node no further down."""
        self.agenda = deque(aim for aim in self.agenda if aim.node != node or aim.up)


def agenda(operation: Operation, nodes: Sequence[str]) -> deque[Aim]:
    """Return an operation's aims for nodes given in bring-up order."""
    return deque(
        Aim(name, goal, up)
        for goal, up in COURSES[operation].aims
        for name in (nodes if up else reversed(nodes))
    )
