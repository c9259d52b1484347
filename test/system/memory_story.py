# SPDX-License-Identifier: Apache-2.0
"""What somebody tells over the years: people, places and changes of mind, the same for a seed."""

from __future__ import annotations

import random

_NAMES = ('Bora', 'Minsu', 'Tom', 'Anna', '지수', '민호')
_PLACES = ('Seoul', 'Busan', 'Paris', 'London', 'Tokyo')
_THINGS = ('tea', 'coffee', 'jazz', 'chess', 'rain', 'soup')
_ROLES = ('sister', 'brother', 'friend', 'colleague')


def utterance(number: int, seed: int = 0) -> str:
    """Return what is said in the turn of a number."""
    dice = random.Random(f'{seed} {number}')
    name, place = dice.choice(_NAMES), dice.choice(_PLACES)
    thing, role = dice.choice(_THINGS), dice.choice(_ROLES)
    return dice.choice((
        f'I live in {place}',
        f'my name is {name}',
        f'I like {thing}',
        f"I don't like {thing}",
        f'my {role} {name} lives in {place}',
        f"my {role}'s name is {name}",
        f'my {role} {name} likes {thing}',
        f'나는 {thing} 좋아해',
        f'내 동생 {name}는 부산에 살아',
        'what time is it?',
    ))  # fmt: skip
