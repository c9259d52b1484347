# SPDX-License-Identifier: Apache-2.0
"""What `prot memory search` prints. Pure."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from prot_ros.cli.memory.table import INDENT, clipped, minute, table
from prot_ros.cli.screen import Screen, printable
from prot_ros.core.facts import Fact
from prot_ros.memory.retrieval.recall import EarlierTurn

REASONS = {
    'words': 'its words',
    'name': 'who was named',
    'near': 'near in meaning',
    'link': 'linked to who was named',
    'circle': 'the circle',
    'user': 'about the user',
    'beside': 'beside one that was found',
}
"""Channel that found a fact best, as `ranking` calls it, in words."""
LEAST_TEXT = 30


@dataclass(frozen=True)
class Line:
    """What would be remembered, and why."""

    fact: Fact
    reason: str
    """One of REASONS."""


@dataclass(frozen=True)
class Finds:
    """What one person's memory has to say to a text."""

    person: str
    text: str
    facts: tuple[Line, ...]
    """The most relevant first."""
    turns: tuple[EarlierTurn, ...]
    lack: str
    """Why no vectors were compared; '' where they were."""


def show(screen: Screen, found: Finds) -> None:
    """Print it."""
    width = max(LEAST_TEXT, shutil.get_terminal_size((100, 24)).columns - 32)
    screen.line(screen.style('bold', f'What is remembered when {printable(found.person)} says it'))
    rows = [(clipped(line.fact.text, width), REASONS[line.reason]) for line in found.facts]
    for text in table(rows) or [f'{INDENT}nothing']:
        screen.line(text)
    screen.line()
    screen.line(screen.style('bold', 'What was said before'))
    turns = [
        (f'{turn.turn}', minute(turn.at), f'{turn.score:.2f}', REASONS[turn.reason],
         clipped(turn.text, width))
        for turn in found.turns
    ]  # fmt: skip
    for text in table(turns) or [f'{INDENT}none']:
        screen.line(text)
    if found.lack:
        screen.line(screen.style('cut', f'Found by words alone: {printable(found.lack)}.'))
