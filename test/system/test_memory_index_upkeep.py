# SPDX-License-Identifier: Apache-2.0
"""Indexes over vectors are made anew before what was replaced in them costs anybody time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from database import execute, fetch, memory_on
from pgvector.asyncpg import register_vector
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.memory import scopes
from prot_ros.memory.database import search_path
from prot_ros.memory.forgetting.erasure import Wish
from prot_ros.memory.retrieval import index_upkeep, vector_indexes
from prot_ros.memory.retrieval.index_upkeep import IndexUpkeep
from prot_ros.memory.retrieval.vector_indexes import LARGE, Space
from prot_ros.memory.schema import migrate

DIMENSIONS = 16
COUNT = LARGE + 100
REPLACED = COUNT // 2
RENEW_S = 30.0
TABLE = 'entity_vector'

_ENTITIES = """
INSERT INTO entity (scope, kind, name, last_turn)
SELECT $1, 'thing', 'thing' || n, n FROM generate_series(1, $2::int) AS n
"""
_VECTORS = f"""
INSERT INTO entity_vector (scope, space, entity, vector)
SELECT $1, $2, id, (
    SELECT array_agg(random() - 0.5) FROM generate_series(1, {DIMENSIONS}) WHERE id = id
)::halfvec FROM entity WHERE scope = $1 AND kind = 'thing'
    AND NOT EXISTS (SELECT FROM entity_vector WHERE entity = entity.id)
"""
_STATE = """
SELECT s.n_dead_tup AS dead, s.vacuum_count AS cleaned,
       (SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = s.relid AND c.relname LIKE '%\\_hnsw\\_%') AS indexes,
       (SELECT max(c.relfilenode) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = s.relid AND c.relname LIKE '%\\_hnsw\\_%' AND i.indisvalid) AS file
FROM pg_stat_user_tables AS s WHERE s.relname = 'entity_vector'
"""
_RENEWING = (
    "SELECT pid FROM pg_stat_activity WHERE query LIKE 'REINDEX%' AND wait_event_type = 'Lock'"
)


class Grown:
    """A memory with an index over the vectors of many entities, and who looks after it."""

    def __init__(self, url: str, connection: asyncpg.Connection, upkeep: IndexUpkeep) -> None:
        self.url = url
        self.connection = connection
        self.upkeep = upkeep
        self.scope = 0
        self.space = Space(0, 0)

    async def replace(self, count: int) -> None:
        """Give new vectors to some, as when new things were told of them."""
        before = (await self.state())['dead']
        await self.connection.execute(
            'DELETE FROM entity_vector WHERE entity IN '
            f'(SELECT entity FROM entity_vector ORDER BY random() LIMIT {count})'
        )
        await self.connection.execute(_VECTORS, self.scope, self.space.number)
        # It would within ten seconds by itself.
        await self.connection.execute('SELECT pg_stat_force_next_flush()')
        await until(lambda: self._counted(before + count), 'the server counts what is dead')

    async def _counted(self, dead: int) -> bool:
        return (await self.state())['dead'] >= dead

    async def state(self) -> asyncpg.Record:
        (row,) = await fetch(self.url, _STATE)
        return row


Story = Callable[[Grown], Awaitable[None]]


@pytest.fixture
def grown(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    """Runs a story; nobody but us cleans up in it."""
    monkeypatch.setattr(index_upkeep, 'LOOK_EVERY', 0)

    async def tell(story: Story) -> None:
        await migrate(fresh_url)
        connection = await asyncpg.connect(
            fresh_url, server_settings={'search_path': search_path('public')}
        )
        try:
            await register_vector(connection)
            whose = await scopes.scope(connection, '', 'alice', None)
            number = await connection.fetchval(
                "INSERT INTO space (name, dimensions) VALUES ('test', $1) RETURNING id", DIMENSIONS
            )
            space = Space(number, DIMENSIONS)
            upkeep = IndexUpkeep(fresh_url, 'public', whose, space, ours=True)
            there = Grown(fresh_url, connection, upkeep)
            there.scope, there.space = whose.number, space
            await connection.execute('ALTER TABLE entity_vector SET (autovacuum_enabled = off)')
            await connection.execute(_ENTITIES, whose.number, COUNT)
            await connection.execute(_VECTORS, whose.number, number)
            assert await vector_indexes.build(fresh_url, 'public', whose.number, space)
            try:
                await story(there)
            finally:
                await upkeep.stop()
        finally:
            await connection.close()

    return lambda story: asyncio.run(tell(story))


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield somebody who has begun to read, and sees what was there then until the end."""
    onlooker = await asyncpg.connect(url)
    try:
        async with onlooker.transaction(isolation='repeatable_read'):
            await onlooker.fetchval('SELECT count(*) FROM prot.turn')
            yield onlooker
    finally:
        await onlooker.close()


