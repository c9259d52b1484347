# SPDX-License-Identifier: Apache-2.0
"""Gives turns and entities the vectors that they lack, in the background, the newest first.

They lack them when they are new, where the service that makes them was away, and all of them after
another embedder was chosen: vectors are only ever compared within one space, so each has its own,
and what is there of others stays for whoever changes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncpg import Connection, Record

from prot_ros.engines.background import Background
from prot_ros.engines.kinds import Embedder, EngineError
from prot_ros.memory.database import Database
from prot_ros.memory.knowledge import descriptions

_log = logging.getLogger(__name__)

BATCH = 32
QUERY_S = 10.0
_PAUSES_S = (1.0, 5.0, 15.0, 60.0)
"""After failures in a row. The embedder has a circuit breaker of its own."""
_IDLE_S = 600.0
"""For what another process has told."""
_BEYOND = 2**63 - 1

_SPACE = """
INSERT INTO space (name, dimensions) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET dimensions = excluded.dimensions
RETURNING id
"""


@dataclass(frozen=True)
class _Table:
    """What gets vectors: how those are found that lack them, and how they are given."""

    lacking: str
    give: str


# One that has gone meanwhile needs none.
_TURNS = _Table(
    lacking="""
SELECT t.id, t.utterance AS text FROM turn AS t
WHERE t.scope = $1 AND t.id < $3 AND t.utterance <> '' AND NOT EXISTS (
    SELECT FROM turn_vector AS v WHERE v.scope = $1 AND v.space = $2 AND v.turn = t.id)
ORDER BY t.id DESC LIMIT $4
""",
    give="""
INSERT INTO turn_vector (scope, space, turn, vector)
SELECT $1, $2, id, $4 FROM turn WHERE id = $3 ON CONFLICT DO NOTHING
""",
)
_ENTITIES = _Table(
    lacking="""
SELECT e.id, e.summary AS text FROM entity AS e
WHERE e.scope = $1 AND e.id < $3 AND e.summary <> '' AND e.kind <> 'user' AND NOT EXISTS (
    SELECT FROM entity_vector AS v WHERE v.scope = $1 AND v.space = $2 AND v.entity = e.id)
ORDER BY e.id DESC LIMIT $4
""",
    give="""
INSERT INTO entity_vector (scope, space, entity, vector)
SELECT $1, $2, id, $4 FROM entity WHERE id = $3 ON CONFLICT DO NOTHING
""",
)


async def space(connection: Connection, embedder: Embedder) -> int:
    """Return the number of the space of this embedder's vectors."""
    name = f'{embedder.name}/{embedder.dimensions}'
    return int(await connection.fetchval(_SPACE, name, embedder.dimensions))


class Vectors:
    """One worker for one scope. `start` in an event loop, `stop` before the pool ends."""

    def __init__(
        self,
        database: Database,
        scope: int,
        embedder: Embedder,
        space_number: int,
        on_complete: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_complete` is called when nothing lacks a vector any more."""
        self._database = database
        self._scope = scope
        self._embedder = embedder
        self._space = space_number
        self._on_complete = on_complete
        self._wanted = asyncio.Event()
        self._again = asyncio.Event()
        self._giving = Background('vectors')
        self.given = 0
        """Turns and entities that were given a vector since the start."""
        self.complete = False
        """Whether nothing lacked one at the last look."""

    def start(self) -> None:
        """Begin with what lacks vectors now."""
        self._giving.start(self._work())

    def wake(self) -> None:
        """Say that there may be something without a vector."""
        self.complete = False
        self._wanted.set()

    def try_again(self) -> None:
        """Say that the embedder has just answered somebody else: no pause is due any more."""
        self._again.set()

    async def stop(self) -> None:
        """End at once: what is not done is done after the next start."""
        await self._giving.stop()

    async def _work(self) -> None:
        failures = 0
        while True:
            self._wanted.clear()
            self._again.clear()
            try:
                await self._fill()
            except EngineError as err:
                pause_s = _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
                failures += 1
                _log.debug('no vectors are made, again in %g s: %s', pause_s, err)
                await _set_within(self._again, pause_s)
                continue
            failures = 0
            await _set_within(self._wanted, _IDLE_S)

    async def _fill(self) -> None:
        """Give vectors to all that lack them; what has no direction is passed over."""
        while await self._database.run(self._describe, QUERY_S, patient=True):
            self.complete = False
        for table in (_TURNS, _ENTITIES):
            below = _BEYOND
            while rows := await self._lacking(table, below):
                self.complete = False
                below = rows[-1]['id']
                vectors = await self._embedder.embed([row['text'] for row in rows])
                given = [
                    (row['id'], vector)
                    for row, vector in zip(rows, vectors, strict=True)
                    # A vector of zeros is at no angle to anything; pgvector's distance is NaN.
                    if any(vector)
                ]
                await self._give(table, given)
                self.given += len(given)
        if not self._wanted.is_set():
            self.complete = True
            self._on_complete()

    async def _describe(self, connection: Connection) -> int:
        async with connection.transaction():
            return await descriptions.describe(connection, self._scope)

    async def _lacking(self, table: _Table, below: int) -> list[Record]:
        async def look(connection: Connection) -> list[Record]:
            found: list[Record] = await connection.fetch(
                table.lacking, self._scope, self._space, below, BATCH
            )
            return found

        return await self._database.run(look, QUERY_S, patient=True)

    async def _give(self, table: _Table, given: Sequence[tuple[int, list[float]]]) -> None:
        rows = [(self._scope, self._space, number, vector) for number, vector in given]

        async def write(connection: Connection) -> None:
            await connection.executemany(table.give, rows)

        await self._database.run(write, QUERY_S, patient=True)


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
