# SPDX-License-Identifier: Apache-2.0
"""What the user says in the demo, and what has to come back: meanings as words, not answers."""

from __future__ import annotations

from dataclasses import dataclass

NAME = 'Alice'
HOME = 'Seoul'

Words = tuple[tuple[str, ...], ...]
"""Of each group one word or phrase has to be in the reply, in whatever case."""


@dataclass(frozen=True)
class Line:
    """One thing that the user says."""

    text: str
    expects: str
    """What the reply has to do, as the list of expectations says it."""
    words: Words
    from_memory: bool = False
    """The reply has to rest on remembered facts."""
    cut_short: bool = False
    """The next line interrupts the reply to this one."""
    interrupts: bool = False
    """Said over the reply to the line before, once that has been audible for a while."""


_TIME = Line(
    'What time is it?',
    'an unrelated question is answered: the time',
    (('morning', 'afternoon', 'evening', 'night', 'noon', "o'clock", ':', 'past', 'half'),),
)
_STORY = Line(
    'Please tell me a long story.', 'a long story is begun', (('once', 'story'),), cut_short=True
)
_STOP = Line(
    'Stop please, I want to ask something else.',
    'the user who interrupts is answered',
    (('ask', 'listen', 'what', 'go ahead', 'yes', 'course', 'sure'),),
    interrupts=True,
)
_UNANSWERABLE = Line(
    'Who invented the telephone?',
    'what cannot be known is honestly refused',
    (('cannot', "can't", 'do not know', "don't know", 'not sure', 'beyond', 'sorry'),),
)
_GOODBYE = Line('Goodbye robot.', 'the goodbye is returned', (('bye', 'see you', 'farewell'),))
_NAME_ASKED = Line(
    'What is my name?',
    f'the follow-up is answered: the name is {NAME}',
    ((NAME.lower(),),),
    from_memory=True,
)

FIRST_MEETING = (
    Line('Hello robot.', 'the greeting is returned', (('hello', 'hi ', 'good '),)),
    Line(
        f'My name is {NAME} and I live in {HOME}.',
        'what the user tells about herself is confirmed',
        ((NAME.lower(), HOME.lower()),),
    ),
    _TIME,
    Line(
        'Where do I live?',
        f'where the user lives is remembered: {HOME}',
        ((HOME.lower(),),),
        from_memory=True,
    ),
    _STORY,
    _STOP,
    _NAME_ASKED,
    _UNANSWERABLE,
    _GOODBYE,
)
"""With somebody of whom nothing is known."""

ANOTHER_MEETING = (
    Line(
        'Hello robot.',
        f'{NAME} is greeted by her name, from an earlier conversation',
        (('hello', 'hi ', 'good '), (NAME.lower(),)),
        from_memory=True,
    ),
    Line(
        'Where do I live?',
        f'where she lives is known from an earlier conversation: {HOME}',
        ((HOME.lower(),),),
        from_memory=True,
    ),
    _TIME,
    Line(
        'What do you know about me?',
        f'what is known of her is told: {NAME}, {HOME}',
        ((NAME.lower(), HOME.lower()),),
        from_memory=True,
    ),
    _STORY,
    _STOP,
    _NAME_ASKED,
    _UNANSWERABLE,
    _GOODBYE,
)
"""With somebody who has introduced herself before; she does not do it again."""


def missing(words: Words, reply: str) -> Words:
    """Return the groups of which the reply has nothing."""
    said = f'{reply.lower()} '
    return tuple(group for group in words if not any(word in said for word in group))
