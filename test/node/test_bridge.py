# SPDX-License-Identifier: Apache-2.0
"""The five doors between asyncio and rclpy, and what holds when one side stalls or ends."""

from __future__ import annotations

import asyncio
import threading
import time
import tracemalloc
from contextlib import asynccontextmanager

import pytest
import rclpy
from std_msgs.msg import String
from std_srvs.srv import Trigger
from waiting import until

from prot_ros.bridge import UNANSWERED, Answer, Bridge, Mailbox


@asynccontextmanager
async def bridged(ros, name='bridged'):
    node = rclpy.create_node(name, context=ros.context, start_parameter_services=False)
    bridge = Bridge(node, asyncio.get_running_loop())
    bridge.start()
    try:
        yield node, bridge
        assert await bridge.stop(5)
    finally:
        node.destroy_node()


# --- Mailbox: needs no ROS ---------------------------------------------------------------------


def in_loop(scenario):
    asyncio.run(asyncio.wait_for(scenario(), 20), debug=True)


def test_a_mailbox_gives_what_was_posted_in_order():
    async def scenario():
        box = Mailbox('lines', 8, asyncio.get_running_loop())
        taken = []

        async def take():
            while True:
                taken.append(await box.take())

        async with asyncio.TaskGroup() as tasks:
            taker = tasks.create_task(take())
            for item in range(4):
                box.post(item)
            poster = threading.Thread(target=lambda: [box.post(item) for item in range(4, 8)])
            poster.start()
            await until(lambda: len(taken) == 8)
            taker.cancel()
        poster.join()
        assert taken == list(range(8))

    in_loop(scenario)


def test_a_full_mailbox_drops_the_oldest_and_counts():
    async def scenario():
        box = Mailbox('lines', 3, asyncio.get_running_loop())
        for item in range(10):
            box.post(item)
        assert (len(box), box.gauge.dropped, box.gauge.peak) == (3, 7, 3)
        assert [await box.take() for _ in range(3)] == [7, 8, 9]

    in_loop(scenario)


def test_a05_a_flush_drops_what_is_void_keeps_the_rest_and_counts():
    async def scenario():
        box = Mailbox('lines', 10, asyncio.get_running_loop())
        for item in range(10):
            box.post(item)
        assert box.flush(lambda item: item % 2 == 0) == 5
        assert box.gauge.flushed == 5
        assert [await box.take() for _ in range(5)] == [1, 3, 5, 7, 9]
        assert box.flush() == 0

    in_loop(scenario)


def test_a_flood_into_a_stalled_loop_does_not_grow_memory():
    """`call_soon_threadsafe` is an unbounded queue; only one wake-up may be in it."""

    async def scenario():
        box = Mailbox('audio', 50, asyncio.get_running_loop())
        flood = threading.Thread(target=lambda: [box.post(bytes(640)) for _ in range(50_000)])
        tracemalloc.start()
        try:
            flood.start()
            flood.join()  # the loop is stalled meanwhile
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert grown < 200_000
        assert box.gauge.dropped == 50_000 - 50

    in_loop(scenario)


def test_a10_posting_survives_a_loop_that_has_closed():
    async def scenario():
        return Mailbox('audio', 5, asyncio.get_running_loop())

    box = asyncio.run(scenario())
    box.post('late')
    box.post('later')
    assert len(box) == 2


def test_a_taker_that_is_cancelled_loses_nothing():
    async def scenario():
        box = Mailbox('lines', 5, asyncio.get_running_loop())
        taker = asyncio.create_task(box.take())
        await asyncio.sleep(0)
        taker.cancel()
        await asyncio.wait({taker})
        box.post('one')
        assert await box.take() == 'one'

    in_loop(scenario)


# --- Bridge ------------------------------------------------------------------------------------


def test_a_transition_waits_for_a_coroutine_and_gets_what_it_returns_or_raises(ros):
    async def scenario():
        async def fine():
            await asyncio.sleep(0.01)
            return threading.current_thread()

        async def wrong():
            raise LookupError('not there')

        async def impatient():
            raise TimeoutError('of its own')

        async with bridged(ros) as (_, bridge):
            on = bridge.on_executor
            assert await on(lambda: bridge.call(fine(), 5), 5) is threading.main_thread()
            with pytest.raises(LookupError, match='not there'):
                await on(lambda: bridge.call(wrong(), 5), 5)
            with pytest.raises(TimeoutError, match='of its own'):
                await on(lambda: bridge.call(impatient(), 5), 5)

    ros.run(scenario)


