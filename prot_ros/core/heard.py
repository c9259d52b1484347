# SPDX-License-Identifier: Apache-2.0
"""What the user has heard of a reply, in words.

A voice that knows when its words sound says so, and what was heard is read off. Others give no
word times, so within the sentence that was being played words are placed in proportion to their
length in speech: syllables, which run at a nearly constant number a second, far more so than
letters or words (Pellegrino et al., Language 87:3, 2011), and to a lesser part letters, because
"strengths" takes longer than "a". Time is time that sounds: pauses are left out.

Measured against forced alignment, 3,480 cuts in three voices (benchmarks/heard_words.py): 98 %
within one word, 68 % exact, the worst two words off. By syllables and plain time they were 87 %,
41 % and four.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from prot_ros.core.wire import Marks

LETTER = 0.5
"""What a letter adds to a word's length, in syllables. From 0.3 to 1.0 it is all the same."""
BEGUN = 0.2
"""A word counts as heard from this share of it on. It is meant to be half of the word; the last
words of a phrase are drawn out, so the others are further on than their share says."""
HALF = 0.5
"""A word whose times are known counts as heard from this share of its characters on."""
LENGTH_PER_SECOND = 13.5
"""Of a synthetic voice without its pauses, used where neither the sentence's length nor the pace
of the sentences before it is known. In syllables and half letters Flite's voices have 12 to 15."""
PACE_MS = 1_000
"""So much of a reply tells its voice's pace better than the constant does."""

