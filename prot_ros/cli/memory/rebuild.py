# SPDX-License-Identifier: Apache-2.0
"""`prot memory rebuild`: what is known is made anew from what was said."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.memory.forget import moment
from prot_ros.cli.memory.options import EVERYBODY, add_person, add_place
from prot_ros.cli.memory.table import counted

if TYPE_CHECKING:
    from prot_ros.cli.memory.place import Opened, Person
    from prot_ros.cli.screen import Screen
    from prot_ros.engines.kinds import FactReader
    from prot_ros.memory.moving.rebuilding import Progress

EXAMPLES = """\
prot memory rebuild
prot memory rebuild --other-readers      only what was read by another reader, or another version
prot memory rebuild --since 2026-03-01"""
LOOK_S = 0.2
PATIENCE_S = 90.0
"""How long a robot that runs may do nothing before it is done here: it looks every minute."""
LEFT = 'what was read again is new, the rest is as it was, and may be gone on with'

_ROBOTS = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'prot' AND datname = current_database() AND pid <> ALL ($1::integer[])
"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory rebuild',
        'Read the turns again, and make all that is known anew from them, in place. A robot that\n'
        'runs does it while it talks; where none does, it is done here.',
        EXAMPLES,
    )
    parser.add_argument(
        '--since', type=moment, metavar='TIME', help='only turns since a date, or 3d ago'
    )
    parser.add_argument(
        '--other-readers',
        action='store_true',
        help='only turns that were read by another reader than the one here',
    )
    parser.add_argument(
        '--afresh',
        action='store_true',
        help='decide anew who is who: take all back at once, and start from nothing',
    )
    add_person(parser, everybody=True)
    parser.set_defaults(person=EVERYBODY)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Rebuild, showing how far it is."""
    from prot_ros.cli.memory.ending import until_ended
    from prot_ros.cli.screen import Screen

    screen = Screen(sys.stdout)
    until_ended(_rebuild(args, screen), LEFT)
    return 0


async def _rebuild(args: argparse.Namespace, screen: Screen) -> None:
    from prot_ros.cli.memory.place import opened
    from prot_ros.engines.fact_rules import RuleReader

    reader = RuleReader()
    async with opened(args) as memory:
        # The pool has one connection yet, which is this one.
        ours = await memory.look(lambda connection: connection.fetchval('SELECT pg_backend_pid()'))
        robots = await memory.look(lambda connection: connection.fetchval(_ROBOTS, [ours]))
        for person in await memory.people(args.robot, args.person, everybody=True):
            end = await _one(args, memory, person, screen, reader, watch=bool(robots))
            failed = f', {end.failed:,} could not be read and are tried again' * bool(end.failed)
            screen.line(f'{person.name}: {counted(end.turns, "turn")} read again{failed}')


async def _one(
    args: argparse.Namespace,
    memory: Opened,
    person: Person,
    screen: Screen,
    reader: FactReader,
    *,
    watch: bool,
) -> Progress:
    from prot_ros.cli.memory.progress import Bar
    from prot_ros.memory.knowledge.extraction import Extraction
    from prot_ros.memory.long_work import connected, transaction
    from prot_ros.memory.moving import rebuilding

    scope = person.scope.number
    unless = reader.name if args.other_readers else None
    bar = Bar(screen, f'{person.name}: read again', 'turns')
    extraction = Extraction(memory.database, scope, reader)
    async with connected(memory.url) as connection:
        turns = await transaction(
            connection,
            lambda: rebuilding.begin(
                connection, scope, since=args.since, unless=unless, afresh=args.afresh
            ),
        )

        async def look() -> Progress:
            # A robot that runs may have finished it before anybody looks.
            at = await rebuilding.progress(connection, scope)
            return replace(at, turns=max(turns, at.turns))

        try:
            if not watch:
                extraction.start()
            at = await look()
            loop = asyncio.get_running_loop()
            moved = loop.time()
            while not at.over:
                bar(at.done, at.turns)
                await asyncio.sleep(LOOK_S)
                before, at = at, await look()
                if at.unread != before.unread:
                    moved = loop.time()
                elif watch and loop.time() > moved + PATIENCE_S:
                    # A robot runs, but not for this person.
                    watch = False
                    extraction.start()
        finally:
            await extraction.stop()
            bar.end()
        await transaction(connection, lambda: rebuilding.finish(connection, scope))
        return at
