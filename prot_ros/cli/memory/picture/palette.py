# SPDX-License-Identifier: Apache-2.0
"""How each kind looks: a colour, a shape and a sign, so none is told by colour alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.core.facts import Kind

GROUND = '#fdfcfa'
INK = '#1f2933'
FAINT = '#6b7280'
THREAD = '#7b8794'
OWN_THREAD = '#a3b1c2'
"""Of the user's links, which are most."""
PAST = '#c3c9d1'


@dataclass(frozen=True)
class Look:
    """Of one kind. Letters have at least 7:1 to what they stand on (WCAG 2.2, AAA)."""

    name: str
    """In the legend."""
    fill: str
    stroke: str
    ink: str
    round: bool
    """Whether its ends are round: what lives is."""
    sign: str
    """A path in a square of 16 by 16."""


LOOKS = {
    Kind.USER: Look(
        'the user', '#1f2933', '#1f2933', '#ffffff', True,
        'M8 1l2 4.6 5 .5-3.8 3.3 1.1 4.9L8 11.8l-4.3 2.5 1.1-4.9L1 6.1l5-.5z',
    ),
    Kind.PERSON: Look(
        'people', '#dfeafd', '#2f6fd0', '#173a73', True,
        'M8 1.5a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4zM1.8 14.5c0-3.6 2.7-5.4 6.2-5.4'
        's6.2 1.8 6.2 5.4z',
    ),
    Kind.ANIMAL: Look(
        'animals', '#fdeecb', '#c07a12', '#5f3a06', True,
        'M8 7.4c2.6 0 4.8 2.9 4.8 5 0 3-3 1.6-4.8 1.6s-4.8 1.4-4.8-1.6c0-2.1 2.2-5 4.8-5z'
        'M2.4 5.2a1.5 2 0 1 1 0 4 1.5 2 0 0 1 0-4zM13.6 5.2a1.5 2 0 1 1 0 4 1.5 2 0 0 1 0-4z'
        'M5.9 1.8a1.6 2.1 0 1 1 0 4.2 1.6 2.1 0 0 1 0-4.2zM10.1 1.8a1.6 2.1 0 1 1 0 4.2 '
        '1.6 2.1 0 0 1 0-4.2z',
    ),
    Kind.PLACE: Look(
        'places', '#daf2e2', '#23864f', '#0f4427', False,
        'M8 .8a5.2 5.2 0 0 1 5.2 5.2C13.2 9.8 8 15.2 8 15.2S2.8 9.8 2.8 6A5.2 5.2 0 0 1 8 .8z'
        'M8 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
    ),
    Kind.ORGANIZATION: Look(
        'organizations', '#ece5fb', '#7450c4', '#3d2577', False,
        'M2 15V4l6-3 6 3v11h-4.5v-3h-3v3zM5 5.5v2h2v-2zM9 5.5v2h2v-2zM5 9v2h2V9zM9 9v2h2V9z',
    ),
    Kind.THING: Look(
        'things', '#fde3e6', '#c43d57', '#761a2e', False,
        'M8 .8L14.6 4v8L8 15.2 1.4 12V4zM8 3L4.6 4.6 8 6.2l3.4-1.6z',
    ),
    Kind.TOPIC: Look(
        'topics', '#d9f0f2', '#15808c', '#0b444b', False,
        'M1.5 2h13v8.8H8.2L4.6 14.4v-3.6H1.5zM4 4.8v1.3h8V4.8zM4 7.3v1.3h5.4V7.3z',
    ),
}  # fmt: skip
"""By kind, in the order of the legend."""


def icon(kind: Kind, x: float, y: float, size: float) -> str:
    """Return the sign of a kind, with its upper left corner there."""
    look = LOOKS[kind]
    colour = look.ink if kind is Kind.USER else look.stroke
    return (
        f'<path transform="translate({x:.1f} {y:.1f}) scale({size / 16:.3f})" '
        f'fill="{colour}" fill-rule="evenodd" d="{look.sign}"/>'
    )
