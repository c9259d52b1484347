# SPDX-License-Identifier: Apache-2.0
"""What the robot says in Korean, in the polite style (해요체)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prot_ros.core.facts import NOTE, USER, Fact
from prot_ros.core.offline.korean.clauses import Noun, acknowledged, named, told_to_user
from prot_ros.core.offline.korean.numbers import say_count, say_date, say_time
from prot_ros.core.offline.korean.verbs import interrogative
from prot_ros.core.offline.korean.words import FAVOURITES, FILLERS, without_particle
from prot_ros.core.offline.phrasebook import Line, Phrasebook
from prot_ros.core.offline.plain_text import plain
from prot_ros.core.offline.questions import Intent

_LINES = {
    Line.HELLO_STRANGER: (
        '안녕하세요. 처음 뵙는 것 같아요. 성함이 어떻게 되세요? 그리고 어디에 사세요?',
        '안녕하세요. 이름을 말해 주시면 기억할게요.',
    ),
    Line.HELLO_KNOWN: ('안녕하세요, {name}. 다시 만나서 반가워요.',),
    Line.HELLO_AGAIN: ('안녕하세요. 다시 만나서 반가워요.',),
    Line.AS_REMEMBERED: ('제가 기억하기로는 {what}.',),
    Line.NICE_TO_MEET: ('만나서 반가워요, {name}.',),
    Line.I_KNOW_YOU: ('네, {name}, 기억하고 있어요.',),
    Line.NAME_KEPT: ('이름을 기억할게요.',),
    Line.THANKS_FOR_TELLING: ('말해 줘서 고마워요.', '그렇군요.', '네, 알겠어요.'),
    Line.GOODBYE: ('안녕히 가세요{name}. 이야기 나눠서 즐거웠어요.',),
    Line.WELCOME: ('천만에요{name}.',),
    Line.WELLBEING: ('저는 잘 지내요, 고마워요. 무엇을 도와드릴까요?',),
    Line.IDENTITY: (
        '저는 이 로봇의 오프라인 목소리예요. 사람들이 말해 준 것을 기억하고 그것으로 대답해요. '
        '다른 질문에 답하려면 언어 모델에 연결되어야 해요.',
    ),
    Line.ABILITIES: (
        '저는 당신과 다른 사람에 대해 말해 주신 것을 기억하고 대답할 수 있어요. '
        '시간과 날짜를 알려 드리고, 숫자를 세고, 다시 말해 드리고, '
        '긴 이야기를 들려 드릴 수 있어요. '
        '다른 질문은 연결 없이는 대답할 수 없어요.',
    ),
    Line.FORGOTTEN: ('네, 방금 하신 말씀은 잊었어요.',),
    Line.NOT_FORGOTTEN: ('죄송해요, 기억에 닿지 못해서 잊지 못했어요.',),
    Line.STOPPED: ('네, 물론이에요. 무엇을 물어보고 싶으세요?',),
    Line.NOT_HEARD: ('잘 못 들었어요. 다시 말해 주시겠어요?',),
    Line.AGREED: ('네, 듣고 있어요.', '좋아요. 또 무엇을 도와드릴까요?'),
    Line.DENIED: (
        '그렇지 않다는 것을 알겠어요. 맞는 것을 말해 주세요. '
        '예를 들면, 저는 서울에 살아요.',
    ),
    Line.YES: ('네. {what}',),
    Line.NO: ('아니요, 제가 알기로는 그렇지 않아요. {what}',),
    Line.ONLY_THIS: ('그것은 몰라요. 제가 아는 것은 이거예요. {what}',),
    Line.NOTHING_ABOUT_YOU: ('아직 자신에 대해 말해 주신 것이 없어요.',),
    Line.NOTHING_ABOUT: ('{who}에 대해서는 말해 주신 것이 없어요.',),
    Line.NOBODY: ('모르겠어요. 말해 주신 사람 중에는 없어요.',),
    Line.STORY_BEGINS: ('네, 들려 드릴게요. 언제든지 말을 끊으셔도 돼요.',),
    Line.GOING_ON: ('이어서 말할게요.',),
    Line.NOTHING_TO_GO_ON: ('이어서 말할 것이 없어요. 이야기해 줘, 라고 말해 보세요.',),
    Line.AT_THE_END: ('그것이 전부예요.',),
    Line.NO_STORY: ('이 언어로 된 이야기는 없어요.',),
    Line.NOTHING_TO_REPEAT: ('아직 아무 말도 하지 않았어요.',),
    Line.TOO_FAR: ('저는 하나부터 백까지만 셀 수 있어요.',),
    Line.CANNOT_ANSWER: (
        '그것은 연결 없이는 대답할 수 없어요. '
        '기억하고 있는 것이나 시간, 이야기는 들려 드릴 수 있어요.',
        '오프라인 목소리로는 어려운 질문이에요. '
        '말해 주신 것에 대해 물어보시거나, 숫자를 세라고 해 보세요.',
        '그것은 몰라요. 저는 사람들이 말해 준 것과 시계가 알려 주는 것만 알아요.',
    ),
    Line.NOT_UNDERSTOOD: (
        '들었지만 잘 이해하지 못했어요. 예를 들면 이렇게 말해 보세요. 제 이름은 미나예요.',
        '오프라인 목소리에는 어려운 말이에요. '
        '자신에 대해 말해 주시거나, 무엇을 할 수 있는지 물어보세요.',
        '무슨 뜻인지 잘 모르겠어요. 다른 말로 해 주시겠어요?',
    ),
    Line.FOREIGN: ('죄송해요. 오프라인에서는 {languages}만 할 수 있어요.',),
}  # fmt: skip
_WHAT = {
    'name': '이름이 무엇인지', 'is called': '이름이 무엇인지',
    'lives in': '어디에 사는지', 'comes from': '어디에서 왔는지', 'works as': '직업이 무엇인지',
    'works at': '어디에서 일하는지',
    'age': '몇 살인지', 'birthday': '생일이 언제인지', 'likes': '무엇을 좋아하는지',
    'dislikes': '무엇을 싫어하는지', 'has': '무엇이 있는지', 'speaks': '어떤 말을 하는지',
    'gets married': '언제 결혼하는지', 'drives': '무엇을 운전하는지',
    'phone number': '전화번호가 무엇인지', 'room number': '방 번호가 무엇인지',
    'address': '주소가 무엇인지', 'graduated from': '어디를 졸업했는지',
    'plays': '무엇을 연주하는지', 'studies': '무엇을 공부하는지',
}  # fmt: skip


def _sentence(fact: Fact) -> str:
    if fact.predicate == 'age':
        # Robots live for years: an age is as old as its telling.
        return f'저에게 말해 주신 대로라면 {told_to_user(fact)}.'
    return f'{told_to_user(fact)}.'


def _acknowledge(facts: Sequence[Fact]) -> str:
    return f'{" ".join(f"{acknowledged(fact)}." for fact in facts)} 기억할게요.'


def _joined(values: Sequence[str]) -> str:
    return (
        ', '.join((*values[:-2], f'{Noun(values[-2]):과|와} {values[-1]}'))
        if values[1:]
        else values[0]
    )


def _addressed(name: str) -> str:
    return f'{name} 님'


def _appended(name: str) -> str:
    return f', {_addressed(name)}' if name else ''


def _missing(intent: Intent) -> str:
    if intent.predicate == NOTE:
        return '기억해 달라고 하신 것이 없어요.'
    if intent.predicate.startswith('favorite '):
        english = intent.predicate.removeprefix('favorite ')
        thing = next((word for word, name in FAVOURITES.items() if name == english), english)
        what = f'제일 좋아하는 {Noun(thing):이|가} 무엇인지'
    else:
        what = _WHAT.get(intent.predicate, '그것을')
    whose = '' if intent.subject == USER else f'{Noun(named(intent.subject)):이|가} '
    return f'{whose}{what} 몰라요. 아직 말해 주지 않으셨어요.'


def _time(now: datetime) -> str:
    return f'지금은 {say_time(now)}이에요.'


def _date(now: datetime) -> str:
    return f'오늘은 {say_date(now)}이에요.'


def _content(text: str) -> frozenset[str]:
    words = (word.strip('.,!?') for word in plain(text).split())
    stems = (
        without_particle(word)[0]
        for word in words
        if word not in FILLERS and not interrogative(word)
    )
    return frozenset(
        stem for stem in stems if stem and not stem.startswith(('있', '없', '알', '말'))
    )


KOREAN = Phrasebook(
    lines=_LINES,
    sentence=_sentence,
    clause=told_to_user,
    acknowledge=_acknowledge,
    joined=_joined,
    addressed=_addressed,
    appended=_appended,
    named=named,
    missing=_missing,
    time=_time,
    date=_date,
    count=say_count,
    content=_content,
)
