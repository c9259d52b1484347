# SPDX-License-Identifier: Apache-2.0
"""The supervision plan: brings the graph up in order, watches it, mends it, takes it down.

The plan decides and does nothing: it is told what is asked for, what nodes answered and how they
beat, all with the time (monotonic seconds), and says which step comes next and what to tell a
person. Up means configure all, then activate all; down is the same in reverse. A lost node is
brought back alone, with growing pauses; if that fails the whole graph is taken down and brought up
once; if that fails, too, everything is taken down, so that nothing is left open, and the plan says
what a person must do.
"""

from __future__ import annotations

from collections.abc import Sequence

from prot_ros.core.heartbeat import Beat, Watch
from prot_ros.core.lifecycle import GOAL, UNKNOWN, Aim, Reply, State, Step, Transition
from prot_ros.core.operations import (
    COURSES,
    DEADLINES_S,
    ENDED,
    LEVELS_DOWN,
    STOP_DEADLINE_S,
    VERBS,
    YIELDS_TO,
    News,
    Operation,
    Outcome,
    Phase,
    RequestError,
    Work,
    agenda,
)
from prot_ros.core.patience import Patience, Policy


class Plan:
    """Decides. Call `step` after anything else; take `news` and `outcomes` whenever convenient."""

    def __init__(self, nodes: Sequence[str], policy: Policy, remedy: str) -> None:
        """`nodes` in bring-up order; `remedy` tells a person how to go on after a failure."""
        self.phase = Phase.DOWN
        self.trouble = ''
        """Why the plan gave up, '' when it did not."""
        self.news: list[News] = []
        self.outcomes: list[Outcome] = []
        self._nodes = tuple(nodes)
        self._policy = policy
        self._remedy = remedy
        self._watch = Watch(nodes, policy.beat_timeout_s)
        self._states = dict.fromkeys(self._nodes, UNKNOWN)
        self._occupied = dict.fromkeys(self._nodes, 0.0)
        self._lost: dict[str, str] = {}
        self._patience = Patience(nodes, policy)
        self._work: Work | None = None
        self._step: Step | None = None
        self._step_began = 0.0
        self._not_before = 0.0
        self._tickets = 0

    # --- what happens --------------------------------------------------------------------------

    def request(self, operation: Operation, now: float, *, patient: bool = False) -> int:
        """Begin an operation; return the ticket that its Outcome will bear.

        `patient` tries a failed start again. Raises RequestError.
        """
        if self._work is not None and self.phase not in YIELDS_TO.get(operation, ()):
            raise RequestError(
                f'prot is {self.phase}; ask for {operation} again when that is done'
            )
        if self.phase is Phase.STOPPED:
            raise RequestError('the manager is about to end')
        if operation is Operation.RESUME and self.phase not in (Phase.PAUSED, Phase.ACTIVE):
            raise RequestError(f'prot is {self.phase}, not paused; ask for startup instead')
        self._tickets += 1
        ticket = self._tickets
        if COURSES[operation].ends_in is Phase.ACTIVE and self.phase is Phase.ACTIVE:
            self.outcomes.append(Outcome(ticket, True, 'prot is active already'))
            return ticket
        self._supersede(operation, now)
        self._patience.forget()
        # A pause of what is not running leaves it so.
        keeps = operation is Operation.PAUSE and self.phase in ENDED
        self._begin(operation, now, ticket=ticket, patient=patient,
                    ends_in=self.phase if keeps else None)  # fmt: skip
        return ticket

    def on_reply(self, step: Step, reply: Reply, now: float) -> None:
        """Note what became of a step; one that is no longer wanted changes nothing."""
        if step is not self._step:
            return
        work, aim = self._work, self._aim
        assert work is not None
        took, self._step = now - self._step_began, None
        self._states[step.node] = reply.state
        if reply.state != UNKNOWN:
            self._watch.answered(step.node, now)
            self._occupied[step.node] = 0.0
        way = aim.way(reply.state)
        if reply.gone and not aim.up:
            self._tell('debug', f'{step.node} is not there')
            work.skip(step.node)
        elif reply.state == GOAL.get(step.transition):
            if step.transition is Transition.CONFIGURE:
                self._tell('info', f'{step.node} is configured ({took:.1f} s)')
        elif step.transition is Transition.OBSERVE:
            if way is Transition.OBSERVE:
                self._failed(step, reply.reason or _why_not(reply.state), now)
        elif way is None:
            # Further than meant, as when a release fails: what counts is that it is let go.
            self._tell('warning', f'{step.node} is {reply.state} now: {reply.reason}')
        else:
            self._failed(step, reply.reason or _why_not(reply.state), now)

    def on_beat(self, beat: Beat, now: float) -> None:
        """Note a sign of life, which may be bad news."""
        if beat.node not in self._states:
            return
        self._watch.heard(beat.node, now)
        if self._watch.outdated(beat.node, now):
            return
        if beat.failure:
            self.on_lost(beat.node, beat.failure, now)
        elif beat.state != State.ACTIVE:
            self.on_lost(beat.node, f'it is {beat.state}', now)
        elif beat.node in self._lost and not self._is_mending(beat.node):
            del self._lost[beat.node]
            self._tell('info', f'{beat.node} is back by itself')

    def on_tick(self, now: float) -> None:
        """Note that time has passed; due at `wake_at`."""
        if self._watched:
            for node in self._watch.silent(now):
                self.on_lost(node, f'no sign of life for {self._watch.timeout_s:g} s', now)
        work = self._work
        if work is not None and work.ends_at is not None and now >= work.ends_at:
            late = list(dict.fromkeys(aim.node for aim in work.agenda))
            work.problems.append(f'not taken down in time: {", ".join(late)}')
            work.agenda.clear()
            self._step = None

    def on_lost(self, node: str, why: str, now: float) -> None:
        """Note that a node does not do its work. During an intended stop that is no crash."""
        if not self._watched or node in self._lost:
            return
        self._patience.trouble(now)
        self._lost[node] = why
        self._tell('warning', f'{node} is lost: {why}')

    # --- what to do ----------------------------------------------------------------------------

    def step(self, now: float) -> Step | None:
        """Return the step to execute, the same one until it is replied to or no longer wanted."""
        while self._step is None:
            if self._work is None and not self._mend(now):
                return None
            work = self._work
            if work is None or now < self._not_before:
                return None
            if not work.agenda:
                self._finish(work, now)
                continue
            way = self._aim.way(self._states[self._aim.node])
            if way is None:
                work.agenda.popleft()
            else:
                self._step, self._step_began = self._make_step(way, now), now
        return self._step

    def wake_at(self) -> float | None:
        """Return when `on_tick` and `step` are due although nothing has happened."""
        times = [self._not_before] if self._work is not None and self._step is None else []
        if self._work is not None and self._work.ends_at is not None:
            times.append(self._work.ends_at)
        look = self._watch.next_at() if self._watched else None
        return min([*times, look] if look is not None else times, default=None)

    def describe(self) -> str:
        """Return one sentence on where things are."""
        if self.phase is Phase.FAILED:
            return f'prot has failed: {self.trouble}'
        if self._lost:
            lost = '; '.join(f'{node}: {why}' for node, why in self._lost.items())
            return f'prot is {self.phase} ({lost})'
        return f'prot is {self.phase}'

    # --- within --------------------------------------------------------------------------------

    @property
    def _watched(self) -> bool:
        return self.phase in (Phase.ACTIVE, Phase.RECOVERING)

    @property
    def _aim(self) -> Aim:
        assert self._work is not None
        return self._work.agenda[0]

    def _is_mending(self, node: str) -> bool:
        return self._work is not None and self._work.node == node

    def _tell(self, level: str, text: str) -> None:
        self.news.append(News(level, text))

    def _begin(
        self,
        operation: Operation,
        now: float,
        *,
        ticket: int | None = None,
        patient: bool = False,
        ends_in: Phase | None = None,
        node: str = '',
    ) -> None:
        course = COURSES[operation]
        nodes = (node,) if node else self._nodes
        self._work = Work(
            operation, agenda(operation, nodes), ends_in or course.ends_in, now,
            ticket=ticket, patient=patient, node=node,
        )  # fmt: skip
        if operation is Operation.STOP:
            self._work.ends_at = now + self._policy.stop_s
            if self.phase in ENDED:
                # What is up all the same is driven by somebody else.
                self._work.agenda.clear()
        if operation is not Operation.RECOVER:
            self._lost.clear()
        if operation not in (Operation.PAUSE, Operation.GIVE_UP):
            self.trouble = ''
        for name in nodes:
            # What was true before may not be now; asking costs a millisecond.
            self._states[name] = UNKNOWN
        self.phase = course.during
        self._not_before = now

    def _supersede(self, operation: Operation, now: float) -> None:
        work, step = self._work, self._step
        if step is not None and step.transition is not Transition.OBSERVE:
            # It cannot be called back, and the node answers nothing until it is through.
            self._occupied[step.node] = self._step_began + step.deadline_s
        self._step = None
        if work is not None and work.ticket is not None:
            why = f'given up, because {operation} was asked for'
            self.outcomes.append(Outcome(work.ticket, False, why))

    def _make_step(self, way: Transition, now: float) -> Step:
        assert self._work is not None
        node, up, ends_at = self._aim.node, self._aim.up, self._work.ends_at
        patience = self._policy.appear_s if up else 0.0
        deadline = patience + DEADLINES_S[way]
        if way is Transition.OBSERVE:
            deadline = max(deadline, self._occupied[node] - now)
        if ends_at is not None:
            left = max(0.0, ends_at - now)
            deadline = min(left, STOP_DEADLINE_S) if way is Transition.OBSERVE else left
        return Step(node, way, deadline, patience)

    def _failed(self, step: Step, reason: str, now: float) -> None:
        work = self._work
        assert work is not None
        node, up = step.node, self._aim.up
        what = f'{node} could not be {VERBS[step.transition]}: {reason}'
        self._patience.trouble(now)
        self._states[node] = UNKNOWN
        if work.operation is Operation.RECOVER:
            self._tell('warning', what)
            self._lost[node] = reason
            self._work = None
        elif not up:
            # On the way down the others are let go all the same.
            self._tell(LEVELS_DOWN.get(work.operation, 'error'), what)
            work.problems.append(what)
            work.skip(node)
        elif work.patient and self._patience.has_tries(node):
            count = self._patience.take_try(node)
            pause = self._patience.pause_s(node)
            self._not_before = now + pause
            self._tell('warning', f'{what}; trying again in {pause:g} s ({count})')
        else:
            self._give_up(what, now)

    def _mend(self, now: float) -> bool:
        """Begin to bring back the first node that is lost; return whether there is one."""
        node = next((name for name in self._nodes if name in self._lost), None)
        if node is None:
            return False
        if not self._patience.has_tries(node):
            self._restart(f'{node} is lost: {self._lost[node]}', now)
            return True
        pause = self._patience.pause_s(node)
        count = self._patience.take_try(node)
        self._begin(Operation.RECOVER, now, node=node)
        self._not_before = now + pause
        after = f' in {pause:g} s' if pause else ''
        self._tell('info', f'bringing {node} back{after} ({count})')
        return True

    def _restart(self, why: str, now: float) -> None:
        if self._patience.take_restart():
            self._tell('warning', f'{why}; taking all nodes down and up again')
            self._begin(Operation.RESTART, now)
        else:
            self._give_up(why, now)

    def _give_up(self, why: str, now: float) -> None:
        ticket = self._work.ticket if self._work is not None else None
        self.trouble = f'{why}. {self._remedy}'
        self._tell('error', f'giving up, and taking all nodes down: {self.trouble}')
        self._begin(Operation.GIVE_UP, now, ticket=ticket)

    def _finish(self, work: Work, now: float) -> None:
        self._work, self.phase = None, work.ends_in
        took = now - work.began
        if work.operation is Operation.RECOVER:
            del self._lost[work.node]
            self._tell('info', f'{work.node} is back ({took:.1f} s)')
            return
        if self.phase is Phase.ACTIVE:
            self._watch.begin(now)
        said = COURSES[work.operation].said
        if self.phase in ENDED and work.operation is Operation.PAUSE:
            said = 'no node is active'
        message = self.trouble if work.operation is Operation.GIVE_UP else f'{said} ({took:.1f} s)'
        success = not work.problems and work.operation is not Operation.GIVE_UP
        if success:
            self._tell('info', message)
        elif work.problems and work.operation is not Operation.GIVE_UP:
            message = '; '.join(work.problems)
        if work.ticket is not None:
            self.outcomes.append(Outcome(work.ticket, success, message))


def _why_not(state: str) -> str:
    if state == State.FINALIZED:
        return 'it is finalized; its process has to be started anew'
    return f'it is {state}' if state else 'it did not answer'
