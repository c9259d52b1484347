# SPDX-License-Identifier: Apache-2.0
"""Gives live facts the vectors that they lack, in the background, the newest facts first.

They lack them where the service that makes them was away, or takes longer than a fact may be kept
waiting, and all of them after another embedder was chosen: vectors are only ever compared within
one space, so each has its own, and what is there of others stays for whoever changes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from asyncpg import Connection, Record

from prot_ros.core.facts import Fact
from prot_ros.engines.background import Background
from prot_ros.engines.kinds import Embedder, EngineError
from prot_ros.memory import facts
from prot_ros.memory.database import Database

_log = logging.getLogger(__name__)

BATCH = 32
QUERY_S = 10.0
_PAUSES_S = (1.0, 5.0, 15.0, 60.0)
"""After failures in a row. The embedder has a circuit breaker of its own."""
_IDLE_S = 600.0
"""For facts that another process has told."""

_LACKING = """
SELECT f.id, f.subject, f.predicate, f.object, f.text FROM fact AS f
WHERE f.person = $1 AND f.valid_to IS NULL AND f.id < $3
AND NOT EXISTS (
    SELECT FROM fact_vector AS v WHERE v.person = $1 AND v.space = $2 AND v.fact = f.id
)
ORDER BY f.id DESC LIMIT $4
"""
# One that has ended meanwhile needs none.
_GIVE = """
INSERT INTO fact_vector (person, space, fact, vector)
SELECT $1, $2, id, $4 FROM fact WHERE person = $1 AND id = $3 AND valid_to IS NULL
ON CONFLICT DO NOTHING
"""
_BEYOND = 2**63 - 1


class Vectors:
    """One worker for one person's facts. `start` in an event loop, `stop` before the pool ends."""

    def __init__(self, database: Database, person: str, embedder: Embedder) -> None:
        self._database = database
        self._person = person
        self._embedder = embedder
        self._wanted = asyncio.Event()
        self._giving = Background('vectors')
        self.given = 0
        """Facts that were given a vector since the start."""
        self.complete = False
        """Whether no live fact lacked one at the last look."""

    def start(self) -> None:
        """Begin with what lacks vectors now."""
        self._giving.start(self._work())

    def wake(self) -> None:
        """Say that there may be facts without vectors."""
        self._wanted.set()

    async def stop(self) -> None:
        """End at once: what is not done is done after the next start."""
        await self._giving.stop()

    async def _work(self) -> None:
        failures = 0
        while True:
            self._wanted.clear()
            try:
                await self._fill()
            except EngineError as err:
                pause_s = _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
                failures += 1
                _log.debug('facts get no vectors, again in %g s: %s', pause_s, err)
                await asyncio.sleep(pause_s)
                continue
            failures = 0
            try:
                async with asyncio.timeout(_IDLE_S):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def _fill(self) -> None:
        """Give vectors to all that lack them; what has no direction is passed over."""
        below = _BEYOND
        while rows := await self._lacking(below):
            self.complete = False
            below = rows[-1]['id']
            texts = [
                facts.searched(Fact(row['subject'], row['predicate'], row['object'], row['text']))
                for row in rows
            ]
            vectors = await self._embedder.embed(texts)
            given = [
                (row['id'], vector)
                for row, vector in zip(rows, vectors, strict=True)
                if any(vector)
            ]
            await self._give(given)
            self.given += len(given)
        self.complete = True

    async def _lacking(self, below: int) -> list[Record]:
        space = facts.space(self._embedder)

        async def look(connection: Connection) -> list[Record]:
            found: list[Record] = await connection.fetch(
                _LACKING, self._person, space, below, BATCH
            )
            return found

        return await self._database.run(look, QUERY_S, patient=True)

    async def _give(self, given: Sequence[tuple[int, list[float]]]) -> None:
        space = facts.space(self._embedder)
        rows = [(self._person, space, number, vector) for number, vector in given]

        async def write(connection: Connection) -> None:
            await connection.executemany(_GIVE, rows)

        await self._database.run(write, QUERY_S, patient=True)
