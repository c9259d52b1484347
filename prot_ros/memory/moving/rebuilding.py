# SPDX-License-Identifier: Apache-2.0
"""Makes what is derived from turns anew, in place, while the robot talks.

    await begin(connection, scope)          # its turns wait to be read again
    ...                                     # workers read them; each replaces what it told
    await finish(connection, scope)         # what people decided is applied again

Until a turn is read again, what it told stays; so the memory is whole at every moment, and a
rebuilding that is broken off has remade some of it and left the rest as it was.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection, Record

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.forgetting.turns import PATIENCE_S, REDACTED
from prot_ros.memory.knowledge import graph, joining, slots

OPERATOR = 'operator'

# What hangs on it is found again by turns, because tellings get new numbers. Once for each
# rebuilding: half-way through, the tellings are no longer those that were decided on.
_NOTE_SPLITS = """
UPDATE resolution AS r SET
    other_stamps = array(
        SELECT DISTINCT turn.stamp FROM telling AS t JOIN turn ON turn.id = t.turn
        WHERE t.subject_entity = r.other OR t.object_entity = r.other),
    kept_stamps = array(
        SELECT DISTINCT turn.stamp FROM telling AS t JOIN turn ON turn.id = t.turn
        WHERE t.subject_entity = r.kept OR t.object_entity = r.kept)
WHERE r.scope = $1 AND r.action = 'split' AND r.undone_at IS NULL AND r.kept <> 0
    AND NOT EXISTS (SELECT FROM rebuilding WHERE scope = $1)
"""
_NOTE_MERGES = """
UPDATE resolution AS r SET
    other_stamps = array(
        SELECT DISTINCT turn.stamp FROM telling AS t JOIN turn ON turn.id = t.turn
        WHERE t.id = ANY (r.subjects || r.objects))
WHERE r.scope = $1 AND r.action = 'merge' AND r.undone_at IS NULL AND r.kept <> 0
    AND NOT EXISTS (SELECT FROM rebuilding WHERE scope = $1)
"""
_AFRESH = (
    'DELETE FROM community WHERE scope = $1',
    'DELETE FROM fact WHERE scope = $1',
    'DELETE FROM telling WHERE scope = $1',
    'DELETE FROM alias WHERE scope = $1',
    'DELETE FROM entity_term WHERE scope = $1',
    'DELETE FROM entity_vector WHERE scope = $1',
    "DELETE FROM entity WHERE scope = $1 AND kind <> 'user'",
    "UPDATE entity SET name = '', summary = '', last_turn = 0, mentions = 0 WHERE scope = $1",
    "DELETE FROM resolution WHERE scope = $1 AND decided_by <> 'operator'",
)
_REDACTED = 'SELECT turn FROM extraction WHERE scope = $1 AND extractor = $2'
_AGAIN = """
UPDATE extraction AS e SET extracted_at = NULL, attempts = 0, failure = NULL, retry_at = now()
FROM turn
WHERE turn.id = e.turn AND e.scope = $1 AND e.extracted_at IS NOT NULL AND e.extractor <> $2
    AND ($3::timestamptz IS NULL OR turn.created_at >= $3)
    AND ($4::text IS NULL OR e.extractor <> $4)
"""
_MISSING = """
INSERT INTO extraction (turn, scope)
SELECT id, scope FROM turn AS t
WHERE scope = $1 AND utterance <> '' AND NOT EXISTS (SELECT FROM extraction WHERE turn = t.id)
ON CONFLICT DO NOTHING
"""
_UNREAD = 'SELECT count(*) FROM extraction WHERE scope = $1 AND extracted_at IS NULL'
_BEGUN = """
INSERT INTO rebuilding (scope, turns) VALUES ($1, $2)
ON CONFLICT (scope) DO UPDATE SET turns = greatest(rebuilding.turns, excluded.turns)
"""
_PROGRESS = """
SELECT (SELECT turns FROM rebuilding WHERE scope = $1) AS turns,
       count(*) AS unread,
       count(*) FILTER (WHERE failure IS NOT NULL AND retry_at > now()) AS failed
