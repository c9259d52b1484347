# SPDX-License-Identifier: Apache-2.0
"""A node that sees every topic of a running graph, and waits for what should appear on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import Trigger

from prot_ros import graph, messages


@dataclass(frozen=True)
class Seen:
    """One message."""

    at: float
    """time.monotonic()."""
    topic: str
    value: Any


class Observer:
    """Subscribes to everything in a namespace; usable from the test's own thread."""

    def __init__(
        self,
        domain: int,
        namespace: str = graph.NAMESPACE,
        topics: Iterable[graph.Topic] = graph.TOPICS,
    ) -> None:
        """`topics` are fewer for who measures: each reader costs those who publish, too."""
        self.seen: list[Seen] = []
        self.diagnostics: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._context = Context()
        rclpy.init(
            context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO
        )
        self.node = rclpy.create_node('observer', namespace=namespace, context=self._context)
        for topic in topics:
            self._subscribe(topic)
        self.node.create_subscription(
            DiagnosticArray, graph.DIAGNOSTICS, self._diagnose, graph.DIAGNOSTICS_QOS
        )
        self._publishers: dict[str, Any] = {}
        self._sees = {topic.name for topic in topics}
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, name='observer')
        self._thread.start()

    def _subscribe(self, topic: graph.Topic) -> None:
        codec = messages.codec(topic.value)

        def receive(msg: Any) -> None:
            with self._changed:
                self.seen.append(Seen(time.monotonic(), topic.name, codec.decode(msg)))
                self._changed.notify_all()

        self.node.create_subscription(codec.msg, topic.name, receive, topic.qos)

    def _diagnose(self, msg: DiagnosticArray) -> None:
        with self._changed:
            for status in msg.status:
                self.diagnostics[status.name] = status
            self._changed.notify_all()

    def of(self, topic: graph.Topic, since: float = 0.0) -> list[Any]:
        """Return the values seen on a topic since a time."""
        with self._changed:
            return [s.value for s in self.seen if s.topic == topic.name and s.at >= since]

    def wait(
        self,
        topic: graph.Topic,
        condition: Callable[[Any], bool] = lambda _: True,
        *,
        within: float,
        since: float = 0.0,
    ) -> Any:
        """Return the first value for which `condition` holds; fail with what was seen instead."""
        # In a tuple, because the value may be False.
        (value,) = self.wait_for(
            lambda: next(((v,) for v in self.of(topic, since) if condition(v)), None),
            within=within,
            what=topic.name,
        )
        return value

    def wait_for(self, find: Callable[[], Any], *, within: float, what: str) -> Any:
        """Return what `find` finds, as soon as it is something."""
        deadline = time.monotonic() + within
        with self._changed:
            while True:
                found = find()
                if found is not None and found is not False:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    recent = '\n  '.join(
                        f'{s.topic}: {str(s.value)[:150]}'
                        for s in self.seen[-1000:]
                        if not isinstance(s.value, graph.AudioChunk | graph.Playback)
                        or getattr(s.value, 'state', '') not in ('', 'progress', 'held')
                    )
                    raise AssertionError(f'{what}: not within {within:g} s; seen:\n  {recent}')

    def publish(self, topic: graph.Topic, value: Any, *, within: float = 10.0) -> float:
        """Publish once somebody listens; return when (time.monotonic())."""
        codec = messages.codec(topic.value)
        if topic.name not in self._publishers:
            publisher = self.node.create_publisher(codec.msg, topic.name, topic.qos)
            self._publishers[topic.name] = publisher
        publisher = self._publishers[topic.name]
        deadline = time.monotonic() + within
        # Where the observer itself listens, another one has to be there as well.
        while publisher.get_subscription_count() < 1 + (topic.name in self._sees):
            assert time.monotonic() < deadline, f'nobody subscribes to {topic.name}'
            time.sleep(0.01)
        at = time.monotonic()
        publisher.publish(codec.encode(value))
        return at

    def call(
        self,
        service: str,
        srv_type: Any = Trigger,
        request: Any = None,
        *,
        within: float = 30.0,
    ) -> Any:
        """Call a service and return its response."""
        client = self.node.create_client(srv_type, service)
        try:
            assert client.wait_for_service(within), f'there is no service {service}'
            done = threading.Event()
            future = client.call_async(request or srv_type.Request())
            future.add_done_callback(lambda _: done.set())
            assert done.wait(within), f'{service} did not answer within {within:g} s'
            return future.result()
        finally:
            self.node.destroy_client(client)

    def node_states(self) -> dict[str, str]:
        """Return each node's lifecycle state as its latest diagnostics say."""
        with self._changed:
            return {
                name.rpartition('/')[2]: next(v.value for v in status.values if v.key == 'state')
                for name, status in self.diagnostics.items()
            }

    def close(self) -> None:
        """Leave nothing behind."""
        self._executor.shutdown()
        self._thread.join(5)
        assert not self._thread.is_alive(), 'the observer does not end'
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
