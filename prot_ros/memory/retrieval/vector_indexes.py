# SPDX-License-Identifier: Apache-2.0
"""Indexes over vectors: one for each large scope and space, made and made anew.

An index over everybody's vectors returns one row of ten to a person who has a hundredth of them
(measured: recall 0.095, silently), because the filter comes after the search. So each large scope
has its own, partial one, in which there is nobody else; the vectors of a small one are compared
one by one, which is exact. Malkov and Yashunin, arXiv 1603.09320; pgvector's README on filtering.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import asyncpg
from asyncpg import Connection

from prot_ros.memory.database import CONNECT_S, FAILURES, search_path

_log = logging.getLogger(__name__)

LARGE = 500
"""Vectors of one scope and space from which they get an index: comparing as many takes 0.3 ms."""
EF_CONSTRUCTION = 128
"""Candidates among which the neighbours of a vector are chosen when an index takes it. With
pgvector's own 64 an index is made in 0.6 of the time, and finds 0.973 of the ten nearest of
200,000 where it finds 0.994 (1,024 dimensions, 60 candidates when searched), and never more than
0.985 of those of a million, however long it is searched; what a search costs is the same."""
BUILD_S = 14_400.0
"""For making indexes over a million vectors a desktop's processor takes half an hour each."""
NICE = 10
"""Of a session that makes indexes, which takes a processor for seconds or minutes."""
NAME = 'prot index'
"""What the server shows as the name of the program that makes them."""
TABLES = ('turn_vector', 'entity_vector')

_COUNT = {
    'turn_vector': 'SELECT count(*) FROM (SELECT FROM turn_vector '
    'WHERE scope = $1 AND space = $2 LIMIT $3) AS counted',
    'entity_vector': 'SELECT count(*) FROM (SELECT FROM entity_vector '
    'WHERE scope = $1 AND space = $2 LIMIT $3) AS counted',
}
_THERE = """
SELECT c.relname, i.indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::text[]::regclass[]) AND c.relname LIKE '%\\_hnsw\\_%'
"""
_HALF_DONE = re.compile(r'_cc(?:new|old)\d*$')
"""What PostgreSQL calls an index that is made to take another one's place."""
ALONE = 'SELECT pg_try_advisory_lock(0x696E6478, 0)'
"""`indx`, of this database; to the end of the connection."""


@dataclass(frozen=True)
class Space:
    """The vectors of one embedder, and which scopes have indexes over them."""

    number: int
    dimensions: int
    turns_indexed: frozenset[int] = frozenset()
    entities_indexed: frozenset[int] = frozenset()


def name(table: str, scope: int, space: int) -> str:
    """Return the name of an index."""
    return f'{table}_hnsw_{scope:d}_{space:d}'


async def look(connection: Connection, scopes: Sequence[int], of: Space) -> Space:
    """Return the space with the indexes over these scopes that can be used now."""
    rows = await connection.fetch(_THERE, list(TABLES))
    there = {row['relname'] for row in rows if row['indisvalid']}
    turns, entities = (
        frozenset(scope for scope in scopes if name(table, scope, of.number) in there)
        for table in TABLES
    )
    return replace(of, turns_indexed=turns, entities_indexed=entities)


async def build(
    url: str, extension_schema: str, scope: int, space: Space, tables: Sequence[str] = TABLES
) -> bool:
    """Make the indexes that a scope needs and lacks; return whether any was made.

    Cancelled, it leaves an invalid index, which the next call replaces. Raises EngineError's
    causes, `database.FAILURES`.
    """
    async with connected(url, extension_schema) as connection:
        return await build_on(connection, scope, space, tables)


async def build_on(
    connection: Connection, scope: int, space: Space, tables: Sequence[str] = TABLES
) -> bool:
    """Do what `build` does, on such a connection."""
    made = False
    for table in tables:
        made |= await _build_one(connection, table, scope, space)
    return made


async def renew_on(connection: Connection, table: str) -> bool:
    """Make all indexes over the vectors of a table anew, then clean the table up.

    Returns False where another process is doing it. Nobody waits for it: the old indexes serve
    until the new ones do. Cancelled, it leaves the old ones, and one that is half done, which the
    next call removes.
    """
    if not await connection.fetchval(ALONE):
        return False
    for row in await connection.fetch(_THERE, [table]):
        if _HALF_DONE.search(row['relname']):
            await connection.execute(f'DROP INDEX CONCURRENTLY IF EXISTS {row["relname"]}')
        elif row['indisvalid']:
            _log.info('the index %s is made anew', row['relname'])
            await connection.execute(f'REINDEX INDEX CONCURRENTLY {row["relname"]}')
    # To give pages at the end back to the system, everybody else would have to wait.
    await connection.execute(f'VACUUM (TRUNCATE FALSE) {table}')
    return True


@contextlib.asynccontextmanager
async def connected(
    url: str, extension_schema: str, *, ours: bool = False
) -> AsyncIterator[Connection]:
    """Yield a connection of its own for BUILD_S, which waits for nobody's statement.

    `ours` says that the server is one that prot runs here: what is done on this connection leaves
    the processors to whoever talks.
    """
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_S,
        server_settings={
            'application_name': NAME,
            'search_path': search_path(extension_schema),
            'maintenance_work_mem': f'{_build_mb()}MB',
            # Helpers would share that in a file, written to its full size for any index. And
            # there is no hurry, and somebody who talks.
            'max_parallel_maintenance_workers': '0',
            'vacuum_cost_delay': '2ms',
        },
    )
    try:
        if ours:
            with contextlib.suppress(OSError):
                process = os.PRIO_PROCESS, connection.get_server_pid()
                os.setpriority(*process, max(NICE, os.getpriority(*process)))
        async with asyncio.timeout(BUILD_S):
            yield connection
    finally:
        try:
            await connection.close(timeout=1.0)
        except FAILURES:
            connection.terminate()


def _build_mb() -> int:
    """Return what building may take: an eighth of the machine's memory, 64 MB to 4 GB.

    An index of a million vectors of 1,024 dimensions is made in 2.7 GB. One that has to be made on
    the disk, because it does not fit, takes many times as long.
    """
    whole = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return int(min(4096, max(64, whole // 8 // 2**20)))


async def _build_one(connection: Connection, table: str, scope: int, space: Space) -> bool:
    rows = {row['relname']: row['indisvalid'] for row in await connection.fetch(_THERE, [table])}
    index = name(table, scope, space.number)
    if rows.get(index):
        return False
    if await connection.fetchval(_COUNT[table], scope, space.number, LARGE) < LARGE:
        return False
    # Numbers of ours; a partial index takes no arguments.
    if index in rows:
        await connection.execute(f'DROP INDEX CONCURRENTLY IF EXISTS {index}')
    _log.info('an index is made over the vectors of %s, scope %d', table, scope)
    await connection.execute(
        f'CREATE INDEX CONCURRENTLY {index} ON {table} '
        f'USING hnsw ((vector::halfvec({space.dimensions:d})) halfvec_cosine_ops) '
        f'WITH (ef_construction = {EF_CONSTRUCTION:d}) '
        f'WHERE scope = {scope:d} AND space = {space.number:d}'
    )
    return True
