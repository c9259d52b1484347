# SPDX-License-Identifier: Apache-2.0
"""`prot memory rebuild`: what is known is made anew from what was said."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prot_ros.cli.arguments import CommandParser, add_parameters, one_of
from prot_ros.cli.failure import UsageError
from prot_ros.cli.memory.forget import moment
from prot_ros.cli.memory.options import EVERYBODY, add_person, add_place
from prot_ros.cli.memory.search import ENGINES
from prot_ros.cli.memory.table import counted

if TYPE_CHECKING:
    from prot_ros.cli.memory.place import Opened, Person
    from prot_ros.cli.screen import Screen
    from prot_ros.engines.kinds import Embedder, FactReader
    from prot_ros.memory.moving.rebuilding import Progress

EXAMPLES = """\
prot memory rebuild
prot memory rebuild --other-readers      only what was read by another reader, or another version
prot memory rebuild --since 2026-03-01
prot memory rebuild --reader claude -p dialog.model=claude-opus-5
prot memory rebuild --embedder minilm --keep-facts   only vectors, of another embedder"""
READERS = ('auto', 'claude', 'offline')
"""As `selection_extractor` has them; a test compares."""
LOOK_S = 0.2
PATIENCE_S = 90.0
"""How long a robot that runs may do nothing before it is done here: it looks every minute."""
LEFT = 'what was read again is new, the rest is as it was, and may be gone on with'

_READ_BY = """
SELECT extractor, count(*) AS turns FROM extraction
WHERE scope = $1 AND extracted_at >= $2 AND extractor <> $3
GROUP BY extractor ORDER BY turns DESC, extractor
"""
_ROBOTS = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'prot' AND datname = current_database() AND pid <> ALL ($1::integer[])
"""


def parser() -> CommandParser:
    """Return the subcommand's arguments."""
    parser = CommandParser(
        'memory rebuild',
        'Read the turns again, and make all that is known anew from them, in place. A robot that\n'
        'runs does it while it talks; where none does, it is done here. With --reader it is done\n'
        'here in any case, with another model if wanted, while a robot that runs goes on talking.',
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
    parser.add_argument(
        '--reader',
        type=one_of(*READERS),
        metavar='NAME',
        help='what reads, as the parameter dialog.extraction.engine: ' + ', '.join(READERS),
    )
    parser.add_argument(
        '--embedder',
        type=one_of(*ENGINES),
        metavar='NAME',
        help='also make vectors, as the parameter dialog.embedding.engine: ' + ', '.join(ENGINES),
    )
    parser.add_argument(
        '--keep-facts', action='store_true', help='with --embedder: read nothing again'
    )
    add_parameters(parser)
    add_person(parser, everybody=True)
    parser.set_defaults(person=EVERYBODY)
    add_place(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Rebuild, showing how far it is."""
    from prot_ros.cli import settings
    from prot_ros.cli.memory.ending import until_ended
    from prot_ros.cli.screen import Screen
    from prot_ros.graph import NAMESPACE

    if args.keep_facts and (
        args.embedder is None or args.reader or args.since or args.other_readers or args.afresh
    ):
        raise UsageError('--keep-facts goes with --embedder, and with nothing that reads again')
    settings.check_files(args.params_file, NAMESPACE)
    given = settings.overrides(args.param)
    dialog = settings.effective(args.params_file, given, NAMESPACE)['dialog']
    screen = Screen(sys.stdout)
    until_ended(_rebuild(args, dialog, screen), LEFT)
    return 0


async def _rebuild(args: argparse.Namespace, dialog: Any, screen: Screen) -> None:
    from prot_ros.cli.memory.place import opened
    from prot_ros.cli.memory.reading import reader

    async with AsyncExitStack() as held:
        memory = await held.enter_async_context(opened(args))
        embedder = await _embedder(args, dialog, held, screen)
        # The pool has one connection yet, which is this one.
        ours = await memory.look(lambda connection: connection.fetchval('SELECT pg_backend_pid()'))
        robots = await memory.look(lambda connection: connection.fetchval(_ROBOTS, [ours]))
        people = await memory.people(args.robot, args.person, everybody=True)
        reads = None
        if not args.keep_facts:
            reads = await held.enter_async_context(reader(dialog, args.reader, screen))
        for person in people:
            if reads is not None:
                leave = bool(robots) and args.reader is None
                end, by = await _one(args, memory, person, screen, reads, watch=leave)
                failed = f', {end.failed:,} could not be read and are tried again'
                screen.line(
                    f'{person.name}: {counted(end.turns, "turn")} read again{by}'
                    + failed * bool(end.failed)
                )
            if embedder is not None:
                from prot_ros.cli.memory import vectors_anew

                made = await vectors_anew.make(memory, person, embedder, screen)
                screen.line(f'{person.name}: {counted(made, "vector")} made by {embedder.name}')


async def _embedder(
    args: argparse.Namespace, dialog: Any, held: AsyncExitStack, screen: Screen
) -> Embedder | None:
    """Return what makes vectors, open and tried, None where none are wanted."""
    if args.embedder is None:
        return None
    from prot_ros.cli.memory import vectors_anew
    from prot_ros.engines.selection_embedder import embedder

    choice = await embedder(replace(dialog, embedding_engine=args.embedder))
    held.push_async_callback(choice.engine.close)
    screen.line(choice.sentence('embeddings'))
    await vectors_anew.try_out(choice.engine)
    return choice.engine


async def _one(
    args: argparse.Namespace,
    memory: Opened,
    person: Person,
    screen: Screen,
    reader: FactReader,
    *,
    watch: bool,
) -> tuple[Progress, str]:
    """Rebuild for one person; return how far it came, and in words who read how much."""
    from prot_ros.cli.memory.progress import Bar
    from prot_ros.memory.forgetting.turns import REDACTED
    from prot_ros.memory.knowledge.extraction import Extraction
    from prot_ros.memory.long_work import connected, transaction
    from prot_ros.memory.moving import rebuilding
    from prot_ros.memory.moving.reservation import reserved

    scope = person.scope.number
    unless = reader.name if args.other_readers else None
    bar = Bar(screen, f'{person.name}: read again', 'turns')
    extraction = Extraction(memory.database, scope, reader, reserved=args.reader is not None)
    async with AsyncExitStack() as held:
        if args.reader is not None:
            # On a connection that does nothing else, so that nothing takes it back.
            holder = await held.enter_async_context(connected(memory.url))
            await held.enter_async_context(reserved(holder, scope))
        connection = await held.enter_async_context(connected(memory.url))
        began = await connection.fetchval('SELECT now()')
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
        rows = await connection.fetch(_READ_BY, scope, began, REDACTED)
        read_by = ', '.join(f'{row["turns"]:,} by {row["extractor"]}' for row in rows)
        return at, f' ({read_by})' if read_by else ''
