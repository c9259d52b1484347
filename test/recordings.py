# SPDX-License-Identifier: Apache-2.0
"""What people said in the recordings of test/data/speech, and the sound of it."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / 'data'
SPEECH = DATA / 'speech'
BAD = DATA / 'bad'
RATE = 16000


@dataclass(frozen=True)
class Recording:
    """One utterance by a person."""

    path: Path
    words: str
    """As its transcript has them, in lower case."""

    @property
    def pcm(self) -> bytes:
        with wave.open(str(self.path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            return file.readframes(file.getnframes())


def _librivox(number: str) -> Recording:
    text = (SPEECH / f'librivox-{number}.txt').read_text()
    return Recording(SPEECH / f'librivox-{number}.wav', ' '.join(text.split()))


def _cards() -> dict[str, str]:
    """Read lines such as `<s> seven of clubs  </s> (003)`."""
    lines = (SPEECH / 'cards.txt').read_text().splitlines()
    return {
        line.rsplit('(')[1].strip(') '): line.removeprefix('<s>').split('</s>')[0].strip()
        for line in lines
    }


LIBRIVOX = [_librivox(number) for number in ('0870', '0880', '0890', '0930')]
CARDS = [
    Recording(SPEECH / f'cards-{number}.wav', words)
    for number, words in _cards().items()
    if (SPEECH / f'cards-{number}.wav').exists()
]
GO_FORWARD = Recording(SPEECH / 'go-forward-ten-meters.wav', 'go forward ten meters')
"""Its words are those of its file name."""
ALL = [*LIBRIVOX, *CARDS, GO_FORWARD]


def word_overlap(heard: str, said: str) -> float:
    """Return the share of the said words that were heard, in their order."""
    a, b = heard.lower().split(), said.lower().split()
    row = [0] * (len(b) + 1)
    for word in a:
        before = 0
        for j, other in enumerate(b, 1):
            row[j], before = (before + 1 if word == other else max(row[j], row[j - 1])), row[j]
    return row[-1] / len(b)
