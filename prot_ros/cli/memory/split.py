# SPDX-License-Identifier: Apache-2.0
"""`prot memory split`: one whom the robot took for one is two."""

from __future__ import annotations

import argparse
import asyncio
import re

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import UsageError
from prot_ros.cli.memory.options import add_person, add_place, words

EXAMPLES = """\
prot memory split Minsu             list the turns that speak of Minsu
prot memory split Minsu --turns 21,27
prot memory split Minsu --turns 40-52"""
MOST_SPAN = 100_000
_TURNS = re.compile(r'\d{1,18}(-\d{1,18})?')


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory split',
        'Make one two: what the turns told of NAME is told of another of that name from now on.\n'
        'Without --turns those are listed that speak of NAME. `prot memory undo` takes it back.',
        EXAMPLES,
    )
    parser.add_argument('name', type=words, metavar='NAME', help='who or what is two')
    parser.add_argument(
        '--turns',
        type=turns,
        action='append',
        default=[],
        metavar='N[-M][,...]',
        help='numbers of the turns that spoke of the other one; may be given many times',
    )
    add_person(parser, everybody=False)
    add_place(parser)
    return parser


def turns(text: str) -> list[range]:
    """Take numbers of turns, and spans of them: `3,7-9`."""
    found = []
    for part in text.replace(' ', '').split(','):
        if not _TURNS.fullmatch(part):
            raise argparse.ArgumentTypeError(f'{part!r} is no turn, expected numbers like 3,7-9')
        first, _, last = part.partition('-')
        span = range(int(first), int(last or first) + 1)
        if not 0 < len(span) <= MOST_SPAN:
            raise argparse.ArgumentTypeError(
                f'{part!r} are {len(span):,} turns, expected 1 to {MOST_SPAN:,}'
            )
        found.append(span)
    return found


def run(args: argparse.Namespace) -> int:
    """Split it, or list what it could be split by."""
    print('\n'.join(asyncio.run(_split(args))))
    return 0


async def _split(args: argparse.Namespace) -> list[str]:
    from asyncpg import Connection

    from prot_ros.cli.memory import whom
    from prot_ros.cli.memory.place import opened
    from prot_ros.cli.memory.table import clipped, minute, table
    from prot_ros.cli.memory.whom import numbered
    from prot_ros.core.facts import Kind
    from prot_ros.memory.inspection import correction, dossiers

    wanted = {number for spans in args.turns for span in spans for number in span}
    async with opened(args) as memory:
        (person,) = await memory.people(args.robot, args.person)
        scope = person.scope.number

        async def split(connection: Connection) -> list[str]:
            entity = await whom.find(connection, person, args.name)
            if entity.kind is Kind.USER:
                raise UsageError('the user cannot be split: whoever says “I” is the user')
            spoke = await correction.turns_of(connection, scope, entity.number)
            if not wanted:
                rows = [
                    (f'{turn.number}', minute(turn.at), clipped(turn.words, 70)) for turn in spoke
                ]
                return [f'Turns that spoke of {numbered(entity)}:', *table(rows)]
            number = await correction.split(connection, scope, entity.number, wanted)
            pair = await dossiers.numbered(connection, scope, [entity.number, number])
            rows = [(numbered(one), whom.what(one), whom.spoken_of(one)) for one in pair]
            return [
                f'{numbered(entity)} is two:',
                *table(rows),
                '`prot memory undo` takes it back.',
            ]

        return await (memory.change(split) if wanted else memory.look(split))
