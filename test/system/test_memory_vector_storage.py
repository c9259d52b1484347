# SPDX-License-Identifier: Apache-2.0
"""Where vectors lie: in their rows, also those that an older version has written."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from database import fetch
from pgvector import HalfVector
from pgvector.asyncpg import register_vector

from prot_ros.memory import schema
from prot_ros.memory.database import EF_SEARCH, Database, search_path
from prot_ros.memory.retrieval import vector_indexes
from prot_ros.memory.retrieval.vector_indexes import Space

DIMENSIONS = 1_024
OLD = 4
"""The schema before vectors were kept in their rows."""
COUNT = vector_indexes.LARGE + 20
_ELSEWHERE = """
SELECT c.relname, pg_relation_size(c.reltoastrelid) AS bytes FROM pg_class AS c
WHERE c.oid = ANY ('{prot.turn_vector,prot.entity_vector}'::regclass[]) ORDER BY 1
"""


def vector(number: int) -> HalfVector:
    """Values that cannot be compressed, as those of real embedders."""
    return HalfVector([((number * 7919 + at * 104_729) % 997 - 498) / 997 for at in range(1_024)])


async def connect(url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url, server_settings={'search_path': search_path('public')})
    await register_vector(connection)
    return connection


async def fill(url: str) -> Space:
    """Tell COUNT turns and as many entities, with their vectors."""
    connection = await connect(url)
    try:
        scope = await connection.fetchval(
            "INSERT INTO scope (robot, person) VALUES ('', 'alice') RETURNING id"
        )
        space = await connection.fetchval(
            "INSERT INTO space (name, dimensions) VALUES ('made', $1) RETURNING id", DIMENSIONS
        )
        await connection.execute(
            'INSERT INTO turn (scope, stamp, source, utterance) '
            f"SELECT {scope}, n, 'made', 'x' FROM generate_series(1, {COUNT}) AS n"
        )
        await connection.execute(
            'INSERT INTO entity (scope, kind, name, last_turn) '
            f"SELECT {scope}, 'thing', 'x' || n, 1 FROM generate_series(1, {COUNT}) AS n"
        )
        for table, item in (('turn_vector', 'turn'), ('entity_vector', 'entity')):
            ids = [row['id'] for row in await connection.fetch(f'SELECT id FROM {item}')]
            await connection.executemany(
                f'INSERT INTO {table} (scope, space, {item}, vector) VALUES ($1, $2, $3, $4)',
                [(scope, space, number, vector(number)) for number in ids],
            )
        return Space(space, DIMENSIONS)
    finally:
        await connection.close()


async def vectors(url: str) -> list[Any]:
    connection = await connect(url)
    try:
        return [
            (row['item'], row['vector'].to_list())
            for row in await connection.fetch(
                'SELECT turn AS item, vector FROM turn_vector '
                'UNION ALL SELECT entity, vector FROM entity_vector ORDER BY 1'
            )
        ]
    finally:
        await connection.close()


async def elsewhere(url: str) -> list[int]:
    """Return how many bytes of vectors of entities and of turns do not lie in their rows."""
    return [row['bytes'] for row in await fetch(url, _ELSEWHERE)]


def test_vectors_of_services_are_kept_in_their_rows(fresh_url: str) -> None:
    async def story() -> None:
        await schema.migrate(fresh_url)
        await fill(fresh_url)
        assert await elsewhere(fresh_url) == [0, 0]

    asyncio.run(story())


def test_vectors_of_an_older_version_move_into_their_rows_and_are_indexed_again(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        steps = schema.migrations()
        with monkeypatch.context() as before:
            before.setattr(schema, 'migrations', lambda: steps[:OLD])
            await schema.migrate(fresh_url)
        space = await fill(fresh_url)
        assert await vector_indexes.build(fresh_url, 'public', 1, space)
        old = await vectors(fresh_url)
        assert min(await elsewhere(fresh_url)) > COUNT * DIMENSIONS

        await schema.migrate(fresh_url)
        assert await elsewhere(fresh_url) == [0, 0]
        assert await vectors(fresh_url) == old
        assert await vector_indexes.build(fresh_url, 'public', 1, space), 'they are missed'

    asyncio.run(story())


def test_an_entity_is_found_that_was_described_again_and_again(fresh_url: str) -> None:
    """Each time leaves its old vector in the index, nearer to the question than anybody else's."""

    async def story() -> None:
        await schema.migrate(fresh_url)
        space = await fill(fresh_url)
        connection = await connect(fresh_url)
        try:
            await connection.execute('ALTER TABLE entity_vector SET (autovacuum_enabled = off)')
            assert await vector_indexes.build(fresh_url, 'public', 1, space)
            for time in range(4 * EF_SEARCH):
                # One sentence of several is another one.
                pairs = zip(vector(7).to_list(), vector(10_000 + time).to_list(), strict=True)
                told = [each + 0.3 * other for each, other in pairs]
                await connection.execute('DELETE FROM entity_vector WHERE entity = 7')
                await connection.execute(
                    'INSERT INTO entity_vector (scope, space, entity, vector) '
                    'VALUES (1, $1, 7, $2)',
                    space.number,
                    HalfVector(told),
                )
        finally:
            await connection.close()

        async def nearest(connection: asyncpg.Connection) -> list[int]:
            async with connection.transaction():
                await connection.execute('SET LOCAL enable_seqscan = off')
                await connection.execute('SET LOCAL enable_sort = off')
                rows = await connection.fetch(
                    'SELECT entity FROM entity_vector WHERE scope = 1 AND space = 1 ORDER BY '
                    'vector::halfvec(1024) <=> $1::halfvec(1024) LIMIT 8',
                    vector(7),
                )
            return [row['entity'] for row in rows]

        database = Database(fresh_url)
        await database.open('public')
        try:
            found = await database.run(nearest, 10.0)
        finally:
            await database.close()
        assert 7 in found
        assert len(found) == 8

    asyncio.run(story())
