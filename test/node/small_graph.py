# SPDX-License-Identifier: Apache-2.0
"""Small nodes as processes: `small_graph.py first second=Dies third RUN... --ros-args ...`

The arguments before `--` are the graph, those after it what this process runs of it.
"""

from __future__ import annotations

import sys

from prot_ros import graph, run


def main() -> int:
    ours, ros_args = run.split(sys.argv[1:])
    at = ours.index('--')
    graph.NODES = tuple(
        graph.NodeSpec(name, f'small_nodes:{cls or "Small"}', 'a small node')
        for name, _, cls in (item.partition('=') for item in ours[:at])
    )
    graph.ALL_NODES = (*graph.NODES, graph.MANAGER)
    names = ours[at + 1 :]
    if names == [run.COMPOSED]:
        names = [spec.name for spec in graph.ALL_NODES]
    return run.run(names, ros_args)


if __name__ == '__main__':
    sys.exit(main())
