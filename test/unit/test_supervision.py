# SPDX-License-Identifier: Apache-2.0
"""The supervision plan, in a world of nodes whose faults and whose time the test decides."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from prot_ros.core.heartbeat import Beat, Watch
from prot_ros.core.lifecycle import GOAL, Aim, Reply, State, Step, Transition
from prot_ros.core.operations import Operation, Outcome, Phase, RequestError
from prot_ros.core.patience import Patience, Policy
from prot_ros.core.supervision import Plan

NODES = ('speaker', 'dialog', 'mic')
LEGAL = {
    Transition.CONFIGURE: {State.UNCONFIGURED},
    Transition.ACTIVATE: {State.INACTIVE},
    Transition.DEACTIVATE: {State.ACTIVE},
    Transition.CLEANUP: {State.INACTIVE},
    Transition.SHUTDOWN: {State.UNCONFIGURED, State.INACTIVE, State.ACTIVE},
}
SETTLED = (
    Phase.DOWN,
    Phase.ACTIVE,
    Phase.PAUSED,
    Phase.FAILED,
    Phase.FINALIZED,
    Phase.STOPPED,
)


@dataclass
class Machine:
    """One managed node, and what is wrong with it."""

    state: State = State.UNCONFIGURED
    present: bool = True
    answers: bool = True
    failure: str = ''
    faults: Counter[Transition] = field(default_factory=Counter)
    """How often each transition will fail."""
    falls_to: State | None = None
    """Where a failing transition leads instead of nowhere."""


class World:
    """Executes the plan's steps and lets the nodes beat."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.machines = {name: Machine() for name in NODES}
        self.plan = Plan(NODES, policy or Policy(), 'Mend it, then ask for startup.')
        self.now = 1000.0
        self.done: list[tuple[str, str]] = []
        self._beat_at = self.now

    def ask(self, operation: Operation, **kwargs: bool) -> int:
        return self.plan.request(operation, self.now, **kwargs)

    def states(self) -> dict[str, str]:
        return {name: str(machine.state) for name, machine in self.machines.items()}

    def texts(self, level: str) -> list[str]:
        return [news.text for news in self.plan.news if news.level == level]

    def outcome(self, ticket: int) -> Outcome:
        (found,) = [outcome for outcome in self.plan.outcomes if outcome.ticket == ticket]
        return found

    def run(self, seconds: float = 600.0, *, steps: int = 10_000) -> None:
        """Let time pass; steps take none unless the node does not answer."""
        end = self.now + seconds
        while self.now <= end and steps:
            step = self.plan.step(self.now)
            if step is not None:
                steps -= 1
                self.plan.on_reply(step, self.execute(step), self.now)
                continue
            wake = self.plan.wake_at()
            self.wait_until(min(end, end if wake is None else max(wake, self.now + 0.001)))
            if self.now >= end and self.plan.step(self.now) is None:
                return

    def wait_until(self, until: float) -> None:
        """Let time pass; nodes beat and the plan ticks on meanwhile, also during a step."""
        while self.now < until:
            self.now = min(until, self._beat_at)
            if self.now == self._beat_at:
                self._beat_at += 1.0
                for name, machine in self.machines.items():
                    if machine.present and machine.answers:
                        self.plan.on_beat(Beat(name, machine.state, machine.failure), self.now)
            self.plan.on_tick(self.now)

    def settle(self) -> Phase:
        """Run until nothing is under way."""
        for _ in range(2000):
            self.run(0.0)
            if self.plan.step(self.now) is None and self.plan.phase in SETTLED:
                return self.plan.phase
            self.run(0.5)
        raise AssertionError(f'still {self.plan.phase}')

    def execute(self, step: Step) -> Reply:
        machine = self.machines[step.node]
        if not machine.present:
            self.wait_until(self.now + step.patience_s)
            return Reply('', 'its services are not there', gone=True)
        if not machine.answers:
            self.wait_until(self.now + step.deadline_s)
            return Reply('', 'it did not answer')
        if step.transition is Transition.OBSERVE:
            return Reply(machine.state)
        self.done.append((step.node, str(step.transition)))
        assert machine.state in LEGAL[step.transition], f'{step} in {machine.state}'
        if machine.faults[step.transition]:
            machine.faults[step.transition] -= 1
            machine.state = machine.falls_to or machine.state
            return Reply(machine.state, 'no such device')
        machine.state = GOAL[step.transition]
        machine.failure = ''
        return Reply(machine.state)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def active(world: World) -> World:
    world.ask(Operation.STARTUP)
    assert world.settle() is Phase.ACTIVE
    world.done.clear()
    world.plan.news.clear()
    return world


