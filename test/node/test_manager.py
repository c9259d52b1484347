# SPDX-License-Identifier: Apache-2.0
"""The manager with small nodes: in one process, through `run.serve`, and as processes."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import rclpy.client
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from small_nodes import (
    CannotOpen,
    CannotStart,
    CannotStop,
    Dies,
    OpensAtSecondTry,
    OpensSlowly,
    Small,
)
from std_srvs.srv import Trigger
from waiting import until

from prot_ros import graph
from prot_ros.nodes.manager import ManagerNode, Params
from prot_ros.params import ParameterError

UP = ['first opens', 'second opens', 'third opens', 'first starts', 'second starts',
      'third starts']  # fmt: skip


def stops(*names: str) -> list[str]:
    return [f'{name} {what}' for name in names for what in ('ends', 'stops')]


DOWN = [*stops('third', 'second', 'first'), 'third closes', 'second closes', 'first closes']


class Robot:
    """Three nodes and their manager."""

    def __init__(self, nodes: dict[str, Small], manager: ManagerNode, peer) -> None:
        self.nodes = nodes
        self.manager = manager
        self.peer = peer

    def states(self) -> list[str]:
        return [node.lifecycle_state for node in self.nodes.values()]

    async def ask(self, what: str, within: float = 30.0) -> tuple[bool, str]:
        response = await self.peer.call(Trigger, f'manager/{what}', within=within)
        return response.success, response.message

    async def all_active(self) -> None:
        await until(lambda: self.said_active and self.said_active[-1], what='all active')


@pytest.fixture
def robot(ros, monkeypatch, diary):
    """Make robots: `robot(second=CannotOpen, retries=0)` is a context manager."""

    @asynccontextmanager
    async def make(first=Small, second=Small, third=Small, **parameters):
        classes = {'first': first, 'second': second, 'third': third}
        specs = tuple(
            graph.NodeSpec(name, f'small_nodes:{cls.__name__}', 'a small node')
            for name, cls in classes.items()
        )
        monkeypatch.setattr(graph, 'NODES', specs)
        async with AsyncExitStack() as stack:
            peer = await stack.enter_async_context(ros.peer())
            nodes = {
                name: await stack.enter_async_context(ros.node(cls, name))
                for name, cls in classes.items()
            }
            manager = await stack.enter_async_context(
                ros.node(ManagerNode, 'manager', **{'backoff_s': 0.1, **parameters})
            )
            made = Robot(nodes, manager, peer)
            made.said_active = await peer.hear(graph.ALL_ACTIVE)
            await manager.ascend()
            yield made

    return make


def test_it_brings_all_up_in_order_and_takes_all_down_in_reverse(ros, robot, diary, capfd):
    async def scenario():
        async with robot() as it:
            await it.all_active()
            assert it.states() == ['active'] * 3
            assert diary == UP
            assert await it.ask('is_active') == (True, 'prot is active')
            began = time.monotonic()
        assert time.monotonic() - began < 3.0
        assert diary == UP + DOWN
        assert it.said_active == [False, True, False]

    ros.run(scenario)
    said = capfd.readouterr().err
    for name in ('first', 'second', 'third'):
        assert f'[prot.manager]: {name} is configured (' in said
    assert 'prot is listening (' in said
    assert 'ERROR' not in said
    assert 'WARN' not in said


def test_c01_who_is_up_is_asked_nothing_and_tells_by_itself(ros, robot, monkeypatch):
    asked = []
    call = rclpy.client.Client.call_async

    def noted(client, request):
        asked.append(client.srv_name)
        return call(client, request)

    monkeypatch.setattr(rclpy.client.Client, 'call_async', noted)

    async def scenario():
        async with robot() as it:
            await it.all_active()
            assert any('get_state' in name for name in asked), 'it was asked while it came up'
            asked.clear()
            it.peer.reports.clear()
            names = {f'{graph.NAMESPACE}/{name}' for name in (*it.nodes, 'manager')}

            def beats() -> list[int]:
                told = [status.name for status in it.peer.reports]
                return [told.count(name) for name in names]

            await until(lambda: min(beats()) >= 4, what='four beats of each')
            assert asked == []
            # What changes is told without being asked for, too.
            assert await ros.go(it.nodes['second'], 'deactivate')
            await until(lambda: it.said_active[-1] is False, what='it is told that one is down')

    ros.run(scenario)


def test_without_autostart_it_waits_to_be_asked(ros, robot, diary):
    async def scenario():
        async with robot(autostart=False) as it:
            assert await it.ask('is_active') == (False, 'prot is down')
            assert diary == []
            success, message = await it.ask('startup')
            assert success
            assert message.startswith('prot is listening (')
            assert it.states() == ['active'] * 3

    ros.run(scenario)


def test_pause_closes_the_microphone_first_and_resume_opens_it_last(ros, robot, diary):
    async def scenario():
        async with robot() as it:
            await it.all_active()
            diary.clear()
            success, message = await it.ask('pause')
            assert success
            assert 'its microphone is closed' in message
            assert it.states() == ['inactive'] * 3
            assert diary == stops('third', 'second', 'first')
            await until(lambda: it.said_active[-1] is False)
            success, message = await it.ask('is_active')
            assert (success, message) == (False, 'prot is paused')
            assert (await it.ask('resume'))[0]
            assert diary[-1] == 'third starts'
            assert 'third opens' not in diary  # nothing is loaded again

    ros.run(scenario)


def test_reset_releases_all_and_startup_brings_all_up_again(ros, robot, diary):
    async def scenario():
        async with robot() as it:
            await it.all_active()
            for _ in range(3):
                diary.clear()
                assert (await it.ask('reset'))[0]
                assert it.states() == ['unconfigured'] * 3
                assert diary == DOWN
                diary.clear()
                assert (await it.ask('startup'))[0]
                assert diary == UP

    ros.run(scenario)


def test_shutdown_finalizes_all_and_says_what_that_means(ros, robot, diary, capfd):
    async def scenario():
        async with robot() as it:
            await it.all_active()
            success, message = await it.ask('shutdown')
            assert success
            assert 'have to be started anew' in message
            assert it.states() == ['finalized'] * 3
            assert diary == UP + DOWN
            success, message = await it.ask('startup')
            assert not success
            assert 'its process has to be started anew' in message

    ros.run(scenario)
    assert 'Unable to start transition' not in capfd.readouterr().err


@pytest.mark.parametrize(
    ('cls', 'reason'),
    [
        (CannotOpen, "second could not be configured: there is no device 'hw:7'"),
        (CannotStart, 'second could not be activated: the device is busy'),
    ],
)
def test_a_failure_is_answered_in_the_nodes_own_words_and_nothing_stays_open(
    ros, robot, diary, capfd, cls, reason
):
    async def scenario():
        async with robot(second=cls, autostart=False) as it:
            success, message = await it.ask('startup')
            assert not success
            assert reason in message
            assert 'ros2 service call /prot/manager/startup std_srvs/srv/Trigger' in message
            assert it.states() == ['unconfigured'] * 3
            success, message = await it.ask('is_active')
            assert not success
            assert reason in message
            report = await until(
                lambda: (r := it.peer.report('manager')) and reason in r['message'] and r
            )
            assert 'has failed' in report['graph']

    ros.run(scenario)
    assert reason in next(
        line for line in capfd.readouterr().err.splitlines()
        if '[ERROR]' in line and '[prot.manager]' in line
    )  # fmt: skip


def test_an_autostart_that_fails_is_tried_again(ros, robot, diary):
    async def scenario():
        async with robot(second=OpensAtSecondTry) as it:
            await it.all_active()
            assert it.nodes['second'].tries == 2

    ros.run(scenario)


def test_a_node_whose_work_dies_is_brought_back_alone(ros, robot, diary, capfd):
    async def scenario():
        async with robot(second=Dies) as it:
            await it.all_active()
            await asyncio.sleep(0.6)  # beyond what an old beat could explain
            diary.clear()
            await it.peer.say(graph.HEAR, 'die', listeners=3)
            await until(lambda: it.said_active[-1] is False, what='the loss is noticed')
            await it.all_active()
            assert it.states() == ['active'] * 3
            assert diary == [
                'second stops', 'second closes', 'second opens', 'second starts'
            ]  # fmt: skip

    ros.run(scenario)
    said = capfd.readouterr().err
    assert 'second is lost: the device was unplugged' in said
    assert 'second is back (' in said


def test_a_node_moved_by_another_hand_is_brought_back(ros, robot, diary):
    async def scenario():
        async with robot() as it:
            await it.all_active()
            await asyncio.sleep(0.6)
            diary.clear()
            request = ChangeState.Request()
            request.transition.id = Transition.TRANSITION_DEACTIVATE
            await it.peer.call(ChangeState, 'first/change_state', request)
            await until(lambda: it.states()[0] == 'active' and it.said_active[-1])
            assert not any(line.startswith(('second', 'third')) for line in diary)

    ros.run(scenario)


def test_a_node_that_cannot_be_brought_back_ends_in_one_clear_error(ros, robot, diary, capfd):
    async def scenario():
        async with robot(second=Dies, retries=2) as it:
            await it.all_active()
            await asyncio.sleep(0.6)
            it.nodes['second'].open = it.nodes['second'].refuse
            await it.peer.say(graph.HEAR, 'die', listeners=3)
            await until(
                lambda: 'has failed' in (it.peer.report('manager') or {}).get('graph', ''),
                within=20,
            )
            assert it.states() == ['unconfigured'] * 3

    ros.run(scenario)
    errors = [
        line for line in capfd.readouterr().err.splitlines()
        if '[ERROR]' in line and '[prot.manager]' in line
    ]  # fmt: skip
    assert len(errors) == 1


def test_a_silent_node_is_noticed_and_brought_back(ros, robot, diary, capfd):
    async def scenario():
        async with robot(beat_timeout_s=2.0) as it:
            await it.all_active()
            first = it.nodes['first']
            first._publish_diagnosis = lambda: None  # its loop is stuck, as far as others see
            await until(lambda: it.said_active[-1] is False, within=8)
            del first._publish_diagnosis
            await it.all_active()

    ros.run(scenario)
    assert 'first is lost: no sign of life for 2 s' in capfd.readouterr().err


def test_a_second_request_is_refused_and_pause_wins(ros, robot, diary):
    async def scenario():
        async with robot(second=OpensSlowly, autostart=False) as it:
            starting = asyncio.create_task(it.ask('startup'))
            await until(lambda: 'second opens' in diary)
            assert await it.ask('is_active') == (False, 'prot is starting')
            assert await it.ask('reset') == (
                False, 'prot is starting; ask for reset again when that is done'
            )  # fmt: skip
            pausing = asyncio.create_task(it.ask('pause'))
            assert await starting == (False, 'given up, because pause was asked for')
            it.nodes['second'].gate_opens.set()
            assert (await pausing)[0]
            assert 'active' not in it.states()
            assert not any('starts' in line for line in diary)
            assert (await it.ask('resume'))[0]
            assert it.states() == ['active'] * 3

    ros.run(scenario)


def test_a_node_that_cannot_be_released_is_named_and_the_others_are_released(
    ros, robot, diary, capfd
):
    async def scenario():
        async with robot(second=CannotStop) as it:
            await it.all_active()
            assert (await it.ask('reset'))[0]
            assert it.states() == ['unconfigured'] * 3
            assert [line for line in diary if 'closes' in line] == [
                'second closes', 'third closes', 'first closes'
            ]  # fmt: skip

    ros.run(scenario)
    warning = 'second is unconfigured now: the sound server does not answer'
    assert warning in capfd.readouterr().err


def test_it_ends_in_time_while_a_node_is_still_opening(ros, robot, diary, capfd):
    async def scenario():
        async with robot(second=OpensSlowly) as it:
            await until(lambda: 'second opens' in diary)
            began = time.monotonic()
        assert time.monotonic() - began < 5.0
        assert it.states() == ['finalized'] * 3
        assert diary == ['first opens', 'second opens', 'first closes', 'second closes']

    ros.run(scenario)
    assert 'ERROR' not in capfd.readouterr().err


def test_deactivating_the_manager_only_ends_its_watch_and_answers_who_waits(ros, robot, diary):
    async def scenario():
        async with robot(second=OpensSlowly, autostart=False) as it:
            starting = asyncio.create_task(it.ask('startup'))
            await until(lambda: 'second opens' in diary)
            assert await ros.go(it.manager, 'deactivate')
            assert await starting == (False, 'given up, because the manager was deactivated')
            assert await it.ask('startup') == (False, 'the manager is not active')
            assert await it.ask('is_active') == (False, 'the manager is not active')
            it.nodes['second'].gate_opens.set()
            assert await ros.go(it.manager, 'activate')
            assert (await it.ask('startup'))[0]

    ros.run(scenario)


def test_b03_twenty_rounds_of_the_manager_itself_leave_one_of_each_entity(ros, robot, diary):
    async def scenario():
        async with robot() as it:
            await it.all_active()
            counts = []
            for _ in range(20):
                assert await ros.go(it.manager, 'deactivate', 'cleanup', 'configure', 'activate')
                kinds = ('publishers', 'subscriptions', 'services', 'clients')
                counts.append([len(list(getattr(it.manager, kind))) for kind in kinds])
            assert all(count == counts[0] for count in counts)
            await until(lambda: it.said_active[-1], what='it finds all active')
            assert diary == UP  # who is up is left alone

    ros.run(scenario, within=150)


@pytest.mark.parametrize(
    ('values', 'sentence'),
    [
        ({'beat_timeout_s': 0.5}, 'expected 0 or at least 2 s'),
        ({'backoff_s': 20.0}, 'expected at least backoff_s'),
    ],
)
def test_parameters_that_contradict_are_a_sentence(ros, values, sentence):
    with pytest.raises(ValueError, match=sentence):
        Params(**values)

    async def scenario():
        with pytest.raises(ParameterError, match=f'manager: .*{sentence}'):
            async with ros.node(ManagerNode, 'manager', **values) as manager:
                await manager.ascend()

    ros.run(scenario)
