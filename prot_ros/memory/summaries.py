# SPDX-License-Identifier: Apache-2.0
"""Summaries of what was said: which turns still need one, and the latest one there is.

Turns stay as they are, for good. So a summary that could not be made is made later, from the same
turns, and nothing is lost meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from asyncpg import Connection

from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import Message
from prot_ros.memory.knowledge import graph
from prot_ros.memory.storable import storable

MOST_TURNS = 100
"""Of one summary."""
OLDEST = 400
"""Turns back from the newest that are still summed up. Whoever talked for years without a language
model that can do so does not have all of it read at once."""
MOST_TEXT = 8_000
"""Characters of a summary."""

_LATEST = 'SELECT text, through FROM summary WHERE scope = $1 ORDER BY id DESC LIMIT 1'
# What was cut before anything was heard has been asked again, as part of a later turn. Turns are
# committed in order: where the first one that stays is not here yet, all that are here are older.
# Where none stays, the latest may be under way.
_WAITING = """
WITH stays AS (SELECT id FROM turn WHERE scope = $1 AND stamp = $2)
SELECT id, utterance, heard, cut
FROM (
    SELECT * FROM turn
    WHERE scope = $1 AND NOT (cut AND heard = '')
        AND CASE WHEN $2 = 0 THEN created_at < now() - interval '2 minutes'
            ELSE id < coalesce((SELECT id FROM stays), 9223372036854775807) END
    ORDER BY id DESC LIMIT $3
) AS older
WHERE id > coalesce(
    (SELECT through FROM summary WHERE scope = $1 ORDER BY id DESC LIMIT 1), 0)
ORDER BY id LIMIT $4
"""
_FORGETTINGS = 'SELECT forgettings FROM scope WHERE id = $1'
# One that covers no more than the latest was made by another process meanwhile. And what was
# forgotten while it was made is in it: it is made anew from what is left.
_WRITE = """
INSERT INTO summary (scope, through, text)
SELECT $1, $2, $3
WHERE NOT EXISTS (SELECT FROM summary WHERE scope = $1 AND through >= $2)
    AND EXISTS (SELECT FROM turn WHERE scope = $1 AND id = $2)
    AND ($4::bigint IS NULL OR $4 = (SELECT forgettings FROM scope WHERE id = $1))
"""


@dataclass(frozen=True)
class Waiting:
    """Turns that have no summary yet."""

    through: int
    """The number of the last one."""
    messages: tuple[Message, ...]
    forgettings: int = 0
    """How often something had been forgotten before they were read."""


async def latest(connection: Connection, scope: int) -> str:
    """Return the latest summary, '' where there is none."""
    row = await connection.fetchrow(_LATEST, scope)
    return row['text'] if row is not None else ''


async def waiting(connection: Connection, scope: int, stays: Stamp) -> Waiting | None:
    """Return the oldest turns that have none, of those before the turn `stays`.

    NEVER is for no such turn.
    """
    forgettings = await connection.fetchval(_FORGETTINGS, scope)
    rows = await connection.fetch(_WAITING, scope, stays, OLDEST, MOST_TURNS)
    messages = []
    for row in rows:
        if row['utterance']:
            messages.append(Message('user', row['utterance']))
        if row['heard']:
            messages.append(Message('robot', row['heard'], cut=row['cut']))
    return Waiting(rows[-1]['id'], tuple(messages), forgettings) if messages else None


async def write(
    connection: Connection, scope: int, through: int, text: str, forgettings: int | None = None
) -> None:
    """Keep a summary of everything up to the turn `through`.

    Not where something was forgotten since there had been `forgettings`.
    """
    async with connection.transaction():
        await graph.lock(connection, scope)
        await connection.execute(_WRITE, scope, through, storable(text, MOST_TEXT), forgettings)
