# SPDX-License-Identifier: Apache-2.0
"""Forgets turns, and with them all that was made from them, inside the caller's transaction.

What a turn told is taken out of the slots that it told of, so what it had ended is true again.
What other turns told as well stays, in their words. What cannot be told apart any more is removed
as a whole and made anew: summaries of entities, and notes on what was said, each of which takes up
the one before. The turns right behind, which may have been read with it in mind, are read again.

A turn that is being read is waited for. What comes late to a turn that was forgotten, such as a
reply that was still being spoken, does not bring it back (`migrations/0004_forgetting.sql`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields

from asyncpg import Connection

from prot_ros.memory.knowledge import communities, graph, slots

PATIENCE_S = 90.0
"""More than a worker holds a turn that it reads: `extraction.EXTRACT_S` and `WRITE_S`."""
TURNS_BEHIND = 3
REDACTED = 'redacted'
"""What stands as the extractor of a turn of which only a part is left: it is not read again."""

_PATIENTLY = "SELECT set_config('statement_timeout', $1, true)"
# In one order, so that two who forget do not wait for each other. A worker holds the row of its
# turn before it takes the lock of the scope, and so do we.
_HOLD = """
SELECT FROM extraction WHERE turn = ANY ($1::bigint[]) ORDER BY turn FOR UPDATE
"""
_TOLD = """
SELECT DISTINCT slot FROM telling
WHERE scope = $1 AND turn = ANY ($2::bigint[]) AND ($3::bigint[] IS NULL OR id = ANY ($3))
"""
_UNTELL = """
DELETE FROM telling
WHERE scope = $1 AND turn = ANY ($2::bigint[]) AND ($3::bigint[] IS NULL OR id = ANY ($3))
RETURNING subject_entity, object_entity
"""
_FACTS = 'SELECT count(*) FROM fact WHERE scope = $1 AND slot = ANY ($2::text[])'
_REMOVE = 'DELETE FROM turn WHERE scope = $1 AND id = ANY ($2::bigint[]) RETURNING stamp'
_REMEMBER = """
INSERT INTO forgotten (scope, stamp) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING
"""
_NOTES = 'DELETE FROM summary WHERE scope = $1 AND through >= $2 RETURNING id'
_COUNT = 'UPDATE scope SET forgettings = forgettings + 1 WHERE id = $1'
_RENEW = """
WITH renewed AS (
    UPDATE entity AS e SET summary = '',
        last_turn = coalesce((SELECT max(turn) FROM telling
                              WHERE subject_entity = e.id OR object_entity = e.id), 0),
        mentions = (SELECT count(DISTINCT turn) FROM telling
                    WHERE subject_entity = e.id OR object_entity = e.id)
    WHERE e.id = ANY ($1::bigint[])
    RETURNING id, scope, kind
), noted AS (
    INSERT INTO undescribed (entity, scope) SELECT id, scope FROM renewed WHERE kind <> 'user'
    ON CONFLICT DO NOTHING
)
SELECT id FROM renewed
"""
_NO_VECTORS = 'DELETE FROM entity_vector WHERE entity = ANY ($1::bigint[])'
# One whose names nobody uses any more decides nothing, and would keep them.
_DECISIONS = """
DELETE FROM resolution AS r
WHERE r.scope = $1 AND EXISTS (
    SELECT FROM unnest(ARRAY[r.kept_key, r.other_key]) AS said (key)
    WHERE said.key <> '' AND NOT EXISTS (
        SELECT FROM alias AS a WHERE a.scope = $1 AND a.key = said.key))
    AND NOT EXISTS (SELECT FROM rebuilding WHERE scope = $1) -- some names are told again then
RETURNING id
"""
# As many as a reader is shown, `extraction.TURNS_BEFORE`; a redacted one must not be read again.
_AGAIN = """
UPDATE extraction SET extracted_at = NULL, attempts = 0, retry_at = now()
WHERE extracted_at IS NOT NULL AND extractor <> $4 AND turn IN (
    SELECT behind.id FROM unnest($2::bigint[]) AS gone (id) CROSS JOIN LATERAL (
        SELECT id FROM turn
        WHERE scope = $1 AND turn.id > gone.id AND turn.id <> ALL ($2)
        ORDER BY id LIMIT $3) AS behind)
