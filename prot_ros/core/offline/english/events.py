# SPDX-License-Identifier: Apache-2.0
"""Events in English, whose value is when or where: a wedding, a birth, a death, a journey."""

from __future__ import annotations

from prot_ros.core.offline.dates import Time
from prot_ros.core.offline.english.dates import times_at
from prot_ros.core.offline.english.subjects import Subject
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import name_at, place_at, thing_at
from prot_ros.core.offline.english.verbs import Found, past
from prot_ros.core.offline.english.words import CHANGE_ADVERBS
from prot_ros.core.offline.statements import Told

# How it is told, the predicate, and whether it lies ahead. The longest come first.
_EVENTS = tuple(
    (tuple(words.split()), predicate, ahead)
    for words, predicate, ahead in (
        ('be getting married', 'gets married', True),
        ('be going to get married', 'gets married', True),
        ('get married', 'gets married', True),
        ('gets married', 'gets married', True),
        ('got married', 'gets married', False),
        ('was born', 'was born', False),
        ('passed away', 'died', False),
        ('died', 'died', False),
        ('be graduating', 'graduates', True),
        ('graduated', 'graduates', False),
        ('retired', 'retires', False),
        ('be retiring', 'retires', True),
        ('be starting', 'starts', True),
        ('be traveling to', 'travels to', True),
        ('be travelling to', 'travels to', True),
        ('be flying to', 'travels to', True),
        ('be going on vacation to', 'travels to', True),
        ('be moving to', 'moves to', True),
        ('be going to', 'travels to', True),
    )
)
_BE = frozenset({'am', 'is', 'are'})
_WITH_VALUE = frozenset({'travels to', 'moves to', 'starts'})
EVENT_VERBS = frozenset({'got', 'gets', 'died', 'passed', 'graduated', 'retired'})


def event_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read an event and when it is or was; one without a time tells too little."""
    low = segment.low
    at = past(low, at, CHANGE_ADVERBS)
    at += low[at : at + 1] in (('have',), ('has',)) and low[at + 1 : at + 2] != ('been',)
    at = past(low, at, CHANGE_ADVERBS)
    for words, predicate, ahead in _EVENTS:
        start = _after(low, at, words)
        if start:
            found = _told(segment, start, Told(who, predicate, '', changed=True, ahead=ahead))
            if found:
                return found
    return None


def _after(low: tuple[str, ...], at: int, words: tuple[str, ...]) -> int:
    """Return where the words of an event end, 0 where they are not; `be` is any of its forms."""
    if words[0] == 'be':
        if low[at : at + 1] == () or low[at] not in _BE:
            return 0
        at, words = past(low, at + 1, CHANGE_ADVERBS), words[1:]
    return at + len(words) if low[at : at + len(words)] == words else 0


def _told(segment: Segment, at: int, event: Told) -> Found | None:
    low = segment.low
    told: list[Told] = []
    if event.predicate in _WITH_VALUE:
        reader = thing_at if event.predicate == 'starts' else place_at
        value = reader(segment, at)
        if value is None:
            return None
        times, end = times_at(low, value[1])
        # `going to sleep` is no journey; one writes a place with a capital and says when.
        going = low[at - 2] == 'going' and segment.raw[at] == low[at]
        if (not times and (event.predicate == 'starts' or low[at - 2] == 'going')) or going:
            return None
        return Found(end, (_with(event, value[0], times),))
    if event.predicate == 'gets married' and low[at : at + 1] == ('to',):
        spouse = name_at(segment, at + 1)
        if spouse is None:
            return None
        if not event.ahead:
            told.append(Told(event.who, 'is', f'married to {spouse[0]}', changed=True))
        at = spouse[1]
    if event.predicate == 'graduates' and low[at : at + 1] == ('from',):
        place = place_at(segment, at + 1)
        if place and not event.ahead:
            times, end = times_at(low, place[1])
            return Found(end, (_with(event, place[0], times, 'graduated from'),))
        at = place[1] if place else at
    times, end = times_at(low, at)
    if event.predicate == 'was born' and times and times[0].moment.day:
        return None  # a birthday
    if times:
        told = [_with(each, each.value, times) for each in told]
        told.append(_with(event, times[0].words, times))
        if event.predicate == 'was born' and low[end : end + 1] == ('in',):
            place = place_at(segment, end + 1)
            told += [Told(event.who, 'comes from', place[0])] if place else []
            end = place[1] if place else end
    elif event.predicate == 'gets married' and not event.ahead and not told:
        told.append(Told(event.who, 'is', 'married'))
    elif event.predicate == 'retires' and not event.ahead:
        told.append(Told(event.who, 'is', 'retired'))
    return Found(end, tuple(told)) if told else None


def _with(event: Told, value: str, times: tuple[Time, ...], predicate: str = '') -> Told:
    return Told(
        event.who,
        predicate or event.predicate,
        value,
        changed=event.changed,
        ahead=event.ahead,
        times=times,
    )
