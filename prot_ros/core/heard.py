# SPDX-License-Identifier: Apache-2.0
"""What the user has heard of a reply, in words.

Engines without alignment give no word times, so within the sentence that was being played words
are placed in proportion to their syllables: speech runs at a nearly constant number of syllables a
second, far more so than of letters or words (Pellegrino et al., Language 87:3, 2011).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SYLLABLES_PER_SECOND = 5.0
"""Of a synthetic voice at normal speed, used while a sentence's length is not known yet.
Pellegrino et al. (2011) measured 6.2 for people reading English; the offline voices are slower."""

_VOWELS = re.compile(r'[aeiouyàâäáãåæèéêëìíîïòóôöõøùúûüýÿœ]+', re.IGNORECASE)


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence of the reply and how far the loudspeaker came in it."""

    text: str
    played_ms: float
    total_ms: float | None
    """None when it is not known, because the end had not been synthesised."""


@dataclass(frozen=True)
class Heard:
    """What was heard, and whether it stopped before the end."""

    text: str
    cut: bool


def syllables(word: str) -> int:
    """Return how many syllables a word has, at least 1 where there is anything to pronounce.

    Hangul, kana and Han: one for each character. Alphabets: one for each group of vowels, without
    a silent final e. Digits: two each, as English digits average 1.1 and grouped numbers more.
    """
    blocks = sum(1 for c in word if _is_syllabic(c))
    digits = sum(c.isdigit() for c in word)
    letters = ''.join(c for c in word if c.isalpha() and not _is_syllabic(c)).lower()
    groups = len(_VOWELS.findall(letters))
    if groups > 1 and letters.endswith('e') and not letters.endswith(('le', 'ee')):
        groups -= 1
    if letters and groups == 0:
        groups = 1
    return blocks + 2 * digits + groups


def _is_syllabic(char: str) -> bool:
    code = ord(char)
    return 0xAC00 <= code <= 0xD7A3 or 0x3040 <= code <= 0x30FF or 0x4E00 <= code <= 0x9FFF


def heard(sentences: Sequence[SpokenSentence]) -> Heard:
    """Return the part of the reply that was heard; it ends in the first unfinished sentence."""
    parts: list[str] = []
    for sentence in sentences:
        if sentence.total_ms is not None and sentence.played_ms >= sentence.total_ms:
            parts.append(sentence.text)
            continue
        parts.append(_heard_words(sentence))
        return Heard(' '.join(filter(None, parts)), cut=True)
    return Heard(' '.join(filter(None, parts)), cut=False)


def _heard_words(sentence: SpokenSentence) -> str:
    pieces = re.findall(r'\S+\s*', sentence.text)
    weights = [syllables(piece) for piece in pieces]
    total_ms = sentence.total_ms or sum(weights) * 1000 / SYLLABLES_PER_SECOND
    if total_ms <= 0:
        return ''
    spoken = sum(weights) * min(1.0, sentence.played_ms / total_ms)
    out, before = [], 0
    for piece, weight in zip(pieces, weights, strict=True):
        # A word counts as heard when at least half of it was.
        if weight and spoken < before + weight / 2:
            break
        if weight == 0 and spoken <= before:
            break
        out.append(piece)
        before += weight
    return ''.join(out).rstrip()
