# SPDX-License-Identifier: Apache-2.0
"""A made-up memory of any size, written straight into the tables.

Entities have vectors around a thousand centres, of which some are much larger than others; a fifth
of all facts are the user's own, the hub's; words of facts are as unevenly common as those of a
language. A second scope in the same tables has a hundredth of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from asyncpg import Connection
from numpy.typing import NDArray
from pgvector import HalfVector

from prot_ros.memory.knowledge import entities

DIMENSIONS = 1024
LATENT = 48
CENTRES = 1_000
FACTS_EACH = 3
HUB_SHARE = 0.2
START = datetime(2020, 1, 1, tzinfo=UTC)
BLOCK = 20_000

_SYLLABLES = [a + b for a in 'bdfghjklmnprstvz' for b in ('a', 'e', 'i', 'o', 'u', 'an', 'or')]
PREDICATES = ('knows', 'likes', 'works with', 'went to', 'lives near', 'talked about')

_TERMS = """
INSERT INTO fact_term (scope, term, fact)
SELECT DISTINCT $1::int, part.term, f.id
FROM fact AS f JOIN telling AS t ON t.id = f.telling
CROSS JOIN LATERAL regexp_split_to_table(t.text, ' ') AS word
CROSS JOIN LATERAL (VALUES (word), (left(word, 4) || '*')) AS part (term)
WHERE f.scope = $1 AND f.id >= $2
ORDER BY 1, 2, 3
"""
_TURN_TERMS = """
INSERT INTO turn_term (scope, term, turn)
SELECT DISTINCT $1::int, part.term, t.id
FROM turn AS t
CROSS JOIN LATERAL regexp_split_to_table(t.utterance, ' ') AS word
CROSS JOIN LATERAL (VALUES (word), (left(word, 4) || '*')) AS part (term)
WHERE t.scope = $1 AND t.id >= $2
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Made:
    """What a call of `grow` has added."""

    turns: int
    entities: int
    facts: int


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


async def scope(connection: Connection, person: str) -> int:
    """Make a scope, or return that of the person."""
    number = await connection.fetchval(
        "INSERT INTO scope (robot, person) VALUES ('', $1) "
        'ON CONFLICT (robot, person) DO UPDATE SET person = excluded.person RETURNING id',
        person,
    )
    await entities.user(connection, number)
    return int(number)


async def grow(
    connection: Connection, of: int, space: int, count: int, vectors: Vectors, seed: int
) -> Made:
    """Add `count` entities, as many turns, and three facts for each, to a scope.

    Needs a superuser: keys that point elsewhere are not checked row by row.
    """
    rng = np.random.default_rng(seed)
    user = await entities.user(connection, of)
    await connection.execute('SET session_replication_role = replica')
    await connection.execute("SET work_mem = '1GB'; SET statement_timeout = 0")
    first_entity, first_turn, first_telling, first_fact = [
        int(await connection.fetchval(f'SELECT coalesce(max(id), 0) + 1 FROM {table}'))
        for table in ('entity', 'turn', 'telling', 'fact')
    ]
    there = np.array(
        [r['id'] for r in await connection.fetch('SELECT id FROM entity WHERE scope = $1', of)]
    )
    all_entities = np.concatenate([there, np.arange(first_entity, first_entity + count)])
    facts = count * FACTS_EACH
    # Some are spoken of much more than others.
    weight = 1 / (1 + np.arange(len(all_entities)) * 50 / len(all_entities))
    weight /= weight.sum()
    order = rng.permutation(len(all_entities))
    subjects = all_entities[order[rng.choice(len(all_entities), size=facts, p=weight)]]
    objects = all_entities[rng.integers(0, len(all_entities), size=facts)]
    subjects[rng.random(facts) < HUB_SHARE] = user
    rare = rng.integers(0, 50_000, size=facts)
    common = rng.zipf(1.3, size=facts) % 2_000
    predicates = rng.integers(0, len(PREDICATES), size=facts)

    def entity_rows() -> Iterator[tuple[Any, ...]]:
        for each in range(first_entity, first_entity + count):
            turn = first_turn + each - first_entity
            yield (each, of, 'thing', name(each), f'{name(each)}.', turn, 1)

    def turn_rows() -> Iterator[tuple[Any, ...]]:
        for at in range(count):
            words = f'{name(int(objects[at * FACTS_EACH]))} {name(int(rare[at]))}'
            yield (
                first_turn + at,
                of,
                1_000_000_000 * (first_turn + at),
                'made',
                f'{words} w{common[at * FACTS_EACH]}',
                START + timedelta(minutes=10) * (first_turn + at),
            )

    def telling_rows() -> Iterator[tuple[Any, ...]]:
        for at in range(facts):
            subject, object_ = int(subjects[at]), int(objects[at])
            predicate = PREDICATES[predicates[at]]
            said = f'{name(subject)} {predicate} {name(object_)} {name(int(rare[at]))}'
            yield (
                first_telling + at,
                of,
                first_turn + at // FACTS_EACH,
                at % FACTS_EACH,
                name(subject),
                predicate,
                name(object_),
                f'{said} w{common[at]}',
                'holds',
                subject,
                object_,
                f'{subject}\x1f{predicate}\x1f{name(object_)} {at}',
            )

    def fact_rows() -> Iterator[tuple[Any, ...]]:
        for at in range(facts):
            turn = first_turn + at // FACTS_EACH
            told_at = START + timedelta(minutes=10) * turn
            slot = f'{subjects[at]}\x1f{at}\x1f{first_fact}'
            yield (
                first_fact + at, of, slot, int(subjects[at]), int(objects[at]),
                first_telling + at, told_at, told_at, True, turn, 1,
            )  # fmt: skip

    def alias_rows() -> Iterator[tuple[Any, ...]]:
        for each in range(first_entity, first_entity + count):
            yield (of, name(each), each, name(each))

    def term_rows() -> Iterator[tuple[Any, ...]]:
        for each in range(first_entity, first_entity + count):
            word = name(each)
            yield (of, word, each)
            yield (of, f'{word[:4]}*', each)

    for table, columns, rows in (
        ('turn', 'id scope stamp source utterance created_at', turn_rows()),
        ('entity', 'id scope kind name summary last_turn mentions', entity_rows()),
        (
            'telling',
            'id scope turn nth subject predicate object text standing subject_entity '
            'object_entity slot',
            telling_rows(),
        ),
        (
            'fact',
            'id scope slot subject object telling valid_from learnt_at live last_turn told',
            fact_rows(),
        ),
        ('alias', 'scope key entity name', alias_rows()),
        ('entity_term', 'scope term entity', term_rows()),
    ):
        await _copy(connection, table, columns.split(), rows)
    for table, item, first in (
        ('entity_vector', 'entity', first_entity),
        ('turn_vector', 'turn', first_turn),
    ):
        for begin in range(0, count, BLOCK):
            size = min(BLOCK, count - begin)
            block = vectors.some(size, rng)
            await _copy(
                connection,
                table,
                ['scope', 'space', item, 'vector'],
                ((of, space, first + begin + at, HalfVector(block[at])) for at in range(size)),
            )
    await connection.execute(_TERMS, of, first_fact)
    await connection.execute(_TURN_TERMS, of, first_turn)
    for table in ('entity', 'turn', 'telling', 'fact'):
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
        )
    await connection.execute('RESET session_replication_role')
    return Made(count, count, facts)


async def _copy(
    connection: Connection, table: str, columns: list[str], rows: Iterator[tuple[Any, ...]]
) -> None:
    while block := list(itertools.islice(rows, BLOCK)):
        await connection.copy_records_to_table(table, records=block, columns=columns)
