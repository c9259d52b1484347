# SPDX-License-Identifier: Apache-2.0
"""`prot say TEXT`: the robot says it, when nobody else is speaking."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser, add_namespace, add_text, spoken_text
from prot_ros.cli.reply_options import add_wait

EXAMPLES = """\
prot say The door is open.
prot say --wait 'I am ready. Shall we begin?'
prot say -- '-5 degrees outside'"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'say', 'Let the robot say TEXT, as soon as nobody else is speaking.', EXAMPLES
    )
    add_text(parser, 'what to say; needs no quotes')
    add_wait(parser, 'wait until it has been said, and print what was heard of it')
    add_namespace(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Send it; with --wait, follow it to its end."""
    text = spoken_text(args.text)
    from prot_ros import graph
    from prot_ros.cli import request

    return asyncio.run(request.make(graph.SAY, text, args.namespace, args.wait, args.timeout))
