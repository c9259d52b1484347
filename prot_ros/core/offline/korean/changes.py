# SPDX-License-Identifier: Apache-2.0
"""What changed and what happened, in Korean: a move, a new job, a wedding, a death, a journey."""

from __future__ import annotations

from prot_ros.core.offline.dates import Time
from prot_ros.core.offline.korean.subjects import Subject
from prot_ros.core.offline.korean.values import WITH, bare, value_with
from prot_ros.core.offline.korean.words import INSTRUMENTS, PLACES_OF_LEARNING, Phrase
from prot_ros.core.offline.statements import Told, ceased

CHANGES = frozenset({
    'move', 'moves', 'quit', 'join', 'graduate', 'married', 'marries', 'die', 'travel', 'drive',
    'own', 'retire', 'sell', 'leave',
})  # fmt: skip
"""Verbs of the table in `verbs.py` that are read here."""


_NO_HOMES = frozenset({'회사', '직장', '팀', '학교', '집', '곁', '여행', '출장', '휴가', '자리'})


def change(name: str, found: list[Phrase], who: Subject, times: tuple[Time, ...]) -> list[Told]:
    """Return what a verb of change states, from the phrases before it and the times named."""
    if name in ('move', 'moves'):
        return _moved(found, who, times, ahead=name == 'moves')
    if name in ('quit', 'join'):
        return _employed(name, found, who)
    if name == 'graduate':
        place = value_with(found, ('을', '를', '에서'))
        return [Told(who, 'graduated from', place, changed=True)] if place else []
    if name in ('married', 'marries'):
        return _married(found, who, times, ahead=name == 'marries')
    if name == 'die':
        return _event(who, 'died', times)
    if name == 'retire':
        return _event(who, 'retires', times)
    if name == 'leave':
        place = value_with(found, ('을', '를'))
        if place == '세상':
            return _event(who, 'died', times)
        left = [Told(who, 'lives in', place)] if place and place not in _NO_HOMES else []
        return list(ceased(left, changed=True))
    if name == 'travel':
        place = value_with(found, ('으로', '로', '에'))
        return [Told(who, 'travels to', place, changed=True, ahead=True)] if place else []
    value = value_with(found, ('을', '를', '도')) or bare(found)
    if not value:
        return []
    if name == 'sell':
        return list(ceased((Told(who, 'has', value), Told(who, 'drives', value)), changed=True))
    return [Told(who, 'drives' if name == 'drive' else 'owns', value)]


def _moved(
    found: list[Phrase], who: Subject, times: tuple[Time, ...], *, ahead: bool
) -> list[Told]:
    """`서울에서 부산으로 이사했어`; a move to come needs a time, or it may be a wish."""
    there = value_with(found, ('으로', '로', '에'))
    left = value_with(found, ('에서',))
    if ahead:
        return [Told(who, 'moves to', there, changed=True, ahead=True)] if there and times else []
    told = [*ceased((Told(who, 'lives in', left),), changed=True)] if left else []
    if there:
        told.append(Told(who, 'lives in', there, changed=True))
    return told


def _employed(name: str, found: list[Phrase], who: Subject) -> list[Told]:
    """`삼성을 그만뒀어`, `삼성에 입사했어`, `개발자로 취직했어`."""
    if name == 'quit':
        place = value_with(found, ('을', '를', '에서'))
        if not place or place.split(' ')[-1] in ('회사', '일', '직장', '학교', '학원', '알바'):
            return []
        if place in INSTRUMENTS:
            return list(ceased((Told(who, 'plays', place),), changed=True))
        predicate = 'studies at' if place.endswith(PLACES_OF_LEARNING) else 'works at'
        return list(ceased((Told(who, predicate, place),), changed=True))
    place, job = value_with(found, ('에',)), value_with(found, ('로', '으로'))
    told = [Told(who, 'works as', job, changed=True)] if job else []
    return [*told, Told(who, 'works at', place, changed=True)] if place else told


def _married(
    found: list[Phrase], who: Subject, times: tuple[Time, ...], *, ahead: bool
) -> list[Told]:
    if ahead and not times:
        return []
    told = _event(who, 'gets married', times, ahead=ahead)
    spouse = next((' '.join(each.words) for each in found if each.particle in WITH), '')
    if spouse and not ahead:
        told.append(Told(who, 'is', f'{spouse}의 배우자', changed=True))
    return told or ([] if ahead else [Told(who, 'is', '기혼')])


def _event(
    who: Subject, predicate: str, times: tuple[Time, ...], *, ahead: bool = False
) -> list[Told]:
    """Return an event with the time it is known by; without one it tells too little."""
    return [Told(who, predicate, times[0].words, changed=True, ahead=ahead)] if times else []
