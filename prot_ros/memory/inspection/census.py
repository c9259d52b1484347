# SPDX-License-Identifier: Apache-2.0
"""Who is remembered, and how much: what a person who looks after the robot wants to see.

Only looks. Counting reads whole tables, so it is not for a conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection

from prot_ros.memory.database import SCHEMA
from prot_ros.memory.retrieval import vector_indexes
from prot_ros.memory.scopes import MOST_HEARD, Scope

_PEOPLE = """
SELECT s.id, s.person, s.shared,
       (SELECT e.id FROM entity AS e WHERE e.scope = s.id AND e.kind = 'user') AS entity
FROM scope AS s WHERE s.robot = $1 ORDER BY s.person
"""
_ROBOTS = 'SELECT DISTINCT robot FROM scope ORDER BY robot'
_COUNTS = """
SELECT (SELECT count(*) FROM turn WHERE scope = $1) AS turns,
       (SELECT min(created_at) FROM turn WHERE scope = $1) AS oldest,
       (SELECT max(created_at) FROM turn WHERE scope = $1) AS newest,
       (SELECT count(*) FROM telling WHERE scope = $1) AS tellings,
       (SELECT count(*) FROM fact WHERE scope = $1) AS facts,
       (SELECT count(*) FROM fact
        WHERE scope = $1 AND live AND (valid_to IS NULL OR valid_to > now())) AS true_now,
       (SELECT count(*) FROM community WHERE scope = $1) AS circles,
       (SELECT count(*) FROM summary WHERE scope = $1) AS summaries,
       (SELECT count(*) FROM extraction
        WHERE scope = $1 AND extracted_at IS NULL AND failure IS NULL) AS waiting
"""
_KINDS = """
SELECT kind, count(*) AS entities FROM entity WHERE scope = $1 AND kind <> 'user'
GROUP BY kind ORDER BY entities DESC, kind
"""
_FAILURES = """
SELECT failure, count(*) AS turns, max(attempts) AS attempts, min(retry_at) AS next
FROM extraction WHERE scope = $1 AND extracted_at IS NULL AND failure IS NOT NULL
GROUP BY failure ORDER BY turns DESC, failure LIMIT $2
"""
_EXTRACTORS = """
SELECT extractor, count(*) AS turns FROM extraction
WHERE scope = $1 AND extracted_at IS NOT NULL
GROUP BY extractor ORDER BY turns DESC, extractor
"""
_SPACES = """
SELECT s.name, s.dimensions,
       (SELECT count(*) FROM turn_vector WHERE scope = $1 AND space = s.id) AS turns,
       (SELECT count(*) FROM entity_vector WHERE scope = $1 AND space = s.id) AS entities
FROM space AS s ORDER BY s.name
"""
_SIZES = """
SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r'
ORDER BY bytes DESC, name
"""
_SERVER = """
SELECT current_setting('server_version') AS version,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vectors,
       (SELECT max(number) FROM migration) AS schema_version,
       pg_postmaster_start_time() AS started,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'prot') AS connections
"""
_INDEXES = """
SELECT (SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = ANY (t.tables) AND i.indisvalid
            AND c.relname LIKE '%\\_hnsw\\_%') AS indexes,
       (SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = ANY (t.tables) AND c.relname LIKE '%\\_hnsw\\_%') AS bytes,
       (SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables
        WHERE relid = ANY (t.tables)) AS dead,
       (SELECT max(greatest(last_vacuum, last_autovacuum)) FROM pg_stat_user_tables
        WHERE relid = ANY (t.tables)) AS cleaned,
       EXISTS (
           SELECT FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = $2 AND state = 'active'
       ) AS under_way
FROM (SELECT $1::text[]::regclass[]::oid[] AS tables) AS t
"""
MOST_FAILURES = 10
"""Different reasons that are told apart."""


@dataclass(frozen=True)
class Counts:
    """How much there is of one person's memory."""

    turns: int
    oldest: datetime | None
    newest: datetime | None
    tellings: int
    facts: int
    """Those that were true before included."""
    true_now: int
    circles: int
    summaries: int
    waiting: int
    """Turns that are still to be read, but for those that failed."""
    entities: dict[str, int]
    """By kind, the user left out."""
    failures: tuple[Failure, ...]
    extractors: dict[str, int]
    """What read the turns, and how many; '' where that is not known."""
    spaces: tuple[Space, ...]


@dataclass(frozen=True)
class Failure:
    """Why turns could not be read. They are tried again."""

    reason: str
    turns: int
    attempts: int
    next: datetime


@dataclass(frozen=True)
class Space:
    """Vectors of one embedder."""

    name: str
    dimensions: int
    turns: int
    entities: int


@dataclass(frozen=True)
class Indexes:
    """Over vectors, of everybody."""

    indexes: int
    bytes: int
    dead: int
    """Vectors that were replaced or forgotten since the latest cleaning up."""
    cleaned: datetime | None
    under_way: bool
    """Whether one is made, or made anew, now."""


@dataclass(frozen=True)
class Server:
    """What serves the memory."""

    version: str
    vectors: str
    schema_version: int
    started: datetime
    connections: int
    """Those of prot."""
    sizes: dict[str, int]
    """Bytes of each table with its indexes, the largest first."""
    vector_indexes: Indexes


async def people(connection: Connection, robot: str) -> dict[str, Scope]:
    """Return the memories that a robot has, by the person's name."""
    rows = await connection.fetch(_PEOPLE, robot)
    shared = [row['id'] for row in rows if row['shared']]
    return {
        row['person']: Scope(
            row['id'],
            row['entity'] or 0,
            (row['id'], *[each for each in shared if each != row['id']][:MOST_HEARD]),
        )
        for row in rows
    }


async def robots(connection: Connection) -> list[str]:
    """Return the names of all robots that have memories here."""
    return [row['robot'] for row in await connection.fetch(_ROBOTS)]


async def counts(connection: Connection, scope: int) -> Counts:
    """Count what there is of one memory."""
    row = await connection.fetchrow(_COUNTS, scope)
    kinds = await connection.fetch(_KINDS, scope)
    failures = await connection.fetch(_FAILURES, scope, MOST_FAILURES)
    extractors = await connection.fetch(_EXTRACTORS, scope)
    spaces = await connection.fetch(_SPACES, scope)
    return Counts(
        **row,
        entities={each['kind']: each['entities'] for each in kinds},
        failures=tuple(
            Failure(each['failure'], each['turns'], each['attempts'], each['next'])
            for each in failures
        ),
        extractors={each['extractor']: each['turns'] for each in extractors},
        spaces=tuple(Space(**each) for each in spaces),
    )


async def server(connection: Connection) -> Server:
    """Return what serves the memory, and how large it is."""
    row = await connection.fetchrow(_SERVER)
    sizes = await connection.fetch(_SIZES, SCHEMA)
    indexes = await connection.fetchrow(
        _INDEXES, [f'{SCHEMA}.{table}' for table in vector_indexes.TABLES], vector_indexes.NAME
    )
    return Server(
        **row,
        sizes={each['name']: each['bytes'] for each in sizes},
        vector_indexes=Indexes(**indexes),
    )