UP = [(name, 'configure') for name in NODES] + [(name, 'activate') for name in NODES]
DOWN = [(name, 'deactivate') for name in reversed(NODES)] + [
    (name, 'cleanup') for name in reversed(NODES)
]


def test_up_configures_all_in_order_then_activates_all_in_order(world):
    ticket = world.ask(Operation.STARTUP)
    assert world.settle() is Phase.ACTIVE
    assert world.done == UP
    assert world.outcome(ticket).success
    assert world.outcome(ticket).message.startswith('prot is listening')
    assert world.texts('info')[:3] == [f'{name} is configured (0.0 s)' for name in NODES]


def test_what_is_up_already_is_left_alone(world):
    world.machines['speaker'].state = State.ACTIVE
    world.machines['dialog'].state = State.INACTIVE
    world.ask(Operation.STARTUP)
    world.settle()
    assert world.done == [('mic', 'configure'), ('dialog', 'activate'), ('mic', 'activate')]


@pytest.mark.parametrize(
    ('operation', 'phase', 'steps'),
    [
        (Operation.PAUSE, Phase.PAUSED, DOWN[:3]),
        (Operation.RESET, Phase.DOWN, DOWN),
        (
            Operation.SHUTDOWN,
            Phase.FINALIZED,
            [*DOWN, *((name, 'shutdown') for name in reversed(NODES))],
        ),
        (Operation.STOP, Phase.STOPPED, DOWN),
    ],
)
def test_down_is_the_same_in_reverse(active, operation, phase, steps):
    ticket = active.ask(operation)
    assert active.settle() is phase
    assert active.done == steps
    assert active.outcome(ticket).success


def test_a_pause_closes_the_last_node_of_the_graph_first_and_resume_opens_it_last(active):
    active.ask(Operation.PAUSE)
    active.settle()
    assert active.done[0] == ('mic', 'deactivate')
    ticket = active.ask(Operation.RESUME)
    assert active.settle() is Phase.ACTIVE
    assert active.done[-1] == ('mic', 'activate')
    assert active.outcome(ticket).message.startswith('prot is listening again')


def test_resume_configures_a_node_that_was_started_anew_during_the_pause(active):
    active.ask(Operation.PAUSE)
    active.settle()
    active.machines['dialog'].state = State.UNCONFIGURED
    active.ask(Operation.RESUME)
    assert active.settle() is Phase.ACTIVE
    assert active.done.count(('dialog', 'configure')) == 1


def test_who_asks_for_a_start_gets_the_reason_at_the_first_failure_and_nothing_stays_open(world):
    world.machines['mic'].faults[Transition.ACTIVATE] = 1
    ticket = world.ask(Operation.STARTUP)
    assert world.settle() is Phase.FAILED
    outcome = world.outcome(ticket)
    assert not outcome.success
    assert 'mic could not be activated: no such device' in outcome.message
    assert outcome.message.endswith('Mend it, then ask for startup.')
    assert set(world.states().values()) == {State.UNCONFIGURED}
    assert world.plan.describe() == f'prot has failed: {world.plan.trouble}'


def test_a_start_that_nobody_waits_for_is_tried_again_with_growing_pauses(world):
    world.machines['dialog'].faults[Transition.CONFIGURE] = 3
    began = world.now
    ticket = world.ask(Operation.STARTUP, patient=True)
    assert world.settle() is Phase.ACTIVE
    assert world.outcome(ticket).success
    assert world.done.count(('dialog', 'configure')) == 4
    assert world.done.count(('speaker', 'configure')) == 1
    assert 7.0 <= world.now - began < 9.0  # 1 + 2 + 4 s
    assert [text.rpartition('; ')[2] for text in world.texts('warning')] == [
        'trying again in 1 s (1 of 3)',
        'trying again in 2 s (2 of 3)',
        'trying again in 4 s (3 of 3)',
    ]


