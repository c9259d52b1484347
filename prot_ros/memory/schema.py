# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the schema that this version works with, forward only.

Migrations are the numbered files in `migrations/`. Each is applied in one transaction, under a
lock of the database, so two processes that start together apply it once.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from importlib import resources

import asyncpg
from asyncpg import Connection

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.database import (
    CONNECT_S,
    FAILURES,
    SCHEMA,
    MemoryUnavailable,
    describe,
    refusal,
    search_path,
)

PGVECTOR = (0, 7)
"""The first with `halfvec`."""
POSTGRES = 15
_LOCK = 0x70726F74
"""The advisory lock's key: `prot`."""
_NAME = re.compile(r'(\d{4})_(\w+)\.sql')
_BOOKKEEPING = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    statements: str


def migrations() -> tuple[Migration, ...]:
    """Return all steps in order; their numbers run from 1 without a gap."""
    found = []
    for entry in resources.files('prot_ros.memory').joinpath('migrations').iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            statements = entry.read_text(encoding='utf-8')
            found.append(Migration(int(match[1]), match[2], statements))
    found.sort(key=lambda step: step.number)
    if not found or [step.number for step in found] != list(range(1, len(found) + 1)):
        raise EngineError(
            f'the package has the migrations {[step.number for step in found]}, expected 1, 2, '
            'and so on; install prot again'
        )
    return tuple(found)


async def migrate(url: str, deadline_s: float = 30.0) -> str:
    """Make the database ready; return the schema in which the vector extension lies.

    Raises EngineError, in one sentence with the way to mend it, when that cannot be: a server or
    an extension too old, a right that is missing, a database that a newer prot has written.
    """
    steps = migrations()
    try:
        async with asyncio.timeout(deadline_s):
            connection = await _connect(url)
            try:
                return await _migrate(connection, steps, describe(url))
            except BaseException:
                connection.terminate()
                raise
            finally:
                if not connection.is_closed():
                    await connection.close(timeout=CONNECT_S)
    except FAILURES as err:
        raise refusal(err, url, deadline_s) from None


async def _connect(url: str) -> Connection:
    while True:
        try:
            return await asyncpg.connect(url, timeout=CONNECT_S)
        except asyncpg.CannotConnectNowError:
            await asyncio.sleep(0.1)  # it starts, perhaps together with us at the robot's boot


async def _migrate(connection: Connection, steps: tuple[Migration, ...], place: str) -> str:
    version = connection.get_server_version()
    if version.major < POSTGRES:
        raise EngineError(f'{place} runs PostgreSQL {version.major}, expected {POSTGRES} or later')
    await connection.execute('SELECT set_config($1, $2, false)', 'lock_timeout', '20s')
    while True:
        async with connection.transaction():
            # Held to the end of the transaction, so the next look sees what others have done.
            await connection.execute('SELECT pg_advisory_xact_lock($1)', _LOCK)
            at = await _applied(connection)
            if at > len(steps):
                raise EngineError(
                    f'{place} was written by a newer prot (schema {at}, this one knows up to '
                    f'{len(steps)}); update prot, or use another database'
                )
            if at == 0:
                await _enable_vectors(connection, place)
            vectors = await _vector_schema(connection, place)
            if at == len(steps):
                return vectors
            step = steps[at]
            await connection.execute(f'SET LOCAL search_path = {search_path(vectors)}')
            await connection.execute(_BOOKKEEPING)
            await connection.execute(step.statements)
            await connection.execute(
                f'INSERT INTO {SCHEMA}.migration (number, name) VALUES ($1, $2)',  # noqa: S608
                step.number,
                step.name,
            )


async def _applied(connection: Connection) -> int:
    if await connection.fetchval("SELECT to_regclass($1 || '.migration')", SCHEMA) is None:
        return 0
    latest = f'SELECT max(number) FROM {SCHEMA}.migration'  # noqa: S608 - a constant of ours
    return int(await connection.fetchval(latest) or 0)


async def _enable_vectors(connection: Connection, place: str) -> None:
    """Create the extension where it is missing; this needs a right that not every user has."""
    if await connection.fetchval("SELECT 1 FROM pg_extension WHERE extname = 'vector'"):
        return
    available = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
    if not await connection.fetchval(available):
        major = connection.get_server_version().major
        raise EngineError(
            f'{place} has no pgvector; install it on its server (the package '
            f'postgresql-{major}-pgvector, or https://github.com/pgvector/pgvector)'
        )
    try:
        await connection.execute('CREATE EXTENSION vector')
    except asyncpg.InsufficientPrivilegeError as err:
        raise EngineError(
            f'{place} has pgvector, but its user may not enable it; have an administrator run '
            'CREATE EXTENSION vector; there'
        ) from err


async def _vector_schema(connection: Connection, place: str) -> str:
    row = await connection.fetchrow(
        'SELECT extversion, nspname FROM pg_extension e JOIN pg_namespace n '
        "ON n.oid = e.extnamespace WHERE extname = 'vector'"
    )
    if row is None:
        raise MemoryUnavailable(f'{place} has lost its extension vector; create it again')
    found = tuple(int(part) for part in re.findall(r'\d+', row['extversion'])[:2])
    if found < PGVECTOR:
        wanted = '.'.join(map(str, PGVECTOR))
        raise EngineError(
            f'{place} has pgvector {row["extversion"]}, expected {wanted} or later; install it '
            'on its server and run ALTER EXTENSION vector UPDATE; there'
        )
    return str(row['nspname'])
