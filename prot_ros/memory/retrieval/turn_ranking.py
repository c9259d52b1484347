# SPDX-License-Identifier: Apache-2.0
"""Which earlier turns matter to what was just said, most relevant first. Pure.

A turn is seldom understood alone: what answers a question stands beside it, and often shares no
word with what is asked years later. So what is found speaks for the turns around it. The rest are
small reasons, each of which was measured to earn its place (`docs/locomo.md`).
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prot_ros.memory.retrieval.months import Month, months
from prot_ros.memory.retrieval.terms import PREFIX, STEM, terms

TALK_NS = 30 * 60 * 10**9
"""What is said within this time of each other is one talk; nanoseconds."""
REACH = 2
"""Turns before and after one for which it speaks."""
COMMON_SHARE = 0.05
"""Of its weight that a word beyond the bound keeps."""
_ASKS = re.compile('[?\uff1f\u061f\u037e]')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rarity(turns: int, common: int) -> float:
    """Return what it weighs to share a word that `turns` turns have, at least 1.

    The square of an inverse document frequency: it tells rare words from common ones better than
    the plain one. A word of more than `common` turns decides only where no other does.
    """
    weight = math.log(1 + common / turns) ** 2
    return weight if turns <= common else COMMON_SHARE * weight


@dataclass(frozen=True)
class Weights:
    """What each reason counts, where the best match of words counts 1."""

    similarity: float = 0.2
    """Of the cosine. Hashed n-grams see little that words do not."""
    following: tuple[float, ...] = (0.5, 0.3)
    """For the turns after one that was found, the nearest first; at most REACH."""
    preceding: tuple[float, ...] = (0.3, 0.2)
    """For those before it."""
    edge: float = 0.5
    """What a turn gets for each neighbour that it lacks, as a share of what it would have got from
    one like itself: the first words of a talk have nobody to speak for them."""
    talk: float = 0.2
    """Of the best in the same talk."""
    named: float = 0.5
    """For a turn whose speaker is named in the question."""
    month: float = 0.5
    """For a turn of a month named in the question; half of it for the month after, in which people
    tell of it."""
    asking: float = 0.15
    """What a turn that asks loses: questions have the words, answers the knowledge."""


WEIGHTS = Weights()
"""Chosen on three of LoCoMo's conversations, in steps no finer than these."""


@dataclass(frozen=True)
class Candidate:
    """A turn that was found, or that stands beside one."""

    turn: int
    """Higher is newer."""
    stamp: int
    """When it began, nanoseconds of the robot's clock."""
    speaker: str
    """Who said it, by name; '' where that is not known."""
    text: str
    words: float = 0.0
    """Sum of the weights of the words that it shares with the question, 0 when none."""
    similarity: float = 0.0
    """Cosine of its vector and that of the question, 0 when unknown."""
    found: bool = True
    """Whether it speaks for those around it, or only stands beside one that does."""
    before: tuple[int, ...] = ()
    """Turns before it in the same scope, the nearest first, at most REACH."""
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ranked:
    """A turn that matters, and how it was found."""

    candidate: Candidate
    score: float
    own: float
    """What its own words and vector say, 1 for the best match of words."""
    context: float
    """What the turns around it say."""
    named: bool
    """Whether its speaker is named in the question."""
    of_month: float
    """1 in a month named in the question, 0.5 in the one after, otherwise 0."""


@dataclass
class _Standing:
    candidate: Candidate
    own: float
    context: float = 0.0
    best_of_talk: float = 0.0

    @property
    def in_itself(self) -> float:
        return self.own + self.context


def rank(
    candidates: Iterable[Candidate], question: str, limit: int, weights: Weights = WEIGHTS
) -> tuple[Ranked, ...]:
    """Return at most `limit` turns, most relevant first, among equals the newest.

    Left out is what neither shares anything with the question nor stands beside what does.
    """
    found = list(candidates)
    most = max((candidate.words for candidate in found), default=0.0) or 1.0
    standings = {
        candidate.turn: _Standing(
            candidate,
            candidate.words / most + weights.similarity * max(0.0, candidate.similarity),
        )
        for candidate in found
    }
    for standing in standings.values():
        _speak_for_neighbours(standing, standings, weights)
    _best_of_talks(standings.values())
    asked_terms, asked_months = terms(question), months(question)
    named = {
        speaker for speaker in {one.speaker for one in found} if _is_named(speaker, asked_terms)
    }
    ranked = [
        _ranked(standing, named, asked_months, weights)
        for standing in standings.values()
        if standing.own > 0 or standing.context > 0
    ]
    ranked.sort(key=lambda entry: (entry.score, entry.candidate.turn), reverse=True)
    return tuple(ranked[:limit])


def _ranked(
    standing: _Standing,
    speakers: Set[str],
    asked_months: Sequence[Month],
    weights: Weights,
) -> Ranked:
    candidate = standing.candidate
    named = candidate.speaker in speakers
    of_month = _of_month(candidate.stamp, asked_months) if asked_months else 0.0
    score = (
        standing.own
        + standing.context
        + weights.talk * standing.best_of_talk
        + weights.named * named
        + weights.month * of_month
        - weights.asking * bool(_ASKS.search(candidate.text))
    )
    return Ranked(candidate, score, standing.own, standing.context, named, of_month)


def _speak_for_neighbours(
    standing: _Standing, standings: dict[int, _Standing], weights: Weights
) -> None:
    """Give the turns around one that was found their share; itself, for those that it lacks."""
    found = standing.candidate
    if not found.found:
        return
    for neighbours, shares, lacking in (
        (found.after, weights.following, weights.preceding),
        (found.before, weights.preceding, weights.following),
    ):
        for at, share in enumerate(shares):
            other = standings.get(neighbours[at]) if at < len(neighbours) else None
            if other is not None and abs(other.candidate.stamp - found.stamp) <= TALK_NS:
                other.context += share * standing.own
            elif at < len(lacking):
                standing.context += weights.edge * lacking[at] * standing.own


def _best_of_talks(standings: Iterable[_Standing]) -> None:
    """Find for each what is the best within TALK_NS before and after it."""
    in_time = sorted(standings, key=lambda standing: standing.candidate.stamp)
    best: deque[_Standing] = deque()  # of those in reach, each better than all after it
    last = 0
    for standing in in_time:
        stamp = standing.candidate.stamp
        while last < len(in_time) and in_time[last].candidate.stamp <= stamp + TALK_NS:
            while best and best[-1].in_itself <= in_time[last].in_itself:
                best.pop()
            best.append(in_time[last])
            last += 1
        while best[0].candidate.stamp < stamp - TALK_NS:
            best.popleft()
        standing.best_of_talk = best[0].in_itself


def _is_named(speaker: str, asked: Iterable[str]) -> bool:
    """Whether a name, or a part of it, is among the terms, in whichever script.

    A longer one may go on in an ending: `지수는` is `jisuneun`.
    """
    names = [term for term in terms(speaker) if not term.endswith(PREFIX)]
    return any(
        term == name or (len(name) >= STEM and term.startswith(name))
        for term in asked
        for name in names
    )


def _of_month(stamp: int, asked: Sequence[Month]) -> float:
    said = _EPOCH + timedelta(microseconds=stamp // 1000)
    of_month = 0.0
    for month in asked:
        for late, share in ((0, 1.0), (1, 0.5)):
            years, before = divmod(month.month - 1 + late, 12)
            if said.month == before + 1 and month.year in (None, said.year - years):
                of_month = max(of_month, share)
    return of_month