def test_a_start_that_nobody_waits_for_gives_up_once_and_says_what_to_do(world):
    world.machines['dialog'].faults[Transition.CONFIGURE] = 100
    world.ask(Operation.STARTUP, patient=True)
    assert world.settle() is Phase.FAILED
    assert world.done.count(('dialog', 'configure')) == 4
    (error,) = world.texts('error')
    assert 'dialog could not be configured: no such device' in error
    assert 'Mend it, then ask for startup.' in error


def test_after_giving_up_startup_begins_anew(world):
    world.machines['dialog'].faults[Transition.CONFIGURE] = 1
    world.ask(Operation.STARTUP)
    assert world.settle() is Phase.FAILED
    world.ask(Operation.STARTUP)
    assert world.settle() is Phase.ACTIVE
    assert world.plan.trouble == ''


def test_a_missing_process_is_waited_for(world):
    world.machines['mic'].present = False
    world.ask(Operation.STARTUP, patient=True)
    world.run(10.0)
    world.machines['mic'].present = True
    assert world.settle() is Phase.ACTIVE


def test_on_the_way_down_a_node_that_refuses_does_not_keep_the_others(active):
    active.machines['dialog'].faults[Transition.DEACTIVATE] = 1
    ticket = active.ask(Operation.RESET)
    assert active.settle() is Phase.DOWN
    assert not active.outcome(ticket).success
    assert active.outcome(ticket).message == 'dialog could not be deactivated: no such device'
    assert active.states() == {
        'speaker': 'unconfigured', 'dialog': 'active', 'mic': 'unconfigured'
    }  # fmt: skip


def test_a_release_that_fails_counts_as_let_go_when_the_node_says_so(active):
    active.machines['mic'].faults[Transition.DEACTIVATE] = 1
    active.machines['mic'].falls_to = State.UNCONFIGURED
    ticket = active.ask(Operation.PAUSE)
    assert active.settle() is Phase.PAUSED
    assert active.outcome(ticket).success
    assert 'mic is unconfigured now: no such device' in active.texts('warning')


def test_a_missing_node_is_no_obstacle_on_the_way_down(active):
    active.machines['dialog'].present = False
    ticket = active.ask(Operation.RESET)
    assert active.settle() is Phase.DOWN
    assert active.outcome(ticket).success


def test_a_node_whose_work_died_is_brought_back_alone(active):
    active.machines['dialog'].failure = 'the database is gone'
    active.run(3.0)
    assert active.settle() is Phase.ACTIVE
    assert active.done == [
        ('dialog', 'deactivate'), ('dialog', 'cleanup'), ('dialog', 'configure'),
        ('dialog', 'activate'),
    ]  # fmt: skip
    assert active.texts('warning') == ['dialog is lost: the database is gone']
    assert 'dialog is back (0.0 s)' in active.texts('info')


def test_a_node_that_was_started_anew_is_brought_up_alone(active):
    active.machines['mic'].state = State.UNCONFIGURED
    active.run(3.0)
    assert active.settle() is Phase.ACTIVE
    assert active.done == [('mic', 'configure'), ('mic', 'activate')]


def test_a_silent_node_is_lost_after_the_timeout_and_not_before(active):
    active.run(10.0)
    active.machines['mic'].present = False
    active.run(2.9)
    assert active.plan.phase is Phase.ACTIVE
    active.run(3.0)
    assert active.plan.phase is Phase.RECOVERING
    assert active.texts('warning')[0] == 'mic is lost: no sign of life for 4 s'


def test_with_a_timeout_of_0_silence_is_no_loss():
    world = World(Policy(beat_timeout_s=0.0))
    world.ask(Operation.STARTUP)
    world.settle()
    world.machines['mic'].present = False
    world.run(600.0)
    assert world.plan.phase is Phase.ACTIVE


def test_a_watcher_that_was_held_up_itself_holds_nobody_for_lost(active):
    active.run(10.0)
    active.now += 30.0  # all were suspended, and the beats are still on their way
    active.plan.on_tick(active.now)
    active.plan.step(active.now)
    assert active.plan.phase is Phase.ACTIVE
    active.run(10.0)
    assert active.done == []


