# SPDX-License-Identifier: Apache-2.0
"""What Korean statements say, from the phrases before a verb or `to be`."""

from __future__ import annotations

import re

from prot_ros.core.facts import USER
from prot_ros.core.offline.dates import Time
from prot_ros.core.offline.korean.changes import CHANGES, change
from prot_ros.core.offline.korean.numbers import read
from prot_ros.core.offline.korean.subjects import ROBOT, SELF, Subject, person
from prot_ros.core.offline.korean.values import MAX_VALUE, WITH, bare, value_with
from prot_ros.core.offline.korean.words import (
    CALLERS,
    INSTRUMENTS,
    KIN,
    MINE,
    NOT_PEOPLE,
    NUMBERS,
    PASSING,
    PLACES_OF_LEARNING,
    PROFESSIONS,
    TOGETHER,
    TRAITS,
    Phrase,
    likely_name,
    phrases,
)
from prot_ros.core.offline.statements import Told

_AGE = re.compile(r'(\d{1,3})(?:살|세)')
_NAMED = ('이라는', '라는')


def predicate(
    name: str,
    found: list[Phrase],
    before: list[str],
    who: Subject,
    times: tuple[Time, ...],
    *,
    explicit: bool,
) -> list[Told]:
    """Return what a verb states of someone, from the phrases before it and the times named."""
    if who.subject == ROBOT.subject or not TOGETHER.isdisjoint(before):
        return []
    if name in ('do', 'call'):
        return _called(before, who) or (_spoken(found, who) if name == 'do' else [])
    if who.quality:
        return []
    if name in CHANGES:
        return change(name, found, who, times)
    if name in ('like', 'hate', 'is good', 'is bad'):
        return _liking(name, found, who, explicit=explicit)
    if name in ('keep', 'be there'):
        return _owned(name, found, before, who)
    if name == 'play':
        plain = bare(found)
        value = value_with(found, ('을', '를', '도')) or (plain if plain in INSTRUMENTS else '')
        return [Told(who, 'plays', value)] if value else []
    if name == 'study':
        value, place = value_with(found, ('을', '를', '도')), value_with(found, ('에서',))
        told = [Told(who, 'studies', value)] if value else []
        return [*told, Told(who, 'studies at', place)] if place and value else told
    if name == 'attend':
        place = value_with(found, ('에', '를', '을')) or bare(found)
        if place in ('학교', '회사', '직장'):
            return []
        learning = place.endswith(PLACES_OF_LEARNING)
        return [Told(who, 'studies at' if learning else 'works at', place)] if place else []
    if name == 'work':
        job, place = value_with(found, ('으로', '로')), value_with(found, ('에서',))
        told = [Told(who, 'works as', job)] if job else []
        return [*told, Told(who, 'works at', place)] if place else told
    if name == 'be born' and times:
        day = next((time for time in times if time.moment.day), None)
        if day:
            # Its year, where it was told, is no part of a birthday.
            return [Told(who, 'birthday', f'{day.moment.month}월 {day.moment.day}일')]
        born = [Told(who, 'was born', times[0].words, changed=True)]
        place = value_with(found, ('에서',))
        return [*born, Told(who, 'comes from', place)] if place else born
    relation = 'lives in' if name == 'live' else 'comes from'
    place = value_with(found, ('에', '에서') if name == 'live' else ('에서',))
    return [Told(who, relation, place)] if place and read(place) is None else []


def complement(
    before: list[str], noun: str, subject: Subject | None, earlier: Subject | None
) -> list[Told]:
    """Return what `to be` states, from the words before it and the noun it is joined to."""
    who = subject or earlier or SELF
    if who.subject == ROBOT.subject:
        return []
    found = phrases(before)
    joined = list(found[-1].words) if found and not found[-1].particle else []
    value = ' '.join([*joined, noun])
    if len(joined) >= MAX_VALUE:
        return []
    if who.quality and subject:
        return _quality(who, value)
    who = Subject(who.subject, who.label, who.link)
    age = _years(joined[-1] if joined else '', noun)
    if age:
        return [Told(who, 'age', age)]
    if noun == '출신' and joined:
        return [Told(who, 'comes from', joined[-1])]
    if noun in PROFESSIONS:
        return [Told(who, 'works as', noun)]
    if noun in TRAITS or (noun == '사람' and len(joined) == 1 and joined[0] not in NOT_PEOPLE):
        return [Told(who, 'is', value)]
    relative = person((*joined, noun)) if joined and joined[0] in MINE else None
    if relative and relative.subject.startswith("user's ") and who.subject != USER:
        return [Told(relative, 'is called', who.subject)]
    if likely_name(noun) and not (joined and not likely_name(''.join([*joined, noun]))):
        if who.subject == USER:
            return [Told(who, 'name', value)]
        if who.subject.startswith("user's "):
            return [Told(who, 'is called', noun)]
    return []


