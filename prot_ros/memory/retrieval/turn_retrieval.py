# SPDX-License-Identifier: Apache-2.0
"""Finds the earlier turns that matter to what was just said, and makes turns findable.

One statement, whose work is bounded in every part: of each word the newest COMMON turns, of the
vectors the newest SCANNED, of what they find the best, and REACH turns on either side of each.
`turn_ranking` decides.
"""

from __future__ import annotations

from asyncpg import Connection, Record

from prot_ros.memory.retrieval.terms import terms
from prot_ros.memory.retrieval.turn_ranking import (
    REACH,
    WEIGHTS,
    Candidate,
    Ranked,
    Weights,
    rank,
    rarity,
)

COMMON = 200
"""Turns with one word beyond which the word tells nearly nothing, and is not looked up further."""
BY_WORDS = 60
"""Turns that words find."""
BY_VECTOR = 20
SCANNED = 1_000
"""Newest turns whose vectors are compared. Exact: an index would lose those of rare persons."""
_NEWEST = 2**63 - 1
_RARITIES = [rarity(turns, COMMON) for turns in range(1, COMMON + 2)]

# What the planner believes of sizes is often wrong, so it is given no choice that matters. Limits
# are no parameters, because it knows their values then. Only `turn_of_scope` has the order in
# which neighbours are asked for, so it looks for them nowhere else; what that reads of another
# scope is left out. And a full join is never done by comparing all with all.
_CANDIDATES = f"""
WITH match AS MATERIALIZED (
    SELECT turn, sum(weight) AS weight, sum(similarity) AS similarity
    FROM (
        SELECT held.turn, ($4::float8[])[held.turns] AS weight, 0::float8 AS similarity
        FROM unnest($3::text[]) AS wanted (term)
        CROSS JOIN LATERAL (
            SELECT turn, count(*) OVER () AS turns
            FROM (
                SELECT turn FROM turn_term
                WHERE scope = $1 AND term = wanted.term AND turn < $2
                ORDER BY turn DESC LIMIT {COMMON + 1}
            ) AS newest
        ) AS held
        UNION ALL
        SELECT turn, 0, 1 - (vector <=> $5)
        FROM (
            SELECT turn, vector FROM turn_vector
            WHERE scope = $1 AND space = $6 AND turn < $2 AND $5::halfvec IS NOT NULL
            ORDER BY turn DESC LIMIT {SCANNED}
        ) AS newest
    ) AS each
    GROUP BY turn
), found AS MATERIALIZED (
    (SELECT turn FROM match WHERE weight > 0
     ORDER BY weight DESC, turn DESC LIMIT {BY_WORDS})
    UNION
    (SELECT turn FROM match WHERE similarity > 0
     ORDER BY similarity DESC, turn DESC LIMIT {BY_VECTOR})
), beside AS (
    SELECT found.turn AS found, following.*
    FROM found CROSS JOIN LATERAL (
        SELECT scope, id, stamp, speaker, utterance FROM turn
        WHERE (scope, id) >= ($1, found.turn)
        ORDER BY scope, id LIMIT {REACH + 1}
    ) AS following
    WHERE following.scope <= $1 AND following.id < $2
    UNION ALL
    SELECT found.turn, preceding.*
    FROM found CROSS JOIN LATERAL (
        SELECT scope, id, stamp, speaker, utterance FROM turn
        WHERE (scope, id) < ($1, found.turn)
        ORDER BY scope DESC, id DESC LIMIT {REACH}
    ) AS preceding
    WHERE preceding.scope >= $1
)
SELECT beside.found, beside.id, beside.stamp, beside.speaker, beside.utterance,
       coalesce(match.weight, 0) AS weight, coalesce(match.similarity, 0) AS similarity
FROM beside FULL JOIN match ON match.turn = beside.id
WHERE coalesce(beside.id, 0) <> 0
"""  # noqa: S608 - limits of ours

_WORDS = 'INSERT INTO turn_term (scope, term, turn) SELECT $1, unnest($3::text[]), $2'
_VECTOR = 'INSERT INTO turn_vector (scope, space, turn, vector) VALUES ($1, $3, $2, $4)'


async def index_turn(
    connection: Connection,
    scope: int,
    turn: int,
    text: str,
    vector: list[float] | None,
    space: int,
) -> None:
    """Make a turn findable by its words and its vector, which may come later or not at all.

    `text` is what counts as said in it, `vector` that of the text in the space. May be called
    again: what is there is kept. A transaction of the caller's makes it all or nothing.
    """
    await connection.execute(f'{_WORDS} ON CONFLICT DO NOTHING', scope, turn, list(terms(text)))
    if vector is not None and any(vector):
        await connection.execute(f'{_VECTOR} ON CONFLICT DO NOTHING', scope, turn, space, vector)


async def candidates(
    connection: Connection,
    scope: int,
    text: str,
    vector: list[float] | None,
    space: int,
    below: int | None = None,
) -> list[Candidate]:
    """Return what words and vectors find, and the turns beside it, in no order.

    At most (BY_WORDS + BY_VECTOR) * (1 + 2 * REACH). `vector` is that of the text in the space, of
    which nothing is compared when it is None or all zeros. Turns from `below` on are as if they
    had not been: what was just said finds itself first of all.
    """
    rows = await connection.fetch(
        _CANDIDATES,
        scope,
        _NEWEST if below is None else below,
        list(terms(text)),
        _RARITIES,
        vector if vector is not None and any(vector) else None,
        space,
    )
    return _joined(rows)


async def earlier_turns(
    connection: Connection,
    scope: int,
    text: str,
    vector: list[float] | None,
    space: int,
    limit: int,
    below: int | None = None,
    weights: Weights = WEIGHTS,
) -> tuple[Ranked, ...]:
    """Return at most `limit` turns of the scope that matter to the text, most relevant first.

    For the rest see `candidates`.
    """
    found = await candidates(connection, scope, text, vector, space, below)
    return rank(found, text, limit, weights)


def _joined(rows: list[Record]) -> list[Candidate]:
    """Return each turn once; of those that were found, which stand on either side."""
    turns = {row['id']: row for row in rows}
    beside: dict[int, list[int]] = {}
    for row in rows:
        beside.setdefault(row['found'], []).append(row['id'])
    return [
        Candidate(
            turn=turn,
            stamp=row['stamp'],
            speaker=row['speaker'],
            text=row['utterance'],
            words=row['weight'],
            similarity=row['similarity'],
            found=turn in beside,
            before=tuple(sorted((at for at in beside.get(turn, ()) if at < turn), reverse=True)),
            after=tuple(sorted(at for at in beside.get(turn, ()) if at > turn)),
        )
        for turn, row in turns.items()
    ]
