# SPDX-License-Identifier: Apache-2.0
"""Whose memory it is, and which others may be heard in it."""

from __future__ import annotations

from dataclasses import dataclass

from asyncpg import Connection

from prot_ros.memory.knowledge import entities

_OURS = """
INSERT INTO scope (robot, person, shared) VALUES ($1, $2, coalesce($3, false))
ON CONFLICT (robot, person) DO UPDATE SET shared = coalesce($3, scope.shared)
RETURNING id
"""
# A robot has as many as the people who talk with it.
_HEARD = """
SELECT id FROM scope WHERE robot = $1 AND shared AND id <> $2 ORDER BY id LIMIT $3
"""
MOST_HEARD = 15
"""Shared scopes that are looked through beside one's own."""


@dataclass(frozen=True)
class Scope:
    """One person's memory with one robot."""

    number: int
    user: int
    """The entity of that person."""
    heard: tuple[int, ...]
    """In whose memory is looked: one's own first, then those that are shared."""


async def scope(connection: Connection, robot: str, person: str, shared: bool | None) -> Scope:
    """Return the scope of a person, which is made where there is none.

    `shared` says whether everyone who talks with that robot may hear what is told in it; None
    leaves it as it is, and a new one closed.
    """
    async with connection.transaction():
        number = await connection.fetchval(_OURS, robot, person, shared)
        user = await entities.user(connection, number)
        rows = await connection.fetch(_HEARD, robot, number, MOST_HEARD)
    return Scope(number, user, (number, *(row['id'] for row in rows)))
