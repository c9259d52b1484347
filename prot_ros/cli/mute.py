# SPDX-License-Identifier: Apache-2.0
"""`prot mute`: the robot's microphone is closed, until `prot mute --off`."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser, add_namespace

EXAMPLES = """\
prot mute
prot mute --off"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'mute',
        'Close the microphone: the device is released, and nothing is heard until --off.',
        EXAMPLES,
    )
    parser.add_argument('--off', action='store_true', help='open the microphone again')
    add_namespace(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Send it, and return when the microphone's node has it."""
    return asyncio.run(_mute(not args.off, args.namespace))


async def _mute(muted: bool, namespace: str) -> int:
    from prot_ros import graph
    from prot_ros.cli.participant import participating

    async with participating(namespace, advertise=[graph.MUTE]) as participant:
        await participant.reach(graph.MUTE)
        participant.publish(graph.MUTE, muted)
        await participant.acknowledged(graph.MUTE)
    return 0
