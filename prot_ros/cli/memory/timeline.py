# SPDX-License-Identifier: Apache-2.0
"""`prot memory timeline`: what became true of somebody or something, ceased, was denied; when."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.memory.options import add_json, add_person, add_place, words

if TYPE_CHECKING:
    from prot_ros.memory.inspection.dossiers import Entity, Known

EXAMPLES = """\
prot memory timeline me
prot memory timeline Bora
prot memory timeline 지수 --json"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory timeline',
        'Tell what was so of somebody or something in order of time: when it became true, ceased\n'
        'or was denied, when the robot learnt that, and in which words it was told.',
        EXAMPLES,
    )
    parser.add_argument('name', type=words, metavar='NAME', help='who or what; me is the user')
    add_person(parser, everybody=False)
    add_place(parser)
    add_json(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Look, and print it."""
    from prot_ros.cli.memory import events
    from prot_ros.cli.memory.table import as_json
    from prot_ros.cli.screen import Screen

    entity, facts = asyncio.run(_look(args))
    found = events.events(facts, entity.number)
    if args.json:
        print(as_json({'entity': entity, 'events': found}))
    else:
        events.show(Screen(sys.stdout), entity, found)
    return 0


async def _look(args: argparse.Namespace) -> tuple[Entity, list[Known]]:
    from asyncpg import Connection

    from prot_ros.cli.memory import whom
    from prot_ros.cli.memory.place import opened
    from prot_ros.memory.inspection import dossiers

    async with opened(args) as memory:
        (person,) = await memory.people(args.robot, args.person)

        async def look(connection: Connection) -> tuple[Entity, list[Known]]:
            entity = await whom.find(connection, person, args.name)
            return entity, await dossiers.facts_about(
                connection, person.scope.number, entity.number
            )

        return await memory.look(look)
