# SPDX-License-Identifier: Apache-2.0
"""`prot memory merge`: two that the robot took for two are one."""

from __future__ import annotations

import argparse
import asyncio

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import UsageError
from prot_ros.cli.memory.options import add_person, add_place, words

EXAMPLES = """\
prot memory merge Bora 'my sister'
prot memory merge Minsu#12 Minsu#31
prot memory undo                    and they are two again"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory merge',
        'Make two one: what was told of OTHER is told of NAME from now on. It is found under the\n'
        'names of both. `prot memory undo` takes it back.',
        EXAMPLES,
    )
    parser.add_argument('name', type=words, metavar='NAME', help='who or what it is')
    parser.add_argument('other', type=words, metavar='OTHER', help='the same, under another name')
    add_person(parser, everybody=False)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Merge them, and say what is known now."""
    print('\n'.join(asyncio.run(_merge(args))))
    return 0


async def _merge(args: argparse.Namespace) -> list[str]:
    from asyncpg import Connection

    from prot_ros.cli.memory import whom
    from prot_ros.cli.memory.place import opened
    from prot_ros.cli.memory.whom import numbered
    from prot_ros.core.facts import Kind
    from prot_ros.memory.inspection import correction, dossiers

    async with opened(args) as memory:
        (person,) = await memory.people(args.robot, args.person)
        scope = person.scope.number

        async def merge(connection: Connection) -> list[str]:
            kept = await whom.find(connection, person, args.name)
            other = await whom.find(connection, person, args.other)
            if kept.number == other.number:
                raise UsageError(f'{args.name!r} and {args.other!r} are both {numbered(kept)}')
            if Kind.USER in (kept.kind, other.kind):
                raise UsageError('the user cannot be merged: whoever says “I” is the user')
            if kept.kind is not other.kind:
                raise UsageError(
                    f'{numbered(kept)} is of the kind {kept.kind} and {numbered(other)} of the '
                    f'kind {other.kind}; only two of one kind can be one'
                )
            await correction.merge(connection, scope, kept.number, other.number)
            (one,) = await dossiers.numbered(connection, scope, [kept.number])
            return [
                f'{numbered(kept)} and {numbered(other)} are one: {numbered(one)}, '
                f'{whom.what(one)}, {whom.spoken_of(one)}.',
                '`prot memory undo` takes it back.',
            ]

        return await memory.change(merge)
