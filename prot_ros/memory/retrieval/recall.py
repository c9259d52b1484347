# SPDX-License-Identifier: Apache-2.0
"""What memory has to say to an utterance, and as much of it as fits into a budget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from prot_ros.core.facts import Fact
from prot_ros.memory.retrieval.turn_ranking import Ranked

TURN_SHARE = 0.4
"""Of a budget, for what was said word by word; what facts leave over is theirs as well."""


@dataclass(frozen=True)
class EarlierTurn:
    """Something the user said before, in their own words."""

    text: str
    at: datetime
    """When, with a time zone."""
    reason: str
    """`words` where it shares words with what was said, `near` where only its vector is near,
    `beside` where its neighbour was found."""
    turn: int = 0
    """Its number."""
    score: float = 0.0
    """As `turn_ranking` has it."""


def earlier(ranked: Iterable[Ranked]) -> tuple[EarlierTurn, ...]:
    """Return the turns that were found as they are told; those without words are left out."""
    return tuple(
        EarlierTurn(
            text=each.candidate.text,
            at=datetime.fromtimestamp(each.candidate.stamp / 1e9).astimezone(),
            reason='words' if each.candidate.words else 'near' if each.own > 0 else 'beside',
            turn=each.candidate.turn,
            score=each.score,
        )
        for each in ranked
        if each.candidate.text
    )


@dataclass(frozen=True)
class Recall:
    """What matters to an utterance, most relevant first."""

    facts: tuple[Fact, ...]
    reasons: tuple[str, ...] = ()
    """Which channel found each of the facts (`ranking.Ranked.reason`)."""
    turns: tuple[EarlierTurn, ...] = ()


def packed(recall: Recall, budget: float, tokens: Callable[[str], float]) -> Recall:
    """Return the first of the facts and turns whose tokens fit into the budget together.

    What is said in a fact's own words is not told once more as a turn. The first that does not fit
    ends its list: what follows matters less.
    """
    fact_texts = [fact.text for fact in recall.facts]
    said = {_plain(text) for text in fact_texts}
    turns = [turn for turn in recall.turns if _plain(turn.text) not in said]
    turn_texts = [turn.text for turn in turns]
    # What one list leaves over is the other's.
    facts_alone = _fitting(fact_texts, budget, tokens)[1]
    turn_count, left = _fitting(turn_texts, max(TURN_SHARE * budget, facts_alone), tokens)
    used = max(TURN_SHARE * budget, facts_alone) - left
    fact_count, _ = _fitting(fact_texts, budget - used, tokens)
    return Recall(
        recall.facts[:fact_count], recall.reasons[:fact_count], tuple(turns[:turn_count])
    )


def _fitting(
    texts: Sequence[str], budget: float, tokens: Callable[[str], float]
) -> tuple[int, float]:
    """Return how many of the first fit, and what they leave over."""
    for at, text in enumerate(texts):
        cost = tokens(text)
        if cost > budget:
            return at, budget
        budget -= cost
    return len(texts), budget


def _plain(text: str) -> str:
    return ' '.join(text.split()).casefold()
