# SPDX-License-Identifier: Apache-2.0
"""`prot memory search`: what the robot would remember if somebody said this, and why."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser, one_of, spoken_text
from prot_ros.cli.memory.options import add_json, add_person, add_place, most

if TYPE_CHECKING:
    from prot_ros.cli.memory.embedding import Embedding
    from prot_ros.cli.memory.finds import Finds
    from prot_ros.cli.memory.place import Opened, Person

EXAMPLES = """\
prot memory search where does my sister live
prot memory search 지수는 어디에 살아?
prot memory search --most 5 --json coffee"""
FACTS = 20
"""As many as a reply is given."""
ENGINES = ('auto', 'voyage', 'openai', 'local', 'minilm', 'static', 'onnx')
"""As `selection_embedder` has them; a test compares."""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory search',
        'Say what the robot would remember if somebody said TEXT, most relevant first, and why:\n'
        'by words, by name, by a circle that was named, near in meaning, linked to somebody who\n'
        'was named, or about the user. Then what was said before that it would be told, too.',
        EXAMPLES,
    )
    parser.add_argument('text', nargs='+', metavar='TEXT', help='needs no quotes')
    parser.add_argument(
        '--most', type=most, default=FACTS, metavar='N', help=f'as many lines (default: {FACTS})'
    )
    parser.add_argument(
        '--embedding-engine',
        type=one_of(*ENGINES),
        default='auto',
        metavar='NAME',
        help='as the parameter dialog.embedding.engine: ' + ', '.join(ENGINES),
    )
    add_person(parser, everybody=True)
    add_place(parser)
    add_json(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Look, and print it."""
    text = spoken_text(args.text)
    from prot_ros.cli.memory import finds
    from prot_ros.cli.memory.table import as_json
    from prot_ros.cli.screen import Screen

    found = asyncio.run(_search(args, text))
    if args.json:
        print(as_json(found))
        return 0
    screen = Screen(sys.stdout)
    for number, one in enumerate(found):
        if number:
            screen.line()
        finds.show(screen, one)
    return 0


async def _search(args: argparse.Namespace, text: str) -> list[Finds]:
    from prot_ros.cli.memory.embedding import Embedding
    from prot_ros.cli.memory.place import opened

    async with opened(args) as memory:
        people = await memory.people(args.robot, args.person, everybody=True)
        embedding = await Embedding.of(text, args.embedding_engine)
        return [await _look(memory, person, text, embedding, args.most) for person in people]


async def _look(
    memory: Opened, person: Person, text: str, embedding: Embedding, limit: int
) -> Finds:
    from asyncpg import Connection

    from prot_ros.cli.memory.finds import Finds, Line
    from prot_ros.memory.retrieval import recollection, turn_retrieval
    from prot_ros.memory.retrieval.recall import earlier

    async def look(connection: Connection) -> Finds:
        space, lack = await embedding.space(connection, person.scope.heard)
        recalled = await recollection.recall(
            connection, person.scope, text, embedding.vector, space, limit
        )
        turns = await turn_retrieval.earlier_turns(
            connection, person.scope.number, text, embedding.vector, space.number, limit
        )
        lines = tuple(map(Line, recalled.facts, recalled.reasons))
        return Finds(person.name, text, lines, earlier(turns), lack)

    return await memory.look(look)