def test_when_one_node_cannot_be_brought_back_the_whole_graph_is_restarted(active):
    active.machines['dialog'].failure = 'the database is gone'
    active.machines['dialog'].faults[Transition.CONFIGURE] = 3
    active.run(60.0)
    assert active.settle() is Phase.ACTIVE
    assert active.done[-len(DOWN + UP) + 2 :] == [
        ('mic', 'deactivate'), ('speaker', 'deactivate'), ('mic', 'cleanup'),
        ('speaker', 'cleanup'), *UP,
    ]  # fmt: skip
    assert any('taking all nodes down and up' in text for text in active.texts('warning'))


def test_when_nothing_helps_all_is_taken_down_and_a_person_is_told(active):
    active.machines['dialog'].failure = 'the database is gone'
    active.machines['dialog'].faults[Transition.CONFIGURE] = 1000
    active.run(60.0)
    assert active.settle() is Phase.FAILED
    assert active.done.count(('dialog', 'configure')) == 3 + 1
    assert set(active.states().values()) == {State.UNCONFIGURED}
    assert len(active.texts('error')) == 1
    before = len(active.done)
    active.run(600.0)
    assert len(active.done) == before


def test_a_process_that_never_comes_back_ends_in_failure_not_in_endless_tries(active):
    active.machines['mic'].present = False
    active.run(300.0)
    assert active.plan.phase is Phase.FAILED
    assert 'mic could not be reached: its services are not there' in active.plan.trouble


def test_after_a_quiet_minute_trouble_is_new_trouble(active):
    for _ in range(20):
        active.machines['dialog'].failure = 'a hiccup'
        active.run(70.0)
        assert active.plan.phase is Phase.ACTIVE
    assert ('mic', 'deactivate') not in active.done


def test_a_node_that_keeps_falling_is_not_brought_back_for_ever(active):
    for _ in range(60):
        active.machines['dialog'].failure = 'a hiccup'
        active.run(5.0)
    assert active.plan.phase is Phase.FAILED


def test_two_nodes_lost_at_once_are_both_brought_back(active):
    for name in ('mic', 'dialog'):
        active.machines[name].failure = 'out of memory'
    active.run(3.0)
    assert active.settle() is Phase.ACTIVE
    assert active.done.count(('mic', 'activate')) == 1
    assert active.done.count(('dialog', 'activate')) == 1


def test_a_node_lost_behind_another_may_come_back_by_itself(active):
    active.machines['speaker'].answers = False
    active.run(10.0)
    assert active.plan.phase is Phase.RECOVERING
    active.plan.on_lost('mic', 'no sign of life', active.now)
    active.run(2.0)
    assert 'mic is back by itself' in active.texts('info')
    assert ('mic', 'deactivate') not in active.done


def test_bad_news_from_before_the_last_answer_is_no_loss(active):
    active.plan.on_beat(Beat('mic', 'inactive'), active.now + 0.1)
    active.plan.on_beat(Beat('mic', 'active', 'the old failure'), active.now + 0.2)
    assert active.plan.step(active.now + 0.2) is None
    assert active.plan.phase is Phase.ACTIVE


def test_a_beat_of_a_stranger_is_ignored(active):
    active.plan.on_beat(Beat('base_controller', 'active', 'motor off'), active.now + 5)
    assert active.plan.step(active.now + 5) is None


@pytest.mark.parametrize('operation', [Operation.PAUSE, Operation.RESET, Operation.STOP])
def test_what_ends_during_an_intended_stop_is_no_crash(active, operation):
    active.ask(operation)
    active.plan.step(active.now)
    for machine in active.machines.values():
        machine.state, machine.failure = State.UNCONFIGURED, 'killed'
    active.run(30.0)
    assert active.plan.phase in SETTLED
    assert active.done == []
    assert active.texts('warning') == active.texts('error') == []


def test_a_second_request_is_refused_with_a_sentence(world):
    world.ask(Operation.STARTUP)
    world.plan.step(world.now)
    for operation in (Operation.STARTUP, Operation.RESUME, Operation.RESET):
        with pytest.raises(RequestError, match=f'starting; ask for {operation} again'):
            world.ask(operation)


