# SPDX-License-Identifier: Apache-2.0
"""What a person decides about who is who: two are one, one is two, and that it was not so.

Each is one transaction, in which nobody else changes the memory, and can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection

from prot_ros.memory.knowledge import descriptions, graph, joining, slots

OPERATOR = 'operator'
"""Who decided, where no turn did."""


_DECISION = """
SELECT id AS number, decided_at, action, decided_by, kept, other, other_name
FROM resolution WHERE scope = $1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1
"""
_TURNS = """
SELECT DISTINCT turn.id, turn.created_at, turn.utterance
FROM telling AS t JOIN turn ON turn.id = t.turn
WHERE t.scope = $1 AND (t.subject_entity = $2 OR t.object_entity = $2)
ORDER BY turn.id DESC LIMIT $3
"""
MOST_TURNS = 100


@dataclass(frozen=True)
class Decision:
    """What was decided."""

    number: int
    decided_at: datetime
    action: str
    """`merge` or `split`."""
    decided_by: str
    kept: int
    other: int
    other_name: str


@dataclass(frozen=True)
class Spoke:
    """A turn that spoke of somebody."""

    number: int
    at: datetime
    words: str


async def merge(connection: Connection, scope: int, kept: int, other: int) -> None:
    """Make `other` a part of `kept`. Raises EngineError where that cannot be."""
    await graph.lock(connection, scope)
    touched = await joining.join(connection, scope, kept, other, OPERATOR)
    await _settle(connection, scope, touched)


async def split(connection: Connection, scope: int, entity: int, turns: Collection[int]) -> int:
    """Make what these turns said of an entity that of a new one; return it.

    Raises EngineError where none of the turns spoke of it, or all did.
    """
    await graph.lock(connection, scope)
    other, touched = await joining.part(connection, scope, entity, turns, OPERATOR)
    await _settle(connection, scope, touched)
    return other


async def undo(connection: Connection, scope: int) -> Decision | None:
    """Take back the latest decision; return it, None where there is none."""
    await graph.lock(connection, scope)
    row = await connection.fetchrow(_DECISION, scope)
    if row is None:
        return None
    touched = await joining.undo(connection, scope, row['number'])
    await _settle(connection, scope, touched)
    return Decision(**dict(row))


async def _settle(connection: Connection, scope: int, touched: set[str]) -> None:
    """Make what follows from who is who: facts, descriptions, circles.

    Vectors of the new descriptions are made by whoever runs the robot.
    """
    await slots.fold(connection, scope, touched)
    await descriptions.describe(connection, scope)


async def turns_of(connection: Connection, scope: int, entity: int) -> list[Spoke]:
    """Return the turns that spoke of an entity, the latest first, at most MOST_TURNS."""
    rows = await connection.fetch(_TURNS, scope, entity, MOST_TURNS)
    return [Spoke(row['id'], row['created_at'], row['utterance']) for row in rows]
