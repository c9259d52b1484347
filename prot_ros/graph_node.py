# SPDX-License-Identifier: Apache-2.0
"""GraphNode: a node's entities, made from the graph's table and gone when they should be.

Publishers, services and clients last from configure to cleanup. Subscriptions exist only while the
node is active, so nothing is delivered to one that is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

from prot_ros import graph, messages
from prot_ros.bridge import Answer, Bridge, Mailbox

NAMELESS = '_NODE_NAME_UNKNOWN_'
"""How rmw calls the node of an endpoint before it has been told."""
MATCH_LOOK_S = 0.005
"""Discovery on one machine takes some 20 ms; rclpy has no event for its end."""


class GraphNode(LifecycleNode):
    """What a node talks with. When it talks is `node.py`'s business."""

    def __init__(
        self, name: str, *, context: Context, loop: asyncio.AbstractEventLoop, **kwargs: Any
    ) -> None:
        super().__init__(name, context=context, **kwargs)
        self.bridge = Bridge(self, loop)
        self._outlets: dict[str, tuple[Any, messages.Codec]] = {}
        self._mailboxes: dict[str, tuple[graph.Topic, Mailbox[Any]]] = {}
        self._foreign: list[tuple[Any, str, Callable[[Any], None], QoSProfile]] = []
        self._endings: list[Callable[[], object]] = []
        self._subscribed: list[Any] = []
        self._malformed = 0
        self._drops_reported = 0

    # --- for `declare`, on the executor thread -------------------------------------------------

    def publisher(self, topic: graph.Topic) -> None:
        """Make a publisher."""
        codec = messages.codec(topic.value)
        outlet = self.create_lifecycle_publisher(codec.msg, topic.name, topic.qos)
        self._outlets[topic.name] = (outlet, codec)

    def mailbox(self, topic: graph.Topic, bound: int | None = None) -> Mailbox[Any]:
        """Make a mailbox that is filled from a topic while active."""
        box: Mailbox[Any] = Mailbox(topic.name, bound or topic.qos.depth, self.bridge.loop)
        self._mailboxes[topic.name] = (topic, box)
        return box

    def listen(
        self, msg: Any, topic: str, receive: Callable[[Any], None], qos: QoSProfile
    ) -> None:
        """Subscribe, while active, to a topic that is not in the graph's table.

        `receive` runs on the executor thread: it posts, and does nothing else.
        """
        self._foreign.append((msg, topic, receive, qos))

    def service(self, srv_type: Any, name: str, ask: Callable[[Any, Answer], None]) -> None:
        """Offer a service, answered from the loop (`Bridge.service`)."""
        service = self.bridge.service(srv_type, name, ask)
        self._endings.append(lambda: self.destroy_service(service))

    def client(self, srv_type: Any, name: str) -> Any:
        """Make a service client."""
        client = self.create_client(srv_type, name)
        self._endings.append(lambda: self.destroy_client(client))
        return client

    # --- at any time, on the loop --------------------------------------------------------------

    def publish(self, topic: graph.Topic, value: Any) -> None:
        """Send a value; silently nothing while the node is inactive, as lifecycle nodes do."""
        outlet, codec = self._outlets[topic.name]
        outlet.publish(codec.encode(value))

    # --- for the lifecycle, on the executor thread ---------------------------------------------

    def _subscribe_all(self) -> None:
        for topic, box in self._mailboxes.values():
            self._subscribed.append(self._subscribe(topic, box))
        for msg, name, receive, qos in self._foreign:
            self._subscribed.append(self.create_subscription(msg, name, receive, qos))

    def _subscribe(self, topic: graph.Topic, box: Mailbox[Any]) -> Any:
        codec = messages.codec(topic.value)

        def receive(msg: Any) -> None:
            try:
                value = codec.decode(msg)
            except ValueError as err:
                self._malformed += 1
                self.get_logger().warning(
                    f'{topic.name}: a malformed message is dropped: {err}',
                    throttle_duration_sec=1.0,
                )
                return
            box.post(value)

        return self.create_subscription(codec.msg, topic.name, receive, topic.qos)

    def _await_consumers(self, deadline_s: float) -> None:
        """Wait until DDS has found the nodes that take what this one sends, or the deadline.

        What is published before is lost, reliable or not: the first reply would have no voice.
        Only nodes that come up before this one are waited for, and latched topics need no wait.
        """
        names = [spec.name for spec in graph.NODES]
        if self.get_name() not in names:
            return
        earlier = set(names[: names.index(self.get_name())])
        waiting = [
            (self._outlets[topic.name][0], earlier & set(topic.subscribers))
            for topic in graph.TOPICS
            if topic.name in self._outlets and topic.qos.durability.name == 'VOLATILE'
        ]
        until = monotonic() + deadline_s
        while waiting and monotonic() < until:
            waiting = [
                (outlet, nodes) for outlet, nodes in waiting if not self._met(outlet, nodes)
            ]
            if waiting:
                sleep(MATCH_LOOK_S)

    def _met(self, outlet: Any, nodes: set[str]) -> bool:
        found = self.get_subscriptions_info_by_topic(outlet.topic_name)
        here = {info.node_name for info in found if info.node_namespace == self.get_namespace()}
        # The name of a node comes separately, and up to seconds after its subscription.
        nameless = sum(info.node_name == NAMELESS for info in found)
        matched: int = outlet.get_subscription_count()
        return len(nodes - here) <= nameless and matched >= len(found)

    def _unsubscribe_all(self) -> None:
        for subscription in self._subscribed:
            self.destroy_subscription(subscription)
        self._subscribed.clear()

    def _flush_mailboxes(self) -> None:
        for _, box in self._mailboxes.values():
            box.flush()

    def _destroy_entities(self) -> None:
        for outlet, _ in self._outlets.values():
            self.destroy_lifecycle_publisher(outlet)
        for destroy in self._endings:
            destroy()
        for made in (self._outlets, self._endings, self._foreign, self._mailboxes):
            made.clear()
        self._drops_reported = 0  # the next mailboxes count from zero

    # --- for the diagnostics, on the loop ------------------------------------------------------

    def _queues(self) -> tuple[dict[str, str], str]:
        """Return a line on each mailbox, and a warning where one is or was too full."""
        lines, warning, drops = {}, '', 0
        for _, box in list(self._mailboxes.values()):
            gauge = box.gauge
            drops += gauge.dropped
            lines[f'queue {gauge.name}'] = gauge.summary()
            if box.alarms:
                box.alarms = 0
                self.get_logger().warning(
                    f'queue {gauge.name} was three quarters full: {gauge.summary()}'
                )
            if gauge.high:
                warning = f'queue {gauge.name} is nearly full'
        if drops > self._drops_reported:
            warning = f'{drops - self._drops_reported} messages dropped since the last report'
            self._drops_reported = drops
        return lines, warning
