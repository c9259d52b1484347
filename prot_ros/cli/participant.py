# SPDX-License-Identifier: Apache-2.0
"""A short-lived participant of the graph: sees what it follows, sends and knows that it arrived.

It is no lifecycle node, and its name begins with an underscore, which hides it from
`ros2 node list` as the ros2 command's own nodes are.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from prot_ros import graph, messages
from prot_ros.bridge import Bridge, Mailbox
from prot_ros.cli.failure import CommandError
from prot_ros.core.stamps import Stamp

EVENTS = 4096
"""A whole minute of every topic; whoever reads is far faster."""
LOOK_S = 0.02
"""Between two looks at who is there: ROS has no event for that."""
RELEASE_S = 3.0
NAMES_S = 6.0
"""Once the addressee is known to be there, how much longer its name is waited for. Names come
separately; one that is lost is told again 3 s later."""
ADDRESSEE = 'dialog'
"""The node without which no command has anybody to talk to."""


@dataclass(frozen=True)
class Seen:
    """One message of a topic that is followed."""

    at: Stamp
    """When it was received, on the node's clock."""
    topic: str
    value: Any


@dataclass(frozen=True)
class NodeReport:
    """A node's diagnostics."""

    name: str
    state: str
    level: int
    """0 well, 1 warning, 2 error."""
    message: str
    values: dict[str, str]


def addressee(topic: graph.Topic) -> str:
    """Return the node that has to get what is sent on a topic."""
    return ADDRESSEE if ADDRESSEE in topic.subscribers else topic.subscribers[0]


