# SPDX-License-Identifier: Apache-2.0
"""A year of talk in a made-up memory, through what the robot itself writes and forgets with.

DAYS days of TURNS turns. Each turn tells three things: where somebody lives now, which ends what
was true before; what somebody likes, which is mostly new; and whom the user knows, which is told
again and again. In the evening entities of which something new was told are described and get
their vectors anew, as many turns are let go of, the oldest, as were told, and it is looked whether
the indexes want to be made anew, which goes on beside the next days.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from asyncpg import Connection
from made_up_graph import DIMENSIONS, Vectors

from prot_ros.core.facts import Fact, Kind
from prot_ros.memory.database import Database
from prot_ros.memory.forgetting import retention
from prot_ros.memory.knowledge import graph
from prot_ros.memory.retrieval import turn_retrieval, vectors
from prot_ros.memory.retrieval.index_upkeep import IndexUpkeep
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.scopes import Scope

DAYS = 365
TURNS = 10
"""A day, of those that tell something."""
PEOPLE = 200
TOWNS = 100
EVENING_S = 300.0
WRITE_S = 10.0


class _Embedder:
    """Vectors as those that are there, whatever the text."""

    name = 'made'
    dimensions = DIMENSIONS

    def __init__(self, seed: int) -> None:
        self._vectors = Vectors()
        self._rng = np.random.default_rng(seed)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return self._vectors.some(len(texts), self._rng).astype(float).tolist()


@dataclass(frozen=True)
class Lived:
    """How it went."""

    rate: float
    """Turns a second, with all that followed from them."""
    renewed: int
    """How often the indexes of a table were made anew."""


async def live(
    url: str,
    schema: str,
    whose: Scope,
    of: Space,
    things: Sequence[str],
    seed: int,
    days: int = DAYS,
    report: Callable[[str], None] = lambda _: None,
) -> Lived:
    """Live some days in the memory of one person. `schema` is that of the extension."""
    database = Database(url)
    await database.open(schema)
    try:
        upkeep = IndexUpkeep(url, schema, whose, of)
        try:
            rate = await _live(
                database, whose.number, of.number, upkeep, things, seed, days, report
            )
            while upkeep.busy:  # noqa: ASYNC110 - nobody else would wait for it
                await asyncio.sleep(0.1)
        finally:
            await upkeep.stop()
    finally:
        await database.close()
    return Lived(rate, upkeep.renewed)


async def _live(
    database: Database,
    scope: int,
    space: int,
    upkeep: IndexUpkeep,
    things: Sequence[str],
    seed: int,
    days: int,
    report: Callable[[str], None],
) -> float:
    began = time.perf_counter()
    rng = np.random.default_rng(seed)
    embedder = _Embedder(seed)
    complete = asyncio.Event()
    giving = vectors.Vectors(database, scope, embedder, space, complete.set)
    giving.start()
    try:
        gone = 0
        for day in range(days):
            for _ in range(TURNS):
                told = _told(rng, things)
                (vector,) = await embedder.embed([told[0].text])

                async def write(
                    connection: Connection, told: list[Fact] = told, vector=vector
                ) -> None:
                    said = '. '.join(fact.text for fact in told)
                    async with connection.transaction():
                        number = await connection.fetchval(
                            'INSERT INTO turn (scope, stamp, source, utterance) '
                            "VALUES ($1, $2, 'made', $3) RETURNING id",
                            scope,
                            time.time_ns(),
                            said,
                        )
                        await turn_retrieval.index_turn(
                            connection, scope, number, said, vector, space
                        )
                        await graph.write(connection, graph.Turn(number, scope), told)

                await database.run(write, WRITE_S)
            complete.clear()
            giving.wake()
            async with asyncio.timeout(EVENING_S):
                await complete.wait()
            while gone < (day + 1) * TURNS:
                let_go = await database.run(
                    lambda connection: retention.let_go(connection, scope, datetime.now(UTC)),
                    retention.BATCH_S,
                )
                if not let_go:
                    break
                gone += let_go
            upkeep.look(giving.given)
            if not (day + 1) % 30:
                report(f'day {day + 1}, indexes renewed {upkeep.renewed} times')
    finally:
        await giving.stop()
    return days * TURNS / (time.perf_counter() - began)


def _told(rng: np.random.Generator, things: Sequence[str]) -> list[Fact]:
    who, other = (f'Neighbour{n}' for n in rng.integers(0, PEOPLE, size=2))
    town, thing = f'Village{rng.integers(0, TOWNS)}', things[rng.integers(0, len(things))]
    word = f'w{rng.zipf(1.3) % 2_000}'
    return [
        Fact(who, 'lives in', town, f'{who} lives in {town} now', object_kind=Kind.PLACE),
        Fact(other, 'likes', thing, f'{other} likes {thing} {word}', object_kind=Kind.THING),
        Fact('user', 'knows', who, f'I know {who}', object_kind=Kind.PERSON),
    ]
