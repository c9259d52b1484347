# SPDX-License-Identifier: Apache-2.0
"""asyncio <-> rclpy: the only place where the two meet.

asyncio runs in the main thread; each node has a SingleThreadedExecutor in a thread of its own.
Five doors lead across, and nothing else does:

- `Mailbox`: ROS callbacks post, coroutines take. Bounded *before* the hop, because
  `call_soon_threadsafe` is itself an unbounded queue, and with one wake-up under way at a time.
- `Bridge.call`: a transition, on the executor thread, waits for a coroutine, with a deadline.
- `Bridge.on_executor`: a coroutine has something done on the executor thread, where alone entities
  may be created and destroyed.
- `Bridge.following`: a coroutine awaits the response of a service that it has called.
- `Bridge.service`: a service is answered from the loop, later, while the executor goes on.

Publishing needs no door: rclpy's publishers may be used from any one thread at a time.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future as RosFuture

from prot_ros.core.flow import Gauge

T = TypeVar('T')
R = TypeVar('R')

UNANSWERED = 8
"""Requests of one service that may wait for their answers at once; more are refused. Answers given
in one burst must fit into the history of a service's QoS, which is 10 deep, or some are lost."""


class Mailbox(Generic[T]):
    """A bounded queue from ROS callbacks to one coroutine; when full, the oldest item is dropped.

    Dropping the oldest is the one policy that neither blocks a ROS thread nor grows. Where nothing
    may be lost, the producer keeps a window that is smaller than `bound`, so the policy never
    comes into force; the count of drops proves it.
    """

    def __init__(self, name: str, bound: int, loop: asyncio.AbstractEventLoop) -> None:
        self.gauge = Gauge(name, bound)
        self._loop = loop
        self._items: deque[T] = deque()
        self._lock = threading.Lock()  # protects _items, gauge and _waking
        self._waking = False
        self._filled = asyncio.Event()
        self.alarms = 0
        """How often it has become three quarters full."""

    def post(self, item: T) -> None:
        """Append, from any thread; never blocks and never raises, also when the loop is gone."""
        with self._lock:
            if len(self._items) >= self.gauge.bound:
                self._items.popleft()
                self.gauge.dropped += 1
            self._items.append(item)
            self.alarms += self.gauge.update(len(self._items))
            wake = not self._waking
            self._waking = True
        if wake:
            # The loop may have closed since: the process is on its way out and nobody takes.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        with self._lock:
            self._waking = False
        self._filled.set()

    async def take(self) -> T:
        """Wait for the oldest item. One coroutine at a time."""
        while True:
            with self._lock:
                if self._items:
                    item = self._items.popleft()
                    self.gauge.update(len(self._items))
                    return item
                self._filled.clear()
            await self._filled.wait()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            yield await self.take()

    def flush(self, void: Callable[[T], bool] = lambda _: True) -> int:
        """Drop the items for which `void` holds and return how many they were."""
        with self._lock:
            kept = [item for item in self._items if not void(item)]
            count = len(self._items) - len(kept)
            self._items = deque(kept)
            self.gauge.flushed += count
            self.gauge.update(len(kept))
            return count

    def __len__(self) -> int:
        return len(self._items)


class Answer:
    """The response of a service, given from the loop while the service's callback awaits it."""

    def __init__(self, executor: SingleThreadedExecutor) -> None:
        self._executor = executor
        self._given: RosFuture = RosFuture()

    def give(self, success: bool, message: str) -> None:
        """Answer; what comes after the first answer changes nothing."""
        if not self._given.done():
            self._given.set_result((success, message))
            # rclpy looks at a waiting callback again whenever it wakes, and a future made outside
            # of its executor does not wake it.
            self._executor.wake()

    def __await__(self) -> Generator[None, None, tuple[bool, str]]:
        return self._given.__await__()  # type: ignore[no-any-return]


