# SPDX-License-Identifier: Apache-2.0
"""Where everybody stands: the user in the middle, kinds side by side around, the closest nearest.

A start in sectors and rings, then springs along the links, as in Fruchterman and Reingold, "Graph
Drawing by Force-directed Placement" (1991), with everybody held to the sector; then boxes are
moved apart. There is no chance in it: the same memory gives the same picture.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from prot_ros.cli.memory.picture.boxes import Points, apart
from prot_ros.cli.memory.picture.scene import Scene

GAP = 16.0
"""Between two labels."""
ASPECT = 1.45
"""Width to height: screens and pages in landscape."""
FIRST_RING = 150.0
LEAST_RING = 96.0
ROUNDS = 220
_SECTOR_GAP = 0.35
"""Between two kinds, in places of one label."""
_BEGIN = -0.85 * math.pi
"""Where people begin: they take the upper side."""
_STEPS = (0.0, 0.62, 0.31)
_ROOM = 2.1
"""Of the whole area, beside that of the labels."""
_SWAPS = 12
"""Rounds of changing places."""

Links = NDArray[np.int_]
"""Places of both ends among the nodes: [n, 2]."""


def positions(scene: Scene, sizes: Points) -> Points:
    """Return the centre of each node, the first node's at 0, 0; labels do not overlap."""
    count = len(scene.nodes)
    if count <= 1:
        return np.zeros((count, 2))
    index = {node.number: at for at, node in enumerate(scene.nodes)}
    # Those of the user are held by the rings.
    ends = np.array(
        [
            (index[link.start], index[link.end])
            for link in scene.links
            if index[link.start] and index[link.end]
        ],
        dtype=int,
    ).reshape(-1, 2)
    reach = _reach(sizes)
    start = _swapped(scene, _rings(scene, reach), ends)
    settled = _springs(start, ends, reach)
    settled[:, 0] *= ASPECT / _stretch(settled)
    return apart(settled, sizes, GAP)


def _stretch(at: Points) -> float:
    """Return how wide it is already, beside its height; near 1 for what is round."""
    spread = np.abs(at).max(axis=0)
    return float(np.clip(spread[0] / max(spread[1], 1.0), 1.0, ASPECT))


def _rings(scene: Scene, reach: float) -> Points:
    """Return a place for each in the sector of its kind, the more spoken of the nearer."""
    count = len(scene.nodes) - 1
    places, place = [], 0.0
    kind = scene.nodes[1].kind
    for node in scene.nodes[1:]:
        if node.kind is not kind:
            place += _SECTOR_GAP
            kind = node.kind
        places.append(place)
        place += 1.0
    place += _SECTOR_GAP
    angles = np.zeros(count + 1)
    angles[1:] = np.array(places) / place * 2 * math.pi + _BEGIN
    linked = _to_user(scene)
    radii = np.zeros(count + 1)
    for at, node in enumerate(scene.nodes[1:], 1):
        far = 1.0 - node.weight * 0.55 + (0.0 if at in linked else 0.35)
        # Neighbours on different rings, so that their labels have room.
        step = _STEPS[at % len(_STEPS)] if count > len(_STEPS) * 2 else 0.0
        radii[at] = FIRST_RING + (reach - FIRST_RING) * (0.55 * far + 0.6 * step)
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1)


def _reach(sizes: Points) -> float:
    """Return a radius within which all labels have room, with their links between them."""
    area = float(np.prod(sizes + 2 * GAP, axis=1).sum())
    return max(FIRST_RING + LEAST_RING, math.sqrt(area * _ROOM / math.pi))


def _to_user(scene: Scene) -> set[int]:
    index = {node.number: at for at, node in enumerate(scene.nodes)}
    first = scene.nodes[0].number
    return {
        index[link.end if link.start == first else link.start]
        for link in scene.links
        if first in (link.start, link.end)
    }


def _swapped(scene: Scene, places: Points, ends: Links) -> Points:
    """Let those of one kind change places while that brings the linked nearer to each other."""
    at = places.copy()
    neighbours: list[list[int]] = [[] for _ in scene.nodes]
    for start, end in ends:
        neighbours[start].append(int(end))
        neighbours[end].append(int(start))

    def pull(one: int, place: Points) -> float:
        if not neighbours[one]:
            return 0.0
        return float(np.sqrt(((at[neighbours[one]] - place) ** 2).sum(axis=1)).sum())

    pairs = [
        (one, two)
        for one, first in enumerate(scene.nodes[1:], 1)
        for two, second in enumerate(scene.nodes[one + 1 :], one + 1)
        if first.kind is second.kind and (neighbours[one] or neighbours[two])
    ]
    for _ in range(_SWAPS):
        changed = False
        for one, two in pairs:
            now = pull(one, at[one]) + pull(two, at[two])
            then = pull(one, at[two]) + pull(two, at[one])
            if then < now - 1.0:
                at[[one, two]] = at[[two, one]]
                changed = True
        if not changed:
            break
    return at


def _springs(start: Points, ends: Links, reach: float) -> Points:
    at = start.copy()
    wanted = reach * 1.5 / math.sqrt(len(at))
    step = wanted * 0.25
    for turn in range(ROUNDS):
        between = at[:, None, :] - at[None, :, :]
        # Labels are wider than high: a neighbour above may be nearer than one beside.
        between[:, :, 0] /= ASPECT
        distance = np.maximum(np.sqrt((between**2).sum(axis=2)), 1.0)
        push = np.where(distance < 3 * wanted, wanted**2 / distance**2, 0.0)
        move = (between / distance[:, :, None] * push[:, :, None]).sum(axis=1) * 0.6
        if len(ends):
            pull = at[ends[:, 1]] - at[ends[:, 0]]
            length = np.maximum(np.sqrt((pull**2).sum(axis=1, keepdims=True)), 1.0)
            force = pull / length * np.minimum(length / wanted - 1.0, 2.0) * 0.5
            np.add.at(move, ends[:, 0], force)
            np.add.at(move, ends[:, 1], -force)
        move += (start - at) / reach * 1.6
        size = np.maximum(np.sqrt((move**2).sum(axis=1, keepdims=True)), 1e-9)
        at = at + move / size * np.minimum(size * step, step) * (1 - turn / ROUNDS)
        at[0] = 0.0
    return at
