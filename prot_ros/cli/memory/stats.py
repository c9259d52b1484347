# SPDX-License-Identifier: Apache-2.0
"""`prot memory stats`: how much there is, and what is still to be done."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.memory.options import add_json, add_person, add_place

if TYPE_CHECKING:
    from prot_ros.cli.memory.place import Person
    from prot_ros.memory.inspection.census import Counts, Server

EXAMPLES = """\
prot memory stats
prot memory stats --person all
prot memory stats --json | jq .server.bytes"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory stats',
        'Count turns, facts and whom they speak of; say what is still to be read and why it\n'
        'could not be, which vectors there are, what serves it all and how large it is.',
        EXAMPLES,
    )
    add_person(parser, everybody=True)
    add_place(parser)
    add_json(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Count, and print it."""
    from prot_ros.cli.memory import counted
    from prot_ros.cli.screen import Screen

    place, server, people = asyncio.run(_count(args))
    if args.json:
        print(counted.as_json(place, server, people))
    else:
        counted.show(Screen(sys.stdout), place, server, people)
    return 0


async def _count(args: argparse.Namespace) -> tuple[str, Server, dict[str, Counts]]:
    from prot_ros.cli.memory.place import opened
    from prot_ros.memory.inspection import census

    async with opened(args) as memory:
        people = await memory.people(args.robot, args.person, everybody=True)

        async def count(person: Person) -> Counts:
            return await memory.look(
                lambda connection: census.counts(connection, person.scope.number)
            )

        found = {person.name: await count(person) for person in people}
        return memory.place, await memory.look(census.server), found
