# SPDX-License-Identifier: Apache-2.0
"""Whom a Korean clause is about: `저`, `제 언니 미나`, `민수 씨`, `지수 언니`, `민수 생일`."""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.core.facts import USER, Fact
from prot_ros.core.offline.korean.clauses import written_down
from prot_ros.core.offline.korean.words import (
    FAVOURITES,
    KIN,
    MINE,
    NOT_PEOPLE,
    NUMBERS,
    PROFESSIONS,
    Phrase,
    likely_name,
)

_TOPIC_ONLY = ('은', '는', '께서는')
_TOPIC = ('은', '는', '이', '가', '께서', '께서는', '도')
_PROPERTIES = {
    '이름': 'is called', '성함': 'is called', '생일': 'birthday', '나이': 'age',
    '직업': 'works as',
    '고향': 'comes from', '취미': 'likes', '집': 'lives in', '별명': 'alias', '애칭': 'alias',
}  # fmt: skip
OWNED_QUALITIES = tuple(_PROPERTIES)
_VERBAL = ('어', '어요', '아요', '해요', '니다', '었', '했', '고', '서', '는데', '지만', '네')
_TITLES = frozenset(KIN) | {'선생님', '선배', '선배님', '형님', '아저씨', '아줌마', '이모님'}


@dataclass(frozen=True)
class Subject:
    """Whom a clause is about."""

    subject: str
    """As in Fact."""
    label: str
    """As it is written in a sentence: `사용자의 언니 미나`."""
    link: Fact | None = None
    """`user's older sister | is called | 미나`, when both were said."""
    quality: str = ''
    """`name`, `birthday`: what of it is meant; `favorite food` for what is liked most."""


SELF = Subject(USER, '사용자')
ROBOT = Subject('', '')
"""Whoever says `you` tells nothing that is kept."""


def subject_of(found: list[Phrase], verb: str = '') -> Subject | None:
    """Return whom the phrases are about: the first that is a topic and can be somebody.

    A quality, as in `제가 좋아하는 음식은`, goes before whose it is. With verbs such as `있어요`
    the
    phrase in 이 or 가 is what there is, not whom it is about.
    """
    topics = _TOPIC_ONLY if verb in ('be there', 'is good', 'is bad') else _TOPIC
    persons = [(person(phrase.words), phrase) for phrase in found if phrase.particle in topics]
    # `민수도` is Minsu, too; `등산도` is one more thing that is liked.
    subjects = [
        who
        for who, phrase in persons
        if who and (phrase.particle != '도' or phrase.words[-1] in KIN or _is_sure(who))
    ]
    return next((each for each in subjects if each.quality), subjects[0] if subjects else None)


def _is_sure(who: Subject) -> bool:
    return who.subject.startswith(USER) or likely_name(who.subject)


def person(words: tuple[str, ...]) -> Subject | None:
    """Read `저`, `제 언니 미나`, `민수 생일` or `제가 좋아하는 음식`; None when it is nobody."""
    if words in (('저',), ('나',)):
        return SELF
    if words[0] == '너':
        return ROBOT
    quality = _PROPERTIES.get(words[-1], '')
    if words[-1] in FAVOURITES and '좋아하는' in words:
        return Subject(USER, SELF.label, quality=f'favorite {FAVOURITES[words[-1]]}')
    if words[-1] == '곳' and '사는' in words:
        return Subject(USER, SELF.label, quality='lives in')
    rest = words[:-1] if quality else words
    for count in (2, 1):
        number = NUMBERS.get(''.join(words[-count:]), '')
        if number and not quality:
            quality, rest = number, words[:-count]
    mine = bool(rest) and rest[0] in MINE
    if mine:
        rest = rest[1:]
    subject, label = USER, SELF.label
    link: Fact | None = None
    at = 0
    while at < len(rest) and rest[at] in KIN:
        subject, label = f"{subject}'s {KIN[rest[at]]}", f'{label}의 {rest[at]}'
        at += 1
    named = rest[at:]
    if len(named) == 2 and named[1] in _TITLES | {'씨', '님'} and likely_name(named[0]):
        # A friend, too, is called `언니`: the title does not make her a relative.
        named = named[:1]
    name = ' '.join(word.removesuffix('씨') for word in named)
    if name and (len(rest) - at > 2 or not _can_be_somebody(name)):
        return None
    if name and at:
        link = Fact(subject, 'is called', name, written_down(label, 'is called', name))
        subject, label = name, f'{label} {name}'
    elif name and mine:
        return None  # something of mine that is nobody
    elif name:
        subject = label = _without_suffix(name)
    elif not at and not quality:
        return None
    return Subject(subject, label, link, quality)


def _can_be_somebody(name: str) -> bool:
    return (
        name not in NOT_PEOPLE
        and name.split(' ')[-1] not in NOT_PEOPLE
        and (likely_name(name) or not name.endswith(_VERBAL))
        and name not in PROFESSIONS
        and len(name) <= 20
        and not name[:1].isdigit()
    )


def _without_suffix(name: str) -> str:
    """Take the 이 off a familiar `수민이`, and 씨 and 님 off anyone."""
    short = name.removesuffix('씨').removesuffix('님')
    if len(short) == 3 and short.endswith('이') and likely_name(short[:-1]):
        return short[:-1]
    return short or name