class Bridge:
    """One node's executor thread and its doors to the loop."""

    def __init__(self, node: Node, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.failure = ''
        """Why the executor thread died; its node is deaf then, and only a new process helps."""
        self._node = node
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name=f'ros-{node.get_name()}')
        self._ending = False

    def start(self) -> None:
        """Begin to spin."""
        self._thread.start()

    def _spin(self) -> None:
        while self._executor.context.ok() and not self._ending:
            try:
                self._executor.spin_once()
            except InvalidHandle:
                # An entity was destroyed while its callback waited: a service that is gone has
                # nobody to answer to.
                continue
            except ExternalShutdownException:
                return
            except Exception as err:  # noqa: BLE001 - whatever it is, the node is deaf now: say so
                self.failure = f'its executor died: {err!r}'
                self._node.get_logger().fatal(self.failure)
                return

    def retire(self) -> None:
        """Let the callback that calls this be the last one."""
        self._ending = True

    async def stop(self, deadline_s: float) -> bool:
        """End the thread; return whether it ended within the deadline."""
        self._ending = True
        # Not `wake`: rclpy would look around, find nothing to execute, and go on waiting.
        self._executor.create_task(lambda: None)
        await asyncio.to_thread(self._thread.join, deadline_s)
        # Only now, because this takes away what the thread may be using.
        self._executor.shutdown(timeout_sec=0)
        return not self._thread.is_alive()

    @property
    def on_executor_thread(self) -> bool:
        """Whether the caller runs on this node's executor thread."""
        return threading.current_thread() is self._thread

    def call(self, coro: Coroutine[Any, Any, R], deadline_s: float) -> R:
        """Run a coroutine on the loop and wait for it, from the executor thread.

        Raises TimeoutError after the deadline; the coroutine is then cancelled, not awaited.
        """
        if not self.on_executor_thread:
            coro.close()
            raise RuntimeError('Bridge.call belongs to the executor thread; use await elsewhere')
        future = asyncio.run_coroutine_threadsafe(coro, self.loop)
        try:
            return future.result(deadline_s)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise  # the coroutine's own TimeoutError, not ours
            future.cancel()
            raise TimeoutError(f'not finished after {deadline_s:g} s') from None

    async def on_executor(self, function: Callable[[], R], deadline_s: float) -> R:
        """Run a plain function on the executor thread and await its result.

        Raises TimeoutError after the deadline, RuntimeError when there is no such thread any more.
        """
        if not self._thread.is_alive():
            raise RuntimeError(f'there is no executor thread{self.failure and ": "}{self.failure}')
        done: asyncio.Future[R] = self.loop.create_future()

        def deliver(result: R | None, error: BaseException | None) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            try:
                outcome: tuple[R | None, BaseException | None] = (function(), None)
            except Exception as err:  # noqa: BLE001 - carried to the awaiting coroutine
                outcome = (None, err)
            with contextlib.suppress(RuntimeError):  # the loop closed: nobody waits any more
                self.loop.call_soon_threadsafe(deliver, *outcome)

        self._executor.create_task(run)
        async with asyncio.timeout(deadline_s):
            return await done

    def following(self, future: RosFuture) -> asyncio.Future[Any]:
        """Return an asyncio future that is done when an rclpy one is, such as a service call's.

        To be called on the loop. Awaiting rclpy's own would spin: it yields bare to its driver.
        """
        done: asyncio.Future[Any] = self.loop.create_future()

        def settle(value: Any, error: BaseException | None) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(value)

        def finished(ros: RosFuture) -> None:
            with contextlib.suppress(RuntimeError):  # the loop closed: nobody waits any more
                error = ros.exception()
                value = None if error is not None else ros.result()
                self.loop.call_soon_threadsafe(settle, value, error)

        future.add_done_callback(finished)
        return done

    def service(self, srv_type: Any, name: str, ask: Callable[[Any, Answer], None]) -> Any:
        """Offer a service whose response has `success` and `message`; on the executor thread.

        `ask` runs on the loop, with the request and the Answer that it is to see given.
        The callback is a coroutine in a reentrant group: the executor resumes it when it is
        answered, and executes whatever comes in between, the responses of this node's own service
        calls included.
        """
        waiting = 0

        def put(request: Any, answer: Answer) -> None:
            try:
                ask(request, answer)
            except Exception as err:
                answer.give(False, f'failed: {err!r}')
                raise

        async def callback(request: Any, response: Any) -> Any:
            nonlocal waiting
            response.success, response.message = False, 'too many requests wait for an answer'
            if waiting >= UNANSWERED:
                return response
            answer = Answer(self._executor)
            waiting += 1
            try:
                self.loop.call_soon_threadsafe(put, request, answer)
                response.success, response.message = await answer
            except RuntimeError:  # the loop closed
                response.message = 'the process is ending'
            finally:
                waiting -= 1
            return response

        group = ReentrantCallbackGroup()
        return self._node.create_service(srv_type, name, callback, callback_group=group)
