# SPDX-License-Identifier: Apache-2.0
"""Gives all that is remembered of a person vectors of one embedder, showing how far it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prot_ros.cli.failure import CommandError
from prot_ros.cli.memory.reading import TRIED
from prot_ros.engines.kinds import Embedder, EngineError
from prot_ros.memory.retrieval import vector_indexes, vectors
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.retrieval.vectors import Vectors
from prot_ros.memory.schema import migrate

if TYPE_CHECKING:
    from prot_ros.cli.memory.place import Opened, Person
    from prot_ros.cli.screen import Screen

LOOK_S = 0.2

_COUNT = """
SELECT (SELECT count(*) FROM turn_vector WHERE scope = $1 AND space = $2)
     + (SELECT count(*) FROM entity_vector WHERE scope = $1 AND space = $2) AS there,
       (SELECT count(*) FROM turn WHERE scope = $1 AND utterance <> '')
     + (SELECT count(*) FROM entity WHERE scope = $1 AND summary <> '' AND kind <> 'user') AS all
"""


async def try_out(embedder: Embedder) -> None:
    """Raise CommandError for an embedder that makes no vectors now."""
    try:
        await embedder.embed([TRIED])
    except EngineError as err:
        raise CommandError(f'nothing is made anew: {err}') from err


async def make(memory: Opened, person: Person, embedder: Embedder, screen: Screen) -> int:
    """Make what is missing, and the indexes over it; return how many vectors were made.

    A robot that runs may talk meanwhile, and make vectors of this embedder or of another.
    """
    from prot_ros.cli.memory.progress import Bar

    scope = person.scope.number
    number = await memory.change(lambda connection: vectors.space(connection, embedder))
    worker = Vectors(memory.database, scope, embedder, number)
    bar = Bar(screen, f'{person.name}: given vectors', 'texts')
    worker.start()
    try:
        while not worker.complete:
            row = await memory.look(lambda connection: connection.fetchrow(_COUNT, scope, number))
            bar(row['there'], row['all'])
            await asyncio.sleep(LOOK_S)
    finally:
        await worker.stop()
        bar.end()
    await vector_indexes.build(
        memory.url, await migrate(memory.url), scope, Space(number, embedder.dimensions)
    )
    return worker.given
