# SPDX-License-Identifier: Apache-2.0
"""Texts that are told over several turns: where one was broken off, and where to go on."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SENTENCE = re.compile(r'[^.!?…]*[.!?…]*[”"’\')]*\s*')
_WORD = re.compile(r'\w+')
_TAIL = 8
"""Words at the end of what was heard that are looked for; a story does not repeat that many."""
_MIN_TAIL = 4


def sentences(text: str) -> list[str]:
    """Split a text into sentences, each with the space after it; joined they are the text."""
    return [sentence for sentence in _SENTENCE.findall(text) if sentence]


def next_unit(script: Sequence[str], heard: str) -> int | None:
    """Return the index of the unit to go on with after `heard`, None when it is not from there.

    A unit of which only a part was heard is told again. After the last one it is `len(script)`.
    The last word may be incomplete, as when a recording was cut.
    """
    words = [(word, at) for at, unit in enumerate(script) for word in _words(unit)]
    flat = [word for word, _ in words]
    listened = _words(heard)
    for known in (listened, listened[:-1]):
        end = _end(flat, known)
        if end is not None:
            return words[end][1] if end < len(words) else len(script)
    return None


def _end(flat: list[str], known: list[str]) -> int | None:
    if known and flat[: len(known)] == known:
        return len(known)
    tail = known[-_TAIL:]
    if len(tail) < _MIN_TAIL:
        return None
    for at in range(len(flat) - len(tail) + 1):
        if flat[at : at + len(tail)] == tail:
            return at + len(tail)
    return None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
