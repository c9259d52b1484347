# SPDX-License-Identifier: Apache-2.0
"""When each word of a sentence sounds, from the times that a service gives for characters.

A service repeats the text, mostly: it may leave out spaces, or say a number in words. So its
characters are looked for in the text from where the last one was found, and what is not there is
left out: the next one that fits is right again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prot_ros.engines.kinds import Mark

LOOK_AHEAD = 12
"""Characters that may be missing between two that are there."""


@dataclass(frozen=True)
class CharacterTimes:
    """What a service says of one piece of audio: equally many of each."""

    characters: Sequence[str]
    starts_ms: Sequence[float]
    ends_ms: Sequence[float]


class Aligner:
    """Follows one sentence, piece by piece."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        """Characters of the text that have been found so far."""
        self._latest = Mark(0, -1.0)

    def push(self, times: CharacterTimes, offset_ms: float) -> list[Mark]:
        """Return the marks that follow, rising in both; the times count from `offset_ms`.

        There is one where a word begins and one where each character ends: what is heard as one
        is a word in some scripts and a character in others.
        """
        marks: list[Mark] = []
        for said, start, end in zip(
            times.characters, times.starts_ms, times.ends_ms, strict=False
        ):
            for character in said:
                found = self._find(character)
                if found is None or character.isspace():
                    continue
                if self._begins_a_word(found):
                    self._mark(marks, Mark(found, offset_ms + start))
                self._mark(marks, Mark(found + 1, offset_ms + end))
        return marks

    def _find(self, character: str) -> int | None:
        at = self._text.find(character, self._at, self._at + LOOK_AHEAD)
        if at < 0:
            return None
        self._at = at + 1
        return at

    def _begins_a_word(self, at: int) -> bool:
        return at == 0 or self._text[at - 1].isspace()

    def _mark(self, marks: list[Mark], mark: Mark) -> None:
        # A piece may begin a little before the end of the last one; time does not go back.
        latest = self._latest
        if mark.characters >= latest.characters and mark.milliseconds >= latest.milliseconds:
            marks.append(mark)
            self._latest = mark
