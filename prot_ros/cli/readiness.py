# SPDX-License-Identifier: Apache-2.0
"""Whether a graph that is coming up has come up, as its nodes' own reports say."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros import graph
from prot_ros.cli.failure import CommandError
from prot_ros.cli.participant import NodeReport

ERROR = 2
"""`diagnostic_msgs/DiagnosticStatus.ERROR`."""


def all_active(nodes: Mapping[str, NodeReport]) -> bool:
    """Tell whether every node is active; CommandError, saying why, when the manager gave up."""
    manager = nodes.get(graph.MANAGER.name)
    if manager is not None and manager.level == ERROR:
        raise CommandError(f'the robot does not come up: {manager.message}')
    return all(
        spec.name in nodes and nodes[spec.name].state == 'active' for spec in graph.ALL_NODES
    )
