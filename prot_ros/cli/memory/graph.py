# SPDX-License-Identifier: Apache-2.0
"""`prot memory graph`: a picture of whom and what the robot knows."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prot_ros.cli.arguments import CommandParser
from prot_ros.cli.failure import CommandError
from prot_ros.cli.memory.options import add_person, add_place, most

if TYPE_CHECKING:
    from prot_ros.cli.memory.picture.scene import Scene

EXAMPLES = """\
prot memory graph --out memory.svg
prot memory graph --past --most 120 --out everything.svg"""
MOST = 60
MOST_FACTS = 5_000


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory graph',
        'Draw whom and what the robot knows: the user in the middle, the others around by kind,\n'
        'larger the more they were spoken of, linked by what is true now. An SVG file, for a\n'
        'browser or a page; nothing in it runs, and it needs nothing from elsewhere.',
        EXAMPLES,
    )
    parser.add_argument(
        '--out', type=Path, required=True, metavar='FILE.svg', help='the file; replaced if there'
    )
    parser.add_argument(
        '--past', action='store_true', help='also what was true before, pale and dashed'
    )
    parser.add_argument(
        '--most',
        type=most,
        default=MOST,
        metavar='N',
        help=f'whom and what, those spoken of most; the rest are counted (default: {MOST})',
    )
    add_person(parser, everybody=False)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Draw it into the file, and say what is in it."""
    from prot_ros.cli.memory.picture import drawing
    from prot_ros.cli.memory.table import counted, minute

    name, scene = asyncio.run(_look(args))
    picture = drawing.composed(scene)
    notes = []
    if scene.left_out:
        notes.append(f'{scene.left_out:,} more, who were spoken of less, are not shown')
    hidden = sum(thread.words is None for thread in picture.threads)
    if hidden:
        notes.append(f'the words of {counted(hidden, "link")} show under the pointer')
    title = f'What was told by {name}, {minute(datetime.now().astimezone())}'
    _write(args.out, drawing.svg(picture, title, notes))
    others = len(scene.nodes) - 1
    print(
        f'{args.out}: {counted(max(0, others), "entity", "entities")} around the user, '
        f'{counted(len(scene.links), "link")}'
        + (f'; {scene.left_out:,} more are not shown (--most N)' if scene.left_out else '')
    )
    return 0


async def _look(args: argparse.Namespace) -> tuple[str, Scene]:
    from asyncpg import Connection

    from prot_ros.cli.memory.picture.scene import chosen, scene
    from prot_ros.cli.memory.place import opened
    from prot_ros.core.facts import Kind
    from prot_ros.memory.inspection import dossiers

    async with opened(args) as memory:
        (person,) = await memory.people(args.robot, args.person)
        number = person.scope.number

        async def look(connection: Connection) -> Scene:
            entities = await dossiers.latest(connection, number, dossiers.MOST_ENTITIES)
            shown = chosen(entities, args.most)
            facts = await dossiers.facts_among(
                connection, number, [each.number for each in shown], MOST_FACTS
            )
            total = await dossiers.kinds(connection, number)
            others = sum(each.kind is not Kind.USER for each in shown)
            return scene(shown, facts, sum(total.values()) - others, past=args.past)

        return person.name, await memory.look(look)


def _write(path: Path, text: str) -> None:
    """Replace the file at once: who looks at it sees the old picture or the new one."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
        try:
            with open(descriptor, 'w', encoding='utf-8') as file:
                file.write(text)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as err:
        raise CommandError(f'{path} cannot be written: {err.strerror or err}') from err