@pytest.mark.parametrize('operation', [Operation.PAUSE, Operation.SHUTDOWN, Operation.STOP])
def test_pause_shutdown_and_stop_win(world, operation):
    ticket = world.ask(Operation.STARTUP)
    world.run(steps=4)
    loser = world.plan.step(world.now)
    winner = world.ask(operation)
    assert not world.outcome(ticket).success
    assert f'{operation} was asked for' in world.outcome(ticket).message
    world.plan.on_reply(loser, Reply(State.INACTIVE), world.now)  # too late to matter
    world.settle()
    assert world.outcome(winner).success
    assert State.ACTIVE not in world.states().values()


def test_a_pause_during_recovery_wins(active):
    active.machines['dialog'].failure = 'the database is gone'
    active.machines['dialog'].faults[Transition.CONFIGURE] = 2
    active.run(1.5)
    assert active.plan.phase is Phase.RECOVERING
    ticket = active.ask(Operation.PAUSE)
    assert active.settle() is Phase.PAUSED
    assert active.outcome(ticket).success


def test_a_node_that_cannot_be_called_back_is_asked_with_the_time_it_may_still_need(world):
    world.ask(Operation.STARTUP)
    while (step := world.plan.step(world.now)).transition is not Transition.CONFIGURE:
        world.plan.on_reply(step, world.execute(step), world.now)
    world.now += 10
    world.ask(Operation.PAUSE)
    while (asked := world.plan.step(world.now)).node != step.node:
        world.plan.on_reply(asked, world.execute(asked), world.now)
    assert asked.transition is Transition.OBSERVE
    assert asked.deadline_s == pytest.approx(step.deadline_s - 10)


def test_a_second_shutdown_is_refused_and_a_second_stop_too(active):
    for operation in (Operation.SHUTDOWN, Operation.STOP):
        active.ask(operation)
        active.plan.step(active.now)
        with pytest.raises(RequestError):
            active.ask(operation)
    active.settle()
    with pytest.raises(RequestError, match='about to end'):
        active.ask(Operation.STARTUP)


def test_resume_of_what_is_not_paused_is_refused(world):
    with pytest.raises(RequestError, match='down, not paused; ask for startup instead'):
        world.ask(Operation.RESUME)


def test_pausing_what_is_down_confirms_that_nothing_is_active_and_leaves_it_down(world):
    world.machines['mic'].state = State.ACTIVE  # by another hand
    ticket = world.ask(Operation.PAUSE)
    assert world.settle() is Phase.DOWN
    assert world.machines['mic'].state is State.INACTIVE
    assert world.outcome(ticket).message.startswith('no node is active')


def test_startup_and_resume_of_what_is_active_succeed_at_once(active):
    for operation in (Operation.STARTUP, Operation.RESUME):
        assert active.outcome(active.ask(operation)).success
    assert active.done == []


def test_startup_after_shutdown_asks_for_new_processes_and_takes_them_in(active):
    active.ask(Operation.SHUTDOWN)
    active.settle()
    ticket = active.ask(Operation.STARTUP)
    assert active.settle() is Phase.FAILED
    assert 'its process has to be started anew' in active.outcome(ticket).message
    for machine in active.machines.values():
        machine.state = State.UNCONFIGURED
    active.ask(Operation.STARTUP)
    assert active.settle() is Phase.ACTIVE


def test_a_finalized_node_is_not_taken_for_one_that_came_back(active):
    active.machines['mic'].state = State.FINALIZED
    active.run(120.0)
    assert active.plan.phase is Phase.FAILED


def test_a_stop_ends_in_time_whoever_does_not_answer(active):
    for machine in active.machines.values():
        machine.answers = False
    began = active.now
    ticket = active.ask(Operation.STOP)
    assert active.settle() is Phase.STOPPED
    assert active.now - began <= 3.0
    assert not active.outcome(ticket).success
    assert active.texts('error') == active.texts('warning') == []


def test_a_stop_is_cut_short_in_the_middle_of_a_step(active):
    active.ask(Operation.STOP)
    step = active.plan.step(active.now)
    active.now += 3.0
    active.plan.on_tick(active.now)
    assert active.plan.step(active.now) is None
    assert active.plan.phase is Phase.STOPPED
    active.plan.on_reply(step, Reply(State.ACTIVE), active.now)
    assert active.plan.phase is Phase.STOPPED


