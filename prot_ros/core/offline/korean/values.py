# SPDX-License-Identifier: Apache-2.0
"""The values in the phrases of a Korean clause, by the particle after them."""

from __future__ import annotations

from prot_ros.core.offline.korean.words import MODIFIERS, POINTING, Phrase

MAX_VALUE = 5
"""Words."""
WITH = ('와', '과', '랑', '이랑', '하고')
"""Particles after the first of several."""


def value_with(found: list[Phrase], particles: tuple[str, ...]) -> str:
    """Return the last phrase with one of the particles, without whose it is; '' for none."""
    for phrase in reversed(found):
        if phrase.particle in particles and len(phrase.words) <= MAX_VALUE:
            if phrase.words[0] in MODIFIERS | POINTING or phrase.words in (('저',), ('너',)):
                return ''
            return ' '.join(phrase.words)
    return ''


def bare(found: list[Phrase]) -> str:
    """Return the last phrase if it has no particle, as values often have none in talk."""
    last = found[-1] if found else None
    if last is None or last.particle or len(last.words) > MAX_VALUE or last.words[0] in POINTING:
        return ''
    return ' '.join(last.words)


def without_subject_mark(word: str) -> str:
    """Take the particle off what one is not: `학생이`, `의사가`."""
    return word[:-1] if word.endswith(('이', '가', '은', '는')) and len(word) > 1 else word
