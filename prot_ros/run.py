# SPDX-License-Identifier: Apache-2.0
"""One process, any subset of the nodes: `python -m prot_ros.run NODE... [--ros-args ...]`.

The executables `lib/prot/<node>` come here, each with its own name; `composed` stands for all
nodes and the manager in one process. SIGINT, SIGTERM and a closed terminal end the process in
order: the manager first (it takes the others down in reverse), then each node. Exit codes: 0 after
a signal, 1 when a node could not be made or the process failed, 2 for bad arguments or parameters.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import logging
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.context import Context
from rclpy.exceptions import ROSInterruptException
from rclpy.signals import SignalHandlerOptions

from prot_ros import exit_deadline, graph
from prot_ros.params import ParameterError
from prot_ros.signals import ending_signals

if TYPE_CHECKING:
    from prot_ros.node import ProtNode

COMPOSED = 'composed'
"""Executable name that means every node and the manager."""


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split a command line at `--ros-args` into ours and what belongs to ROS."""
    args = list(argv)
    if '--ros-args' in args:
        at = args.index('--ros-args')
        return args[:at], args[at:]
    return args, []


def load(spec: graph.NodeSpec) -> type[ProtNode[Any]]:
    """Import a node's class."""
    module, _, name = spec.cls.partition(':')
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


async def serve(names: Iterable[str], ros_args: Sequence[str], stop: asyncio.Event) -> None:
    """Run the nodes until `stop` is set, then release them, the last named first.

    Raises ParameterError for a parameter that cannot be used and ValueError for an unknown node.
    """
    specs = [graph.node(name) for name in names]
    context = Context()
    rclpy.init(
        args=list(ros_args), context=context, signal_handler_options=SignalHandlerOptions.NO
    )
    try:
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as alive:
            nodes = []
            for spec in specs:
                node = load(spec)(spec.name, context=context, loop=loop)
                alive.callback(node.discard)
                nodes.append(node)
            for node in nodes:
                await alive.enter_async_context(node.alive())
                await node.ascend()
            async with asyncio.TaskGroup() as tasks:
                settling = tasks.create_task(_settle_heap(nodes))
                await stop.wait()
                settling.cancel()
    finally:
        # Or what is in cycles would never be destroyed, such as ROS's handle of its shared memory.
        gc.unfreeze()
        rclpy.try_shutdown(context=context)


async def _settle_heap(nodes: Sequence[ProtNode[Any]]) -> None:
    """Once all nodes are active, exempt what there is by then from garbage collection.

    That are modules and classes mostly, some 170,000 objects in the process of dialog. To look
    through them all takes 120 ms, in which the process does nothing else, and would come again and
    again, for months.
    """
    for node in nodes:
        await node.has_been_active.wait()
    gc.collect()
    gc.freeze()


async def _until_signalled(names: Iterable[str], ros_args: Sequence[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in ending_signals():
        # A second signal changes nothing: the release is under way and has its own deadlines.
        loop.add_signal_handler(sig, stop.set)
    await serve(names, ros_args, stop)


def run(names: Sequence[str], ros_args: Sequence[str]) -> int:
    """Run nodes until a signal comes; return the exit code."""
    # websockets, asyncpg and asyncio log through `logging`; what they warn of should be seen.
    logging.basicConfig(level=logging.WARNING, format='%(levelname)s %(name)s: %(message)s')
    try:
        asyncio.run(_until_signalled(names, ros_args))
    except ParameterError as err:
        print(f'error: {err}', file=sys.stderr)  # noqa: T201
        return 2
    except rclpy.exceptions.InvalidNodeNameException as err:
        print(f'error: {err}', file=sys.stderr)  # noqa: T201
        return 2
    except (KeyboardInterrupt, ROSInterruptException):
        return 0
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run."""
    ours, ros_args = split(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog='prot_ros.run', description='Run nodes of prot in one process, until a signal comes.'
    )
    parser.add_argument(
        'node',
        nargs='+',
        choices=[*(spec.name for spec in graph.ALL_NODES), COMPOSED],
        help=f'which nodes; `{COMPOSED}` means all of them',
    )
    names = parser.parse_args(ours).node
    if COMPOSED in names:
        names = [spec.name for spec in graph.ALL_NODES]
    return run(names, ros_args)


def program() -> int:
    """Run as a process of its own, that ends in time; return its exit code."""
    code = main()
    exit_deadline.end_within(exit_deadline.SECONDS, code)
    return code


if __name__ == '__main__':
    sys.exit(program())
