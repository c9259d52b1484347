# SPDX-License-Identifier: Apache-2.0
"""LoCoMo's conversations and questions as the benchmark reads them. Nothing of the text is kept.

Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM Agents" (ACL 2024). The
data are under CC BY-NC 4.0: for measuring only, from a file of one's own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CATEGORIES = {1: 'multi-hop', 2: 'temporal', 3: 'open-domain', 4: 'single-hop'}
"""Without the fifth, questions that have no answer."""
APART_NS = 15 * 10**9
"""Between two turns of a session, of which the data give the beginning only."""

_SESSION = re.compile(r'session_(\d+)')
_EVIDENCE = re.compile(r'D(\d+):0*(\d+)')


@dataclass(frozen=True)
class Turn:
    """What one speaker said at once."""

    speaker: str
    text: str
    caption: str
    """What a picture shows that was sent with it; '' without one."""
    stamp: int
    """Nanoseconds since 1970."""

    @property
    def shown(self) -> str:
        """The text and what the picture shows."""
        return f'{self.text} {self.caption}'.rstrip()


@dataclass(frozen=True)
class Question:
    """A question and the turns that answer it."""

    text: str
    category: int
    evidence: frozenset[int]
    """Positions in the conversation, at least one."""


@dataclass(frozen=True)
class Conversation:
    """Two people over months."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


def conversations(path: Path) -> list[Conversation]:
    """Read the file. Raises OSError, and ValueError or KeyError when it is another one's."""
    return [_conversation(entry) for entry in json.loads(path.read_text(encoding='utf-8'))]


def _conversation(entry: dict[str, Any]) -> Conversation:
    told = entry['conversation']
    turns: list[Turn] = []
    at: dict[str, int] = {}
    for number in sorted(int(match[1]) for key in told if (match := _SESSION.fullmatch(key))):
        said = datetime.strptime(told[f'session_{number}_date_time'], '%I:%M %p on %d %B, %Y')
        began = int(said.replace(tzinfo=UTC).timestamp()) * 10**9
        for nth, turn in enumerate(told[f'session_{number}']):
            at[turn['dia_id']] = len(turns)
            caption = turn.get('blip_caption') or ''
            turns.append(Turn(turn['speaker'], turn['text'], caption, began + nth * APART_NS))
    questions = []
    for asked in entry['qa']:
        named = (f'D{day}:{nth}' for day, nth in _EVIDENCE.findall(' '.join(asked['evidence'])))
        evidence = frozenset(at[turn] for turn in named if turn in at)
        if asked['category'] in CATEGORIES and evidence:
            questions.append(Question(asked['question'], asked['category'], evidence))
    return Conversation(entry['sample_id'], tuple(turns), tuple(questions))
