# SPDX-License-Identifier: Apache-2.0
"""Finds what matters to what was just said: one statement, whose work is bounded in every part.

Words and vectors find facts of anybody, and whoever is called something is found by either name.
Facts about the user are always among the candidates: those that make them who they are, and the
newest, because nobody's facts are as many as the user's.
`ranking` decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from asyncpg import Connection

from prot_ros.core.facts import USER, Fact
from prot_ros.memory.ranking import IDENTITY, Candidate, rank
from prot_ros.memory.storable import key
from prot_ros.memory.succession import slot
from prot_ros.memory.terms import terms

COMMON = 200
"""Facts with one word beyond which the word tells nothing, and is not looked up further."""
FROM_EACH = 60
"""Candidates of each channel."""
SCANNED = 5_000
"""Newest facts whose vectors are compared. Exact: an index would lose those of rare persons."""

_CANDIDATES = """
WITH hit AS MATERIALIZED (
    SELECT found.fact, count(*) OVER (PARTITION BY wanted.term) AS facts
    FROM unnest($2::text[]) AS wanted (term)
    CROSS JOIN LATERAL (
        SELECT fact FROM fact_term
        WHERE person = $1 AND term = wanted.term
        ORDER BY fact DESC LIMIT $3 + 1
    ) AS found
), words AS (
    SELECT fact, sum(ln(1 + $3::float8 / facts)) AS weight
    FROM hit WHERE facts <= $3
    GROUP BY fact ORDER BY weight DESC, fact DESC LIMIT $4
), other_name AS (
    SELECT about.id AS fact, max(words.weight) / 2 AS weight
    FROM words
    JOIN fact AS called ON called.id = words.fact AND called.predicate = 'is called'
    CROSS JOIN LATERAL (
        SELECT id FROM fact
        WHERE person = $1 AND subject_key = called.object_key AND valid_to IS NULL
        ORDER BY id DESC LIMIT 10
    ) AS about
    GROUP BY about.id
), near AS (
    SELECT fact, 1 - (vector <=> $5) AS similarity
    FROM (
        SELECT fact, vector FROM fact_vector
        WHERE person = $1 AND space = $6 AND $5::halfvec IS NOT NULL
        ORDER BY fact DESC LIMIT $7
    ) AS newest
    ORDER BY vector <=> $5 LIMIT $4
), own AS (
    SELECT id AS fact FROM fact
    WHERE person = $1 AND slot = ANY ($9::text[]) AND valid_to IS NULL
    UNION
    (SELECT id FROM fact
     WHERE person = $1 AND subject_key = $8 AND valid_to IS NULL
     ORDER BY id DESC LIMIT $4)
), candidate AS (
    SELECT fact FROM words UNION SELECT fact FROM other_name
    UNION SELECT fact FROM near UNION SELECT fact FROM own
)
SELECT f.id, f.subject, f.predicate, f.object, f.text,
       coalesce(greatest(words.weight, other_name.weight), 0)::float8 AS weight,
       coalesce(near.similarity, 0)::float8 AS similarity
FROM candidate
JOIN fact AS f ON f.id = candidate.fact AND f.valid_to IS NULL
LEFT JOIN words USING (fact)
LEFT JOIN other_name USING (fact)
LEFT JOIN near USING (fact)
"""

_IDENTITY_SLOTS = [slot(Fact(USER, predicate, '', '')) for predicate in IDENTITY]


@dataclass(frozen=True)
class Recall:
    """What memory has to say to an utterance."""

    facts: tuple[Fact, ...]
    """Most relevant first."""


async def recall(
    connection: Connection,
    person: str,
    text: str,
    vector: list[float],
    space: str,
    limit: int,
) -> Recall:
    """Return at most `limit` live facts of the person. `vector` is that of the text in `space`."""
    rows = await connection.fetch(
        _CANDIDATES,
        person,
        list(terms(text)),
        COMMON,
        FROM_EACH,
        vector if any(vector) else None,
        space,
        SCANNED,
        key(USER),
        _IDENTITY_SLOTS,
    )
    most = max((row['weight'] for row in rows), default=0.0) or 1.0
    return Recall(
        rank(
            (
                Candidate(
                    number=row['id'],
                    fact=Fact(row['subject'], row['predicate'], row['object'], row['text']),
                    words=row['weight'] / most,
                    similarity=row['similarity'],
                )
                for row in rows
            ),
            limit,
        )
    )
