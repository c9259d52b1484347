# SPDX-License-Identifier: Apache-2.0
"""What the robot says in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prot_ros.core.facts import NOTE, USER, Fact
from prot_ros.core.offline.english.clauses import capital, named, told_to_user
from prot_ros.core.offline.english.numbers import say_count, say_date, say_time
from prot_ros.core.offline.english.tokens import segments
from prot_ros.core.offline.english.words import (
    ADVERBS,
    AUXILIARIES,
    FILLERS,
    OWNED_NUMBERS,
    PLURAL_RELATIONS,
    WH_WORDS,
)
from prot_ros.core.offline.phrasebook import Line, Phrasebook
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.questions import Intent
from prot_ros.core.offline.romanization import romanised

_LINES = {
    Line.HELLO_STRANGER: (
        'Hello. I do not know you yet. What is your name, and where do you live?',
        'Hello. Tell me your name, if you like, and I will remember it.',
    ),
    Line.HELLO_KNOWN: ('Hello {name}, good to hear you again.',),
    Line.HELLO_AGAIN: ('Hello, good to hear you again.',),
    Line.AS_REMEMBERED: ('{what}, as I remember.',),
    Line.NICE_TO_MEET: ('Nice to meet you, {name}.',),
    Line.I_KNOW_YOU: ('Yes, {name}, I know you.',),
    Line.NAME_KEPT: ('I will remember your name.',),
    Line.THANKS_FOR_TELLING: ('Thank you for telling me.', 'Good to know.', 'I see.'),
    Line.GOODBYE: ('Goodbye{name}. It was good to talk with you.',),
    Line.WELCOME: ('You are welcome{name}.',),
    Line.WELLBEING: ('I am well, thank you. What can I do for you?',),
    Line.IDENTITY: (
        'I am the offline voice of this robot. I remember what people tell me, and I answer from '
        'that. For anything else I would need a connection to a language model.',
    ),
    Line.ABILITIES: (
        'I can remember what you tell me about yourself and others, and answer questions about '
        'that. I can tell the time and the date, count, repeat what I said, and tell you a long '
        'story. Other questions I cannot answer without a connection.',
    ),
    Line.FORGOTTEN: ('All right, I have forgotten that.',),
    Line.NOT_FORGOTTEN: ('I am sorry, I could not reach my memory to forget that.',),
    Line.STOPPED: ('Of course. What would you like to ask?',),
    Line.NOT_HEARD: ('I did not catch that. Could you say it again?',),
    Line.AGREED: ('All right. I am listening.', 'Good. What else?'),
    Line.DENIED: (
        'I understand that it is not so. Tell me how it is, for example: I live in Seoul.',
    ),
    Line.YES: ('Yes. {what}',),
    Line.NO: ('No, not as far as I know. {what}',),
    Line.ONLY_THIS: ('That I do not know. What I know is this. {what}',),
    Line.NOTHING_ABOUT_YOU: ('You have not told me anything about yourself yet.',),
    Line.NOTHING_ABOUT: ('You have not told me anything about {who}.',),
    Line.NOBODY: ('I do not know. Nobody that you have told me about.',),
    Line.STORY_BEGINS: ('With pleasure. You can interrupt me at any time.',),
    Line.GOING_ON: ('I will go on.',),
    Line.NOTHING_TO_GO_ON: (
        'There is nothing to go on with. Say, tell me a story, if you would like one.',
    ),
    Line.AT_THE_END: ('That was all of it.',),
    Line.NO_STORY: ('I have no story in this language.',),
    Line.NOTHING_TO_REPEAT: ('I have not said anything yet.',),
    Line.TOO_FAR: ('I count from one to one hundred, not further.',),
    Line.CANNOT_ANSWER: (
        'I cannot answer that without a connection. I can tell you what I remember about you, the '
        'time, or a story.',
        'That is beyond my offline voice. Ask me about what you have told me, or let me count.',
        'I do not know that. Offline I only know what people tell me, and what the clock says.',
    ),
    Line.NOT_UNDERSTOOD: (
        'I heard you, but I did not understand it well enough. You could say: my name is, or, I '
        'live in.',
        'That was too difficult for my offline voice. Tell me something about yourself, or ask me '
        'what I can do.',
        'I am not sure what you mean. Could you put it in other words?',
    ),
    Line.FOREIGN: ('I am sorry. Offline I only speak {languages}.',),
}
_WHAT = {
    'name': "what {whose} name is", 'is called': "what {whose} name is",
    'lives in': 'where {who} {live}', 'comes from': 'where {who} {come} from',
    'works as': 'what {whose} job is', 'works at': 'where {who} {work}',
    'age': 'how old {who} {are}', 'birthday': 'when {whose} birthday is',
    'likes': 'what {who} {like}', 'dislikes': 'what {who} {do} not like',
    'has': 'what {who} {have}', 'speaks': 'which languages {who} {speak}',
    'plays': 'what {who} {play}', 'studies': 'what {who} {study}',
    'drives': 'what {who} {drive}', 'owns': 'what {who} {own}',
    'gets married': 'when the wedding is',
    NOTE: 'to remember anything of that kind',
}  # fmt: skip
_THIRD_PERSON = {
    'live': 'lives', 'come': 'comes', 'work': 'works', 'are': 'is', 'like': 'likes', 'do': 'does',
    'have': 'has', 'speak': 'speaks', 'play': 'plays', 'study': 'studies',
    'drive': 'drives', 'own': 'owns',
}  # fmt: skip
_IDLE = (
    WH_WORDS
    | AUXILIARIES
    | FILLERS
    | ADVERBS
    | frozenset(
        listed("""a an the i my me you
