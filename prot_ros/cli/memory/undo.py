# SPDX-License-Identifier: Apache-2.0
"""`prot memory undo`: takes back the latest merge or split."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import CommandError
from prot_ros.cli.memory.options import add_person, add_place

EXAMPLES = """\
prot memory undo
prot memory undo --person alice"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory undo',
        'Take back the latest merge or split that stands, also one that the robot decided by\n'
        'itself when it was told a name. What was told since stays where it is. Once more takes\n'
        'back the one before.',
        EXAMPLES,
    )
    add_person(parser, everybody=False)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Take it back, and say what it was."""
    print('\n'.join(asyncio.run(_undo(args))))
    return 0


async def _undo(args: argparse.Namespace) -> list[str]:
    from asyncpg import Connection

    from prot_ros.cli.memory import whom
    from prot_ros.cli.memory.place import opened
    from prot_ros.cli.memory.table import minute, table
    from prot_ros.cli.memory.whom import numbered
    from prot_ros.memory.inspection import correction, dossiers

    async with opened(args) as memory:
        (person,) = await memory.people(args.robot, args.person)
        scope = person.scope.number

        async def undo(connection: Connection) -> list[str]:
            decision = await correction.undo(connection, scope)
            if decision is None:
                raise CommandError('nothing was merged or split that could be taken back')
            there = await dossiers.numbered(connection, scope, [decision.kept, decision.other])
            rows = [(numbered(one), whom.what(one), whom.spoken_of(one)) for one in there]
            return [
                f'The {decision.action} of {minute(decision.decided_at)} is taken back; it was '
                f'decided by {decision.decided_by}.',
                *table(rows),
            ]

        return await memory.change(undo)
