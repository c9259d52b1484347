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

_SPOKEN = {
    'family': r'famil(y|ies)|relatives?|parents|siblings|kin|가족|식구|친척|부모님|형제|자매|집안',
    'friends': r'friends|친구들?',
    'work': r'work|job|office|colleagues|coworkers|co-workers|회사|직장|동료들?',
    'school': r'school|university|college|class(mates)?|학교|대학교?|반',
    'neighbors': r'neighbou?rs|neighbou?rhood|이웃들?|동네',
    'pets': r'pets?|animals?|반려동물|애완동물|동물',
}
# Korean words take endings without a space.
_PATTERNS = {
    name: re.compile(rf'(?<!\w)(?:{words})(?![a-z])', re.IGNORECASE)
    for name, words in _SPOKEN.items()
}


def circle_of(role: str) -> str:
    """Return the circle of what somebody is to the user, such as `younger sister`; '' for none."""
    last = role.split()[-1] if role.split() else ''
    return next((name for name, roles in CIRCLES.items() if last in roles), '')


def circles_spoken_of(text: str) -> tuple[str, ...]:
    """Return the circles that a text names."""
    plain = unicodedata.normalize('NFKC', text[:2_000])
    return tuple(name for name, pattern in _PATTERNS.items() if pattern.search(plain))
