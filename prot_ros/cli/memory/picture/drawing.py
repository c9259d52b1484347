# SPDX-License-Identifier: Apache-2.0
"""Draws a scene as SVG 1.1: one file, no script, no font, nothing from elsewhere. Pure.

Whatever people are called stays text: every word goes through `lettering.clean` and is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np

from prot_ros.cli.memory.picture import lettering
from prot_ros.cli.memory.picture.boxes import Box
from prot_ros.cli.memory.picture.layout import positions
from prot_ros.cli.memory.picture.palette import (
    FAINT,
    GROUND,
    INK,
    LOOKS,
    OWN_THREAD,
    PAST,
    THREAD,
    Look,
    icon,
)  # fmt: skip
from prot_ros.cli.memory.picture.scene import Node, Scene
from prot_ros.cli.memory.picture.threads import Thread, threads
from prot_ros.core.facts import Kind

LEAST_LETTERS, MOST_LETTERS, USER_LETTERS = 13.0, 19.0, 22.0
MOST_LABEL = 190.0
"""Width of a label's text."""
MARGIN = 36.0
HEAD, FOOT = 64.0, 58.0
LEAST_WIDTH, LEAST_HEIGHT = 720.0, 360.0
USUAL_WIDTH, MOST_SCALE = 1200.0, 2.0
_ICON = 1.05
"""Of the height of the letters."""
_TRIES = 7
_GROWTH = 1.13


@dataclass(frozen=True)
class Label:
    """A node as it is drawn."""

    node: Node
    text: str
    size: float
    """Of the letters."""
    box: Box


@dataclass(frozen=True)
class Picture:
    """What is drawn, in its own units; the user stands at 0, 0."""

    labels: tuple[Label, ...]
    threads: tuple[Thread, ...]


def composed(scene: Scene) -> Picture:
    """Lay a scene out, with room for the words of its links where that can be had."""
    lettered = [_lettered(node) for node in scene.nodes]
    sizes = np.array([(box.width, box.height) for _, _, box in lettered]).reshape(-1, 2)
    at = positions(scene, sizes)
    best: Picture | None = None
    for _ in range(_TRIES):
        labels = tuple(
            Label(node, text, size, Box(float(x), float(y), box.width, box.height))
            for node, (text, size, box), (x, y) in zip(scene.nodes, lettered, at, strict=True)
        )
        boxes = {label.node.number: label.box for label in labels}
        found = threads(scene.links, boxes, labels[0].node.number if labels else 0)
        lacking = sum(thread.words is None for thread in found)
        if best is None or lacking < sum(thread.words is None for thread in best.threads):
            best = Picture(labels, tuple(found))
        if not lacking:
            break
        at = at * _GROWTH
    assert best is not None
    return best


def _lettered(node: Node) -> tuple[str, float, Box]:
    if node.kind is Kind.USER:
        size = USER_LETTERS
    else:
        size = LEAST_LETTERS + (MOST_LETTERS - LEAST_LETTERS) * node.weight
    text = lettering.shortened(lettering.clean(node.label), size, MOST_LABEL)
    broad = lettering.BOLD if node.kind is Kind.USER else 1.0
    wide = lettering.width(text, size) * broad + size * (_ICON + 1.5)
    return text, size, Box(0, 0, wide, size * 1.85)


def svg(picture: Picture, title: str, notes: Iterable[str]) -> str:
    """Return the picture as the text of an SVG file, with a legend and notes below."""
    boxes = [label.box for label in picture.labels]
    boxes += [thread.words for thread in picture.threads if thread.words is not None]
    left = min((box.x - box.width / 2 for box in boxes), default=0.0)
    right = max((box.x + box.width / 2 for box in boxes), default=0.0)
    top = min((box.y - box.height / 2 for box in boxes), default=0.0)
    bottom = max((box.y + box.height / 2 for box in boxes), default=0.0)
    for thread in picture.threads:
        middle = (
            (thread.start[0] + 2 * thread.bend[0] + thread.end[0]) / 4,
            (thread.start[1] + 2 * thread.bend[1] + thread.end[1]) / 4,
        )
        left, right = min(left, middle[0]), max(right, middle[0])
        top, bottom = min(top, middle[1]), max(bottom, middle[1])
    user = picture.labels[0].node.number if picture.labels else 0
    wide = max(LEAST_WIDTH, right - left + 2 * MARGIN)
    high = max(LEAST_HEIGHT, bottom - top + 2 * MARGIN)
    # What is written around a large picture is read from as far away.
    scale = min(MOST_SCALE, max(1.0, wide / USUAL_WIDTH))
    head, foot = HEAD * scale, FOOT * scale
    x, y = (left + right - wide) / 2, (top + bottom - high) / 2 - head
    whole = (wide, high + head + foot)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole[0]:.0f}" height="{whole[1]:.0f}" '
        f'viewBox="{x:.1f} {y:.1f} {whole[0]:.1f} {whole[1]:.1f}" role="img" '
        f'font-family="{escape(lettering.FONT)}">',
        f'<title>{_text(title)}</title>',
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{whole[0]:.1f}" height="{whole[1]:.1f}" '
        f'fill="{GROUND}"/>',
        _words(x + MARGIN, y + 40 * scale, title, 22 * scale, INK, weight=600),
        '<g fill="none" stroke-linecap="round">',
        *(
            _line(thread, own=user in (thread.link.start, thread.link.end))
            for thread in picture.threads
        ),
        '</g>',
        *(_thread_words(thread) for thread in picture.threads if thread.words is not None),
        *(_label(label) for label in picture.labels),
        f'<g transform="translate({x + MARGIN:.1f} {y + high + head:.1f}) scale({scale:.3f})">',
        *_legend(picture, 0, 8),
    ]
    note = '  ·  '.join(notes)
    if note:
        lines.append(_words(0, FOOT - 16, note, 12, FAINT))
    return '\n'.join([*lines, '</g>', '</svg>', ''])