class Participant:
    """Made by `participating`."""

    def __init__(self, node: Node, bridge: Bridge, loop: asyncio.AbstractEventLoop) -> None:
        self._node = node
        self._loop = loop
        self._bridge = bridge
        self._publishers: dict[str, Any] = {}
        self._greeted = False
        """Whether the addressee knows of us."""
        self.events: Mailbox[Seen] = Mailbox('events', EVENTS, loop)
        """What was seen on every topic that is followed, in one order."""
        self.reports: Mailbox[NodeReport] = Mailbox('diagnostics', 64, loop)

    def follow(self, topic: graph.Topic) -> None:
        """Subscribe; before the executor spins, which must not see entities being made."""
        codec = messages.codec(topic.value)

        def receive(msg: Any) -> None:
            try:
                value = codec.decode(msg)
            except ValueError as err:
                self._node.get_logger().warning(
                    f'{topic.name}: a malformed message is ignored: {err}',
                    throttle_duration_sec=1.0,
                )
                return
            now = Stamp(self._node.get_clock().now().nanoseconds)
            self.events.post(Seen(now, topic.name, value))

        self._node.create_subscription(codec.msg, topic.name, receive, topic.qos)

    def follow_diagnostics(self) -> None:
        """Take the diagnostics of the nodes in this namespace into `reports`."""
        prefix = self._node.get_namespace().strip('/')

        def receive(msg: DiagnosticArray) -> None:
            for status in msg.status:
                space, _, name = status.name.rpartition('/')
                values = {item.key: item.value for item in status.values}
                if space == prefix and 'state' in values:
                    level = status.level
                    self.reports.post(
                        NodeReport(
                            name,
                            values['state'],
                            level[0] if isinstance(level, bytes) else int(level),
                            status.message,
                            values,
                        )
                    )

        self._node.create_subscription(
            DiagnosticArray, graph.DIAGNOSTICS, receive, graph.DIAGNOSTICS_QOS
        )

    def await_greeting(self) -> None:
        """Notice when the addressee knows of us; to be called last.

        Its latched state comes as soon as it has found this subscription, and what was announced
        to it before that it has found, too. ROS offers no other way to know that one is known.
        """
        codec = messages.codec(graph.STATE.value)

        def receive(msg: Any) -> None:
            self._greeted = True

        self._node.create_subscription(codec.msg, graph.STATE.name, receive, graph.STATE.qos)

    def listeners(self, topic: graph.Topic) -> set[str]:
        """Return which of the nodes that the graph's table names listen to a topic."""
        name = self._node.resolve_topic_name(topic.name)
        space = self._node.get_namespace()
        return {
            info.node_name
            for info in self._node.get_subscriptions_info_by_topic(name)
            if info.node_namespace == space and info.node_name in topic.subscribers
        }

    async def found(self, topic: graph.Topic, deadline_s: float) -> bool:
        """Wait until the addressee listens to a topic; False after the deadline."""
        began = self._loop.time()
        while addressee(topic) not in self.listeners(topic):
            if not self._patient(began, deadline_s):
                return False
            await asyncio.sleep(LOOK_S)
        return True

    def _patient(self, began: float, deadline_s: float) -> bool:
        patience = deadline_s + (NAMES_S if self._greeted else 0.0)
        return self._loop.time() < began + patience

    def advertise(self, topic: graph.Topic) -> None:
        """Make a publisher for `send`; early, so that it is known by the time it is needed."""
        codec = messages.codec(topic.value)
        if topic.name not in self._publishers:
            publisher = self._node.create_publisher(codec.msg, topic.name, topic.qos)
            self._publishers[topic.name] = publisher

    async def reach(self, topic: graph.Topic, deadline_s: float = 5.0) -> set[str]:
        """Wait until the nodes get what is sent on this topic; return those that would not.

        Raises CommandError when the addressee is among them. Before a publisher and a subscriber
        know each other, each the other one, a message is lost or comes seconds later.
        """
        self.advertise(topic)
        publisher = self._publishers[topic.name]
        began = self._loop.time()
        if not await self.found(topic, deadline_s):
            raise CommandError(self.nobody_there(addressee(topic)))
        while self._patient(began, deadline_s):
            here = self.listeners(topic)
            matched = publisher.get_subscription_count() >= len(here)
            if self._greeted and matched and here >= set(topic.subscribers):
                break
            await asyncio.sleep(LOOK_S)
        return set(topic.subscribers) - self.listeners(topic)

    def publish(self, topic: graph.Topic, value: Any) -> None:
        """Send to whom `reach` has reached; a latched topic also to whom it reaches later."""
        self._publishers[topic.name].publish(messages.codec(topic.value).encode(value))

    async def acknowledged(self, topic: graph.Topic, deadline_s: float = 5.0) -> None:
        """Wait until everybody has what was sent; CommandError when that is not in time.

        For who leaves then: a message may be lost when its sender ends. Readers acknowledge when
        they are asked, and Fast DDS asks every 3 s.
        """
        ends = self._loop.time() + deadline_s
        # In short looks, because rclpy holds the interpreter's lock as long as it waits.
        while not self._publishers[topic.name].wait_for_all_acked(Duration(nanoseconds=1)):
            if self._loop.time() >= ends:
                raise CommandError(f'not everybody took it within {deadline_s:g} s; try again')
            await asyncio.sleep(LOOK_S)

    def exists(self, name: str = ADDRESSEE) -> bool:
        """Tell whether a node is there, in whatever state."""
        here = (name, self._node.get_namespace())
        return here in self._node.get_node_names_and_namespaces()

    def nobody_there(self, name: str = ADDRESSEE) -> str:
        """Say, as an error does, why there is nobody to talk to."""
        space = self._node.get_namespace()
        if self.exists(name):
            return (
                f'the node {name} in namespace {space} does not listen: it is not active '
                '(starting, paused or failed); `prot doctor` says which'
            )
        nodes = self._node.get_node_names_and_namespaces()
        elsewhere = sorted(where for other, where in nodes if other == name)
        hint = f' (there is one in {elsewhere[0]}: use --namespace)' if elsewhere else ''
        return (
            f'no {name} node found in namespace {space}{hint}: is prot running? '
            'start it with `prot up`'
        )

    async def clock(self, deadline_s: float = 5.0) -> Stamp:
        """Return the time on the graph's clock; CommandError when simulated time stands still."""
        ends = self._loop.time() + deadline_s
        while (now := self._node.get_clock().now().nanoseconds) == 0:
            if self._loop.time() >= ends:
                raise CommandError('nothing is published on /clock; leave --use-sim-time away')
            await asyncio.sleep(LOOK_S)
        return Stamp(now)


@asynccontextmanager
async def participating(
    namespace: str,
    *,
    follow: Iterable[graph.Topic] = (),
    advertise: Sequence[graph.Topic] = (),
    diagnostics: bool = False,
    use_sim_time: bool = False,
    domain: int | None = None,
) -> AsyncIterator[Participant]:
    """Join the graph of a namespace; leave it, and leave nothing behind, at the end."""
    loop = asyncio.get_running_loop()
    context = Context()
    rclpy.init(
        args=[],
        context=context,
        domain_id=domain,
        signal_handler_options=SignalHandlerOptions.NO,
    )
    try:
        node = Node(
            f'_prot_command_{os.getpid()}',
            context=context,
            namespace=namespace,
            enable_rosout=False,
            start_parameter_services=False,
            parameter_overrides=[Parameter('use_sim_time', value=use_sim_time)],
        )
        try:
            bridge = Bridge(node, loop)
            participant = Participant(node, bridge, loop)
            for topic in advertise:
                participant.advertise(topic)
            for topic in follow:
                participant.follow(topic)
            if advertise:
                participant.await_greeting()
            if diagnostics:
                participant.follow_diagnostics()
            bridge.start()
            try:
                yield participant
            finally:
                await bridge.stop(RELEASE_S)
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)