def test_an_index_full_of_what_was_replaced_is_made_anew_and_the_table_cleaned_up(grown) -> None:
    async def story(there: Grown) -> None:
        before = await there.state()
        await there.replace(REPLACED)
        there.upkeep.look(0)
        await until(lambda: there.upkeep.renewed, within=RENEW_S)
        after = await there.state()
        assert after['file'] != before['file'], 'another index'
        assert after['indexes'] == before['indexes'], 'of the same name, and no other'
        assert after['dead'] == 0
        assert after['cleaned'] == before['cleaned'] + 1

    grown(story)


def test_what_was_replaced_now_and_then_waits(grown) -> None:
    async def story(there: Grown) -> None:
        before = await there.state()
        await there.replace(int(index_upkeep.WORN_LEAST * 0.9))
        there.upkeep.look(0)
        await until(lambda: not there.upkeep.busy)
        assert (await there.state())['file'] == before['file']

    grown(story)


def test_whoever_still_reads_is_waited_for_and_keeps_nobody_waiting(grown, fresh_url) -> None:
    async def story(there: Grown) -> None:
        before = await there.state()
        async with reading(fresh_url):
            await there.replace(REPLACED)
            there.upkeep.look(0)
            await until(lambda: fetch(fresh_url, _RENEWING))
            assert (await there.state())['file'] == before['file']
            async with asyncio.timeout(5.0):
                await there.replace(1)
        await until(lambda: there.upkeep.renewed, within=RENEW_S)

    grown(story)


def test_what_makes_indexes_leaves_the_processors_to_whoever_talks(grown, fresh_url: str) -> None:
    async def story(there: Grown) -> None:
        async with reading(fresh_url) as onlooker:
            usual = os.getpriority(os.PRIO_PROCESS, onlooker.get_server_pid())
            await there.replace(REPLACED)
            there.upkeep.look(0)
            (row,) = await until(lambda: fetch(fresh_url, _RENEWING))
            assert os.getpriority(os.PRIO_PROCESS, row['pid']) == max(usual, vector_indexes.NICE)

    grown(story)


def test_a_renewal_that_was_cancelled_leaves_the_old_index_and_is_done_later(
    grown, fresh_url: str
) -> None:
    async def story(there: Grown) -> None:
        before = await there.state()
        async with reading(fresh_url):
            await there.replace(REPLACED)
            there.upkeep.look(0)
            await until(lambda: fetch(fresh_url, _RENEWING))
            async with asyncio.timeout(5.0):
                await there.upkeep.stop()
            left = await there.state()
            assert left['file'] == before['file'], 'the old one serves'
            assert there.upkeep.doing == ''
        there.upkeep.look(0)
        await until(lambda: there.upkeep.renewed, within=RENEW_S)
        after = await there.state()
        assert after['indexes'] == before['indexes'], 'nothing half done is left'
        assert after['dead'] == 0

    grown(story)


def test_only_one_process_at_a_time_makes_indexes_anew(grown, fresh_url: str) -> None:
    async def story(there: Grown) -> None:
        other = await asyncpg.connect(fresh_url)
        try:
            assert await other.fetchval(vector_indexes.ALONE)
            before = await there.state()
            await there.replace(REPLACED)
            there.upkeep.look(0)
            await until(lambda: not there.upkeep.busy)
            assert not there.upkeep.renewed
            assert (await there.state())['file'] == before['file']
        finally:
            await other.close()
        there.upkeep.look(0)
        await until(lambda: there.upkeep.renewed, within=RENEW_S)

    grown(story)


def test_a_memory_looks_after_its_indexes_when_much_was_forgotten(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_indexes, 'LARGE', 10)
    monkeypatch.setattr(index_upkeep, 'LOOK_EVERY', 0)
    monkeypatch.setattr(index_upkeep, 'WORN_LEAST', 5)

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            for number in range(1, 31):
                await memory.record_utterance(Stamp(number), f'I like thing {number}', 'hear')
            assert await memory.settled(RENEW_S)

            async def indexed() -> bool:
                rows = await fetch(fresh_url, _STATE.replace('entity_vector', 'turn_vector'))
                return bool(rows[0]['indexes'])

            await until(indexed, within=RENEW_S)
            await execute(fresh_url, 'ALTER TABLE prot.turn_vector SET (autovacuum_enabled=off)')
            await memory.forget(Wish(stamps=tuple(Stamp(number) for number in range(1, 21))))

            def renewed() -> object:
                # The server counts what is dead within a second; people talk on.
                memory._look_after_indexes()
                return memory.stats()['memory indexes renewed']

            await until(renewed, within=RENEW_S)

    asyncio.run(story())