def _text(text: str) -> str:
    return escape(lettering.clean(text), quote=True)


def _words(
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str,
    *,
    weight: int = 400,
    middle: bool = False,
) -> str:
    anchor = ' text-anchor="middle"' if middle else ''
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" '
        f'fill="{colour}"{anchor}>{_text(text)}</text>'
    )


def _line(thread: Thread, *, own: bool) -> str:
    colour = (OWN_THREAD if own else THREAD) if thread.link.live else PAST
    dashes = '' if thread.link.live else ' stroke-dasharray="5 5"'
    broad = min(3.2, 1.3 + 0.4 * np.log2(max(1, thread.link.told)))
    (x, y), (u, v), (s, t) = thread.start, thread.bend, thread.end
    # An arrow's head: two short strokes that end where the line does.
    back = np.array([u - s, v - t], dtype=float)
    back /= max(float(np.hypot(*back)), 1e-9)
    side = np.array([-back[1], back[0]])
    one, two = (np.array([s, t]) + back * 7 + side * way * 3.6 for way in (1, -1))
    return (
        f'<g stroke="{colour}" stroke-width="{broad:.1f}">'
        f'<title>{_text(thread.link.words)}</title>'
        f'<path d="M{x:.1f} {y:.1f}Q{u:.1f} {v:.1f} {s:.1f} {t:.1f}"{dashes}/>'
        f'<path d="M{one[0]:.1f} {one[1]:.1f}L{s:.1f} {t:.1f}L{two[0]:.1f} {two[1]:.1f}"/></g>'
    )


def _thread_words(thread: Thread) -> str:
    box = thread.words
    assert box is not None
    colour = INK if thread.link.live else FAINT
    return (
        f'<rect x="{box.x - box.width / 2:.1f}" y="{box.y - box.height / 2:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="4" fill="{GROUND}" '
        f'fill-opacity="0.92"/>'
        + _words(
            box.x, box.y + thread.size * 0.35, thread.link.words, thread.size, colour, middle=True
        )
    )


def _label(label: Label) -> str:
    look, box, size = LOOKS[label.node.kind], label.box, label.size
    x, y = box.x - box.width / 2, box.y - box.height / 2
    mark = size * _ICON
    full = lettering.clean(label.node.label)
    return (
        f'<g><title>{_text(full)} ({label.node.kind})</title>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{box.height / 2 if look.round else 5:.1f}" fill="{look.fill}" '
        f'stroke="{look.stroke}" stroke-width="1.6"/>'
        + icon(label.node.kind, x + size * 0.6, box.y - mark / 2, mark)
        + _words(
            x + size * 0.9 + mark,
            box.y + size * 0.35,
            label.text,
            size,
            look.ink,
            weight=600 if label.node.kind is Kind.USER else 500,
        )
        + '</g>'
    )


def _legend(picture: Picture, x: float, y: float) -> Iterable[str]:
    there = {label.node.kind for label in picture.labels}
    for kind, look in LOOKS.items():
        if kind not in there:
            continue
        yield _sample(look, kind, x, y)
        yield _words(x + 34, y + 4, look.name, 12, INK)
        x += 34 + lettering.width(look.name, 12) + 22
    ways = {thread.link.live for thread in picture.threads}
    for live, words in ((True, 'true now'), (False, 'true before')):
        if live in ways:
            colour, dashes = (THREAD, '') if live else (PAST, ' stroke-dasharray="5 5"')
            yield (f'<path d="M{x:.1f} {y:.1f}h28" stroke="{colour}" stroke-width="1.8"{dashes}/>')
            yield _words(x + 34, y + 4, words, 12, INK)
            x += 34 + lettering.width(words, 12) + 22


def _sample(look: Look, kind: Kind, x: float, y: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="28" height="18" '
        f'rx="{9 if look.round else 4}" fill="{look.fill}" stroke="{look.stroke}" '
        f'stroke-width="1.4"/>' + icon(kind, x + 8, y - 6, 12)
    )
