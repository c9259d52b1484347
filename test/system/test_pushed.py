# SPDX-License-Identifier: Apache-2.0
"""Nobody has to ask: what is so is latched, and what changes is told when it changes."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from observer import Observer
from running_graph import RunningGraph

from prot_ros import graph
from prot_ros.core.turns import Interrupt

QUIET_BEATS = 5
ALWAYS = {graph.MIC_AUDIO.name}
"""Sound is a stream; everything else is news."""


def test_c01_what_is_so_is_latched_and_nothing_is_told_while_nothing_changes(
    tmp_path: Path,
) -> None:
    states = {
        topic.name for topic in graph.TOPICS if topic.qos.durability.name == 'TRANSIENT_LOCAL'
    }
    assert states == {'mute', 'vad/speech', 'interrupt', 'dialog/names', 'state',
                      'manager/managed_nodes_activated'}  # fmt: skip
    with RunningGraph(tmp_path) as robot:
        robot.observer.publish(graph.INTERRUPT, Interrupt(0, 'operator'))
        late = Observer(robot.domain.id)
        try:
            assert late.wait(graph.STATE, within=10) == 'idle'
            assert late.wait(graph.SPEECH, within=10) is False
            assert late.wait(graph.ALL_ACTIVE, within=10) is True
            assert late.wait(graph.INTERRUPT, within=10).source == 'operator'
            beats: Counter[str] = Counter()
            late.node.create_subscription(
                DiagnosticArray,
                graph.DIAGNOSTICS,
                lambda msg: beats.update(status.name for status in msg.status),
                graph.DIAGNOSTICS_QOS,
            )
            began = time.monotonic()
            nodes = {f'{graph.NAMESPACE}/{spec.name}' for spec in graph.ALL_NODES}
            late.wait_for(
                lambda: all(beats[name] >= QUIET_BEATS for name in nodes),
                within=30,
                what=f'{QUIET_BEATS} beats of each node',
            )
            told = {seen.topic for seen in late.seen if seen.at >= began}
            assert told <= ALWAYS, 'something is repeated though nothing has changed'
            # Services are for commands: nobody but the manager could ask anybody for anything.
            asking = {
                spec.name: late.node.get_client_names_and_types_by_node(
                    spec.name, f'/{graph.NAMESPACE}'
                )
                for spec in graph.ALL_NODES
            }
            assert {name for name, clients in asking.items() if clients} == {'manager'}
            # A change is told at once, whoever listens.
            late.publish(graph.SAY, 'Good morning.')
            late.wait(graph.STATE, lambda state: state == 'speaking', within=20, since=began)
            late.wait(graph.STATE, lambda state: state == 'idle', within=20, since=began)
        finally:
            late.close()
