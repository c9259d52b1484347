# SPDX-License-Identifier: Apache-2.0
"""English text as segments of words with contractions written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prot_ros.core.offline.plain_text import listed, plain, without_quotations

# One class per alternative and no nested repetition: time is linear in the text.
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.,!?;]")
# A hyphen joins two words; with a space after it, it parts two clauses.
_DASH = re.compile(' ?(?:-+ |[–—])')
_HARD_STOPS = frozenset('.!?;')

_WHOLE = {
    'cannot': 'can not', "can't": 'can not', 'cant': 'can not', "won't": 'will not',
    'wont': 'will not', 'im': 'i am', 'ive': 'i have', 'dont': 'do not', 'doesnt': 'does not',
    'didnt': 'did not', 'isnt': 'is not', 'arent': 'are not', 'whats': 'what is',
    'wheres': 'where is', 'whos': 'who is', 'hows': 'how is', 'thats': 'that is',
    'youre': 'you are', "let's": 'let us', "y'all": 'you all', 'gonna': 'going to',
    'wanna': 'want to', 'gimme': 'give me', 'lemme': 'let me', 'favourite': 'favorite',
    'colour': 'color',
}  # fmt: skip
_TAILS = {"'m": 'am', "'re": 'are', "'ve": 'have', "'ll": 'will', "'d": 'would'}
# Where 's means `is`; elsewhere it marks an owner, unless the next word shows otherwise.
_IS_AFTER = frozenset(
    listed("""he she it that this there here what where who when how why name birthday job
hometown everything""")
)
_IS_BEFORE = frozenset(
    listed("""a an the called named from not my our living working originally married allergic
getting moving studying learning vegetarian vegan retired pregnant divorced single also still now
just really very no""")
)


@dataclass(frozen=True)
class Segment:
    """Words between two full stops, question marks or the like."""

    low: tuple[str, ...]
    """Lower case, contractions written out; a comma is a word of its own."""
    raw: tuple[str, ...]
    """The same words with the capitals they were written with."""
    question: bool
    """It ended in a question mark."""


def segments(text: str) -> list[Segment]:
    """Split text at hard punctuation; a transcript without any is one segment."""
    cleaned = _DASH.sub(', ', without_quotations(plain(text)))
    if cleaned.isupper():
        # Shouted text carries no information in its capitals.
        cleaned = cleaned.lower()
    found: list[Segment] = []
    low: list[str] = []
    raw: list[str] = []
    tokens = _TOKEN.findall(cleaned)
    for place, piece in enumerate(tokens):
        if piece in _HARD_STOPS:
            if low:
                found.append(Segment(tuple(low), tuple(raw), piece == '?'))
            low, raw = [], []
            continue
        following = tokens[place + 1].lower() if place + 1 < len(tokens) else ''
        for word in _written_out(piece, following):
            low.append(word.lower())
            raw.append(word)
    if low:
        found.append(Segment(tuple(low), tuple(raw), question=False))
    return found


def _written_out(piece: str, following: str) -> Iterator[str]:
    word = piece.lower()
    if word in _WHOLE:
        yield from _WHOLE[word].split()
        return
    if word.endswith("n't"):
        yield from (piece[:-3], 'not')
        return
    stem, apostrophe, tail = piece.rpartition("'")
    ending = f"'{tail.lower()}"
    if apostrophe and ending in _TAILS:
        yield from (stem, _TAILS[ending])
    elif apostrophe and ending == "'s" and (stem.lower() in _IS_AFTER or following in _IS_BEFORE):
        yield from (stem, 'is')
    else:
        yield piece
