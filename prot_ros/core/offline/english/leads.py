# SPDX-License-Identifier: Apache-2.0
"""What leads to an English statement, what turns one into a question, and what takes it back."""

from __future__ import annotations

from prot_ros.core.offline.english.words import FILLERS

# Said to the robot before something that is to be kept. The longest come first.
REMEMBER = tuple(
    tuple(lead.split())
    for lead in (
        'i want you to remember that', 'i want you to remember', 'i want you to know that',
        'i would like you to remember that', 'can you please remember that',
        'could you please remember that', 'can you remember that', 'could you remember that',
        'will you remember that', 'would you remember that', 'do not forget that',
        'keep in mind that', 'you should know that', 'you should remember that',
        'make a note that', 'note that', 'remember that', 'do not forget', 'remember',
    )
)  # fmt: skip
CERTAIN = tuple(
    tuple(lead.split())
    for lead in (
        'guess what', 'you know what', 'do you know what', 'you know', 'by the way', 'you see',
        'i already told you that', 'i already told you', 'i told you that', 'i told you',
        'i just said that', 'i just said', 'i said that', 'i said', 'let me tell you that',
        'let me tell you', 'i want to tell you that', 'i want to tell you', 'i meant',
    )
)  # fmt: skip
TAGS = tuple(
    tuple(tag.split())
    for tag in (
        'right', 'correct', 'is that right', 'is not it', 'do i not', 'do not i', 'am i not',
        'are not i', 'am i', 'do i', 'does he', 'does she', 'does not he', 'does not she',
        'is he', 'is she', 'is not he', 'is not she', 'or not', 'do not you think',
    )
)  # fmt: skip
_SAYING = frozenset({'said', 'says', 'told', 'claims', 'claimed', 'heard', 'thinks', 'wrote'})
_KIDDING = frozenset({'kidding', 'joking', 'joke', 'sarcasm'})


def starts(low: tuple[str, ...], at: int, leads: tuple[tuple[str, ...], ...]) -> int:
    """Return how many words of a lead stand at a position; 0 for none."""
    return next((len(lead) for lead in leads if low[at : at + len(lead)] == lead), 0)


def asked_by_its_end(low: tuple[str, ...]) -> bool:
    """Tell whether a segment ends in a tag that makes it a question: `..., do i not`."""
    return any(low[-len(tag) :] == tag for tag in TAGS)


def said_by_others(low: tuple[str, ...]) -> bool:
    """Tell whether a segment ends in who said it: `i live in paris , he said`."""
    at = next((at for at in range(max(0, len(low) - 3), len(low)) if low[at] in _SAYING), 0)
    return at > 0 and low[at - 1] not in ('i', 'you') and low[at - 1] not in FILLERS


def takes_back(low: tuple[str, ...]) -> bool:
    """Tell whether a segment says that what was told before it was no more than a joke."""
    return len(low) <= 6 and bool(_KIDDING & set(low)) and 'not' not in low
