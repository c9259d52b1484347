# SPDX-License-Identifier: Apache-2.0
"""What every node may rely on: ProtNode's lifecycle, with real nodes in a real domain."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from small_nodes import (
    Busy,
    CannotOpen,
    CannotStart,
    CannotStop,
    Dies,
    HangsWhenStopped,
    LastWords,
    OpensAtSecondTry,
    OpensSlowly,
    Small,
)
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from waiting import until

from prot_ros import graph
from prot_ros import node as node_module
from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.core.turns import Interrupt

ROUND = ('configure', 'activate', 'deactivate', 'cleanup')


def entities(node: Small) -> dict[str, int]:
    kinds = ('publishers', 'subscriptions', 'services', 'clients', 'timers', 'guards', 'waitables')
    return {kind: len(list(getattr(node, kind))) for kind in kinds}


def held() -> dict[str, int]:
    return {
        'tasks': len(asyncio.all_tasks()),
        'threads': threading.active_count(),
        'files': len(os.listdir('/proc/self/fd')),
    }


class Serving(Small):
    """Has one of everything a node can have."""

    def declare(self) -> None:
        super().declare()
        self.service(Trigger, '~/ask', lambda request, answer: answer.give(True, 'yes'))
        self.asking = self.client(Trigger, '~/ask')
        self.listen(Header, 'foreign', lambda msg: None, graph.EVENT_QOS)


@pytest.mark.parametrize('cls', [Serving, CannotStop])
def test_b03_d01_fifty_rounds_leave_one_of_each_entity_and_no_task_thread_or_file(ros, diary, cls):
    async def scenario():
        async with ros.node(cls) as node:
            await ros.go(node, *ROUND)
            before, before_held = entities(node), held()
            counts = []
            for _ in range(50):
                assert await ros.go(node, 'configure', 'activate')
                counts.append(entities(node))
                await ros.go(node, 'deactivate')
                if node.lifecycle_state == 'inactive':
                    assert await ros.go(node, 'cleanup')
            assert all(count == counts[0] for count in counts)
            assert entities(node) == before
            after = held()
            assert after['tasks'] == before_held['tasks']
            assert after['threads'] == before_held['threads']
            assert after['files'] <= before_held['files'] + 2
        assert diary.count('node opens') == diary.count('node closes') == 51
        assert diary.count('node starts') == diary.count('node stops') == 51

    ros.run(scenario)


def test_a01_after_deactivate_no_task_of_the_node_is_alive(ros, diary):
    async def scenario():
        async with ros.node(Small) as node:
            await ros.go(node, 'configure')
            before = asyncio.all_tasks()
            await ros.go(node, 'activate')
            during = asyncio.all_tasks() - before
            assert {'run', 'interrupts'} <= {task.get_name() for task in during}
            await ros.go(node, 'deactivate')
            assert all(task.done() for task in during)

    ros.run(scenario)


def test_what_is_taken_is_released_in_reverse(ros, diary):
    async def scenario():
        async with ros.node(Small) as node:
            await ros.go(node, *ROUND)

    ros.run(scenario)
    assert diary == [f'node {w}' for w in ('opens', 'starts', 'ends', 'stops', 'closes')]


@pytest.mark.parametrize('state', [(), ROUND[:1], ROUND[:2], ROUND[:3], ROUND])
@pytest.mark.parametrize('by', ['the process', 'a transition'])
def test_a21_a_shutdown_releases_everything_in_order_from_every_state(ros, diary, state, by):
    async def scenario():
        async with ros.node(Small) as node:
            await ros.go(node, *state)
            before = len(diary)
            if by == 'a transition':
                assert await ros.go(node, 'shutdown')
                assert node.lifecycle_state == 'finalized'
                assert diary[before:] == owed()
        assert node.lifecycle_state == 'finalized'
        assert diary[before:] == owed()

    def owed() -> list[str]:
        left = {(): [], ROUND[:1]: ['closes'], ROUND[:2]: ['ends', 'stops', 'closes']}
        return [f'node {what}' for what in left.get(state, ['closes'] if state != ROUND else [])]

    ros.run(scenario)


def test_a23_two_shutdowns_at_once_are_one(ros, diary):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            await ros.bring_up(node)
            request = ChangeState.Request()
            request.transition.id = Transition.TRANSITION_ACTIVE_SHUTDOWN
            replies = await asyncio.gather(
                *(peer.call(ChangeState, 'node/change_state', request) for _ in range(2))
            )
            assert sorted(reply.success for reply in replies) == [False, True]
        assert diary.count('node stops') == diary.count('node closes') == 1

    ros.run(scenario)


def test_a_transition_that_is_not_possible_now_is_refused_and_harms_nothing(ros, diary):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            await ros.bring_up(node)
            before = list(diary)
            for transition in (
                Transition.TRANSITION_CONFIGURE,
                Transition.TRANSITION_ACTIVATE,
                99,
            ):
                request = ChangeState.Request()
                request.transition.id = transition
                reply = await peer.call(ChangeState, 'node/change_state', request)
                assert not reply.success
            assert node.lifecycle_state == 'active'
            assert diary == before
            assert await ros.go(node, 'deactivate', 'activate')

    ros.run(scenario)


@pytest.mark.parametrize(
    ('cls', 'transitions', 'state', 'reason'),
    [
        (CannotOpen, ['configure'], 'unconfigured', "there is no device 'hw:7'"),
        (CannotStart, ['configure', 'activate'], 'inactive', 'the device is busy'),
    ],
)
def test_a06_a_transition_that_fails_releases_what_it_took_and_says_why(
    ros, diary, capfd, cls, transitions, state, reason
):
    async def scenario():
        async with ros.node(cls) as node, ros.peer() as peer:
            assert await ros.go(node, *transitions[:-1])
            before = entities(node)
            assert not await ros.go(node, transitions[-1])
            assert node.lifecycle_state == state
            assert entities(node) == before
            assert {('opens', 'closes'), ('starts', 'stops')} & {
                tuple(line.removeprefix('node ') for line in diary[-2:])
            }
            await until(lambda: reason in (peer.report('node') or {}).get('message', ''))
            assert peer.report('node')['level'] == DiagnosticStatus.ERROR

    ros.run(scenario)
    assert reason in capfd.readouterr().err


def test_after_a_failure_the_same_transition_may_succeed_and_the_failure_is_forgotten(ros, diary):
    async def scenario():
        async with ros.node(OpensAtSecondTry) as node, ros.peer() as peer:
            assert not await ros.go(node, 'configure')
            await ros.bring_up(node)
            await until(lambda: (peer.report('node') or {}).get('state') == 'active')
            assert peer.report('node')['level'] == DiagnosticStatus.OK

    ros.run(scenario)


def test_a_parameter_that_contradicts_another_fails_configure_with_a_sentence(ros, diary, capfd):
    class Contradicts(Small):
        async def open(self, stack):
            raise AssertionError('a bug')

    async def scenario():
        async with ros.node(Contradicts) as node:
            assert not await ros.go(node, 'configure')
            assert node.failure == 'a bug'

    ros.run(scenario)
    assert 'Traceback' in capfd.readouterr().err  # a bug is shown whole, a fault as a sentence


def test_an_open_that_hangs_is_given_up_at_its_deadline_and_leaves_nothing(
    ros, diary, monkeypatch
):
    monkeypatch.setattr(node_module, 'OPEN_DEADLINE_S', 0.2)

    async def scenario():
        async with ros.node(OpensSlowly) as node:
            assert not await ros.go(node, 'configure')
            assert node.failure == 'node configured: not finished after 0.2 s'
            assert node.lifecycle_state == 'unconfigured'
            assert diary == ['node opens', 'node closes']
            node.gate_opens.set()
            assert await ros.go(node, 'configure')

    ros.run(scenario)


def test_a22_a_process_that_ends_while_a_node_opens_does_not_wait_for_it(ros, diary, capfd):
    async def scenario():
        async with ros.node(OpensSlowly) as node:
            task = asyncio.create_task(ros.go(node, 'configure'))
            await until(lambda: 'node opens' in diary)
            began = time.monotonic()
        assert time.monotonic() - began < 1.0
        assert diary[-1] == 'node closes'
        await task

    ros.run(scenario)
    assert 'ERROR' not in capfd.readouterr().err  # it was meant


def test_d07_a_release_that_raises_is_reported_and_all_else_is_released(ros, diary, capfd):
    async def scenario():
        async with ros.node(CannotStop) as node:
            await ros.go(node, 'configure')
            before = entities(node)
            await ros.go(node, 'activate')
            assert not await ros.go(node, 'deactivate')
            assert diary[-2:] == ['node stops', 'node closes']
            # What raised is over, so on_error had nothing left to do, and all may begin anew.
            assert node.lifecycle_state == 'unconfigured'
            await ros.bring_up(node)
            assert entities(node)['subscriptions'] == before['subscriptions'] + 2

    ros.run(scenario)
    assert 'Deactivating failed: the sound server does not answer' in capfd.readouterr().err


def test_d04_a_second_activate_never_overlaps_a_release_that_hangs(ros, diary, monkeypatch, capfd):
    monkeypatch.setattr(node_module, 'RELEASE_DEADLINE_S', 0.2)

    async def scenario():
        async with ros.node(HangsWhenStopped) as node:
            await ros.bring_up(node)
            assert not await ros.go(node, 'deactivate')
            assert (
                node.lifecycle_state == 'finalized'
            )  # only a new process is sure of a clean start
            assert diary.count('node starts') == 1
            assert 'node refuses to let go' in diary
            node.gate_opens.set()
            await until(lambda: 'node stops' in diary)

    ros.run(scenario)
    errors = capfd.readouterr().err
    assert 'node active: not released after 0.2 s, waiting at' in errors
    assert 'small_nodes.py' in errors  # where


def test_work_that_dies_is_reported_and_can_be_begun_anew(ros, diary):
    async def scenario():
        async with ros.node(Dies) as node, ros.peer() as peer:
            await ros.bring_up(node)
            await peer.say(graph.HEAR, 'die')
            report = await until(
                lambda: (r := peer.report('node')) and r['level'] == DiagnosticStatus.ERROR and r
            )
            assert report['message'] == 'the device was unplugged'
            assert report['state'] == 'active'  # no node moves itself
            assert 'node stops' in diary
            assert await ros.go(node, 'deactivate', 'activate')
            assert node.failure == ''

    ros.run(scenario)


def test_the_work_may_still_say_how_it_ended(ros, diary):
    async def scenario():
        async with ros.node(LastWords) as node, ros.peer() as peer:
            heard = await peer.hear(graph.HEARD)
            await ros.go(node, 'configure')
            await until(lambda: node.count_subscribers('heard'), what='a subscriber')
            await ros.go(node, 'activate')
            await peer.say(graph.HEAR, 'one')
            await until(lambda: heard == ['hello one'])
            await ros.go(node, 'deactivate')
            await until(lambda: heard == ['hello one', 'goodbye'])

    ros.run(scenario)


def test_a11_nothing_is_delivered_while_the_node_is_not_active(ros, diary):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            await ros.bring_up(node)
            await peer.say(graph.HEAR, 'one')
            await until(lambda: node.taken == ['one'])
            await ros.go(node, 'deactivate')
            await peer.say(graph.HEAR, 'lost', listeners=0)
            await until(lambda: not peer.node.count_subscribers('hear'))
            await ros.go(node, 'activate')
            await peer.say(graph.HEAR, 'two')
            await until(lambda: len(node.taken) == 2)
            assert node.taken == ['one', 'two']

    ros.run(scenario)


def test_what_waited_when_the_node_was_deactivated_is_flushed_and_counted(ros, diary):
    async def scenario():
        async with ros.node(Busy, lines=8) as node, ros.peer() as peer:
            await ros.bring_up(node)
            await peer.say(graph.HEAR, *(f'{i}' for i in range(5)))
            await until(lambda: len(node.lines) == 4)
            await ros.go(node, 'deactivate')
            assert (len(node.lines), node.lines.gauge.flushed) == (0, 4)

    ros.run(scenario)


def test_a26_a_full_mailbox_drops_the_oldest_counts_and_warns(ros, diary):
    async def scenario():
        async with ros.node(Busy, lines=4) as node, ros.peer() as peer:
            await ros.bring_up(node)
            await peer.say(graph.HEAR, '0')
            await until(lambda: node.taken == ['0'])
            for i in range(1, 10):
                await peer.say(graph.HEAR, f'{i}')
                await until(lambda i=i: len(node.lines) == min(i, 4))
            await until(lambda: node.lines.gauge.dropped == 5)
            report = await until(
                lambda: (r := peer.report('node')) and 'dropped 5' in r.get('queue hear', '') and r
            )
            assert report['level'] == DiagnosticStatus.WARN
            assert [await node.lines.take() for _ in range(4)] == ['6', '7', '8', '9']

    ros.run(scenario)


def test_malformed_messages_are_dropped_and_counted_and_the_next_is_taken(ros, diary, capfd):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            await ros.bring_up(node)
            negative = Header(frame_id='operator')
            negative.stamp.sec = -1
            await peer.say(graph.INTERRUPT, negative)
            await until(lambda: node._malformed == 1)
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
            await until(lambda: node.interrupts)
            await peer.say(graph.HEAR, *['x' * 20_000] * 8, 'fine')
            await until(lambda: node.taken == ['fine'])
            await until(lambda: (peer.report('node') or {}).get('malformed') == '9')

    ros.run(scenario)
    warnings = capfd.readouterr().err.count('a malformed message is dropped')
    assert 1 <= warnings <= 3  # at most one a second for each topic


def test_an_interrupt_does_not_queue_behind_data(ros, diary):
    async def scenario():
        async with ros.node(Busy) as node, ros.peer() as peer:
            await ros.bring_up(node)
            await peer.say(graph.HEAR, *(f'{i}' for i in range(8)))
            await until(lambda: node.taken)
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
            await until(lambda: node.interrupts)
            assert len(node.taken) == 1

    ros.run(scenario)


def test_an_interrupt_dated_ahead_is_refused_and_a_stale_one_ignored(ros, diary, capfd):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            await ros.bring_up(node)
            now = node.now()
            stamps = [now + 60 * SECOND, now, now - SECOND, now, now + SECOND // 2]
            for stamp in stamps:
                await peer.say(graph.INTERRUPT, Interrupt(Stamp(stamp), 'operator'))
                await asyncio.sleep(0.05)  # KEEP_LAST 1: one at a time, as people are
            await until(lambda: len(node.interrupts) == 2)
            assert [i.stamp - now for i in node.interrupts] == [0, SECOND // 2]
            assert node.gate.is_void(now)
            assert not node.gate.is_void(Stamp(now + SECOND))

    ros.run(scenario)
    assert "an interrupt from 'operator' is refused" in capfd.readouterr().err


def test_a_node_that_comes_late_or_comes_back_knows_the_latest_interrupt(ros, diary):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            voided = node.now()
            await peer.say(graph.INTERRUPT, Interrupt(voided, 'estop'), listeners=0)
            await ros.bring_up(node)
            await until(lambda: node.interrupts)
            assert node.gate.is_void(voided)
            await ros.go(node, *ROUND[2:], *ROUND[:2])
            await until(lambda: node._interrupts.gauge.peak == 1)
            assert node.interrupts == []  # known already: nothing is voided twice

    ros.run(scenario)


def test_a_service_is_there_from_configure_to_cleanup(ros, diary):
    async def scenario():
        async with ros.node(Serving) as node, ros.peer() as peer:
            for _ in range(2):
                await ros.go(node, 'configure')
                assert (await peer.call(Trigger, 'node/ask')).message == 'yes'
                await ros.go(node, 'cleanup')
                await until(lambda: '/prot/node/ask' not in dict(services(peer)))

    def services(peer):
        return peer.node.get_service_names_and_types()

    ros.run(scenario)


def test_the_beat_comes_from_the_loop_so_that_a_stalled_loop_falls_silent(ros, diary):
    async def scenario():
        async with ros.node(Small), ros.peer() as peer:
            await until(lambda: len(peer.reports) >= 2)
            before = len(peer.reports)
            time.sleep(2.5)  # noqa: ASYNC251 - the point of the test
            assert len(peer.reports) <= before + 1

    ros.run(scenario)


def test_a_bug_in_what_a_node_shows_does_not_end_its_beat(ros, diary):
    class Bashful(Small):
        def status(self):
            raise AttributeError('not yet')

    async def scenario():
        async with ros.node(Bashful), ros.peer() as peer:
            await until(lambda: len(peer.reports) >= 2)
            assert 'not yet' in peer.report('node')['status']

    ros.run(scenario)


def test_drops_are_reported_anew_after_a_cleanup(ros, diary):
    async def scenario():
        async with ros.node(Busy, lines=2) as node, ros.peer() as peer:
            for _ in range(2):
                await ros.bring_up(node)
                await peer.say(graph.HEAR, *(f'{i}' for i in range(8)))
                await until(lambda: node.lines.gauge.dropped)
                await until(lambda: 'dropped since' in (peer.report('node') or {})['message'])
                await ros.go(node, 'deactivate', 'cleanup')
                await until(lambda: peer.report('node')['state'] == 'unconfigured')

    ros.run(scenario)


def test_when_the_executor_dies_the_beat_says_so_and_all_is_released(ros, diary, capfd):
    async def scenario():
        async with ros.node(Small) as node, ros.peer() as peer:
            await ros.bring_up(node)

            def disaster():
                raise MemoryError('no more')

            timer = await node.bridge.on_executor(lambda: node.create_timer(0.01, disaster), 5)
            assert timer is not None
            report = await until(
                lambda: (r := peer.report('node')) and r['level'] == DiagnosticStatus.ERROR and r
            )
            assert 'its executor died' in report['message']
            began = time.monotonic()
        assert time.monotonic() - began < 1.0
        assert diary[-3:] == ['node ends', 'node stops', 'node closes']

    ros.run(scenario)
    assert 'FATAL' in capfd.readouterr().err
