# SPDX-License-Identifier: Apache-2.0
"""`prot talk`: a conversation in the terminal, with the robot that runs or with one of its own."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser, add_namespace, add_parameters, seconds

EXAMPLES = """\
prot talk
prot talk -p dialog.person=Alice
printf 'hello\\nwhat time is it\\n' | prot talk"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'talk',
        'Talk with the robot that is running, or with one that is started for it. What you type\n'
        'is taken as said; where there is a microphone you may speak as well. Ctrl-D or Ctrl-C\n'
        'leaves. From a pipe, each line is said when the reply to the one before has ended.',
        EXAMPLES,
    )
    parser.add_argument(
        '--timeout',
        type=seconds(1, 3600),
        default=120.0,
        metavar='S',
        help='from a pipe: the longest reply that is waited for (default: 120)',
    )
    add_namespace(parser)
    add_parameters(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Attach or start, then talk."""
    from prot_ros.cli import settings
    from prot_ros.cli.dialogue import talk

    settings.check_files(args.params_file, args.namespace)
    given = settings.overrides(args.param)
    settings.effective(args.params_file, given, args.namespace)
    with settings.as_ros_arguments(args.params_file, given, args.namespace, 'warn') as (
        ros_arguments,
        inherit,
    ):
        return asyncio.run(talk(args.namespace, ros_arguments, inherit, args.timeout))
