# SPDX-License-Identifier: Apache-2.0
"""Says in a few sentences what is known of an entity: what its vector is made from."""

from __future__ import annotations

from asyncpg import Connection

from prot_ros.memory.knowledge import communities, graph

FACTS = 8
"""Of one entity, the latest."""
MOST_TEXT = 1_000
"""Characters."""
BATCH = 64

_WAITING = """
SELECT e.id, e.name, e.summary, coalesce(told.texts, '{}') AS texts
FROM undescribed AS u
JOIN entity AS e ON e.id = u.entity
CROSS JOIN LATERAL (
    SELECT array_agg(latest.text ORDER BY latest.last_turn DESC) AS texts
    FROM (
        (SELECT t.text, f.last_turn FROM fact AS f JOIN telling AS t ON t.id = f.telling
         WHERE f.subject = e.id AND f.live ORDER BY f.last_turn DESC LIMIT $3)
        UNION
        (SELECT t.text, f.last_turn FROM fact AS f JOIN telling AS t ON t.id = f.telling
         WHERE f.object = e.id AND f.live ORDER BY f.last_turn DESC LIMIT $3)
        ORDER BY 2 DESC LIMIT $3
    ) AS latest
) AS told
WHERE u.scope = $1
ORDER BY u.entity LIMIT $2
FOR UPDATE OF u SKIP LOCKED
"""
_DESCRIBED = """
UPDATE entity AS e SET summary = new.summary
FROM unnest($1::bigint[], $2::text[]) AS new (id, summary)
WHERE e.id = new.id AND e.summary <> new.summary
"""
_DONE = 'DELETE FROM undescribed WHERE entity = ANY ($1::bigint[])'
# They are made anew from the new words.
_OUTDATED = 'DELETE FROM entity_vector WHERE scope = $1 AND entity = ANY ($2::bigint[])'


async def describe(connection: Connection, scope: int) -> int:
    """Describe at most BATCH entities that have changed, and their circles; return how many.

    The caller has the transaction.
    """
    # What is forgotten between the look and the summary must not be in the summary.
    await graph.lock(connection, scope)
    rows = await connection.fetch(_WAITING, scope, BATCH, FACTS)
    if not rows:
        return 0
    summaries = [_summary(row['name'], row['texts']) for row in rows]
    changed = [
        row['id']
        for row, summary in zip(rows, summaries, strict=True)
        if summary != row['summary']
    ]
    await connection.execute(_DESCRIBED, [row['id'] for row in rows], summaries)
    await connection.execute(_DONE, [row['id'] for row in rows])
    await connection.execute(_OUTDATED, scope, changed)
    await communities.gather(connection, scope)
    return len(rows)


def _summary(name: str, texts: list[str]) -> str:
    sentences = dict.fromkeys(' '.join(text.split()) for text in texts)
    return ' '.join([f'{name}.' if name else '', *sentences]).strip()[:MOST_TEXT]
