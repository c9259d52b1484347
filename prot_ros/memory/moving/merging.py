# SPDX-License-Identifier: Apache-2.0
"""Puts turns that were told elsewhere among those that are there, in the caller's transaction.

They are laid beside first, in temporary tables, then sorted in: whatever has to come behind them
is taken out and told again, with new numbers, because the order of the numbers is that of the
turns. Within what came from one place the order stays, whatever its clock did.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asyncpg import Connection

from prot_ros.core.facts import Fact
from prot_ros.memory.forgetting import turns as forgetting
from prot_ros.memory.forgetting.turns import REDACTED
from prot_ros.memory.knowledge import graph, slots
from prot_ros.memory.moving import imported, rebuilding
from prot_ros.memory.moving.imported import Decision, Summary, Turn
from prot_ros.memory.moving.rebuilding import OPERATOR

LOAD_S = 3_600.0
_COLUMNS = (
    'place', 'scope', 'stamp', 'source', 'utterance', 'said', 'heard', 'cut', 'created_at',
    'replied_at', 'redacted', 'told',
)  # fmt: skip
_STAGE = """
CREATE TEMPORARY TABLE incoming (
    here boolean NOT NULL DEFAULT false, place bigint NOT NULL, scope integer NOT NULL,
    stamp bigint NOT NULL, source text NOT NULL, utterance text NOT NULL, said text NOT NULL,
    heard text NOT NULL, cut boolean NOT NULL, created_at timestamptz NOT NULL,
    replied_at timestamptz, redacted boolean NOT NULL, told text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE incoming_summary (
    scope integer NOT NULL, through bigint NOT NULL, text text NOT NULL,
    created_at timestamptz NOT NULL
) ON COMMIT DROP;
"""
_SUMMARY = 'INSERT INTO incoming_summary VALUES ($1, $2, $3, $4)'
# `kept` and `other` are nobody here; whom they mean is found by their names.
_DECISION = """
INSERT INTO resolution (scope, action, decided_at, decided_by, kept, other, kept_key, other_key,
                        kind, other_name, subjects, objects, undone_at, kept_stamps, other_stamps)
SELECT $1, $2, $3, $4, 0, 0, $5, $6, $7, $8, '{}', '{}', $9, $10, $11
WHERE NOT EXISTS (SELECT FROM resolution WHERE scope = $1 AND action = $2 AND decided_at = $3
                  AND kept_key = $5 AND other_key = $6)
"""
# A copy that was made before the reply was spoken lacks it.
_REPLIES = """
UPDATE turn AS t SET said = i.said, heard = i.heard, cut = i.cut, replied_at = i.replied_at
FROM incoming AS i
WHERE i.scope = $1 AND t.scope = $1 AND t.stamp = i.stamp AND t.replied_at IS NULL
    AND i.replied_at IS NOT NULL
"""
_KNOWN = """
DELETE FROM incoming AS i USING turn AS t
WHERE i.scope = $1 AND t.scope = $1 AND t.stamp = i.stamp
"""
_REMEMBER = """
DELETE FROM forgotten AS f USING incoming AS i
WHERE i.scope = $1 AND f.scope = $1 AND f.stamp = i.stamp
"""
_FORGOTTEN = """
DELETE FROM incoming AS i USING forgotten AS f
WHERE i.scope = $1 AND f.scope = $1 AND f.stamp = i.stamp
"""
_TWICE = """
DELETE FROM incoming AS i USING incoming AS first
WHERE i.scope = $1 AND first.scope = $1 AND first.stamp = i.stamp AND first.place < i.place
"""
_BEHIND = """
SELECT id FROM turn
WHERE scope = $1 AND id >= (
    SELECT min(id) FROM turn
    WHERE scope = $1 AND created_at > (SELECT min(created_at) FROM incoming WHERE scope = $1))
ORDER BY id
"""
_TAKE = """
INSERT INTO incoming
SELECT true, t.id, t.scope, t.stamp, t.source, t.utterance, t.said, t.heard, t.cut, t.created_at,
    t.replied_at, coalesce(e.extractor = $3, false),
    CASE WHEN e.extractor = $3 THEN (
        SELECT json_agg(json_build_object(
            'subject', told.subject, 'predicate', told.predicate, 'object', told.object,
            'text', told.text, 'since', told.since, 'until', told.until,
            'standing', told.standing, 'subject_kind', s.kind, 'object_kind', o.kind)
            ORDER BY told.nth)::text
        FROM telling AS told JOIN entity AS s ON s.id = told.subject_entity
        LEFT JOIN entity AS o ON o.id = told.object_entity
        WHERE told.turn = t.id) END
FROM turn AS t LEFT JOIN extraction AS e ON e.turn = t.id
WHERE t.scope = $1 AND t.id = ANY ($2::bigint[])
"""
_TAKE_SUMMARIES = """
WITH gone AS (DELETE FROM summary WHERE scope = $1 RETURNING through, text, created_at)
INSERT INTO incoming_summary
SELECT $1, turn.stamp, gone.text, gone.created_at FROM gone JOIN turn ON turn.id = gone.through
"""
_UNTELL = """
DELETE FROM telling WHERE scope = $1 AND turn = ANY ($2::bigint[])
RETURNING slot, subject_entity, object_entity
"""
# Whoever reads a turn now has read the one before it under another number.
_READ_ANEW = 'UPDATE scope SET forgettings = forgettings + 1 WHERE id = $1'
_REMOVE = 'DELETE FROM turn WHERE scope = $1 AND id = ANY ($2::bigint[])'
_PUT = """
INSERT INTO turn (scope, stamp, source, utterance, said, heard, cut, created_at, replied_at)
SELECT scope, stamp, source, utterance, said, heard, cut, created_at, replied_at
FROM (SELECT *, max(created_at) OVER (PARTITION BY here ORDER BY place) AS no_earlier
      FROM incoming WHERE scope = $1) AS sorted
ORDER BY no_earlier, here, place
"""
_WAIT = """
INSERT INTO extraction (turn, scope, extractor, extracted_at)
SELECT t.id, t.scope, CASE WHEN i.redacted THEN $2 ELSE '' END,
    CASE WHEN i.redacted THEN now() END
FROM incoming AS i JOIN turn AS t ON t.scope = i.scope AND t.stamp = i.stamp
WHERE i.scope = $1 AND (i.utterance <> '' OR i.redacted)
ORDER BY t.id
"""
_REDACTED = """
SELECT t.id, t.stamp, i.told FROM incoming AS i
JOIN turn AS t ON t.scope = i.scope AND t.stamp = i.stamp
WHERE i.scope = $1 AND i.redacted AND i.told IS NOT NULL ORDER BY t.id
"""
_PUT_SUMMARIES = """
INSERT INTO summary (scope, through, text, created_at)
SELECT $1, turn.id, i.text, min(i.created_at)
FROM incoming_summary AS i JOIN turn ON turn.scope = $1 AND turn.stamp = i.through
WHERE i.scope = $1 GROUP BY turn.id, i.text ORDER BY turn.id, min(i.created_at)
"""
_UNDER_WAY = """
INSERT INTO rebuilding (scope, turns)
SELECT $1, count(*) FROM extraction WHERE scope = $1 AND extracted_at IS NULL
ON CONFLICT (scope) DO UPDATE SET turns = greatest(rebuilding.turns, excluded.turns)
"""


@dataclass(frozen=True)
class Merged:
    """What came into one memory."""

    turns: int
    known: int
    forgotten: int
    moved: int
    summaries: int


async def stage(connection: Connection) -> None:
    """Make the tables in which everything waits."""
    await connection.execute(_STAGE)


def row(place: int, scope: int, turn: Turn) -> tuple[object, ...]:
    """Return a turn as `put` takes it; `place` is its place in the file."""
    redacted = turn.reader == REDACTED
    told = None
    if redacted and turn.told:
        told = json.dumps([_plain(fact) for fact in turn.told])
    return (
        place, scope, turn.stamp, turn.source, turn.utterance, turn.said, turn.heard, turn.cut,
        turn.created_at, turn.replied_at, redacted, told,
    )  # fmt: skip


async def put(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Lay turns beside."""
    await connection.copy_records_to_table('incoming', records=rows, columns=_COLUMNS)


async def put_summary(connection: Connection, scope: int, summary: Summary) -> None:
    """Lay a note beside."""
    await connection.execute(_SUMMARY, scope, summary.through, summary.text, summary.created_at)


async def put_decision(connection: Connection, scope: int, decision: Decision) -> bool:
    """Note what a person decided elsewhere; return whether it was not known here."""
    done = await connection.execute(
        _DECISION,
        scope,
        decision.action,
        decision.decided_at,
        OPERATOR,
        decision.kept_key,
        decision.other_key,
        decision.kind,
        decision.other_name,
        decision.undone_at,
        decision.kept_stamps,
        decision.other_stamps,
    )
    return _count(done) > 0


async def merge(connection: Connection, scope: int, path: Path, *, again: bool) -> Merged:
    """Sort in what lies beside for one memory; `again` also what was forgotten there.

    Whoever records a turn waits until the transaction ends.
    """

    async def run(statement: str, *more: object) -> int:
        return _count(await connection.execute(statement, scope, *more, timeout=LOAD_S))

    # A turn that came in between would stand before those that are put behind it.
    await connection.execute('LOCK TABLE turn IN SHARE ROW EXCLUSIVE MODE', timeout=LOAD_S)
    await run(_TWICE)
    await run(_REPLIES)
    known = await run(_KNOWN)
    if again:
        await run(_REMEMBER)
    forgotten = await run(_FORGOTTEN)
    behind = [each['id'] for each in await connection.fetch(_BEHIND, scope, timeout=LOAD_S)]
    await forgetting.hold(connection, scope, behind)
    await rebuilding.note_decisions(connection, scope)
    await run(_TAKE_SUMMARIES)
    if behind:
        await run(_TAKE, behind, REDACTED)
        await _take_out(connection, scope, behind)
    turns = await run(_PUT) - len(behind)
    await run(_WAIT, REDACTED)
    for each in await connection.fetch(_REDACTED, scope, timeout=LOAD_S):
        told = imported.facts(json.loads(each['told']), path)
        await graph.write(connection, graph.Turn(each['id'], scope), told)
    summaries = await run(_PUT_SUMMARIES)
    await run(_UNDER_WAY)
    return Merged(turns, known, forgotten, len(behind), summaries)


async def _take_out(connection: Connection, scope: int, turns: list[int]) -> None:
    """Remove turns that are told again at once; what people decided on them stays."""
    rows = await connection.fetch(_UNTELL, scope, turns, timeout=LOAD_S)
    left = {row['subject_entity'] for row in rows} | {row['object_entity'] for row in rows}
    await slots.fold(connection, scope, {row['slot'] for row in rows})
    await graph.forget_unused(connection, scope, left - {None})
    await connection.execute(_REMOVE, scope, turns, timeout=LOAD_S)
    await connection.execute(_READ_ANEW, scope)


def _plain(fact: Fact) -> dict[str, object]:
    plain = dataclasses.asdict(fact)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in plain.items()
    }


def _count(tag: str) -> int:
    return int(tag.rsplit(' ', 1)[-1])
