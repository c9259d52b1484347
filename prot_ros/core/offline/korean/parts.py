# SPDX-License-Identifier: Apache-2.0
"""The words before a Korean verb, sorted: what is said, when, and whether it still is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prot_ros.core.offline.dates import Time, Unit
from prot_ros.core.offline.korean.dates import times_in
from prot_ros.core.offline.korean.words import (
    FILLERS,
    FORMERLY,
    NO_MORE,
    OF_THE_HOUR,
    Phrase,
    phrases,
    without_particle,
)


@dataclass(frozen=True)
class Parts:
    """What stands before a verb."""

    words: list[str]
    """Without fillers, negations and words about time."""
    found: list[Phrase]
    times: tuple[Time, ...]
    negative: bool
    """`안`, `못`."""
    no_more: bool
    """`이제`, `더 이상`."""
    formerly: bool
    """`예전에`, `한때`."""
    passing: bool
    """It was a day's doing: `어제 서울에서 일했어`."""


def parts_of(pending: Sequence[str]) -> Parts:
    """Sort the words that were gathered before a verb."""
    spoken = [word for word in pending if word not in FILLERS]
    negative = bool(spoken) and spoken[-1] in ('안', '못')
    spoken = [word for word in spoken if word not in ('안', '못')]
    # `더` alone compares; it goes with `이상`.
    no_more = any(word in NO_MORE for word in spoken)
    formerly = any(word in FORMERLY for word in spoken)
    spoken = _after_when([word for word in spoken if not word.endswith('보다')])
    times, rest = times_in([word for word in spoken if word not in FORMERLY])
    words = [word for word in rest if word not in NO_MORE | OF_THE_HOUR]
    passing = any(time.moment.unit is Unit.DAY and time.relation.value == 'at' for time in times)
    return Parts(words, phrases(words), times, negative, no_more, formerly, passing)


def _after_when(words: list[str]) -> list[str]:
    """Leave out the clause before `때`, but not whom the sentence is about.

    Of `민수는 학교 다닐 때 부산에` that is `민수는 부산에`. What is told of someone within the
    clause tells nothing of whom the rest is about, so then nothing is left.
    """
    at = next(
        (at for at, word in enumerate(words) if word in ('때', '때는', '때에', '적에')), None
    )
    if at is None:
        return words
    topics = [i for i in range(at) if without_particle(words[i])[1] in ('은', '는')]
    if topics:
        return [*words[: topics[-1] + 1], *words[at + 1 :]]
    if any(without_particle(word)[1] in ('이', '가') for word in words[:at]):
        return []
    return words[at + 1 :]
