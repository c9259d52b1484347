# SPDX-License-Identifier: Apache-2.0
"""`prot hear TEXT`: the robot takes it as said by the user, and answers."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser, add_namespace, add_text, spoken_text
from prot_ros.cli.reply_options import add_wait

EXAMPLES = """\
prot hear my name is Alice
prot hear --wait what time is it
prot hear --wait 내 이름은 지수야"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'hear',
        'Let the robot take TEXT as if the user had said it. It leaves off what it is saying.',
        EXAMPLES,
    )
    add_text(parser, 'what the user says; needs no quotes')
    add_wait(parser, 'wait for the reply, and print it when it has been said')
    add_namespace(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Send it; with --wait, print the reply."""
    text = spoken_text(args.text)
    from prot_ros import graph
    from prot_ros.cli import request

    return asyncio.run(request.make(graph.HEAR, text, args.namespace, args.wait, args.timeout))
