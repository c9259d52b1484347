# SPDX-License-Identifier: Apache-2.0
"""`prot doctor`: what works here, what does not, and what would mend it."""

from __future__ import annotations

import argparse
import asyncio
import sys

from prot_ros.cli.arguments import CommandParser, add_namespace, add_parameters

EXAMPLES = """\
prot doctor
prot doctor --online                ask the services whether they take the keys
prot doctor --params-file mine.yaml
prot doctor --json | jq .conversation"""


def parser() -> CommandParser:
    """Return the command's arguments."""
    parser = CommandParser(
        'doctor',
        'Look at everything a conversation takes, and say what works, what is degraded and what\n'
        'fails, each with what would mend it. Nothing is changed. The exit code is 0 when a\n'
        'conversation can be held, else 1.',
        EXAMPLES,
    )
    parser.add_argument(
        '--online',
        action='store_true',
        help='also ask each online service that would be used; costs a few words at each',
    )
    parser.add_argument('--json', action='store_true', help='print it as JSON, for programs')
    add_namespace(parser)
    add_parameters(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Look, and print what was found."""
    from prot_ros.cli.doctor import examination, report
    from prot_ros.cli.screen import Screen

    findings = asyncio.run(
        examination.examine(args.namespace, args.params_file, args.param, online=args.online)
    )
    if args.json:
        print(report.as_json(findings))
    else:
        report.show(Screen(sys.stdout), findings)
    return 0 if report.can_converse(findings) else 1
