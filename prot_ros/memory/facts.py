# SPDX-License-Identifier: Apache-2.0
"""Writes what a turn told into the facts: opened, confirmed or ended, never overwritten."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from asyncpg import Connection

from prot_ros.core.facts import USER, Fact
from prot_ros.engines.kinds import Embedder
from prot_ros.memory.storable import MOST_FIELD, key, storable
from prot_ros.memory.succession import Live, Outcome, settle, slot
from prot_ros.memory.terms import terms

_LOCK_PERSON = "SELECT pg_advisory_xact_lock(hashtextextended('prot.fact.' || $1, 0))"
_LIVE = """
SELECT id, predicate, object_key, confirmed_by, valid_from
FROM fact WHERE person = $1 AND slot = $2 AND valid_to IS NULL
"""
_CONFIRM = """
UPDATE fact SET confirmed_by = greatest(confirmed_by, $2), valid_from = least(valid_from, $3)
WHERE id = $1
"""
_END = 'UPDATE fact SET valid_to = greatest(valid_from, $2) WHERE id = $1'
_UNLIST_TERMS = 'DELETE FROM fact_term WHERE fact = $1'
_UNLIST_VECTORS = 'DELETE FROM fact_vector WHERE person = $1 AND fact = $2'
_OPEN = """
INSERT INTO fact (person, subject, predicate, object, text, subject_key, object_key, slot,
                  turn, confirmed_by, valid_from, valid_to)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)
RETURNING id
"""
_LIST_TERMS = 'INSERT INTO fact_term (person, term, fact) SELECT $1, unnest($2::text[]), $3'
_LIST_VECTOR = 'INSERT INTO fact_vector (person, space, fact, vector) VALUES ($1, $2, $3, $4)'


@dataclasses.dataclass(frozen=True)
class Telling:
    """A fact in the form in which it is stored, and how it will be found again."""

    fact: Fact
    terms: tuple[str, ...]
    vector: list[float] | None


@dataclasses.dataclass(frozen=True)
class Turn:
    """The turn that told it."""

    number: int
    person: str
    told_at: datetime


def space(embedder: Embedder) -> str:
    """Return the name of the vectors that may be compared with this embedder's."""
    return f'{embedder.name}/{embedder.dimensions}'


async def tellings(facts: Sequence[Fact], embedder: Embedder | None) -> tuple[Telling, ...]:
    """Prepare facts for `write`. Facts without a subject, predicate or object are left out.

    Without an embedder they have no vectors yet.
    """
    kept = [fact for fact in map(_storable, facts) if _whole(fact)]
    texts = [searched(fact) for fact in kept]
    vectors: list[list[float]] = [[] for _ in kept]
    if embedder is not None and texts:
        vectors = await embedder.embed(texts)
    return tuple(
        # A vector of zeros is at no angle to anything; pgvector's distance is NaN then.
        Telling(fact, terms(text), vector if any(vector) else None)
        for fact, text, vector in zip(kept, texts, vectors, strict=True)
    )


async def write(
    connection: Connection, turn: Turn, told: Sequence[Telling], vector_space: str
) -> int:
    """Write what a turn told, inside the caller's transaction; return the growth of live facts."""
    if not told:
        return 0
    # Two turns of one person that are written at once would not see each other's facts.
    await connection.execute(_LOCK_PERSON, turn.person)
    growth = 0
    for telling in told:
        growth += await _write_one(connection, turn, telling, vector_space)
    return growth


async def _write_one(
    connection: Connection, turn: Turn, telling: Telling, vector_space: str
) -> int:
    fact = telling.fact
    row = await connection.fetchrow(_LIVE, turn.person, slot(fact))
    live = Live(key(row['predicate']), row['object_key'], row['confirmed_by']) if row else None
    outcome = settle(fact, turn.number, live)
    if outcome is Outcome.CONFIRMS:
        await connection.execute(_CONFIRM, row['id'], turn.number, turn.told_at)
        return 0
    if outcome is Outcome.REPLACES:
        await connection.execute(_END, row['id'], turn.told_at)
        await connection.execute(_UNLIST_TERMS, row['id'])
        await connection.execute(_UNLIST_VECTORS, turn.person, row['id'])
    ended = max(row['valid_from'], turn.told_at) if outcome is Outcome.IS_PAST else None
    number = await connection.fetchval(
        _OPEN,
        turn.person,
        fact.subject,
        fact.predicate,
        fact.object,
        fact.text,
        key(fact.subject),
        key(fact.object),
        slot(fact),
        turn.number,
        turn.told_at,
        ended,
    )
    if outcome is not Outcome.IS_PAST:
        await connection.execute(_LIST_TERMS, turn.person, list(telling.terms), number)
        if telling.vector is not None:
            await connection.execute(
                _LIST_VECTOR, turn.person, vector_space, number, telling.vector
            )
    return 1 if outcome is Outcome.OPENS else 0


def _storable(fact: Fact) -> Fact:
    fields = dataclasses.asdict(fact)
    return Fact(**{name: storable(value, MOST_FIELD).strip() for name, value in fields.items()})


def _whole(fact: Fact) -> bool:
    return bool(key(fact.subject) and key(fact.predicate) and key(fact.object))


def searched(fact: Fact) -> str:
    """Return what people may say to mean it.

    `user` is not among it: everything is about the user.
    """
    subject = fact.subject.removeprefix(USER)
    return f'{fact.text} {subject} {fact.predicate} {fact.object}'
