# SPDX-License-Identifier: Apache-2.0
"""`prot memory backup`: an export with the time in its name, and no more of them than wanted."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import CommandError
from prot_ros.cli.memory.export import add_derived, said, write
from prot_ros.cli.memory.options import EVERYBODY, add_person, add_place

EXAMPLES = """\
prot memory backup /media/disk/robot
prot memory backup /media/disk/robot --keep 14 --derived"""
_NAME = re.compile(r'prot-memory-\d{8}T\d{6}Z\.export')
MOST = 10_000


def kept(text: str) -> int:
    """Take how many to keep."""
    if text.isdecimal() and 1 <= int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f'{text!r} is no number, expected 1 to {MOST}')


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory backup',
        'Write an export into a folder, named after the time, and remove the oldest ones there\n'
        'when the new one is complete. What is forgotten stays in those that were made before.',
        EXAMPLES,
    )
    parser.add_argument('folder', type=Path, metavar='DIR', help='where; made if it is missing')
    parser.add_argument(
        '--keep', type=kept, metavar='N', help='how many to keep (default: all of them)'
    )
    add_derived(parser)
    add_person(parser, everybody=True)
    parser.set_defaults(person=EVERYBODY)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Write it, then remove what is too old."""
    from prot_ros.cli.memory.ending import until_ended
    from prot_ros.cli.screen import Screen

    try:
        args.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise CommandError(f'{args.folder} cannot be made: {err.strerror}') from err
    path = args.folder / name(datetime.now(UTC))
    screen = Screen(sys.stdout)
    done = until_ended(write(args, path, screen), 'no backup was written, and none removed')
    screen.line(said(path, done))
    if args.keep is not None:
        for old in surplus((each.name for each in args.folder.iterdir()), args.keep):
            try:
                (args.folder / old).unlink(missing_ok=True)
            except OSError as err:
                raise CommandError(f'{old} cannot be removed: {err.strerror}') from err
            screen.line(f'removed {old}')
    return 0


def name(at: datetime) -> str:
    """Return the name of a backup; names sort as times do."""
    return f'prot-memory-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.export'


def surplus(names: Iterable[str], keep: int) -> list[str]:
    """Return which of these files are backups beyond the latest `keep`; others are never meant."""
    return sorted(each for each in names if _NAME.fullmatch(each))[:-keep]
