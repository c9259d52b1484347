# SPDX-License-Identifier: Apache-2.0
"""Where in a reply the loudspeaker is: samples played -> sentence and milliseconds into it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Stretch:
    sentence: int
    begin: int
    end: int
    complete: bool = False


@dataclass(frozen=True)
class Position:
    """How far into a sentence the loudspeaker is."""

    sentence: int
    played_ms: float
    total_ms: float | None
    """None while the end of the sentence has not arrived yet."""

    @property
    def finished(self) -> bool:
        """Whether the sentence has been heard to its end."""
        return self.total_ms is not None and self.played_ms >= self.total_ms


class Playout:
    """The sentences of one reply as stretches of samples, in the order they were written."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._stretches: list[_Stretch] = []
        self._reported = 0
        """Stretches before this one have been returned by `finished` already."""
        self.written = 0
        """Samples."""

    def write(self, sentence: int, samples: int, *, complete: bool) -> None:
        """Note that samples of a sentence were handed to the loudspeaker."""
        if not self._stretches or self._stretches[-1].sentence != sentence:
            self._stretches.append(_Stretch(sentence, self.written, self.written))
        self.written += samples
        self._stretches[-1].end = self.written
        self._stretches[-1].complete = complete

    def position(self, played: int) -> Position:
        """Return where `played` samples have led to; sentence 0 at 0 ms before the first."""
        current = None
        for stretch in self._stretches:
            if stretch.begin > played or (stretch.begin == played and current is not None):
                break
            current = stretch
        if current is None:
            return Position(0, 0.0, None)
        return self._at(current, played)

    def finished(self, played: int) -> list[Position]:
        """Return the sentences that were finished since the last call, each once, in order."""
        done = []
        while self._reported < len(self._stretches):
            stretch = self._stretches[self._reported]
            if not stretch.complete or stretch.end > played:
                break
            done.append(self._at(stretch, played))
            self._reported += 1
        return done

    def _at(self, stretch: _Stretch, played: int) -> Position:
        into = min(played, stretch.end) - stretch.begin
        total = self._ms(stretch.end - stretch.begin) if stretch.complete else None
        return Position(stretch.sentence, self._ms(into), total)

    def _ms(self, samples: int) -> float:
        return samples * 1000 / self._rate
