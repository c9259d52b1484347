# SPDX-License-Identifier: Apache-2.0
"""Folds the tellings of slots into facts, in the database, inside the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from asyncpg import Connection, Record

from prot_ros.core.facts import USER, Standing
from prot_ros.memory.knowledge.timeline import Span, Telling, spans, value
from prot_ros.memory.retrieval.terms import terms

_TOLD = """
SELECT t.id, t.turn, t.nth, t.slot, t.subject, t.predicate, t.object, t.text, t.since, t.until,
       t.standing, t.subject_entity, t.object_entity, turn.created_at
FROM telling AS t JOIN turn ON turn.id = t.turn
WHERE t.scope = $1 AND t.slot = ANY ($2::text[])
"""
_THERE = """
SELECT f.id, f.slot, f.subject, f.object, f.telling, f.valid_from, f.valid_to, f.learnt_at,
       f.ended_at, f.live, f.last_turn, f.told, t.predicate, t.object AS told_object, t.text
FROM fact AS f JOIN telling AS t ON t.id = f.telling
WHERE f.scope = $1 AND f.slot = ANY ($2::text[])
ORDER BY f.id
"""
_REMOVE = 'DELETE FROM fact WHERE id = ANY ($1::bigint[])'
_ADD = """
INSERT INTO fact (scope, slot, subject, object, telling, valid_from, valid_to, learnt_at, ended_at,
                  live, last_turn, told)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING id
"""
_CONFIRM = """
UPDATE fact SET telling = $2, valid_from = $3, last_turn = $4, told = $5, object = $6
WHERE id = $1
"""
_UNLIST = 'DELETE FROM fact_term WHERE fact = $1'
_LIST = 'INSERT INTO fact_term (scope, term, fact) SELECT $1, unnest($2::text[]), $3'


async def fold(connection: Connection, scope: int, slots: Collection[str]) -> int:
    """Make the facts of these slots what their tellings come to; return the growth of live facts.

    The caller holds the lock of the scope.
    """
    wanted = list(dict.fromkeys(slots))
    if not wanted:
        return 0
    told: dict[str, list[Record]] = defaultdict(list)
    for row in await connection.fetch(_TOLD, scope, wanted):
        told[row['slot']].append(row)
    there: dict[str, list[Record]] = defaultdict(list)
    for row in await connection.fetch(_THERE, scope, wanted):
        there[row['slot']].append(row)
    growth = 0
    for slot in wanted:
        growth += await _fold_one(connection, scope, slot, told[slot], there[slot])
    return growth


async def _fold_one(
    connection: Connection, scope: int, slot: str, told: list[Record], there: list[Record]
) -> int:
    rows = {row['id']: row for row in told}
    latest = max((row['created_at'] for row in told), default=None)
    wanted = spans(map(_telling, told))
    kept = 0
    while kept < min(len(wanted), len(there)) and _same(wanted[kept], there[kept], rows):
        kept += 1
    growth = 0
    if kept < min(len(wanted), len(there)) and _confirms(wanted[kept], there[kept]):
        # Said again is what happens most; the fact keeps its words where they are the same.
        await _confirm(connection, scope, there[kept], wanted[kept], rows)
        kept += 1
    gone = there[kept:]
    if gone:
        growth -= sum(row['live'] for row in gone)
        await connection.execute(_REMOVE, [row['id'] for row in gone])
    for span in wanted[kept:]:
        assert latest is not None
        live = span.is_open(latest)
        growth += live
        await _add(connection, scope, slot, span, rows[span.telling], live=live)
    return growth


def _telling(row: Record) -> Telling:
    return Telling(
        number=row['id'],
        turn=row['turn'],
        nth=row['nth'],
        value=value(row['predicate'], row['object']),
        told_at=row['created_at'],
        since=row['since'],
        until=row['until'],
        standing=Standing(row['standing']),
    )


def _same(span: Span, row: Record, rows: dict[int, Record]) -> bool:
    return bool(
        span.telling == row['telling']
        and span.valid_from == row['valid_from']
        and span.valid_to == row['valid_to']
        and span.learnt_at == row['learnt_at']
        and span.ended_at == row['ended_at']
        and span.told == row['told']
        and rows[span.telling]['subject_entity'] == row['subject']
        and rows[span.telling]['object_entity'] == row['object']
    )


def _confirms(span: Span, row: Record) -> bool:
    return bool(
        span.valid_to is None
        and row['valid_to'] is None
        and span.learnt_at == row['learnt_at']
        and span.value == value(row['predicate'], row['told_object'])
    )


async def _confirm(
    connection: Connection, scope: int, there: Record, span: Span, rows: dict[int, Record]
) -> None:
    told = rows[span.telling]
    await connection.execute(
        _CONFIRM,
        there['id'],
        span.telling,
        span.valid_from,
        span.last_turn,
        span.told,
        told['object_entity'],
    )
    if told['text'] != there['text']:
        await connection.execute(_UNLIST, there['id'])
        await connection.execute(_LIST, scope, _words(told), there['id'])


async def _add(
    connection: Connection, scope: int, slot: str, span: Span, told: Record, *, live: bool
) -> None:
    number = await connection.fetchval(
        _ADD,
        scope,
        slot,
        told['subject_entity'],
        told['object_entity'],
        span.telling,
        span.valid_from,
        span.valid_to,
        span.learnt_at,
        span.ended_at,
        live,
        span.last_turn,
        span.told,
    )
    if live:
        await connection.execute(_LIST, scope, _words(told), number)


def _words(told: Record) -> list[str]:
    """Return what people may say to mean it; `user` is not among it: most is about the user."""
    subject = told['subject'].removeprefix(USER)
    return list(terms(f'{told["text"]} {subject} {told["predicate"]} {told["object"]}'))