def _quality(who: Subject, value: str) -> list[Told]:
    """`제 이름은 X`: what a property of someone is."""
    bearer = Subject(who.subject, who.label, who.link)
    quality = who.quality
    if quality == 'alias':
        quality = 'is called'
    elif not _fits(quality, value):
        return []
    elif quality == 'is called' and who.subject == USER:
        quality = 'name'
    if quality == 'age':
        age = _years('', value) or str(read(value) or '')
        return [Told(bearer, 'age', age)] if age else []
    if quality in ('name', 'is called') and (value in NOT_PEOPLE or len(value.split()) > 3):
        return []
    return [Told(bearer, quality, value)]


def _fits(quality: str, value: str) -> bool:
    """Tell whether a value can be that of a quality: `우리 집은 3층이야` tells no place."""
    if quality == 'birthday':
        return '월' in value
    digits = any(map(str.isdigit, value))
    return digits if quality in NUMBERS.values() else not (quality == 'lives in' and digits)


def _called(before: list[str], who: Subject) -> list[Told]:
    """`민수라고 해요`, `앨이라고 불러 주세요`."""
    if not before:
        return []
    for ending in ('이라고도', '라고도', '이라고', '라고'):
        name = before[-1].removesuffix(ending)
        if name and name != before[-1]:
            if who.quality not in ('', 'is called', 'alias') or name in NOT_PEOPLE:
                return []
            objects = [p for p in phrases(before) if p.particle in ('을', '를')]
            whom = person(objects[-1].words) if objects else None
            # What others call one is one more name; what one asks to be called is the one to use.
            others = ending.endswith('도') or bool(set(before) & CALLERS)
            bearer = whom or Subject(who.subject, who.label, who.link)
            own = bearer.subject == USER and not others and who.quality != 'alias'
            return [Told(bearer, 'name' if own else 'is called', name)]
    return []


def _spoken(found: list[Phrase], who: Subject) -> list[Told]:
    """`한국어를 해요`: a language is what ends in 어."""
    values = [' '.join(each.words) for each in found if each.particle in (*WITH, '을', '를')]
    return [Told(who, 'speaks', value) for value in values if value.endswith('어') and value[1:]]


def _liking(name: str, found: list[Phrase], who: Subject, *, explicit: bool) -> list[Told]:
    relation = 'likes' if name in ('like', 'is good') else 'dislikes'
    if name in ('is good', 'is bad'):
        # `날씨가 좋아요` is about the weather; `저는 커피가 좋아요` about the speaker.
        later = [phrase for phrase in found[1:] if phrase.particle in ('이', '가')]
        value = ' '.join(later[-1].words) if later and explicit else ''
    else:
        value = value_with(found, ('을', '를', '도')) or bare(found)
        together = [' '.join(each.words) for each in found if each.particle in WITH]
        if value and together:
            return [Told(who, relation, part) for part in (*together, value)]
        if not value and explicit and len(found) > 1 and found[-1].particle in ('은', '는'):
            value = ' '.join(found[-1].words)
    return [Told(who, relation, value)] if value else []


def _owned(name: str, found: list[Phrase], before: list[str], who: Subject) -> list[Told]:
    """`렉스라는 강아지를 키워요`, `고양이 두 마리가 있어요`; what passes is left out."""
    if any(phrase.particle in ('에', '에서') for phrase in found):
        return []
    particles = ('을', '를', '도') if name == 'keep' else ('이', '가', '도')
    value = value_with(found, particles) or bare(found)
    words = value.split()
    allergy = next((at for at, word in enumerate(words) if word.startswith('알레르기')), 0)
    if allergy:
        return [Told(who, 'is', ' '.join(words[: allergy + 1]))]
    named = _named_relatives(found, who)
    if named:
        return named
    kin = next((word for word in words if word in KIN), '')
    if not words or (name == 'be there' and not kin) or words[-1] in PASSING:
        return []
    if words[0] in MINE or (name == 'be there' and who.subject != USER and not kin):
        return []
    told: list[Told] = [Told(who, 'has', value)]
    naming = next((word for word in before if word.endswith(_NAMED)), '')
    pet = naming.removesuffix('라는').removesuffix('이') if naming else ''
    if pet and kin:
        belongs = Subject(f"{who.subject}'s {KIN[kin]}", f'{who.label}의 {kin}')
        told.append(Told(belongs, 'is called', pet))
    return told


def _named_relatives(found: list[Phrase], who: Subject) -> list[Told]:
    """`여동생 보라랑 미나가 있어요`: relatives by their names."""
    last = found[-1].words if found and found[-1].particle in ('이', '가') else ()
    together = [each.words for each in found if each.particle in WITH]
    first = together[0] if together else last
    if len(first) < 2 or first[0] not in KIN or not all(map(likely_name, first[1:])):
        return []
    belongs = Subject(f"{who.subject}'s {KIN[first[0]]}", f'{who.label}의 {first[0]}')
    names = [first[-1], *(words[-1] for words in together[1:])]
    names += [last[-1]] if together and last else []
    return [Told(belongs, 'is called', name) for name in names if likely_name(name)]


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