_LATIN_VOWELS = re.compile(r'[aeiouyàâäáãåæèéêëìíîïòóôöõøùúûüýÿœαεηιουωάέήίόύώ]+')
"""Groups of them, of Greek as well."""
_CYRILLIC_VOWELS = re.compile(r'[аеёиоуыэюяіїє]')
_SMALL_KANA = 'ぁぃぅぇぉゃゅょゎァィゥェォャュョヮ'
"""They share the syllable of the kana before them."""
_WORD = re.compile(
    r'[\u30a1-\u30ff]+\W*'  # katakana: mostly nouns, written without a break
    rf'|[\u3041-\u3096\u3400-\u4dbf\u4e00-\u9fff][{_SMALL_KANA}]*\W*'
    r'|[^\s\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+\s*'
)
"""What is heard or not heard as one: up to a space, or one character where there are no spaces."""


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence of the reply and how far the loudspeaker came in it."""

    text: str
    played_ms: float
    total_ms: float | None
    """None when it is not known, because the end had not been synthesised."""
    sounding_ms: float | None = None
    """Of `played_ms`, without the pauses; None where nobody has told them apart."""
    sounding_total_ms: float | None = None
    marks: Marks = ()
    """When its characters sound, as far as the voice has told."""

    @property
    def finished(self) -> bool:
        """Whether it was heard to its end. Words that gave no sound were not heard."""
        if self.total_ms is None or self.played_ms < self.total_ms:
            return False
        return self.total_ms > 0 or syllables(self.text) == 0


@dataclass(frozen=True)
class Heard:
    """What was heard, and whether it stopped before the end."""

    text: str
    cut: bool


def syllables(text: str) -> int:
    """Return about how many syllables a word or text has, at least 1 where it has a letter.

    Hangul, Han and kana: one for each character, but none for small kana. Latin and Greek: one for
    each group of vowels of a word, without a silent final e. Cyrillic: one for each vowel. Other
    scripts: one for two letters, as most of them write consonants. Digits: two each, as English
    digits average 1.1 and grouped numbers more.
    """
    return sum(map(_syllables_of_word, text.split()))


def _syllables_of_word(word: str) -> int:
    blocks = sum(_is_block(c) and c not in _SMALL_KANA for c in word)
    digits = sum(c.isdigit() for c in word)
    letters = ''.join(c for c in word.lower() if c.isalpha() and not _is_block(c))
    groups = len(_LATIN_VOWELS.findall(letters))
    if groups > 1 and letters.endswith('e') and not letters.endswith(('le', 'ee')):
        groups -= 1
    groups += len(_CYRILLIC_VOWELS.findall(letters))
    # From Hebrew on, alphabets write few vowels or none that stand alone.
    groups += math.ceil(sum(c >= '\u0590' for c in letters) / 2)
    if letters and groups == 0:
        groups = 1
    return blocks + 2 * digits + groups


def length(text: str) -> float:
    """Return how long a word or text takes in speech, in syllables and a part of its letters."""
    return syllables(text) + LETTER * sum(char.isalpha() for char in text)


def _is_block(char: str) -> bool:
    """Return whether a character is one of Hangul, kana or Han."""
    return (
        '\uac00' <= char <= '\ud7a3'
        or '\u3041' <= char <= '\u30ff'
        or '\u3400' <= char <= '\u9fff'
    ) and char.isalpha()


def heard(sentences: Sequence[SpokenSentence]) -> Heard:
    """Return the part of the reply that was heard; it ends in the first unfinished sentence.

    Sentences are played in order, so one that sounded proves that those before it were finished.
    """
    begun = max((at for at, sentence in enumerate(sentences) if sentence.played_ms > 0), default=0)
    parts: list[str] = []
    for at, sentence in enumerate(sentences):
        if at < begun or sentence.finished:
            parts.append(sentence.text)
            continue
        parts.append(_heard_words(sentence, _pace(sentences[:at])))
        return Heard(' '.join(filter(None, parts)), cut=True)
    return Heard(' '.join(filter(None, parts)), cut=False)


def _pace(finished: Sequence[SpokenSentence]) -> float:
    """Return length per sounding millisecond of the sentences that were heard to their end."""
    known = [(length(s.text), s.sounding_total_ms or s.total_ms) for s in finished if s.total_ms]
    total_ms = sum(ms or 0.0 for _, ms in known)
    spoken = sum(count for count, _ in known)
    if total_ms < PACE_MS or not spoken:
        return LENGTH_PER_SECOND / 1000
    return spoken / total_ms


def _heard_words(sentence: SpokenSentence, pace: float) -> str:
    if sentence.marks:
        return _aligned_words(sentence, pace)
    words = _WORD.findall(sentence.text)
    weights = [length(word) for word in words]
    total = sum(weights)
    told_apart = sentence.sounding_ms is not None
    played = sentence.sounding_ms if told_apart else sentence.played_ms
    if not played or played <= 0 or total == 0:
        return ''
    whole = sentence.sounding_total_ms if told_apart else sentence.total_ms
    spoken = total * min(1.0, played / (whole or total / pace))
    out: list[str] = []
    before = 0.0
    for word, weight in zip(words, weights, strict=True):
        # A dash counts with the word before it.
        if spoken < before + weight * BEGUN or (weight == 0 and spoken <= before):
            break
        out.append(word)
        before += weight
    return ''.join(out).rstrip() if before else ''


def _aligned_words(sentence: SpokenSentence, pace: float) -> str:
    aligned, until_ms = sentence.marks[-1]
    if sentence.played_ms <= until_ms:
        return _first_words(sentence.text, _said(sentence.marks, sentence.played_ms))
    # Another voice has said the rest, one that does not tell: from here on it is estimated.
    rest = SpokenSentence(
        sentence.text[aligned:],
        sentence.played_ms - until_ms,
        sentence.total_ms - until_ms if sentence.total_ms is not None else None,
    )
    return sentence.text[:aligned] + _spaced(_heard_words(rest, pace), rest.text)


def _spaced(words: str, text: str) -> str:
    """Return words with the space that stood before them in the text."""
    return text[: len(text) - len(text.lstrip())] + words if words else ''


def _said(marks: Marks, played_ms: float) -> float:
    """Return how many characters have been said, and what part of the next one."""
    before, earlier = 0, 0.0
    for after, later in marks:
        if later > played_ms:
            return before + (after - before) * (played_ms - earlier) / (later - earlier)
        before, earlier = after, later
    return before


def _first_words(text: str, said: float) -> str:
    """Return the words of which at least half has been said."""
    end = 0
    for word in _WORD.finditer(text):
        length_of_word = len(word[0].rstrip())
        if said < word.start() + length_of_word * HALF:
            break
        end = word.start() + length_of_word
    return text[:end]