def test_a_stop_waits_for_no_service_that_is_not_there(active):
    for machine in active.machines.values():
        machine.present = False
    began = active.now
    active.ask(Operation.STOP)
    assert active.settle() is Phase.STOPPED
    assert active.now == began


def test_a_stop_leaves_alone_what_others_have_brought_up(world):
    world.machines['mic'].state = State.ACTIVE
    world.ask(Operation.STOP)
    assert world.settle() is Phase.STOPPED
    assert world.machines['mic'].state is State.ACTIVE


def test_the_sentence_on_where_things_are_names_who_is_lost(active):
    assert active.plan.describe() == 'prot is active'
    active.plan.on_lost('mic', 'unplugged', active.now)
    assert active.plan.describe() == 'prot is active (mic: unplugged)'


@pytest.mark.parametrize('seed', range(150))
def test_whatever_happens_the_plan_is_legal_bounded_and_ends_in_a_defined_phase(seed):
    """The world itself asserts that no node is ever configured twice, nor cleaned up active."""
    chance = random.Random(seed)
    world = World(Policy(retries=chance.randrange(4), restarts=chance.randrange(3)))
    requests = list(Operation)[:5]
    tickets = []
    for _ in range(chance.randrange(5, 40)):
        machine = world.machines[chance.choice(NODES)]
        event = chance.randrange(8)
        if event < 3:
            with suppress(RequestError):
                patient = chance.random() < 0.5
                tickets.append(world.ask(chance.choice(requests), patient=patient))
        elif event == 3:
            machine.faults[chance.choice(list(GOAL))] += chance.choice((1, 2, 50))
            machine.falls_to = chance.choice((None, State.UNCONFIGURED))
        elif event == 4:
            machine.failure = 'out of memory'
        elif event == 5:
            machine.present = not machine.present
            machine.state, machine.failure = State.UNCONFIGURED, ''
        elif event == 6:
            machine.answers = not machine.answers
        world.run(chance.choice((0.0, 0.5, 5.0, 60.0)), steps=chance.randrange(1, 30))
    if chance.random() < 0.3:
        tickets.append(world.ask(Operation.STOP))
    phase = world.settle()
    assert sorted(outcome.ticket for outcome in world.plan.outcomes) == tickets
    sound = all(m.present and m.answers and not +m.faults for m in world.machines.values())
    if sound and phase is Phase.ACTIVE:
        world.run(10.0)
        world.settle()
        assert world.plan.phase in (Phase.ACTIVE, Phase.FAILED)


@pytest.mark.parametrize('seed', range(50))
def test_down_is_always_in_reverse_whatever_the_states_were(seed):
    chance = random.Random(seed)
    world = World()
    for machine in world.machines.values():
        machine.state = chance.choice((State.UNCONFIGURED, State.INACTIVE, State.ACTIVE))
    world.ask(Operation.RESET)
    world.settle()
    for transition in ('deactivate', 'cleanup'):
        order = [NODES.index(name) for name, done in world.done if done == transition]
        assert order == sorted(order, reverse=True)
    assert world.done == sorted(world.done, key=lambda item: item[1] == 'cleanup')
    assert set(world.states().values()) == {State.UNCONFIGURED}


def test_the_way_up_asks_again_for_what_is_passing_or_finalized():
    up, down = Aim('mic', State.ACTIVE, True), Aim('mic', State.UNCONFIGURED, False)
    assert up.way('activating') is Transition.OBSERVE
    assert up.way('finalized') is Transition.OBSERVE
    assert up.way('active') is None
    assert down.way('finalized') is None
    assert down.way('active') is Transition.DEACTIVATE


def test_pauses_double_up_to_a_limit():
    patience = Patience(['mic'], Policy(retries=8, backoff_s=1.0, backoff_limit_s=15.0))
    pauses = []
    while patience.has_tries('mic'):
        pauses.append(patience.pause_s('mic'))
        patience.take_try('mic')
    assert pauses == [0, 1, 2, 4, 8, 15, 15, 15]


def test_the_watch_counts_silence_from_when_it_began():
    watch = Watch(['mic'], 4.0)
    watch.begin(100.0)
    assert [watch.silent(100.0 + t) for t in (1, 2, 3, 3.9)] == [[], [], [], []]
    assert watch.silent(104.0) == ['mic']
    watch.heard('mic', 104.5)
    assert watch.silent(105.0) == []
