# SPDX-License-Identifier: Apache-2.0
"""Finds turns by what was said in them, for a person who looks for something.

It reads the turns themselves, so it finds what nothing was derived from, and takes longer than a
conversation can wait for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection

from prot_ros.memory.retrieval.terms import terms

MOST_READ = 2_000
"""Turns with one of the words, the latest."""
MOST_PARTS = 24
NEAR = 0.3
"""Cosine from which a turn is shown that has none of the words, for hashed n-grams."""
NEAREST = 20
LEAST = 0.1
"""Score: turns that have less in common with the text are about something else."""

_WITH_WORDS = """
SELECT id, created_at, utterance, heard FROM turn
WHERE scope = $1 AND (lower(utterance) LIKE ANY ($2::text[]) OR lower(heard) LIKE ANY ($2))
ORDER BY id DESC LIMIT $3
"""
_NEAR = """
SELECT turn.id, turn.created_at, turn.utterance, turn.heard, near.similarity
FROM (
    SELECT turn, 1 - (vector <=> $3) AS similarity FROM turn_vector
    WHERE scope = $1 AND space = $2 AND $3::halfvec IS NOT NULL
    ORDER BY vector <=> $3 LIMIT $4
) AS near JOIN turn ON turn.id = near.turn
"""


@dataclass(frozen=True)
class Found:
    """A turn that has to do with what is looked for."""

    turn: int
    at: datetime
    utterance: str
    heard: str
    """Of the robot's answer."""
    score: float
    """0 to 1.5: the share of the words' rarity that it has, and half of the cosine."""
    reason: str
    """`words` or `near`, whichever weighs more."""


@dataclass(frozen=True)
class _Turn:
    number: int
    at: datetime
    utterance: str
    heard: str
    similarity: float = 0.0


async def find(
    connection: Connection, scope: int, text: str, vector: Sequence[float], space: int, limit: int
) -> list[Found]:
    """Return at most `limit` turns, the best first. `vector` is that of the text in `space`."""
    wanted = terms(text)
    rows = await connection.fetch(
        _WITH_WORDS, scope, [f'%{_literal(part)}%' for part in parts(text)], MOST_READ
    )
    turns = {
        row['id']: _Turn(row['id'], row['created_at'], row['utterance'], row['heard'])
        for row in rows
    }
    near = await connection.fetch(
        _NEAR, scope, space, list(vector) if any(vector) else None, NEAREST
    )
    for row in near:
        turns[row['id']] = _Turn(
            row['id'], row['created_at'], row['utterance'], row['heard'], row['similarity']
        )
    return ranked(wanted, turns.values(), limit)


def parts(text: str) -> list[str]:
    """Return what to look for in turns: words in lower case, or the beginnings of longer ones."""
    return [part.rstrip('*') for part in terms(text)[:MOST_PARTS]]


def ranked(wanted: Sequence[str], turns: Iterable[_Turn], limit: int) -> list[Found]:
    """Return the turns that have the rarest of the wanted terms, or are near, the best first."""
    having = [(turn, set(terms(f'{turn.utterance} {turn.heard}'))) for turn in turns]
    seen = Counter(term for _, there in having for term in there)
    weights = {term: math.log(1 + (len(having) + 1) / (seen[term] + 0.5)) for term in wanted}
    total = sum(weights.values()) or 1.0
    found = []
    for turn, there in having:
        words = sum(weight for term, weight in weights.items() if term in there) / total
        near = turn.similarity / 2 if turn.similarity >= NEAR else 0.0
        if words + near >= LEAST:
            reason = 'words' if words >= near else 'near'
            found.append(
                Found(turn.number, turn.at, turn.utterance, turn.heard, words + near, reason)
            )
    found.sort(key=lambda each: (each.score, each.turn), reverse=True)
    return found[:limit]


def _literal(text: str) -> str:
    """Return a text as LIKE takes it as it stands."""
    return text.replace('\\', '\\\\').replace('%', '\\%').replace('_', '\\_')
