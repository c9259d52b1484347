# SPDX-License-Identifier: Apache-2.0
"""Circles that everybody has: a family, friends, work. Who is in them, and when one is spoken of.

A further language is a column of words; what somebody is to the user is told in English, whatever
language it was said in (`facts.Fact.subject`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

CIRCLES: Mapping[str, frozenset[str]] = {
    'family': frozenset({
        'mother', 'father', 'parent', 'parents', 'stepmother', 'stepfather', 'wife', 'husband',
        'spouse', 'partner', 'fiance', 'fiancee', 'son', 'daughter', 'child', 'baby', 'twin',
        'brother', 'sister', 'sibling', 'grandmother', 'grandfather', 'grandparent', 'grandson',
        'granddaughter', 'grandchild', 'uncle', 'aunt', 'cousin', 'nephew', 'niece',
        'mother-in-law', 'father-in-law', 'brother-in-law', 'sister-in-law', 'son-in-law',
        'daughter-in-law',
    }),
    'friends': frozenset({'friend', 'girlfriend', 'boyfriend', 'roommate', 'flatmate', 'buddy'}),
    'work': frozenset({
        'colleague', 'coworker', 'co-worker', 'boss', 'manager', 'employee', 'assistant', 'client',
        'customer', 'intern', 'teammate',
    }),
    'school': frozenset({'classmate', 'teacher', 'professor', 'tutor', 'student', 'coach'}),
    'neighbors': frozenset({'neighbor', 'neighbour', 'landlord', 'landlady'}),
    'pets': frozenset({
        'dog', 'puppy', 'cat', 'kitten', 'bird', 'parrot', 'canary', 'rabbit', 'hamster', 'horse',
        'pony', 'fish', 'goldfish', 'turtle', 'tortoise', 'pet', 'snake', 'lizard',
    }),
}  # fmt: skip
"""By name, the last word of what somebody in it is to the user."""

# English words stand alone; Korean ones take endings without a space. Words that say much else,
# such as `work`, name a circle only in a phrase of their own.
_SPOKEN = {
    'family': (r'famil(?:y|ies)|relatives?|parents|siblings', '가족|식구|친척|부모님|형제|자매'),
    'friends': (r'friends', '친구들'),
    'work': (r'at work|colleagues|co-?workers|teammates', '직장|회사|동료'),
    'school': (r'at school|class(?:mates)|teachers', '학교|반 친구'),
    'neighbors': (r'neighbou?rs|neighbou?rhood', '이웃'),
    'pets': (r'pets?', '반려동물|애완동물'),
}
_PATTERNS = {
    name: re.compile(rf'\b(?:{english})\b|(?<!\w)(?:우리|내|제)?\s*(?:{korean})', re.IGNORECASE)
    for name, (english, korean) in _SPOKEN.items()
}
_ASKING = re.compile(
    r'\b(?:about|who|what do you (?:know|remember))\b|대해|대하여|누구|누가|알아|알고|기억',
    re.IGNORECASE,
)


def circle_of(role: str) -> str:
    """Return the circle of what somebody is to the user, such as `younger sister`; '' for none."""
    last = role.split()[-1] if role.split() else ''
    return next((name for name, roles in CIRCLES.items() if last in roles), '')


def circles_spoken_of(text: str) -> tuple[str, ...]:
    """Return the circles that a text names."""
    plain = unicodedata.normalize('NFKC', text[:2_000])
    return tuple(name for name, pattern in _PATTERNS.items() if pattern.search(plain))


def circle_asked_about(text: str) -> str:
    """Return the circle whose members a text asks for; '' for none, or for several."""
    named = circles_spoken_of(text)
    return named[0] if len(named) == 1 and _ASKING.search(text[:2_000]) else ''
