# SPDX-License-Identifier: Apache-2.0
"""Which facts matter to what was just said, most relevant first, and why. Pure.

Several channels find facts: words, names, vectors, and the links between entities. Their scores
are added: measured on LoCoMo, fusing by score finds a fifth more than fusing by rank. What the
user has told about themselves matters a little to everything, so that `hello` finds a name and
`where do I live` a place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from prot_ros.core.facts import Fact

NAME_WEIGHT = 0.5
"""Of a fact about somebody who was named, beside one whose own words were said."""
VECTOR_WEIGHT = 0.5
NEAR = 0.3
"""Cosine from which two texts have something to do with each other, for hashed n-grams."""
SECOND_HOP = 0.4
"""What a link further away has of the weight of the nearer one."""
CIRCLE_WEIGHT = 0.45
"""Of a fact about somebody of the circle that was named, such as the family."""
PRIOR_USER = 0.1
PRIOR_IDENTITY = 0.2
"""Of what anybody would know of somebody they know."""


@dataclass(frozen=True)
class Candidate:
    """A fact that one of the channels has found. Weights are 0 to 1."""

    number: int
    """Higher is newer."""
    fact: Fact
    words: float = 0.0
    """How much of the rarity of the words that were looked up it has."""
    similarity: float = 0.0
    """Cosine of the vectors of what was said and of the turn that told it; 0 when unknown."""
    name: float = 0.0
    """How surely one of its ends was spoken of."""
    further: float = 0.0
    """The same of an end of a fact that shares an end with it."""
    circle: bool = False
    """Whether it is about somebody of a circle that was spoken of."""
    of_user: bool = False
    """Whether it is about the one who is speaking."""
    identity: bool = False
    """Whether it makes them who they are: their name, their home."""


@dataclass(frozen=True)
class Ranked:
    """A fact with its place."""

    fact: Fact
    score: float
    reason: str
    """The channel that found it best: `words`, `name`, `near`, `link`, `circle` or `user`."""
    number: int
    identity: bool


def score(candidate: Candidate) -> float:
    """Return how relevant it is; 0 when it is not."""
    return sum(_parts(candidate))


_REASONS = ('words', 'name', 'near', 'link', 'circle', 'user')


def _parts(candidate: Candidate) -> tuple[float, ...]:
    """Return what each channel says, in the order of _REASONS."""
    near = candidate.similarity if candidate.similarity >= NEAR or candidate.words else 0.0
    return (
        candidate.words,
        NAME_WEIGHT * candidate.name,
        VECTOR_WEIGHT * max(0.0, near),
        0.0 if candidate.name else SECOND_HOP * NAME_WEIGHT * candidate.further,
        CIRCLE_WEIGHT * candidate.circle,
        PRIOR_USER * candidate.of_user + PRIOR_IDENTITY * candidate.identity,
    )


def rank(candidates: Iterable[Candidate], limit: int) -> tuple[Ranked, ...]:
    """Return at most `limit` relevant facts, most relevant first, among equals the newest.

    Who the user is has its place at the end, however much else is relevant.
    """
    scored = [(score(candidate), candidate.number, candidate) for candidate in candidates]
    ranked = [entry for entry in scored if entry[0] > 0]
    ranked.sort(key=itemgetter(0, 1), reverse=True)
    kept = [entry for entry in ranked[limit:] if entry[2].identity][: limit // 2]
    return tuple(
        Ranked(candidate.fact, total, _reason(candidate), number, candidate.identity)
        for total, number, candidate in (*ranked[: limit - len(kept)], *kept)
    )


def _reason(candidate: Candidate) -> str:
    parts = _parts(candidate)
    return _REASONS[parts.index(max(parts))]
