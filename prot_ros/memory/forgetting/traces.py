# SPDX-License-Identifier: Apache-2.0
"""Proves that a name is gone: from every column, and from the bytes that the server keeps.

A row that is deleted stays in its page until something else is written there, and in the log of
the database, which is there to be replayed, until its files are used again. So the tables are
written anew, and what the planner had noted of them, which are words, too. On a server that lets
us look, files and log are searched as well, and the log is written over.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import asyncpg
from asyncpg import Connection

from prot_ros.memory.database import SCHEMA
from prot_ros.memory.forgetting.spoken_names import Names
from prot_ros.memory.retrieval.terms import terms

LOOK_S = 600.0
REWRITE_S = 120.0
LOCK_S = 3.0
"""What a table is waited for; a conversation waits behind whoever waits for one."""
MOST_REWRITTEN = 512 * 2**20
"""Bytes of a table that is written anew. Nobody can use it meanwhile: 100 MB take a second or two,
and much more on an SD card."""
_AT_ONCE = 1_000
_CHUNK = 4 * 2**20
_OVERLAP = 1_024
"""Bytes, more than a name takes."""
_SHORT = 2
"""Bytes that turn up anywhere."""
_FILL = 2**20
_ROUNDS = 12
"""Log files that are written over at most: those that `max_wal_size` of our own server allows, and
some."""

# What the package itself has put there, and names of embedders: nothing of it was said.
_NOT_SAID = ('migration', 'space')
# Numbers, in which a short name may turn up by chance.
_NO_WORDS = ('turn_vector', 'entity_vector')
_COLUMNS = """
SELECT c.table_name AS table, c.column_name AS column
FROM information_schema.columns AS c
JOIN information_schema.tables AS t USING (table_schema, table_name)
WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' AND c.table_name <> ALL ($2::text[])
    AND (c.data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea',
                         'USER-DEFINED')
         OR c.udt_name IN ('_text', '_varchar'))
    AND c.udt_name NOT IN ('halfvec', 'vector', 'sparsevec', 'bit')
ORDER BY 1, c.ordinal_position
"""
_RELATIONS = """
SELECT c.relname AS name, c.oid::regclass::text AS quoted, pg_total_relation_size(c.oid) AS size
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> ALL ($2::text[]) ORDER BY 1
"""
# A table's own file, its indexes', and those of what was too long for a page.
_FILES = """
WITH ours AS (
    SELECT c.oid, c.reltoastrelid, c.relname FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> ALL ($2::text[])
), every AS (
    SELECT oid, relname FROM ours
    UNION ALL SELECT reltoastrelid, relname FROM ours WHERE reltoastrelid <> 0
    UNION ALL SELECT i.indexrelid, relname FROM ours JOIN pg_index AS i ON i.indrelid = ours.oid
)
SELECT relname AS name, pg_relation_filepath(oid) AS path FROM every
UNION ALL SELECT 'pg_statistic', pg_relation_filepath('pg_catalog.pg_statistic')
"""
_MAY_LOOK = """
SELECT has_function_privilege('pg_read_binary_file(text,bigint,bigint,boolean)', 'execute')
   AND has_function_privilege('pg_ls_waldir()', 'execute')
   AND has_function_privilege('pg_switch_wal()', 'execute')
