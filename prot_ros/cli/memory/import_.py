# SPDX-License-Identifier: Apache-2.0
"""`prot memory import`: what was said elsewhere, or before, comes into the database."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser, existing_file
from prot_ros.cli.memory.options import add_place
from prot_ros.cli.memory.table import counted

if TYPE_CHECKING:
    from prot_ros.cli.screen import Screen
    from prot_ros.memory.moving.importing import Imported

EXAMPLES = """\
prot memory import robot.export
PROT_DATABASE_URL=postgresql://... prot memory import robot.export
prot memory import before.export --again      also what was forgotten since"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory import',
        'Read an export into the database, where it belongs in time. What is there already is\n'
        'passed over, what was forgotten stays so, and a damaged file changes nothing. The robot\n'
        'may talk meanwhile; what it is told then is written when the import is done.',
        EXAMPLES,
    )
    parser.add_argument('file', type=existing_file, metavar='FILE', help='the export')
    parser.add_argument(
        '--again', action='store_true', help='bring back what was forgotten here, too'
    )
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Import the file."""
    from prot_ros.cli.memory.ending import until_ended
    from prot_ros.cli.screen import Screen

    screen = Screen(sys.stdout)
    done = until_ended(_load(args, screen), 'all turns of the file have come, or none')
    for line in report(done):
        screen.line(line)
    return 0


async def _load(args: argparse.Namespace, screen: Screen) -> Imported:
    from contextlib import AsyncExitStack

    from prot_ros.cli.memory.progress import Bar
    from prot_ros.memory.in_time import where
    from prot_ros.memory.long_work import connected
    from prot_ros.memory.moving import export_file
    from prot_ros.memory.moving.importing import load
    from prot_ros.memory.server.folders import data_folder
    from prot_ros.memory.server.postgres import EmbeddedPostgres

    # Before a database is made for it.
    export_file.check(args.file)
    bar = Bar(screen, 'importing')
    async with AsyncExitStack() as held:
        url = where('embedded' if args.data else 'auto').url
        if url is None:
            server = EmbeddedPostgres(data_folder(args.data))
            url = (await held.enter_async_context(server)).url
        connection = await held.enter_async_context(connected(url))
        try:
            return await load(connection, args.file, again=args.again, on_read=bar)
        finally:
            bar.end()


def report(done: Imported) -> list[str]:
    """Return what has come, in lines."""
    lines = [
        f'{counted(done.turns, "turn")} of {counted(done.people, "person", "people")} imported, '
        f'{done.known:,} were there already, {done.forgotten:,} stay forgotten'
    ]
    if done.moved:
        lines.append(f'{counted(done.moved, "newer turn")} put behind them, to be read again')
    unread = done.turns + done.moved - done.read
    if unread > 0:
        lines.append(
            f'{unread:,} are read by the robot when it runs, or by `prot memory rebuild` now'
        )
    return lines
