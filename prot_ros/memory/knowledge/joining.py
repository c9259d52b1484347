# SPDX-License-Identifier: Apache-2.0
"""Makes two entities one, or one two; writes down what was decided, so that it can be undone."""

from __future__ import annotations

from collections.abc import Collection

from asyncpg import Connection, Record

from prot_ros.core.facts import Kind
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.knowledge import entities
from prot_ros.memory.knowledge.naming import keys

_ENTITY = 'SELECT id, kind, name FROM entity WHERE scope = $1 AND id = $2'
# A slot begins with the number of its subject.
_MOVE_SUBJECTS = """
WITH before AS (
    SELECT id, slot FROM telling
    WHERE scope = $1 AND subject_entity = $3 AND ($4::bigint[] IS NULL OR id = ANY ($4))
), moved AS (
    UPDATE telling AS t
    SET subject_entity = $2,
        slot = $2::bigint::text || substr(t.slot, position(E'\\x1f' IN t.slot))
    FROM before WHERE t.id = before.id
    RETURNING t.id, t.slot
)
SELECT moved.id, before.slot AS old, moved.slot AS new FROM moved JOIN before USING (id)
"""
_MOVE_OBJECTS = """
UPDATE telling SET object_entity = $2
WHERE scope = $1 AND object_entity = $3 AND ($4::bigint[] IS NULL OR id = ANY ($4))
RETURNING id, slot
"""
_MENTIONED = """
UPDATE entity AS e SET
    last_turn = coalesce((SELECT max(turn) FROM telling
                          WHERE subject_entity = e.id OR object_entity = e.id), e.last_turn),
    mentions = (SELECT count(DISTINCT turn) FROM telling
                WHERE subject_entity = e.id OR object_entity = e.id)
WHERE e.id = ANY ($1::bigint[])
"""
_DECIDED = """
INSERT INTO resolution (scope, action, decided_by, kept, other, kept_key, other_key, kind,
                        other_name, subjects, objects)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_LATEST = """