"""
_READ = 'SELECT pg_read_binary_file($1, $2, $3, true)'
_WAL = 'SELECT name FROM pg_ls_waldir() ORDER BY name'
_WRITE_OVER = "SELECT pg_logical_emit_message(false, 'prot', repeat('.', $1))"


@dataclass(frozen=True)
class Trace:
    """Where a name still is."""

    place: str
    """`turn.utterance`, or of which table the file is, or `log`."""
    count: int


@dataclass
class Traces:
    """What was looked through, and what was found."""

    columns: int = 0
    rows: int = 0
    found: list[Trace] = field(default_factory=list)
    """In columns."""
    rewritten: int = 0
    """Tables written anew."""
    not_rewritten: list[str] = field(default_factory=list)
    """Tables too large or too busy: deleted rows are overwritten there at some time."""
    files: bool = False
    """Whether the server let us look through its files."""
    in_files: list[Trace] = field(default_factory=list)
    log_left: int = 0
    """Files of the log that still hold the name."""

    @property
    def clean(self) -> bool:
        """Whether no row holds it."""
        return not self.found


async def search(connection: Connection, names: Names) -> Traces:
    """Look through every column of text of every table of ours, in one snapshot."""
    traces = Traces()
    words = {term for name in names.names for term in terms(name) if ' ' not in name}
    exact = sorted({name.casefold() for name in names.names} & words)
    async with connection.transaction(isolation='repeatable_read', readonly=True):
        for row in await connection.fetch(_COLUMNS, SCHEMA, list(_NOT_SAID)):
            table, column = row['table'], row['column']
            traces.columns += 1
            if column == 'term':
                # Cut to pieces, a name shares them with others; as a whole it is a word.
                query = f'SELECT count(*) FROM {_q(table)} WHERE term = ANY ($1::text[])'  # noqa: S608
                count = await connection.fetchval(query, exact, timeout=LOOK_S)
            else:
                count = await _in_column(connection, table, column, names, traces)
            if count:
                traces.found.append(Trace(f'{table}.{column}', count))
    return traces


async def _in_column(
    connection: Connection, table: str, column: str, names: Names, traces: Traces
) -> int:
    count = 0
    query = f'SELECT {_q(column)}::text AS text FROM {_q(table)}'  # noqa: S608 - quoted names
    async for row in connection.cursor(query, prefetch=_AT_ONCE, timeout=LOOK_S):
        traces.rows += 1
        count += bool(row['text']) and names.found(row['text'])
    return count


async def rewrite(connection: Connection, traces: Traces) -> None:
    """Write the tables anew, without what was deleted; those that are too large only tidily."""
    await connection.execute('SELECT set_config($1, $2, false)', 'lock_timeout', f'{LOCK_S:g}s')
    for row in await connection.fetch(_RELATIONS, SCHEMA, list(_NOT_SAID)):
        full = row['size'] <= MOST_REWRITTEN and row['name'] not in _NO_WORDS
        try:
            options = '(FULL, ANALYZE)' if full else '(ANALYZE)'
            await connection.execute(f'VACUUM {options} {row["quoted"]}', timeout=REWRITE_S)
        except (asyncpg.LockNotAvailableError, asyncpg.InsufficientPrivilegeError):
            full = False
        if full:
            traces.rewritten += 1
        elif row['name'] not in _NO_WORDS:
            traces.not_rewritten.append(row['name'])
    # The planner notes common words of each column. Those are new now; this clears the old ones,
    # and does nothing for who may not.
    with contextlib.suppress(asyncpg.LockNotAvailableError, asyncpg.InsufficientPrivilegeError):
        await connection.execute('VACUUM (FULL) pg_catalog.pg_statistic', timeout=REWRITE_S)


async def look_into_files(
    connection: Connection, names: Names, traces: Traces, *, write_over: bool
) -> None:
    """Search the server's files, where it lets us; `write_over` its log until it is clean.

    What is written over is at most some 200 MB, and only as long as the name is still there.
    """
    traces.files = bool(await connection.fetchval(_MAY_LOOK))
    if not traces.files:
        return
    await connection.execute('CHECKPOINT', timeout=LOOK_S)
    wanted = _bytes(names.names)
    counts: dict[str, int] = {}
    for row in await connection.fetch(_FILES, SCHEMA, [*_NOT_SAID, *_NO_WORDS]):
        if await _in_file(connection, row['path'], wanted):
            counts[row['name']] = counts.get(row['name'], 0) + 1
    traces.in_files = [Trace(name, count) for name, count in sorted(counts.items())]
    for _ in range(_ROUNDS):
        traces.log_left = await _in_log(connection, wanted)
        if not (traces.log_left and write_over):
            return
        for _ in range(16):
            await connection.fetchval(_WRITE_OVER, _FILL, timeout=LOOK_S)
        await connection.fetchval('SELECT pg_switch_wal()')
        await connection.execute('CHECKPOINT', timeout=LOOK_S)
    traces.log_left = await _in_log(connection, wanted)


async def _in_log(connection: Connection, wanted: re.Pattern[bytes]) -> int:
    found = 0
    for row in await connection.fetch(_WAL):
        found += await _in_file(connection, f'pg_wal/{row["name"]}', wanted)
    return found


async def _in_file(connection: Connection, path: str | None, wanted: re.Pattern[bytes]) -> bool:
    """Tell whether a file of the server holds one; one that has gone meanwhile does not."""
    at = 0
    while path is not None:
        data = await connection.fetchval(_READ, path, at, _CHUNK, timeout=LOOK_S)
        if not data:
            return False
        if wanted.search(data):
            return True
        if len(data) < _CHUNK:
            return False
        at += _CHUNK - _OVERLAP
    return False


def _bytes(names: Iterable[str]) -> re.Pattern[bytes]:
    """Return what finds the names in files, as they were said and as words are kept.

    Before a Latin one there may be letters that are none, such as a length; so only what follows
    is looked at.
    """
    forms: dict[str, None] = {}
    for name in names:
        forms |= dict.fromkeys((name, name.casefold()))
        if ' ' not in name:
            forms |= dict.fromkeys(term for term in terms(name) if len(term) > _SHORT)
    parts = [
        re.escape(form.encode()) + (b'(?![a-z])' if form.isascii() else b'')
        for form in forms
        if len(form.encode()) > _SHORT and not form.endswith('*')
    ]
    return re.compile(b'|'.join(parts) or b'(?!)')


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
