# SPDX-License-Identifier: Apache-2.0
"""`prot say TEXT`: the robot says it, when nobody else is speaking."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser, add_namespace, add_text, seconds, spoken_text
from prot_ros.cli.reply_options import add_wait
from prot_ros.core.interruption import Policy

EXAMPLES = """\
prot say The door is open.
prot say --wait 'I am ready. Shall we begin?'
prot say --policy never --priority 9 Danger. Step back.
prot say --max-age 5 Good morning.
prot say -- '-5 degrees outside'"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'say', 'Let the robot say TEXT, as soon as nobody else is speaking.', EXAMPLES
    )
    add_text(parser, 'what to say; needs no quotes')
    add_wait(parser, 'wait until it has been said, and print what was heard of it')
    parser.add_argument(
        '--policy',
        choices=Policy.ALL,
        default=Policy.INTERRUPTIBLE,
        help='how it yields to somebody who speaks (default: interruptible)',
    )
    parser.add_argument(
        '--priority',
        type=int,
        choices=range(10),
        default=0,
        metavar='0-9',
        help='higher ones go first, and end what is less important (default: 0, as replies)',
    )
    parser.add_argument(
        '--max-age',
        type=seconds(0.1, 3600),
        default=0.0,
        metavar='S',
        help='do not say it when it had to wait longer than so many seconds',
    )
    add_namespace(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Send it; with --wait, follow it to its end."""
    text = spoken_text(args.text)
    from prot_ros import graph
    from prot_ros.cli import request
    from prot_ros.core.wire import Announcement

    wanted = Announcement(text, args.policy, args.priority, args.max_age)
    topic, asked = (graph.SAY, text) if wanted == Announcement(text) else (graph.ANNOUNCE, wanted)
    return asyncio.run(request.make(topic, asked, args.namespace, args.wait, args.timeout))