FROM extraction WHERE scope = $1 AND extracted_at IS NULL
"""
_FINISHED = 'DELETE FROM rebuilding WHERE scope = $1 RETURNING turns'
_DECISIONS = """
SELECT id, action, decided_at, kept, other, kept_key, other_key, kind, other_stamps, kept_stamps
FROM resolution WHERE scope = $1 AND decided_by = $2 AND undone_at IS NULL ORDER BY id
"""
_THERE = 'SELECT id FROM entity WHERE scope = $1 AND id = $2'
_OF_KEY = """
SELECT DISTINCT e.id FROM alias AS a JOIN entity AS e ON e.id = a.entity
WHERE a.scope = $1 AND a.key = $2 AND e.kind = $3
"""
_NAMELESS = "SELECT id FROM entity WHERE scope = $1 AND name = '' AND kind = $2"
_SPOKEN_OF = """
SELECT DISTINCT e.id FROM telling AS t JOIN turn ON turn.id = t.turn
JOIN entity AS e ON e.id IN (t.subject_entity, t.object_entity)
WHERE t.scope = $1 AND turn.stamp = ANY ($2::bigint[]) AND e.id = ANY ($3::bigint[])
"""
_TOLD_OF = """
SELECT t.id, t.turn FROM telling AS t JOIN turn ON turn.id = t.turn
WHERE t.scope = $1 AND turn.stamp = ANY ($2::bigint[])
    AND (t.subject_entity = $3 OR t.object_entity = $3)
