# SPDX-License-Identifier: Apache-2.0
"""The links between labels: which way each curves, and where its words have room. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prot_ros.cli.memory.picture.boxes import Box, Points
from prot_ros.cli.memory.picture.lettering import width
from prot_ros.cli.memory.picture.scene import Link

WORDS = 11.0
"""Size of the letters."""
LEAST_WORDS = 9.0
_BENDS = (0.0, 0.08, -0.08, 0.16, -0.16, 0.25, -0.25, 0.35, -0.35)
"""How far the middle of a link lies beside the straight way, in its lengths; the best first."""
_OUTWARD = (0.66, 0.72, 0.6, 0.78, 0.54, 0.84, 0.48, 0.42, 0.36, 0.3, 0.88)
"""Places for words on a link of the user, in whose middle everything begins."""
_PLACES = (0.5, 0.56, 0.44, 0.62, 0.38, 0.68, 0.32, 0.74, 0.26, 0.8, 0.2, 0.86, 0.14)
_SAMPLES = 40
_GAP = 3.0


@dataclass(frozen=True)
class Thread:
    """A link as it is drawn: a quadratic curve from label to label."""

    link: Link
    start: tuple[float, float]
    bend: tuple[float, float]
    """The control point."""
    end: tuple[float, float]
    words: Box | None
    """Where its words stand; None where there was no room."""
    size: float
    """Of their letters."""


def threads(links: Sequence[Link], boxes: dict[int, Box], middle: int) -> list[Thread]:
    """Draw every link between the boxes of its ends. No words lie over a box or other words.

    `middle` is the one around whom the others stand.
    """
    drawn = []
    pairs: set[frozenset[int]] = set()
    for link in links:
        pair = frozenset((link.start, link.end))
        drawn.append(_drawn(link, boxes, beside=pair in pairs))
        pairs.add(pair)
    taken = list(boxes.values())
    # Short ones first, which have the least choice; what is true now before what was.
    order = sorted(
        range(len(drawn)),
        key=lambda at: (not drawn[at].link.live, _length(drawn[at])),
    )
    for at in order:
        drawn[at] = _worded(drawn[at], taken, middle)
        words = drawn[at].words
        if words is not None:
            taken.append(words)
    return drawn


def _drawn(link: Link, boxes: dict[int, Box], *, beside: bool) -> Thread:
    """Choose the bend that leads behind the fewest labels; not the straight way `beside` one."""
    first, last = boxes[link.start], boxes[link.end]
    others = [box for number, box in boxes.items() if number not in (link.start, link.end)]
    edges = np.array([(box.x, box.y, box.width / 2, box.height / 2) for box in others])
    best: tuple[float, float] | None = None
    for bend in _BENDS[1:] if beside else _BENDS:
        path = _curve((first.x, first.y), _control(first, last, bend), (last.x, last.y))
        hidden = 0
        if len(edges):
            near = np.abs(path[:, None, :] - edges[None, :, :2]) < edges[None, :, 2:] + 5.0
            hidden = int(near.all(axis=2).sum())
        # A bend costs as much as a little of the way behind a label.
        cost = hidden + abs(bend) * 14
        if best is None or cost < best[0]:
            best = (cost, bend)
    assert best is not None
    control = _control(first, last, best[1])
    return Thread(
        link, _border(first, control, 3.0), control, _border(last, control, 6.0), None, WORDS
    )


def _control(first: Box, last: Box, bend: float) -> tuple[float, float]:
    across = (last.x - first.x, last.y - first.y)
    # The control point of a quadratic curve lies twice as far out as its middle.
    return (
        (first.x + last.x) / 2 - across[1] * bend * 2,
        (first.y + last.y) / 2 + across[0] * bend * 2,
    )


def _border(box: Box, towards: tuple[float, float], gap: float) -> tuple[float, float]:
    """Return where the way from the middle of a box to a point leaves it, and `gap` further."""
    x, y = towards[0] - box.x, towards[1] - box.y
    length = math.hypot(x, y) or 1.0
    reach = min(
        (box.width / 2 + gap) / abs(x) if x else math.inf,
        (box.height / 2 + gap) / abs(y) if y else math.inf,
    )
    reach = min(reach, 1.0) if length > 1.0 else 0.0
    return box.x + x * reach, box.y + y * reach


def _curve(
    start: tuple[float, float], bend: tuple[float, float], end: tuple[float, float]
) -> Points:
    t = np.linspace(0.0, 1.0, _SAMPLES)[:, None]
    path: Points = (
        (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(bend) + t**2 * np.array(end)
    )
    return path


def _length(thread: Thread) -> float:
    return math.dist(thread.start, thread.end)


def _worded(thread: Thread, taken: Sequence[Box], middle: int) -> Thread:
    places: tuple[float, ...] = _PLACES
    if middle == thread.link.start:
        places = _OUTWARD
    elif middle == thread.link.end:
        places = tuple(1 - place for place in _OUTWARD)
    for size in (WORDS, LEAST_WORDS):
        wide, high = width(thread.link.words, size) + 6, size + 4
        for t in places:
            x, y = (
                (1 - t) ** 2 * thread.start[axis]
                + 2 * t * (1 - t) * thread.bend[axis]
                + t**2 * thread.end[axis]
                for axis in (0, 1)
            )
            box = Box(x, y, wide, high)
            if not any(box.overlaps(other, _GAP) for other in taken):
                return Thread(thread.link, thread.start, thread.bend, thread.end, box, size)
    return thread
