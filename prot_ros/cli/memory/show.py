# SPDX-License-Identifier: Apache-2.0
"""`prot memory show`: whom and what the robot knows, and everything that it knows of one."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.memory.options import add_json, add_person, add_place, most, words

if TYPE_CHECKING:
    from prot_ros.cli.memory.place import Opened, Person
    from prot_ros.cli.memory.portrait import Overview, Portrait

EXAMPLES = """\
prot memory show
prot memory show Bora
prot memory show 'my sister'
prot memory show Minsu#12           the one with that number, of several
prot memory show --person all --json | jq '.[].entities[].name'"""
MOST = 40


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory show',
        'Without NAME an overview of whom and what the robot knows, the last spoken of first.\n'
        'With it all that is known: names, what is true now, since when and how often it was\n'
        'told, and what was true before. A name may be spelt as it sounds, in any script.',
        EXAMPLES,
    )
    parser.add_argument('name', nargs='?', type=words, metavar='NAME', help='who or what')
    parser.add_argument(
        '--most',
        type=most,
        default=MOST,
        metavar='N',
        help=f'without NAME: as many of each kind (default: {MOST})',
    )
    add_person(parser, everybody=True)
    add_place(parser)
    add_json(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Look, and print it."""
    from prot_ros.cli.memory import portrait
    from prot_ros.cli.memory.table import as_json
    from prot_ros.cli.screen import Screen

    found: Sequence[Overview | Portrait] = asyncio.run(_look(args))
    if args.json:
        print(as_json(found))
        return 0
    screen = Screen(sys.stdout)
    for number, one in enumerate(found):
        if number:
            screen.line()
        portrait.show(screen, one)
    return 0


async def _look(args: argparse.Namespace) -> list[Overview] | list[Portrait]:
    from prot_ros.cli.memory.place import opened
    from prot_ros.cli.memory.whom import UnknownNameError

    async with opened(args) as memory:
        people = await memory.people(args.robot, args.person, everybody=True)
        if args.name is None:
            return [await _overview(memory, person, args.most) for person in people]
        found, unknown = [], None
        for person in people:
            try:
                found.append(await _portrait(memory, person, args.name))
            except UnknownNameError as err:
                unknown = err
        if unknown is not None and not found:
            raise unknown
        return found


async def _overview(memory: Opened, person: Person, at_most: int) -> Overview:
    from asyncpg import Connection

    from prot_ros.cli.memory.portrait import Overview
    from prot_ros.memory.inspection import dossiers

    async def look(connection: Connection) -> Overview:
        scope = person.scope.number
        entities = await dossiers.latest(connection, scope, dossiers.MOST_ENTITIES)
        numbers = [each.number for each in entities]
        briefs = await dossiers.briefs(connection, numbers, 3)
        own = (
            await dossiers.briefs(connection, [person.scope.user], 30) if person.scope.user else {}
        )
        total = await dossiers.kinds(connection, scope)
        return Overview(person.name, at_most, tuple(entities), total, {**briefs, **own})

    return await memory.look(look)


async def _portrait(memory: Opened, person: Person, name: str) -> Portrait:
    from asyncpg import Connection

    from prot_ros.cli.memory import whom
    from prot_ros.cli.memory.portrait import Portrait
    from prot_ros.memory.inspection import dossiers

    async def look(connection: Connection) -> Portrait:
        entity = await whom.find(connection, person, name)
        facts = await dossiers.facts_about(connection, person.scope.number, entity.number)
        return Portrait(person.name, entity, tuple(facts))

    return await memory.look(look)
