# SPDX-License-Identifier: Apache-2.0
"""What a language must provide so that the robot can answer in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from prot_ros.core.facts import Fact
from prot_ros.core.offline.questions import Intent


class Line(Enum):
    """A thing to say; each may have several wordings, which take turns."""

    HELLO_STRANGER = auto()
    HELLO_KNOWN = auto()
    """{name}"""
    HELLO_AGAIN = auto()
    """The name is not known, but something else is."""
    AS_REMEMBERED = auto()
    """{what}: a clause about the user."""
    NICE_TO_MEET = auto()
    """{name}"""
    I_KNOW_YOU = auto()
    """{name}"""
    NAME_KEPT = auto()
    THANKS_FOR_TELLING = auto()
    GOODBYE = auto()
    """{name}: with what separates it, or empty."""
    WELCOME = auto()
    """{name}: as in GOODBYE."""
    WELLBEING = auto()
    IDENTITY = auto()
    ABILITIES = auto()
    STOPPED = auto()
    FORGOTTEN = auto()
    """What was said last has been forgotten."""
    NOT_FORGOTTEN = auto()
    """It could not be."""
    NOT_HEARD = auto()
    AGREED = auto()
    DENIED = auto()
    YES = auto()
    """{what}: a sentence."""
    NO = auto()
    """{what}: a sentence."""
    ONLY_THIS = auto()
    """{what}: a sentence. It is not known whether what was asked is so."""
    NOTHING_ABOUT_YOU = auto()
    NOTHING_ABOUT = auto()
    """{who}"""
    NOBODY = auto()
    STORY_BEGINS = auto()
    GOING_ON = auto()
    NOTHING_TO_GO_ON = auto()
    AT_THE_END = auto()
    NO_STORY = auto()
    NOTHING_TO_REPEAT = auto()
    TOO_FAR = auto()
    CANNOT_ANSWER = auto()
    NOT_UNDERSTOOD = auto()
    FOREIGN = auto()
    """{languages}"""


@dataclass(frozen=True)
class Phrasebook:
    """How one language says things. Everything it returns can be spoken as it is."""

    lines: Mapping[Line, tuple[str, ...]]
    """Every Line, with the slots it names."""
    sentence: Callable[[Fact], str]
    """A fact told to the user: `You live in Seoul.`"""
    clause: Callable[[Fact], str]
    """A fact told to the user, to stand within AS_REMEMBERED."""
    acknowledge: Callable[[Sequence[Fact]], str]
    """That one has understood these facts and will remember them; at least one fact."""
    joined: Callable[[Sequence[str]], str]
    """Several values of one relation as one: `jazz and coffee`."""
    addressed: Callable[[str], str]
    """The user's name, as one speaks to them."""
    appended: Callable[[str], str]
    """The same at the end of a phrase such as `Goodbye`; '' for no name."""
    named: Callable[[str], str]
    """The subject of a fact, as one speaks of it to the user."""
    missing: Callable[[Intent], str]
    """That the answer to an ASK_FACT has not been told."""
    time: Callable[[datetime], str]
    date: Callable[[datetime], str]
    count: Callable[[int, int], list[str]]
    """The numbers from one to another, each a piece of speech with the space after it."""
    content: Callable[[str], frozenset[str]]
    """The words of a text that carry its meaning."""
