# SPDX-License-Identifier: Apache-2.0
"""Where in a reply the loudspeaker is: samples played -> sentence and milliseconds into it.

Told twice: in time, and in time that sounds. A voice pauses at commas and around a sentence, so
what has been heard in words follows the second.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from prot_ros.core.audio import SAMPLE_BYTES, dbfs

SOUNDING_DBFS = -50.0
"""What is quieter is a pause. Measured on three voices: -60 to -35 give the same words."""
BLOCK_MS = 10


@dataclass
class _Stretch:
    sentence: int
    begin: int
    end: int
    complete: bool = False
    sounding: list[int] = field(default_factory=lambda: [0])
    """Blocks that sound among the first n of this stretch, for each n."""


@dataclass(frozen=True)
class Position:
    """How far into a sentence the loudspeaker is."""

    sentence: int
    played_ms: float
    total_ms: float | None
    """None while the end of the sentence has not arrived yet."""
    sounding_ms: float = 0.0
    """Of what was played, without the pauses."""
    sounding_total_ms: float | None = None

    @property
    def finished(self) -> bool:
        """Whether the sentence has been heard to its end."""
        return self.total_ms is not None and self.played_ms >= self.total_ms


class Playout:
    """The sentences of one reply as stretches of samples, in the order they were written."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._block = rate * BLOCK_MS // 1000
        self._rest = b''
        self._stretches: list[_Stretch] = []
        self._reported = 0
        """Stretches before this one have been returned by `finished` already."""
        self.written = 0
        """Samples."""

    def write(self, sentence: int, pcm: bytes, *, complete: bool) -> None:
        """Note that S16 samples of a sentence were handed to the loudspeaker."""
        if not self._stretches or self._stretches[-1].sentence != sentence:
            self._stretches.append(_Stretch(sentence, self.written, self.written))
            self._rest = b''
        self.written += len(pcm) // SAMPLE_BYTES
        stretch = self._stretches[-1]
        stretch.end = self.written
        stretch.complete = complete
        size = self._block * SAMPLE_BYTES
        self._rest += pcm
        while len(self._rest) >= size:
            block, self._rest = self._rest[:size], self._rest[size:]
            stretch.sounding.append(stretch.sounding[-1] + (dbfs(block) > SOUNDING_DBFS))

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
        blocks = min(into // self._block, len(stretch.sounding) - 1)
        sounding = float(stretch.sounding[blocks] * BLOCK_MS)
        all_sounding = float(stretch.sounding[-1] * BLOCK_MS) if stretch.complete else None
        return Position(stretch.sentence, self._ms(into), total, sounding, all_sounding)

    def _ms(self, samples: int) -> float:
        return samples * 1000 / self._rate
