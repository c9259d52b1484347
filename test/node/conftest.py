# SPDX-License-Identifier: Apache-2.0
"""Nodes within the test's process: a ROS domain of their own, an event loop, and a peer.

def test_it_does(ros):
    async def scenario():
        async with ros.node(SpeakerNode, engine='null') as node, ros.peer() as peer:
            await ros.bring_up(node)
            ...

    ros.run(scenario)
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import nothing_left
import pytest
from domains import Domain

with warnings.catch_warnings():
    # The first node imports `lark`, which imports a module that Python has deprecated.
    warnings.simplefilter('ignore', DeprecationWarning)
    import rosidl_generator_py  # noqa: F401

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from small_nodes import Small
from waiting import until

from prot_ros import graph, messages
from prot_ros.bridge import Bridge
from prot_ros.node import ProtNode

N = TypeVar('N', bound=ProtNode[Any])
NAMESPACE = graph.NAMESPACE


class Peer:
    """Another node in the domain, that says and hears what the test wants."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self.node = rclpy.create_node('peer', namespace=NAMESPACE, context=context)
        self.bridge = Bridge(self.node, loop)
        self.reports: list[DiagnosticStatus] = []
        self.node.create_subscription(
            DiagnosticArray, graph.DIAGNOSTICS, lambda msg: self.reports.extend(msg.status), 10
        )
        self._publishers: dict[str, Any] = {}

    async def hear(self, topic: graph.Topic) -> list[Any]:
        """Subscribe to a topic; return the list into which its values will come."""
        values: list[Any] = []
        codec = messages.codec(topic.value)

        def subscribe() -> None:
            self.node.create_subscription(
                codec.msg, topic.name, lambda msg: values.append(codec.decode(msg)), topic.qos
            )

        await self.bridge.on_executor(subscribe, 5)
        return values

    async def say(self, topic: graph.Topic, *values: Any, listeners: int = 1) -> None:
        """Publish values once `listeners` are there; a message of the topic's type goes as is."""
        codec = messages.codec(topic.value)
        if topic.name not in self._publishers:
            self._publishers[topic.name] = await self.bridge.on_executor(
                lambda: self.node.create_publisher(codec.msg, topic.name, topic.qos), 5
            )
        publisher = self._publishers[topic.name]
        await until(
            lambda: publisher.get_subscription_count() >= listeners, what=f'who hears {topic.name}'
        )
        for value in values:
            publisher.publish(value if isinstance(value, codec.msg) else codec.encode(value))

    async def call(self, srv_type: Any, name: str, request: Any = None, within: float = 10) -> Any:
        """Call a service and return its response."""
        client = await self.bridge.on_executor(lambda: self.node.create_client(srv_type, name), 5)
        try:
            await until(client.service_is_ready, what=f'service {name}')
            future = client.call_async(request or srv_type.Request())
            async with asyncio.timeout(within):
                return await self.bridge.following(future)
        finally:
            await self.bridge.on_executor(lambda: self.node.destroy_client(client), 5)

    def report(self, name: str) -> dict[str, Any] | None:
        """Return the latest diagnostics of a node: level, message, and its values."""
        for status in reversed(self.reports):
            if status.name == f'{NAMESPACE}/{name}':
                values = {pair.key: pair.value for pair in status.values}
                return {'level': status.level, 'message': status.message, **values}
        return None


class Ros:
    """One ROS domain, and what runs in it."""

    def __init__(self) -> None:
        self.domain = Domain()
        self.context = Context()
        rclpy.init(
            args=[],
            context=self.context,
            domain_id=self.domain.id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.complaints: list[str] = []

    def close(self) -> None:
        rclpy.try_shutdown(context=self.context)
        self.context.destroy()
        # A lifecycle node's state machine holds on to the context until it is collected, and the
        # context to its shared memory; and pytest, for debuggers, to the frames of what failed.
        for name in ('last_type', 'last_value', 'last_traceback', 'last_exc'):
            sys.__dict__.pop(name, None)
        gc.collect()
        self.domain.close()

    def run(
        self, scenario: Callable[[], Coroutine[Any, Any, None]], *, within: float = 60.0
    ) -> None:
        """Run a scenario on a loop that complains of whatever nobody took care of."""

        async def watched() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, details: self.complaints.append(str(details)))
            before = asyncio.all_tasks()
            async with asyncio.timeout(within):
                await scenario()
            left = asyncio.all_tasks() - before
            assert not left, f'tasks are left: {left}'

        # Debug mode raises where a thread touches the loop that must not.
        asyncio.run(watched(), debug=True)
        assert not self.complaints

    @asynccontextmanager
    async def node(self, cls: type[N], name: str = 'node', **parameters: Any) -> AsyncIterator[N]:
        """Make a node that lives as long as the block."""
        node = cls(
            name,
            context=self.context,
            loop=asyncio.get_running_loop(),
            namespace=NAMESPACE,
            parameter_overrides=[Parameter(key, value=value) for key, value in parameters.items()],
        )
        try:
            async with node.alive():
                yield node
        finally:
            node.discard()

    @asynccontextmanager
    async def peer(self) -> AsyncIterator[Peer]:
        """Make a peer that lives as long as the block."""
        peer = Peer(self.context, asyncio.get_running_loop())
        peer.bridge.start()
        try:
            yield peer
        finally:
            stopped = await peer.bridge.stop(5)
            peer.node.destroy_node()
        assert stopped

    async def go(self, node: ProtNode[Any], *transitions: str, within: float = 30.0) -> bool:
        """Make transitions by name; return whether all succeeded."""
        for transition in transitions:
            trigger = getattr(node, f'trigger_{transition}')
            if await node.bridge.on_executor(trigger, within) != TransitionCallbackReturn.SUCCESS:
                return False
        return True

    async def bring_up(self, node: ProtNode[Any]) -> None:
        """Configure and activate."""
        assert await self.go(node, 'configure', 'activate'), node.failure


@pytest.fixture
def ros() -> Iterator[Ros]:
    """A domain of its own; fails when threads or shared memory are left."""
    threads = set(threading.enumerate())
    things = nothing_left.things()
    ros = Ros()
    try:
        yield ros
        # Of the shared memory that has appeared, only what this process maps is of this test.
        maps = Path('/proc/self/maps').read_text()
        own = [thing for thing in nothing_left.things() - things if f' {thing}\n' in maps]
    finally:
        ros.close()
    # The loop's default pool ends with asyncio.run, so what is left is somebody's own.
    assert set(threading.enumerate()) <= threads
    assert not nothing_left.things().intersection(own)


@pytest.fixture
def diary() -> list[str]:
    """What the small nodes of this test write down."""
    Small.diary.clear()
    return Small.diary
