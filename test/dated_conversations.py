# SPDX-License-Identifier: Apache-2.0
"""The conversations of `test/data/conversations`, whose README describes the format."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

FOLDER = Path(__file__).parent / 'data' / 'conversations'


@dataclass(frozen=True)
class Turn:
    """What the user said, and when."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Expected:
    """A fact that holds, or must not hold, after the last turn."""

    subject: str
    predicate: str
    object: str
    supported: bool


@dataclass(frozen=True)
class Question:
    """What is asked after the last turn, and what has to be recalled for it."""

    text: str
    words: tuple[str, ...]
    not_words: tuple[str, ...]
    supported: bool


@dataclass(frozen=True)
class DatedConversation:
    """One person's talk with the robot over months."""

    theme: str
    name: str
    language: str
    turns: tuple[Turn, ...]
    live: tuple[Expected, ...]
    not_live: tuple[Expected, ...]
    since: tuple[tuple[str, str, str, str], ...]
    questions: tuple[Question, ...]


def dated_conversations() -> list[DatedConversation]:
    """Return all of them, in the order of their files."""
    found = []
    for path in sorted(FOLDER.glob('*.toml')):
        with path.open('rb') as file:
            found += [_read(path.stem, each) for each in tomllib.load(file)['conversation']]
    return found


def _read(theme, each) -> DatedConversation:
    supported = each.get('supported', True)
    return DatedConversation(
        theme,
        each['name'],
        each['language'],
        tuple(Turn(turn['at'], turn['say']) for turn in each['turns']),
        tuple(_expected(fact, supported) for fact in each['live']),
        tuple(_expected(fact, supported) for fact in each['not_live']),
        tuple(tuple(fact) for fact in each.get('since', ())),
        tuple(
            Question(
                question['ask'],
                tuple(question['words']),
                tuple(question.get('not_words', ())),
                supported and question.get('supported', True),
            )
            for question in each['questions']
        ),
    )


def _expected(fact, supported: bool) -> Expected:
    if isinstance(fact, dict):
        supported, fact = supported and fact.get('supported', True), fact['fact']
    return Expected(*fact, supported)