your he she it we they of in on at to for from with about under over tell know not that this
these those there""")
    )
)


def _sentence(fact: Fact) -> str:
    clause = told_to_user(fact.subject, fact.predicate, fact.object)
    if fact.predicate == 'age':
        # Robots live for years: an age is as old as its telling.
        return f'You told me that {clause}.'
    return f'{capital(clause)}.'


def _clause(fact: Fact) -> str:
    clause = told_to_user(fact.subject, fact.predicate, fact.object)
    return capital(clause)


def _acknowledge(facts: Sequence[Fact]) -> str:
    notes = [capital(fact.object) for fact in facts if fact.predicate == NOTE]
    clauses = [
        f'that {told_to_user(fact.subject, fact.predicate, fact.object)}'
        for fact in facts
        if fact.predicate != NOTE
    ]
    if not clauses:
        return f'I will remember this. {". ".join(notes)}.'
    return f'I will remember {_joined(clauses)}.'


def _joined(values: Sequence[str]) -> str:
    if len(values) == 1:
        return values[0]
    return f'{", ".join(values[:-1])} and {values[-1]}'


def _appended(name: str) -> str:
    return f', {romanised(name)}' if name else ''


def _missing(intent: Intent) -> str:
    who = named(intent.subject)
    own = intent.subject == USER
    plural = who.split(' ')[-1] in PLURAL_RELATIONS
    verbs = {verb: verb if own or plural else third for verb, third in _THIRD_PERSON.items()}
    if intent.predicate.startswith('favorite ') or intent.predicate in OWNED_NUMBERS:
        what = f'what {"your" if own else who + _S} {intent.predicate} is'
    else:
        template = _WHAT.get(intent.predicate, 'that')
        what = template.format(who=who, whose='your' if own else who + _S, **verbs)
    if intent.predicate == NOTE:
        return f'You have not asked me {what}.'
    return f'I do not know {what}. You have not told me.'


_S = "'s"


def _time(now: datetime) -> str:
    return f'It is {say_time(now)}.'


def _date(now: datetime) -> str:
    return f'Today is {say_date(now)}.'


def _content(text: str) -> frozenset[str]:
    words = (word for segment in segments(text) for word in segment.low)
    return frozenset(word.removesuffix("'s") for word in words if word.isalnum()) - _IDLE


ENGLISH = Phrasebook(
    lines=_LINES,
    sentence=_sentence,
    clause=_clause,
    acknowledge=_acknowledge,
    joined=_joined,
    addressed=romanised,
    appended=_appended,
    named=named,
    missing=_missing,
    time=_time,
    date=_date,
    count=say_count,
    content=_content,
)
