# SPDX-License-Identifier: Apache-2.0
"""Keeps the circles of a scope: who is in the family, at work, among the pets, and how they are.

They follow from what entities are to the user, so they are made anew whenever somebody was
described anew; a person has tens of people around them, not thousands.
"""

from __future__ import annotations

from collections import defaultdict

from asyncpg import Connection

from prot_ros.core.circles import circle_of
from prot_ros.core.facts import OWNED

MOST_MEMBERS = 100
"""Of one circle, those spoken of last."""
MOST_TEXT = 1_000
"""Characters of a summary."""

_ROLES = """
SELECT a.entity, a.key, e.name, e.last_turn
FROM alias AS a JOIN entity AS e ON e.id = a.entity
WHERE a.scope = $1 AND a.key >= $2 AND a.key < $3
ORDER BY e.last_turn DESC, a.entity, length(a.key) DESC
"""
_THERE = 'SELECT id, circle FROM community WHERE scope = $1'
_NEW = 'INSERT INTO community (scope, circle, name, summary) VALUES ($1, $2, $2, $3) RETURNING id'
_SUMMARY = """
UPDATE community SET summary = $2, made_at = now() WHERE id = $1 AND summary <> $2
"""
_LEAVE = 'DELETE FROM community_member WHERE community = $1 AND entity <> ALL ($2::bigint[])'
_JOIN = """
INSERT INTO community_member (community, entity) SELECT $1, unnest($2::bigint[])
ON CONFLICT DO NOTHING
"""
_GONE = 'DELETE FROM community WHERE scope = $1 AND circle <> ALL ($2::text[])'


async def gather(connection: Connection, scope: int) -> None:
    """Make the circles of a scope what they are now, inside the caller's transaction."""
    end = OWNED[:-1] + chr(ord(OWNED[-1]) + 1)
    members: dict[str, dict[int, str]] = defaultdict(dict)
    for row in await connection.fetch(_ROLES, scope, OWNED, end):
        role = row['key'].removeprefix(OWNED)
        circle = circle_of(role)
        if circle and len(members[circle]) < MOST_MEMBERS:
            words = f'{row["name"]} ({role})' if row['name'] else role
            members[circle].setdefault(row['entity'], words)
    there = {row['circle']: row['id'] for row in await connection.fetch(_THERE, scope)}
    await connection.execute(_GONE, scope, list(members))
    for circle, of in members.items():
        summary = ', '.join(of.values())[:MOST_TEXT]
        number = there.get(circle)
        if number is None:
            number = await connection.fetchval(_NEW, scope, circle, summary)
        else:
            await connection.execute(_SUMMARY, number, summary)
            await connection.execute(_LEAVE, number, list(of))
        await connection.execute(_JOIN, number, list(of))
