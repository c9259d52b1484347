# SPDX-License-Identifier: Apache-2.0
"""Points in time as whole nanoseconds: the one form in which turns, chunks and events are dated.

A turn is identified by the time at which it began (see `core/turns.py`), so a stamp is at once a
time and a name. Plain integers compare, order and hash exactly; floats of epoch seconds would lose
everything below about 200 ns. ROS carries them as `builtin_interfaces/Time`, JSON as
`{"sec": ..., "nanosec": ...}` because a 64-bit number does not survive JavaScript.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType

Stamp = NewType('Stamp', int)
"""Nanoseconds since the epoch of the node's clock, 0 <= stamp < 2**32 s."""

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
NEVER = Stamp(0)
"""Before every turn: what a stamp is when there has been none."""

_SEC_LIMIT = 2**32


def from_parts(sec: int, nanosec: int) -> Stamp:
    """Join seconds and nanoseconds; raise ValueError for a time no ROS message can carry."""
    if not 0 <= sec < _SEC_LIMIT:
        raise ValueError(f'sec is {sec}, expected 0 to {_SEC_LIMIT - 1}')
    if not 0 <= nanosec < SECOND:
        raise ValueError(f'nanosec is {nanosec}, expected 0 to {SECOND - 1}')
    return Stamp(sec * SECOND + nanosec)


def to_parts(stamp: Stamp) -> tuple[int, int]:
    """Split into (sec, nanosec), as `builtin_interfaces/Time` has them."""
    return divmod(stamp, SECOND)


def to_json(stamp: Stamp) -> dict[str, int]:
    """Return `{"sec": s, "nanosec": n}`."""
    sec, nanosec = to_parts(stamp)
    return {'sec': sec, 'nanosec': nanosec}


def from_json(value: object) -> Stamp:
    """Read what `to_json` wrote; raise ValueError naming what is wrong."""
    if not isinstance(value, Mapping):
        raise ValueError(f'a stamp is {value!r}, expected {{"sec": int, "nanosec": int}}')
    sec, nanosec = value.get('sec'), value.get('nanosec')
    # bool is an int in Python, and `true` is no time.
    if type(sec) is not int or type(nanosec) is not int:
        raise ValueError(f'a stamp is {dict(value)!r}, expected {{"sec": int, "nanosec": int}}')
    return from_parts(sec, nanosec)


def milliseconds(start: Stamp, end: Stamp) -> float:
    """From `start` to `end` in milliseconds; negative when a clock was stepped back."""
    return (end - start) / MILLISECOND