def test_a_call_that_misses_its_deadline_is_cancelled(ros):
    async def scenario():
        cancelled = asyncio.Event()

        async def hangs():
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with bridged(ros) as (_, bridge):
            with pytest.raises(TimeoutError, match=r'not finished after 0\.1 s'):
                await bridge.on_executor(lambda: bridge.call(hangs(), 0.1), 5)
            async with asyncio.timeout(1):
                await cancelled.wait()

    ros.run(scenario)


def test_a_call_from_the_loop_would_wait_for_itself_and_is_refused(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge):
            with pytest.raises(RuntimeError, match='belongs to the executor thread'):
                bridge.call(asyncio.sleep(0), 5)

    ros.run(scenario)


def test_the_loop_has_things_done_on_the_executor_thread(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge):
            thread = await bridge.on_executor(threading.current_thread, 5)
            assert thread.name == 'ros-bridged'
            with pytest.raises(ZeroDivisionError):
                await bridge.on_executor(lambda: 1 // 0, 5)
            with pytest.raises(TimeoutError):
                await bridge.on_executor(lambda: time.sleep(0.3), 0.05)
            assert await bridge.on_executor(lambda: 'still there', 5) == 'still there'

    ros.run(scenario)


def test_without_an_executor_nobody_waits_for_it(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge):
            pass
        began = time.monotonic()
        with pytest.raises(RuntimeError, match='there is no executor thread'):
            await bridge.on_executor(lambda: None, 5)
        assert time.monotonic() - began < 0.5

    ros.run(scenario)


def test_an_executor_ends_at_once_also_in_the_middle_of_traffic(ros):
    async def scenario():
        for round_ in range(10):
            async with bridged(ros, f'talker_{round_}') as (node, bridge):
                publisher = node.create_publisher(String, 'chatter', 10)
                await bridge.on_executor(
                    lambda node=node: node.create_subscription(
                        String, 'chatter', lambda msg: None, 10
                    ),
                    5,
                )
                for _ in range(100):
                    publisher.publish(String(data='x'))
                began = time.monotonic()
            assert time.monotonic() - began < 1.0
            assert bridge.failure == ''

    ros.run(scenario)


def test_what_is_last_is_last(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge):
            done = []

            def last():
                done.append('last')
                bridge.retire()

            await bridge.on_executor(last, 5)
            with pytest.raises((TimeoutError, RuntimeError)):
                await bridge.on_executor(lambda: done.append('too late'), 0.2)
            assert done == ['last']

    ros.run(scenario)


def test_the_loop_awaits_the_response_of_a_service(ros):
    async def scenario():
        async with bridged(ros) as (node, bridge), ros.peer() as peer:

            def serve():
                node.create_service(
                    Trigger, '/serve', lambda _, r: Trigger.Response(success=True, message='yes')
                )

            await bridge.on_executor(serve, 5)
            response = await peer.call(Trigger, '/serve')
            assert (response.success, response.message) == (True, 'yes')

    ros.run(scenario)


def test_an_awaited_future_may_fail_and_may_be_given_up(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge):
            future = rclpy.task.Future()
            waiting = bridge.following(future)
            future.set_exception(LookupError('not there'))
            with pytest.raises(LookupError):
                await waiting
            future = rclpy.task.Future()
            waiting = bridge.following(future)
            waiting.cancel()
            future.set_result('late')
            await asyncio.sleep(0.01)
            assert waiting.cancelled()

    ros.run(scenario)


# --- services that are answered later ----------------------------------------------------------


class Desk:
    """A service whose answers a test gives by hand."""

    def __init__(self, bridge: Bridge) -> None:
        self.waiting: list[Answer] = []
        self.service = bridge.service(Trigger, '/desk', self._ask)

    def _ask(self, request: Trigger.Request, answer: Answer) -> None:
        self.waiting.append(answer)


def test_a_service_is_answered_later_and_the_executor_goes_on_meanwhile(ros):
    async def scenario():
        async with bridged(ros) as (node, bridge), ros.peer() as peer:
            desk = await bridge.on_executor(lambda: Desk(bridge), 5)

            def own_service_and_client():
                # In the default group, as the lifecycle's services are.
                node.create_service(Trigger, '/other', lambda _, response: response)
                return node.create_client(Trigger, '/other')

            client = await bridge.on_executor(own_service_and_client, 5)
            question = asyncio.create_task(peer.call(Trigger, '/desk'))
            await until(lambda: desk.waiting)
            assert (await peer.call(Trigger, '/other')).success is False
            # The node may even wait for a service of its own.
            assert await bridge.following(client.call_async(Trigger.Request()))
            assert not question.done()
            desk.waiting[0].give(True, 'at last')
            desk.waiting[0].give(False, 'changes nothing')
            response = await question
            assert (response.success, response.message) == (True, 'at last')

    ros.run(scenario)


def test_a_question_that_waits_costs_no_cpu(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge), ros.peer() as peer:
            desk = await bridge.on_executor(lambda: Desk(bridge), 5)
            question = asyncio.create_task(peer.call(Trigger, '/desk'))
            await until(lambda: desk.waiting)
            before = await bridge.on_executor(time.thread_time, 5)
            await asyncio.sleep(0.5)
            assert await bridge.on_executor(time.thread_time, 5) - before < 0.05
            desk.waiting[0].give(True, '')
            await question

    ros.run(scenario)


def test_more_questions_than_may_wait_are_refused(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge), ros.peer() as peer:
            desk = await bridge.on_executor(lambda: Desk(bridge), 5)
            questions = []
            for number in range(UNANSWERED):
                questions.append(asyncio.create_task(peer.call(Trigger, '/desk', within=30)))
                await until(lambda number=number: len(desk.waiting) > number)
            refused = await peer.call(Trigger, '/desk')
            assert (refused.success, refused.message) == (
                False, 'too many requests wait for an answer'
            )  # fmt: skip
            for answer in desk.waiting:
                answer.give(True, '')
            for response in await asyncio.gather(*questions):
                assert response.success
            again = asyncio.create_task(peer.call(Trigger, '/desk'))
            await until(lambda: len(desk.waiting) > UNANSWERED)
            desk.waiting[-1].give(True, '')
            assert (await again).success

    ros.run(scenario)


def test_a_service_that_goes_while_a_question_waits_does_not_take_the_executor_along(ros):
    async def scenario():
        async with bridged(ros) as (node, bridge), ros.peer() as peer:
            desk = await bridge.on_executor(lambda: Desk(bridge), 5)
            question = asyncio.create_task(peer.call(Trigger, '/desk', within=1))
            await until(lambda: desk.waiting)
            await bridge.on_executor(lambda: node.destroy_service(desk.service), 5)
            desk.waiting[0].give(True, 'to nobody')
            with pytest.raises(TimeoutError):
                await question
            assert bridge.failure == ''
            assert await bridge.on_executor(lambda: 'alive', 5) == 'alive'

    ros.run(scenario)


def test_an_error_in_the_answering_code_is_an_answer_and_is_reported(ros):
    async def scenario():
        async with bridged(ros) as (_, bridge), ros.peer() as peer:

            def ask(request, answer):
                raise LookupError('not there')

            await bridge.on_executor(lambda: bridge.service(Trigger, '/desk', ask), 5)
            response = await peer.call(Trigger, '/desk')
            assert (response.success, response.message) == (
                False, "failed: LookupError('not there')"
            )  # fmt: skip
            assert 'not there' in ros.complaints.pop()

    ros.run(scenario)


def test_an_executor_that_dies_says_so(ros, capfd):
    async def scenario():
        async with bridged(ros) as (node, bridge):

            def disaster():
                raise MemoryError('no more')

            await bridge.on_executor(lambda: node.create_timer(0.01, disaster), 5)
            await until(lambda: bridge.failure)
            assert bridge.failure == "its executor died: MemoryError('no more')"

    ros.run(scenario)
    assert 'FATAL' in capfd.readouterr().err