SELECT * FROM resolution
WHERE scope = $1 AND undone_at IS NULL AND ($2::bigint IS NULL OR id = $2)
ORDER BY id DESC LIMIT 1
"""
_UNDONE = 'UPDATE resolution SET undone_at = now() WHERE id = $1'
_AGAIN = """
INSERT INTO entity (id, scope, kind, name, last_turn) OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, 0) ON CONFLICT (id) DO NOTHING
"""


async def join(
    connection: Connection, scope: int, kept: int, other: int, decided_by: str
) -> set[str]:
    """Make `other` a part of `kept`; return the slots to fold. The caller holds the lock.

    Raises EngineError where one of them is not there, or is the user.
    """
    ours, theirs = await _pair(connection, scope, kept, other)
    subjects = await connection.fetch(_MOVE_SUBJECTS, scope, kept, other, None)
    objects = await connection.fetch(_MOVE_OBJECTS, scope, kept, other, None)
    await _note(connection, scope, 'merge', decided_by, ours, theirs, subjects, objects)
    await entities.name_anew(connection, scope, kept, Kind(ours['kind']))
    await entities.remove_forgotten(connection, [other])
    await connection.execute(_MENTIONED, [kept])
    return _slots(subjects, objects)


async def part(
    connection: Connection, scope: int, entity: int, turns: Collection[int], decided_by: str
) -> tuple[int, set[str]]:
    """Make what these turns said of an entity that of another one; the caller holds the lock.

    Return the other one and the slots to fold. Raises EngineError where none of the turns spoke of
    it, or all did.
    """
    ours = await connection.fetchrow(_ENTITY, scope, entity)
    if ours is None or ours['kind'] == Kind.USER:
        raise EngineError(f'entity {entity} cannot be split: it is not there, or is the user')
    rows = await connection.fetch(
        'SELECT id, turn = ANY ($2::bigint[]) AS leaves FROM telling '
        'WHERE subject_entity = $1 OR object_entity = $1',
        entity,
        list(turns),
    )
    leaving = [row['id'] for row in rows if row['leaves']]
    if not leaving or len(leaving) == len(rows):
        raise EngineError(
            f'{len(leaving)} of the {len(rows)} things told of {ours["name"]!r} would become the '
            "other one's; name turns that told some of them, and not all"
        )
    kind = Kind(ours['kind'])
    other = await entities.create(connection, scope, kind, ours['name'], 0)
    theirs = await connection.fetchrow(_ENTITY, scope, other)
    subjects = await connection.fetch(_MOVE_SUBJECTS, scope, other, entity, leaving)
    objects = await connection.fetch(_MOVE_OBJECTS, scope, other, entity, leaving)
    await _note(connection, scope, 'split', decided_by, ours, theirs, subjects, objects)
    for each in (entity, other):
        await entities.name_anew(connection, scope, each, kind)
    await connection.execute(_MENTIONED, [entity, other])
    return other, _slots(subjects, objects)


async def move(
    connection: Connection, scope: int, to: int, of: int, tellings: Collection[int]
) -> set[str]:
    """Let these tellings be about another entity; return the slots to fold.

    It is no decision, and is not noted as one. The caller holds the lock.
    """
    if not tellings:
        return set()
    subjects = await connection.fetch(_MOVE_SUBJECTS, scope, to, of, list(tellings))
    objects = await connection.fetch(_MOVE_OBJECTS, scope, to, of, list(tellings))
    rows = await connection.fetch('SELECT id, kind FROM entity WHERE id = ANY ($1)', [to, of])
    for row in rows:
        await entities.name_anew(connection, scope, row['id'], Kind(row['kind']))
    await connection.execute(_MENTIONED, [to, of])
    await entities.remove_forgotten(connection, [of])
    return _slots(subjects, objects)


async def undo(connection: Connection, scope: int, decision: int | None = None) -> set[str]:
    """Take back a decision, the latest where none is named; return the slots to fold.

    What was told since stays where it is. Raises EngineError where there is nothing to take back.
    """
    row = await connection.fetchrow(_LATEST, scope, decision)
    if row is None:
        raise EngineError('nothing was merged or split that could be undone')
    kept, other = row['kept'], row['other']
    back, away = (other, kept) if row['action'] == 'merge' else (kept, other)
    await connection.execute(_AGAIN, back, scope, row['kind'], row['other_name'])
    subjects = await connection.fetch(_MOVE_SUBJECTS, scope, back, away, row['subjects'])
    objects = await connection.fetch(_MOVE_OBJECTS, scope, back, away, row['objects'])
    for each in (kept, other):
        await entities.name_anew(connection, scope, each, Kind(row['kind']))
    await connection.execute(_MENTIONED, [kept, other])
    await entities.remove_forgotten(connection, [kept, other])
    await connection.execute(_UNDONE, row['id'])
    return _slots(subjects, objects)


async def _pair(
    connection: Connection, scope: int, kept: int, other: int
) -> tuple[Record, Record]:
    found = [await connection.fetchrow(_ENTITY, scope, each) for each in (kept, other)]
    for number, row in zip((kept, other), found, strict=True):
        if row is None or kept == other or row['kind'] == Kind.USER:
            raise EngineError(
                f'entity {number} cannot be merged: it is not there, is the user, or is the same'
            )
    return found[0], found[1]


async def _note(
    connection: Connection,
    scope: int,
    action: str,
    decided_by: str,
    ours: Record,
    theirs: Record,
    subjects: list[Record],
    objects: list[Record],
) -> None:
    kind = Kind(theirs['kind'])
    await connection.execute(
        _DECIDED,
        scope,
        action,
        decided_by,
        ours['id'],
        theirs['id'],
        _key(ours['name'], kind),
        _key(theirs['name'], kind),
        kind.value,
        theirs['name'],
        [row['id'] for row in subjects],
        [row['id'] for row in objects],
    )


def _key(name: str, kind: Kind) -> str:
    return next(iter(keys(name, kind)), '')


def _slots(subjects: list[Record], objects: list[Record]) -> set[str]:
    return {row[side] for row in subjects for side in ('old', 'new')} | {
        row['slot'] for row in objects
    }
