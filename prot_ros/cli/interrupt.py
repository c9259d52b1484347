# SPDX-License-Identifier: Apache-2.0
"""`prot interrupt`: everything the robot is saying or about to answer is void."""

from __future__ import annotations

import argparse
import asyncio
import sys

from prot_ros.cli.arguments import CommandParser, add_namespace
from prot_ros.cli.failure import UsageError

EXAMPLES = """\
prot interrupt
prot interrupt --source estop"""
SOURCE_LIMIT = 100
"""Characters that receivers keep."""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'interrupt',
        'Silence the robot at once: every turn that has begun is void. It listens on.',
        EXAMPLES,
    )
    parser.add_argument(
        '--source',
        default='operator',
        metavar='NAME',
        help='who interrupts, as turn reports will say (default: operator)',
    )
    parser.add_argument(
        '--use-sim-time',
        action='store_true',
        help='take the time from /clock; for a robot that runs with use_sim_time',
    )
    add_namespace(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Send it, and return when every node has it."""
    if not args.source.strip() or len(args.source) > SOURCE_LIMIT:
        raise UsageError(f'--source has {len(args.source)} characters, expected 1 to 100')
    return asyncio.run(_interrupt(args))


async def _interrupt(args: argparse.Namespace) -> int:
    from prot_ros import graph
    from prot_ros.cli.participant import participating
    from prot_ros.core.turns import Interrupt

    async with participating(
        args.namespace, advertise=[graph.INTERRUPT], use_sim_time=args.use_sim_time
    ) as participant:
        # Before anybody is found: it is latched, so each node has it as soon as it is reached.
        participant.publish(graph.INTERRUPT, Interrupt(await participant.clock(), args.source))
        deaf = await participant.reach(graph.INTERRUPT)
        await participant.acknowledged(graph.INTERRUPT)
    if deaf:
        print(f'(not listening: {", ".join(sorted(deaf))})', file=sys.stderr)
    return 0