"""
_DECIDED_AT = """
UPDATE resolution SET decided_at = $2, other_stamps = $3, kept_stamps = $4
WHERE id = (SELECT max(id) FROM resolution WHERE scope = $1)
"""


@dataclass(frozen=True)
class Progress:
    """How far it is."""

    turns: int
    """That were to be read again when it began, and those that waited then; 0 for none begun."""
    unread: int
    """That still wait, those included that were told since."""
    failed: int
    """Of these, those that could not be read and are tried again later."""

    @property
    def done(self) -> int:
        """Turns that were read again."""
        return max(0, self.turns - self.unread)

    @property
    def over(self) -> bool:
        """Whether nothing can be done now."""
        return self.unread <= self.failed


async def begin(
    connection: Connection,
    scope: int,
    *,
    since: datetime | None = None,
    unless: str | None = None,
    afresh: bool = False,
) -> int:
    """Let turns be read again; return how many wait now. The caller has the transaction.

    All of them, or those told since a time, or those that were not read by the reader `unless`.
    Called again it adds to one that is under way.

    A turn that is read as before means whom it meant before. `afresh` takes back all that was told
    at once, so that it is decided anew who is who, in the order of the turns; until they are read
    the memory has only their words.
    """
    await graph.lock(connection, scope)
    await note_decisions(connection, scope)
    if afresh:
        for statement in _AFRESH:
            await connection.execute(statement, scope, timeout=PATIENCE_S)
        rows = await connection.fetch(_REDACTED, scope, REDACTED)
        if rows:
            raise EngineError(
                f'{len(rows)} turns were forgotten in part and cannot be read again; rebuild '
                'without starting afresh'
            )
    await connection.execute(_AGAIN, scope, REDACTED, since, unless, timeout=PATIENCE_S)
    await connection.execute(_MISSING, scope, timeout=PATIENCE_S)
    unread = int(await connection.fetchval(_UNREAD, scope))
    await connection.execute(_BEGUN, scope, unread)
    return unread


async def note_decisions(connection: Connection, scope: int) -> None:
    """Note by turns what people decided, unless a rebuilding is under way that has done so."""
    await connection.execute(_NOTE_SPLITS, scope, timeout=PATIENCE_S)
    await connection.execute(_NOTE_MERGES, scope, timeout=PATIENCE_S)


async def progress(connection: Connection, scope: int) -> Progress:
    """Return how far the rebuilding of a memory is."""
    row = await connection.fetchrow(_PROGRESS, scope)
    return Progress(row['turns'] or 0, row['unread'], row['failed'])


async def finish(connection: Connection, scope: int) -> bool:
    """Apply again what people decided, if a rebuilding has nothing more to read.

    Return whether there was one to finish. The caller has the transaction; safe to repeat.
    """
    await graph.lock(connection, scope)
    if not (await progress(connection, scope)).over:
        return False
    if await connection.fetchval(_FINISHED, scope) is None:
        return False
    await decide_again(connection, scope)
    return True


async def decide_again(connection: Connection, scope: int) -> None:
    """Make one what people said is one, and two what they said are two; the caller has the lock.

    Whom they meant is found by their numbers, else by their names, else by what was said of them.
    A decision on somebody who is no longer spoken of waits.
    """
    touched: set[str] = set()
    for row in await connection.fetch(_DECISIONS, scope, OPERATOR):
        ours = await _find(
            connection, scope, row['kept'], row['kept_key'], row['kind'], row['kept_stamps'], ()
        )
        if ours is None:
            continue
        theirs = await _find(
            connection,
            scope,
            row['other'],
            row['other_key'],
            row['kind'],
            row['other_stamps'],
            (ours,),
        )
        if row['action'] == 'merge':
            if theirs is not None:
                touched |= await joining.join(connection, scope, ours, theirs, OPERATOR)
                await _replace(connection, scope, row)
        else:
            touched |= await _part(connection, scope, row, ours, theirs)
    await slots.fold(connection, scope, touched)


async def _find(
    connection: Connection,
    scope: int,
    number: int,
    key: str,
    kind: str,
    stamps: Collection[int],
    but: Collection[int],
) -> int | None:
    """Return whom a decision means, None where that is nobody or nobody knows who."""
    if number not in but and await connection.fetchval(_THERE, scope, number) is not None:
        return number
    if key:
        rows = await connection.fetch(_OF_KEY, scope, key, kind)
    else:
        rows = await connection.fetch(_NAMELESS, scope, kind)
    found = {row['id'] for row in rows} - set(but)
    if len(found) > 1 or (found and not key):
        rows = await connection.fetch(_SPOKEN_OF, scope, list(stamps), sorted(found))
        found = {row['id'] for row in rows}
    return found.pop() if len(found) == 1 else None


async def _part(
    connection: Connection, scope: int, row: Record, ours: int, theirs: int | None
) -> set[str]:
    """Give each of the two what was said of it."""
    shared = set(row['other_stamps']) & set(row['kept_stamps'])
    if theirs is None:
        alone = set(row['other_stamps']) - shared
        turns = {
            told['turn'] for told in await connection.fetch(_TOLD_OF, scope, list(alone), ours)
        }
        rest = await connection.fetchval(
            'SELECT count(*) FROM telling WHERE (subject_entity = $1 OR object_entity = $1) '
            'AND turn <> ALL ($2::bigint[])',
            ours,
            list(turns),
        )
        if not turns or not rest:
            return set()
        _, touched = await joining.part(connection, scope, ours, turns, OPERATOR)
        await _replace(connection, scope, row)
        return touched
    # Of a turn that spoke of both it is not known which of them was meant where.
    only_theirs = list(set(row['other_stamps']) - shared)
    only_ours = list(set(row['kept_stamps']) - shared)
    to_them = await connection.fetch(_TOLD_OF, scope, only_theirs, ours)
    to_us = await connection.fetch(_TOLD_OF, scope, only_ours, theirs)
    touched = await joining.move(connection, scope, theirs, ours, [told['id'] for told in to_them])
    touched |= await joining.move(connection, scope, ours, theirs, [told['id'] for told in to_us])
    return touched


async def _replace(connection: Connection, scope: int, row: Record) -> None:
    """Let what was decided again, and noted as new, stand for what had been decided."""
    await connection.execute(
        _DECIDED_AT, scope, row['decided_at'], row['other_stamps'], row['kept_stamps']
    )
    await connection.execute('DELETE FROM resolution WHERE id = $1', row['id'])
