# SPDX-License-Identifier: Apache-2.0
"""`prot memory export`: what was said, in one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import UsageError
from prot_ros.cli.memory.options import EVERYBODY, add_person, add_place
from prot_ros.cli.memory.table import counted, size

if TYPE_CHECKING:
    from prot_ros.cli.screen import Screen
    from prot_ros.memory.moving.exporting import Exported

EXAMPLES = """\
prot memory export robot.export
prot memory export alice.export --person Alice --derived
PROT_DATABASE_URL=postgresql://... prot memory import robot.export"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory export',
        'Write what was said into one file, with the notes on it and what people decided, for\n'
        '`prot memory import` on any other database. The robot may talk meanwhile.',
        EXAMPLES,
    )
    parser.add_argument('file', type=Path, metavar='FILE', help='where; it must not exist')
    parser.add_argument('--force', action='store_true', help='replace the file where it exists')
    add_derived(parser)
    add_person(parser, everybody=True)
    parser.set_defaults(person=EVERYBODY)
    add_place(parser)
    return parser


def add_derived(parser: CommandParser) -> None:
    """Add --derived."""
    parser.add_argument(
        '--derived',
        action='store_true',
        help='with what was read in each turn, so that nobody has to read it again',
    )


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    from prot_ros.cli.memory.ending import until_ended
    from prot_ros.cli.screen import Screen

    if args.file.exists() and not args.force:
        raise UsageError(f'{args.file} exists; name another file, or say --force')
    screen = Screen(sys.stdout)
    done = until_ended(write(args, args.file, screen), 'no file was written')
    screen.line(said(args.file, done))
    return 0


def said(path: Path, done: Exported) -> str:
    """Return what has been written, in a sentence."""
    return (
        f'{path}: {counted(done.turns, "turn")} of {counted(done.people, "person", "people")}, '
        f'{counted(done.summaries, "summary", "summaries")}, '
        f'{counted(done.decisions, "decision")}, {size(done.bytes)}'
    )


async def write(args: argparse.Namespace, path: Path, screen: Screen) -> Exported:
    """Write the file, showing how far it is."""
    from prot_ros.cli.memory.place import opened
    from prot_ros.cli.memory.progress import Bar
    from prot_ros.memory.long_work import connected
    from prot_ros.memory.moving.exporting import export

    bar = Bar(screen, 'exporting', 'turns')
    async with opened(args) as memory:
        people = await memory.people(args.robot, args.person, everybody=True)
        scopes = [each.scope.number for each in people]
        async with connected(memory.url) as connection:
            try:
                return await export(connection, scopes, path, derived=args.derived, on_turn=bar)
            finally:
                bar.end()
