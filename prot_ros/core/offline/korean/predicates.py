# SPDX-License-Identifier: Apache-2.0
"""What Korean statements say, from the phrases before a verb or `to be`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from prot_ros.core.facts import USER, Fact
from prot_ros.core.offline.korean.clauses import written_down
from prot_ros.core.offline.korean.numbers import read
from prot_ros.core.offline.korean.words import (
    FAVOURITES,
    KIN,
    MINE,
    MODIFIERS,
    NOT_PEOPLE,
    PASSING,
    PLACES_OF_LEARNING,
    POINTING,
    PROFESSIONS,
    TRAITS,
    Phrase,
    likely_name,
    phrases,
)

_MAX_VALUE = 5  # words
_TOPIC_ONLY = ('은', '는', '께서는')
_TOPIC = ('은', '는', '이', '가', '께서', '께서는', '도')
_PROPERTIES = {
    '이름': 'is called', '성함': 'is called', '생일': 'birthday', '나이': 'age',
    '직업': 'works as',
    '고향': 'comes from', '취미': 'likes', '집': 'lives in', '별명': 'is called',
}  # fmt: skip
OWNED_QUALITIES = tuple(_PROPERTIES)
_WITH = ('와', '과', '랑', '이랑', '하고')
_AGE = re.compile(r'(\d{1,3})(?:살|세)')
_NAMED = ('이라는', '라는')


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
_ROBOT = Subject('', '')
"""Whoever says `you` tells nothing that is kept."""
Told = tuple[Subject, str, str]


def subject_of(found: list[Phrase], verb: str = '') -> Subject | None:
    """Return whom the phrases are about: the first that is a topic and can be somebody.

    A quality, as in `제가 좋아하는 음식은`, goes before whose it is. With verbs such as `있어요`
    the
    phrase in 이 or 가 is what there is, not whom it is about.
    """
    topics = _TOPIC_ONLY if verb in ('be there', 'is good', 'is bad') else _TOPIC
    persons = [person(phrase.words) for phrase in found if phrase.particle in topics]
    subjects = [subject for subject in persons if subject]
    return next((each for each in subjects if each.quality), subjects[0] if subjects else None)


def person(words: tuple[str, ...]) -> Subject | None:
    """Read `저`, `제 언니 미나`, `민수 생일` or `제가 좋아하는 음식`; None when it is nobody."""
    if words in (('저',), ('나',)):
        return SELF
    if words[0] == '너':
        return _ROBOT
    quality = _PROPERTIES.get(words[-1], '')
    if words[-1] in FAVOURITES and '좋아하는' in words:
        return Subject(USER, SELF.label, quality=f'favorite {FAVOURITES[words[-1]]}')
    if words[-1] == '곳' and '사는' in words:
        return Subject(USER, SELF.label, quality='lives in')
    rest = words[:-1] if quality else words
    mine = bool(rest) and rest[0] in MINE
    if mine:
        rest = rest[1:]
    subject, label = USER, SELF.label
    link: Fact | None = None
    at = 0
    while at < len(rest) and rest[at] in KIN:
        subject, label = f"{subject}'s {KIN[rest[at]]}", f'{label}의 {rest[at]}'
        at += 1
    name = ' '.join(word.removesuffix('씨') for word in rest[at:])
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


def predicate(
    name: str, found: list[Phrase], before: list[str], who: Subject, *, explicit: bool
) -> list[Told]:
    """Return what a verb states of someone, from the phrases before it."""
    if who.subject == _ROBOT.subject:
        return []
    if name in ('do', 'call'):
        return _called(before, who) or (_spoken(found, who) if name == 'do' else [])
    if who.quality:
        return []
    if name in ('like', 'hate', 'is good', 'is bad'):
        return _liking(name, found, who, explicit=explicit)
    if name in ('keep', 'be there'):
        return _owned(name, found, before, who)
    if name in ('study', 'play'):
        value = _value(found, ('을', '를'))
        return [(who, 'studies' if name == 'study' else 'plays', value)] if value else []
    if name == 'attend':
        place = _value(found, ('에', '를', '을'))
        learning = place.endswith(PLACES_OF_LEARNING)
        return [(who, 'studies at' if learning else 'works at', place)] if place else []
    if name == 'work':
        job, place = _value(found, ('으로', '로')), _value(found, ('에서',))
        told = [(who, 'works as', job)] if job else []
        return [*told, (who, 'works at', place)] if place else told
    if name == 'be born' and _month_day(before):
        return [(who, 'birthday', _month_day(before))]
    relation = 'lives in' if name == 'live' else 'comes from'
    place = _value(found, ('에', '에서') if name == 'live' else ('에서',))
    return [(who, relation, place)] if place and read(place) is None else []


def complement(
    before: list[str], noun: str, subject: Subject | None, earlier: Subject | None
) -> list[Told]:
    """Return what `to be` states, from the words before it and the noun it is joined to."""
    who = subject or earlier or SELF
    if who.subject == _ROBOT.subject:
        return []
    found = phrases(before)
    bare = list(found[-1].words) if found and not found[-1].particle else []
    value = ' '.join([*bare, noun])
    if len(bare) >= _MAX_VALUE:
        return []
    if who.quality and subject:
        return _quality(who, value)
    who = Subject(who.subject, who.label, who.link)
    age = _years(bare[-1] if bare else '', noun)
    if age:
        return [(who, 'age', age)]
    if noun == '출신' and bare:
        return [(who, 'comes from', bare[-1])]
    if noun in PROFESSIONS:
        return [(who, 'works as', noun)]
    if noun in TRAITS or (noun == '사람' and len(bare) == 1 and bare[0] not in NOT_PEOPLE):
        return [(who, 'is', value)]
    relative = person((*bare, noun)) if bare and bare[0] in MINE else None
    if relative and relative.subject.startswith("user's ") and who.subject != USER:
        return [(relative, 'is called', who.subject)]
    if likely_name(noun) and not (bare and not likely_name(''.join([*bare, noun]))):
        if who.subject == USER:
            return [(who, 'name', value)]
        if who.subject.startswith("user's "):
            return [(who, 'is called', noun)]
    return []


def _quality(who: Subject, value: str) -> list[Told]:
    """`제 이름은 X`: what a property of someone is."""
    bearer = Subject(who.subject, who.label, who.link)
    quality = who.quality
    if quality == 'is called' and who.subject == USER:
        quality = 'name'
    if quality == 'age':
        age = _years('', value) or str(read(value) or '')
        return [(bearer, 'age', age)] if age else []
    if quality in ('name', 'is called') and (value in NOT_PEOPLE or len(value.split()) > 3):
        return []
    return [(bearer, quality, value)]


def _called(before: list[str], who: Subject) -> list[Told]:
    """`민수라고 해요`, `앨이라고 불러 주세요`."""
    if not before:
        return []
    for ending in ('이라고', '라고'):
        name = before[-1].removesuffix(ending)
        if name and name != before[-1]:
            if who.quality not in ('', 'is called') or name in NOT_PEOPLE:
                return []
            bearer = Subject(who.subject, who.label, who.link)
            return [(bearer, 'name' if who.subject == USER else 'is called', name)]
    return []


def _spoken(found: list[Phrase], who: Subject) -> list[Told]:
    """`한국어를 해요`: a language is what ends in 어."""
    values = [' '.join(each.words) for each in found if each.particle in (*_WITH, '을', '를')]
    return [(who, 'speaks', value) for value in values if value.endswith('어') and value[1:]]


def _liking(name: str, found: list[Phrase], who: Subject, *, explicit: bool) -> list[Told]:
    relation = 'likes' if name in ('like', 'is good') else 'dislikes'
    if name in ('is good', 'is bad'):
        # `날씨가 좋아요` is about the weather; `저는 커피가 좋아요` about the speaker.
        later = [phrase for phrase in found[1:] if phrase.particle in ('이', '가')]
        value = ' '.join(later[-1].words) if later and explicit else ''
    else:
        value = _value(found, ('을', '를', '도')) or _bare(found)
        together = [' '.join(each.words) for each in found if each.particle in _WITH]
        if value and together:
            return [(who, relation, part) for part in (*together, value)]
        if not value and explicit and len(found) > 1 and found[-1].particle in ('은', '는'):
            value = ' '.join(found[-1].words)
    return [(who, relation, value)] if value else []


def _owned(name: str, found: list[Phrase], before: list[str], who: Subject) -> list[Told]:
    """`렉스라는 강아지를 키워요`, `고양이 두 마리가 있어요`; what passes is left out."""
    if any(phrase.particle in ('에', '에서') for phrase in found):
        return []
    particles = ('을', '를', '도') if name == 'keep' else ('이', '가', '도')
    value = _value(found, particles) or _bare(found)
    words = value.split()
    kin = next((word for word in words if word in KIN), '')
    if not words or (name == 'be there' and not kin) or words[-1] in PASSING:
        return []
    if words[0] in MINE or (name == 'be there' and who.subject != USER and not kin):
        return []
    told: list[Told] = [(who, 'has', value)]
    naming = next((word for word in before if word.endswith(_NAMED)), '')
    pet = naming.removesuffix('라는').removesuffix('이') if naming else ''
    if pet and kin:
        belongs = Subject(f"{who.subject}'s {KIN[kin]}", f'{who.label}의 {kin}')
        told.append((belongs, 'is called', pet))
    return told


def _value(found: list[Phrase], particles: tuple[str, ...]) -> str:
    """Return the last phrase with one of the particles, without whose it is; '' for none."""
    for phrase in reversed(found):
        if phrase.particle in particles and len(phrase.words) <= _MAX_VALUE:
            if phrase.words[0] in MODIFIERS | POINTING or phrase.words in (('저',), ('너',)):
                return ''
            return ' '.join(phrase.words)
    return ''


def _bare(found: list[Phrase]) -> str:
    last = found[-1] if found else None
    if last is None or last.particle or len(last.words) > _MAX_VALUE or last.words[0] in POINTING:
        return ''
    return ' '.join(last.words)


def _years(before: str, noun: str) -> str:
    """Return an age in digits, from `서른 살` or `30살`; '' when it is none."""
    match = _AGE.fullmatch(noun)
    if match:
        return match[1]
    if noun in ('살', '세') and before:
        number = read(before)
        return str(number) if number and number <= 130 else ''
    number = read(noun.removesuffix('살')) if noun.endswith('살') and len(noun) > 1 else None
    return str(number) if number and number <= 130 else ''


def _month_day(before: list[str]) -> str:
    for month, day in pairwise(before):
        if month.endswith('월') and day.startswith(tuple('0123456789')) and '일' in day:
            return f'{month} {day.partition("일")[0]}일'
    return ''


def _can_be_somebody(name: str) -> bool:
    return (
        name not in NOT_PEOPLE
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
