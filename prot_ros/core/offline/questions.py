# SPDX-License-Identifier: Apache-2.0
"""What an utterance asks for, as a value: the same in every language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

COUNT_LIMIT = 100
"""The robot counts from 1 to this; beyond it nobody listens."""


class Kind(Enum):
    """What the user wants."""

    NOTHING = 'no words'
    STOP = 'be quiet and listen'
    GREETING = 'greeting'
    GOODBYE = 'goodbye'
    THANKS = 'thanks'
    WELLBEING = 'how are you'
    IDENTITY = 'who are you'
    ABILITIES = 'what can you do'
    TIME = 'the time'
    DATE = 'the day'
    COUNT = 'count'
    STORY = 'tell a story'
    CONTINUE = 'go on'
    REPEAT = 'say it again'
    SAY = 'say these words'
    ASK_FACT = 'one fact'
    ASK_ABOUT = 'everything about someone'
    ASK_WHO = 'who is it that'
    TELL = 'a statement that was understood'
    DENY = 'something is not so'
    AGREE = 'yes, no, all right'
    QUESTION = 'a question that was not understood'
    UNKNOWN = 'a statement that was not understood'


@dataclass(frozen=True)
class Intent:
    """A kind with what belongs to it; what does not apply is empty."""

    kind: Kind
    subject: str = ''
    """ASK_FACT, ASK_ABOUT: whom it is about, as in Fact."""
    predicate: str = ''
    """ASK_FACT, ASK_WHO: the relation, as in Fact."""
    object: str = ''
    """ASK_FACT: the value when it is a question of yes or no; ASK_WHO: the value of the fact."""
    start: int = 1
    """COUNT: the first number."""
    end: int = 10
    """COUNT: the last number, as asked for; it may lie outside 1 to COUNT_LIMIT."""
    text: str = ''
    """SAY: the words to say. QUESTION: the words of the question."""


_WEIGHT = (
    Kind.SAY, Kind.ASK_FACT, Kind.ASK_ABOUT, Kind.ASK_WHO, Kind.COUNT, Kind.STORY, Kind.CONTINUE,
    Kind.REPEAT, Kind.TIME, Kind.DATE, Kind.WELLBEING, Kind.IDENTITY, Kind.ABILITIES, Kind.STOP,
    Kind.GOODBYE, Kind.QUESTION, Kind.DENY, Kind.TELL, Kind.THANKS, Kind.GREETING, Kind.UNKNOWN,
    Kind.AGREE, Kind.NOTHING,
)  # fmt: skip


def weightiest(intents: Sequence[Intent]) -> Intent:
    """Return what is to be answered of several things said: a question or request before courtesy.

    Of `Hello. What time is it? Thanks.` that is the time.
    """
    return min(intents, key=lambda each: _WEIGHT.index(each.kind), default=Intent(Kind.NOTHING))