"""
_ALL_STAMPS = """
INSERT INTO forgotten (scope, stamp) SELECT $1, stamp FROM turn WHERE scope = $1
ON CONFLICT DO NOTHING
"""
# Children first, so that nothing is looked for row by row.
_ALL = (
    ('summaries', 'summary'),
    ('', 'community'),
    ('decisions', 'resolution'),
    ('', 'fact_term'),
    ('', 'entity_term'),
    ('', 'entity_vector'),
    ('', 'turn_term'),
    ('', 'turn_vector'),
    ('facts', 'fact'),
    ('', 'telling'),
    ('', 'alias'),
    ('', 'extraction'),
    ('', 'rebuilding'),
    ('turns', 'turn'),
)
# The user stays, of whom nothing is known then: those who talk hold on to its number.
_ALL_ENTITIES = "DELETE FROM entity WHERE scope = $1 AND kind <> 'user'"
_BLANK_USER = """
UPDATE entity SET name = '', summary = '', last_turn = 0, mentions = 0
WHERE scope = $1
"""


@dataclass(frozen=True)
class Forgotten:
    """How much has gone."""

    turns: int = 0
    redacted: int = 0
    """Turns of which a part stays."""
    facts: int = 0
    entities: int = 0
    summaries: int = 0
    """Notes on what was said; they are made anew."""
    decisions: int = 0
    """On who is one and who are two."""

    def __add__(self, other: Forgotten) -> Forgotten:
        return Forgotten(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(self))
        )

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))


async def patiently(connection: Connection, wait_s: float = PATIENCE_S) -> None:
    """Let each statement of this transaction take up to `wait_s`, in the server's eyes."""
    await connection.execute(_PATIENTLY, f'{wait_s:g}s')


async def hold(connection: Connection, scope: int, turns: Collection[int]) -> None:
    """Wait for whoever reads these turns, then be the only one who changes the graph.

    Held until the transaction ends. A worker that dies meanwhile lets its turn go.
    """
    await connection.execute(_HOLD, sorted(turns), timeout=PATIENCE_S)
    await graph.lock(connection, scope)


async def forget_turns(
    connection: Connection, scope: int, turns: Iterable[int], *, for_good: bool = True
) -> Forgotten:
    """Forget turns by their numbers; those that are not there are passed over.

    `for_good` keeps their times, and so keeps them from being recorded or imported again.
    """
    numbers = sorted(set(turns))
    if not numbers:
        return Forgotten()
    await hold(connection, scope, numbers)
    gone = await untell(connection, scope, numbers)
    notes = await forget_notes(connection, scope, numbers[0])
    # What hangs on a turn goes with it: its words, its vector, its place in the outbox.
    await connection.execute(_AGAIN, scope, numbers, TURNS_BEHIND, REDACTED, timeout=PATIENCE_S)
    rows = await connection.fetch(_REMOVE, scope, numbers, timeout=PATIENCE_S)
    if for_good:
        await remember(connection, scope, [row['stamp'] for row in rows])
    return gone + Forgotten(turns=len(rows), summaries=notes)


async def remember(connection: Connection, scope: int, stamps: Collection[int]) -> None:
    """Keep turns of these times from being recorded or imported from now on."""
    await connection.execute(_REMEMBER, scope, list(stamps))


async def untell(
    connection: Connection, scope: int, turns: Collection[int], told: Collection[int] | None = None
) -> Forgotten:
    """Take back what turns told, or of that only the tellings `told`. The caller holds them."""
    wanted = None if told is None else sorted(told)
    arguments = (scope, sorted(turns), wanted)
    # Counted before: a fact goes with the telling in whose words it stands, and may come back in
    # those of another.
    rows = await connection.fetch(_TOLD, *arguments, timeout=PATIENCE_S)
    touched = [row['slot'] for row in rows]
    before = await connection.fetchval(_FACTS, scope, touched, timeout=PATIENCE_S)
    rows = await connection.fetch(_UNTELL, *arguments, timeout=PATIENCE_S)
    left = {row['subject_entity'] for row in rows} | {row['object_entity'] for row in rows}
    left.discard(None)
    await slots.fold(connection, scope, touched)
    await graph.forget_unused(connection, scope, left)
    await connection.execute(_NO_VECTORS, sorted(left))
    stay = await connection.fetch(_RENEW, sorted(left))
    decisions = await connection.fetch(_DECISIONS, scope)
    await communities.gather(connection, scope)
    await connection.execute(_COUNT, scope)
    after = await connection.fetchval(_FACTS, scope, touched)
    return Forgotten(
        facts=max(0, before - after),
        entities=len(left) - len(stay),
        decisions=len(decisions),
    )


async def forget_notes(connection: Connection, scope: int, since: int) -> int:
    """Remove the notes that a turn may be in: those up to it, and all that took them up."""
    return len(await connection.fetch(_NOTES, scope, since))


async def forget_all(connection: Connection, scope: int) -> Forgotten:
    """Forget everything of one memory. It stays itself, empty, for whoever talks."""
    turns = await connection.fetch('SELECT id FROM turn WHERE scope = $1', scope)
    await hold(connection, scope, [row['id'] for row in turns])
    await connection.execute(_ALL_STAMPS, scope, timeout=PATIENCE_S)
    counts: dict[str, int] = {}
    for name, table in _ALL:
        done = await connection.execute(
            f'DELETE FROM {table} WHERE scope = $1',  # noqa: S608 - a table of the list above
            scope,
            timeout=PATIENCE_S,
        )
        if name:
            counts[name] = int(done.rsplit(' ', 1)[-1])
    entities = await connection.execute(_ALL_ENTITIES, scope, timeout=PATIENCE_S)
    await connection.execute(_BLANK_USER, scope)
    await connection.execute(_COUNT, scope)
    return Forgotten(entities=int(entities.rsplit(' ', 1)[-1]), **counts)
