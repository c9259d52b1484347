# SPDX-License-Identifier: Apache-2.0
"""A made-up memory of any size, written straight into the tables.

Entities have vectors around a thousand centres, of which some are much larger than others; a fifth
of all facts are the user's own, the hub's; words of facts are as unevenly common as those of a
language. A second scope in the same tables has a hundredth of it.

A million entities are 50 million rows, so they are written as a database writes fastest: all in
one transaction that empties the tables first, which saves writing everything to the log as well
(`wal_level = minimal`) and freezing the rows later, and with the indexes made at the end.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from asyncpg import Connection
from numpy.typing import NDArray

from prot_ros.memory.knowledge import entities
from prot_ros.memory.retrieval.terms import PREFIX, STEM

DIMENSIONS = 1024
LATENT = 48
CENTRES = 1_000
FACTS_EACH = 3
HUB_SHARE = 0.2
START = datetime(2020, 1, 1, tzinfo=UTC)
BLOCK = 20_000

Row = tuple[Any, ...]
Report = Callable[[str], None]

_SYLLABLES = [a + b for a in 'bdfghjklmnprstvz' for b in ('a', 'e', 'i', 'o', 'u', 'an', 'or')]
PREDICATES = ('knows', 'likes', 'works with', 'went to', 'lives near', 'talked about')

_VECTOR_INDEXES = """
SELECT c.oid::regclass::text AS index FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam
WHERE a.amname = 'hnsw' AND c.relnamespace = 'prot'::regnamespace
"""
_TABLES = """
SELECT c.oid::regclass::text AS "table" FROM pg_class AS c
WHERE c.relnamespace = 'prot'::regnamespace AND c.relkind = 'r' AND c.relname <> 'migration'
ORDER BY 1
"""
# Rows are written past the indexes; `REINDEX` makes them whole, and says that they are.
_LEAVE_INDEXES = """
UPDATE pg_index SET indisready = false WHERE indrelid = ANY ($1::text[]::regclass[])
"""
_SPACE = "INSERT INTO space (name, dimensions) VALUES ('made', $1) RETURNING id"
_SCOPE = "INSERT INTO scope (robot, person) VALUES ('', $1) RETURNING id"


def name(number: int) -> str:
    """Return the name of the entity of a number: a different one for each, of 3 to 5 syllables."""
    parts = []
    number += len(_SYLLABLES) ** 2
    while number:
        number, at = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[at])
    return ''.join(parts)


class Vectors:
    """Vectors around centres, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self._centres = rng.normal(size=(CENTRES, LATENT)).astype(np.float32)
        self._projection = rng.normal(size=(LATENT, DIMENSIONS)).astype(np.float32)
        shares = 1 / np.arange(1, CENTRES + 1) ** 0.7
        self._shares = shares / shares.sum()

    def some(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return `count` unit vectors, float32 of (count, DIMENSIONS)."""
        which = rng.choice(CENTRES, size=count, p=self._shares)
        latent = self._centres[which] + 0.5 * rng.normal(size=(count, LATENT)).astype(np.float32)
        found = latent @ self._projection
        found += 0.5 * rng.normal(size=found.shape).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


async def make(
    connection: Connection, counts: Mapping[str, int], seed: int, report: Report = lambda _: None
) -> None:
    """Replace all that is there by a scope of that many entities for each of these persons.

    Each entity has a turn and FACTS_EACH facts. Needs a superuser, who may leave keys that point
    elsewhere unchecked. Interrupted, it leaves what was there before.
    """
    tables = [row['table'] for row in await connection.fetch(_TABLES)]
    async with connection.transaction():
        await connection.execute('SET LOCAL session_replication_role = replica')
        await connection.execute("SET LOCAL maintenance_work_mem = '1GB'")
        await connection.execute('SET LOCAL statement_timeout = 0')
        for index in await connection.fetch(_VECTOR_INDEXES):
            await connection.execute(f'DROP INDEX {index["index"]}')
        await connection.execute(f'TRUNCATE {", ".join(tables)} RESTART IDENTITY')
        space = await connection.fetchval(_SPACE, DIMENSIONS)
        scopes = {person: await connection.fetchval(_SCOPE, person) for person in counts}
        users = {person: await entities.user(connection, scopes[person]) for person in counts}
        await connection.execute(_LEAVE_INDEXES, tables)
        vectors = Vectors()
        rng = np.random.default_rng(seed)
        first = _First(entity=max(users.values()) + 1)
        for person, count in counts.items():
            made = _Made(scopes[person], users[person], count, first, rng)
            for table, columns, rows in made.tables():
                report(f'{person}: {table}')
                await _copy(connection, table, columns.split(), rows)
            for table, item, number in (
                ('entity_vector', 'entity', first.entity),
                ('turn_vector', 'turn', first.turn),
            ):
                report(f'{person}: {table}')
                await connection.copy_to_table(
                    table,
                    source=_vector_rows(scopes[person], space, number, count, vectors, rng),
                    columns=['scope', 'space', item, 'vector'],
                    format='binary',
                    freeze=True,
                )
            first = first.after(count)
        for table in tables:
            report(f'indexes of {table}')
            await connection.execute(f'REINDEX TABLE {table}')
        for table in ('entity', 'turn', 'telling', 'fact'):
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
        report('committing')


@dataclass(frozen=True)
class _First:
    """The numbers with which a scope begins."""

    entity: int
    turn: int = 1
    telling: int = 1
    fact: int = 1

    def after(self, count: int) -> _First:
        facts = count * FACTS_EACH
        return _First(
            self.entity + count, self.turn + count, self.telling + facts, self.fact + facts
        )


class _Made:
    """One scope, as rows of the tables."""

    def __init__(
        self, scope: int, user: int, count: int, first: _First, rng: np.random.Generator
    ) -> None:
        self._scope = scope
        self._count = count
        self._first = first
        everybody = np.concatenate([[user], np.arange(first.entity, first.entity + count)])
        facts = count * FACTS_EACH
        # Some are spoken of much more than others.
        weight = 1 / (1 + np.arange(len(everybody)) * 50 / len(everybody))
        weight /= weight.sum()
        order = rng.permutation(len(everybody))
        self._subjects = everybody[order[rng.choice(len(everybody), size=facts, p=weight)]]
        self._objects = everybody[rng.integers(0, len(everybody), size=facts)]
        self._subjects[rng.random(facts) < HUB_SHARE] = user
        self._rare = rng.integers(0, 50_000, size=facts)
        self._common = rng.zipf(1.3, size=facts) % 2_000
        self._predicates = rng.integers(0, len(PREDICATES), size=facts)

    def tables(self) -> Iterator[tuple[str, str, Iterator[Row]]]:
        """Yield tables, their columns and the rows of each."""
        yield 'turn', 'id scope stamp source utterance created_at', self._turns()
        yield 'entity', 'id scope kind name summary last_turn mentions', self._entities()
        yield (
            'telling',
            'id scope turn nth subject predicate object text standing subject_entity '
            'object_entity slot',
            self._tellings(),
        )
        yield (
            'fact',
            'id scope slot subject object telling valid_from learnt_at live last_turn told',
            self._facts(),
        )
        yield 'alias', 'scope key entity name', self._aliases()
        yield 'entity_term', 'scope term entity', self._entity_terms()
        yield 'turn_term', 'scope term turn', self._turn_terms()
        yield 'fact_term', 'scope term fact', self._fact_terms()

    def _ids(self) -> Iterator[int]:
        return iter(range(self._first.entity, self._first.entity + self._count))

    def _entities(self) -> Iterator[Row]:
        for at, each in enumerate(self._ids()):
            yield (
                each,
                self._scope,
                'thing',
                name(each),
                f'{name(each)}.',
                self._first.turn + at,
                1,
            )

    def _utterance(self, at: int) -> str:
        fact = at * FACTS_EACH
        told = f'{name(int(self._objects[fact]))} {name(int(self._rare[fact]))}'
        return f'{told} w{self._common[fact]}'

    def _turns(self) -> Iterator[Row]:
        for at in range(self._count):
            turn = self._first.turn + at
            said = self._utterance(at)
            yield turn, self._scope, 1_000_000_000 * turn, 'made', said, _told_at(turn)

    def _text(self, at: int) -> str:
        subject, object_ = name(int(self._subjects[at])), name(int(self._objects[at]))
        said = f'{subject} {PREDICATES[self._predicates[at]]} {object_}'
        return f'{said} {name(int(self._rare[at]))} w{self._common[at]}'

    def _tellings(self) -> Iterator[Row]:
        for at in range(self._count * FACTS_EACH):
            subject, object_ = int(self._subjects[at]), int(self._objects[at])
            predicate = PREDICATES[self._predicates[at]]
            yield (
                self._first.telling + at,
                self._scope,
                self._first.turn + at // FACTS_EACH,
                at % FACTS_EACH,
                name(subject),
                predicate,
                name(object_),
                self._text(at),
                'holds',
                subject,
                object_,
                self._slot(at),
            )

    def _slot(self, at: int) -> str:
        # One for each fact, so that all of them are true.
        return f'{self._subjects[at]}\x1f{PREDICATES[self._predicates[at]]}\x1f{at}'

    def _facts(self) -> Iterator[Row]:
        for at in range(self._count * FACTS_EACH):
            turn = self._first.turn + at // FACTS_EACH
            told_at = _told_at(turn)
            yield (
                self._first.fact + at, self._scope, self._slot(at), self._subjects[at],
                self._objects[at], self._first.telling + at, told_at, told_at, True, turn, 1,
            )  # fmt: skip

    def _aliases(self) -> Iterator[Row]:
        for each in self._ids():
            yield self._scope, name(each), each, name(each)

    def _entity_terms(self) -> Iterator[Row]:
        for each in self._ids():
            for term in _terms(name(each)):
                yield self._scope, term, each

    def _turn_terms(self) -> Iterator[Row]:
        for at in range(self._count):
            for term in _terms(self._utterance(at)):
                yield self._scope, term, self._first.turn + at

    def _fact_terms(self) -> Iterator[Row]:
        for at in range(self._count * FACTS_EACH):
            for term in _terms(self._text(at)):
                yield self._scope, term, self._first.fact + at


def _told_at(turn: int) -> datetime:
    return START + timedelta(minutes=10) * turn


def _terms(text: str) -> set[str]:
    """Return what `retrieval.terms` does, for words as plain as these."""
    found = set(text.split())
    found |= {word[:STEM] + PREFIX for word in found if len(word) >= STEM}
    return found


async def _copy(
    connection: Connection, table: str, columns: list[str], rows: Iterator[Row]
) -> None:
    async def lines() -> AsyncIterator[bytes]:
        while block := list(itertools.islice(rows, BLOCK)):
            # No text here has a tab, a line's end or a backslash.
            yield ''.join('\t'.join(map(str, row)) + '\n' for row in block).encode()

    await connection.copy_to_table(table, source=lines(), columns=columns, freeze=True)


async def _vector_rows(
    scope: int, space: int, first: int, count: int, vectors: Vectors, rng: np.random.Generator
) -> AsyncIterator[bytes]:
    """Yield rows as PostgreSQL's binary copy has them, which is what numpy writes at once."""
    row = np.dtype([
        ('fields', '>i2'), ('scope_bytes', '>i4'), ('scope', '>i4'),
        ('space_bytes', '>i4'), ('space', '>i2'), ('item_bytes', '>i4'), ('item', '>i8'),
        ('vector_bytes', '>i4'), ('dimensions', '>i2'), ('unused', '>i2'),
        ('vector', '>f2', DIMENSIONS),
    ])  # fmt: skip
    yield b'PGCOPY\n\xff\r\n\0' + struct.pack('>ii', 0, 0)
    for begin in range(0, count, BLOCK):
        size = min(BLOCK, count - begin)
        rows = np.zeros(size, dtype=row)
        rows['fields'], rows['dimensions'] = 4, DIMENSIONS
        rows['scope_bytes'], rows['scope'] = 4, scope
        rows['space_bytes'], rows['space'] = 2, space
        rows['item_bytes'], rows['item'] = 8, first + begin + np.arange(size)
        rows['vector_bytes'] = 4 + 2 * DIMENSIONS
        rows['vector'] = vectors.some(size, rng)
        yield rows.tobytes()
    yield struct.pack('>h', -1)
