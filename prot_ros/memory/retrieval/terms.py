# SPDX-License-Identifier: Apache-2.0
"""What of a text can be looked up: words, and parts of them where words change their form. Pure.

Scripts whose words take endings without a space, Korean above all, are cut into pairs of
characters, so that `서울에` finds `서울`. Of longer words in other scripts the beginning counts,
too, so that `live` finds `lives`. Korean words are found in Latin letters as well, because a name
is told in one language and asked for in another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from prot_ros.core.offline.romanization import romanised

MOST_TEXT = 2_000
"""Characters that are read."""
MOST_TERMS = 128
STEM = 4
"""Characters of the beginning that stand for a word of at least as many."""
PREFIX = '*'
"""What marks such a beginning."""

# Hangul (composed), kana, Han.
_PAIRED = re.compile('[\uac00-\ud7a3\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+')
_WORD = re.compile(r'[^\W_]+')
_ACCENTS = re.compile('[\u0300-\u036f]')


def terms(text: str) -> tuple[str, ...]:
    """Return at most MOST_TERMS different terms in the order of the text."""
    found: dict[str, None] = {}
    for term in _terms(_folded(text[:MOST_TEXT])):
        found[term] = None
        if len(found) == MOST_TERMS:
            break
    return tuple(found)


def _folded(text: str) -> str:
    """Letter case, width and the accents of Latin and Greek letters tell nothing apart."""
    apart = unicodedata.normalize('NFKD', text.casefold())
    return unicodedata.normalize('NFC', _ACCENTS.sub('', apart))


def _terms(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        rest = _PAIRED.sub(' ', word)
        for run in _PAIRED.findall(word):
            if len(run) == 1:
                yield run
            for at in range(len(run) - 1):
                yield run[at : at + 2]
            latin = romanised(run)
            if latin != run:
                yield from _spelt(latin.casefold())
        for part in rest.split():
            yield from _spelt(part)


def _spelt(word: str) -> Iterator[str]:
    # A single letter is what an apostrophe left: `I'm`, `sister's`.
    if len(word) > 1 or word.isdigit():
        yield word
    if len(word) >= STEM:
        yield f'{word[:STEM]}{PREFIX}'
