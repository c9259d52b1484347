# SPDX-License-Identifier: Apache-2.0
"""What English statements say of their subject: what it is, does, has, did and no longer does."""

from __future__ import annotations

from prot_ros.core.offline.english.changes import change_at
from prot_ros.core.offline.english.complements import (
    not_so,
    origin_at,
    past_any_more,
    to_be,
)
from prot_ros.core.offline.english.events import event_at
from prot_ros.core.offline.english.possessions import to_have
from prot_ros.core.offline.english.properties import corrected
from prot_ros.core.offline.english.subjects import SELF, Subject, is_plural
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import name_at
from prot_ros.core.offline.english.verbs import PROGRESSIVE, Found, lemma, past, verb_at
from prot_ros.core.offline.english.words import ADVERBS
from prot_ros.core.offline.statements import Told, ceased

_OPPOSITE = {'likes': 'dislikes'}


def predicate_at(segment: Segment, at: int, who: Subject) -> Found | None:
    """Read a verb and its value; the verb must agree with whom it is about."""
    found = event_at(segment, at, who) or _present(segment, at, who) or change_at(segment, at, who)
    return corrected(segment, found) if found else None


def _present(segment: Segment, at: int, who: Subject) -> Found | None:
    low = segment.low
    at = past(low, at, ADVERBS)
    if at >= len(low):
        return None
    word = low[at]
    oneself = who.subject == SELF.subject
    we = oneself and at and low[at - 1] == 'we'
    if low[at : at + 2] == ('was', 'born'):
        return origin_at(segment, at + 1, who)
    if word == ('am' if oneself and not we else 'are' if we or is_plural(who.subject) else 'is'):
        return to_be(segment, at + 1, who)
    if low[at : at + 3] == ('can', 'not', 'stand') or low[at : at + 4] == ('can', 'not', 'bear'):
        return verb_at(segment, at + 3, who, 'dislike')
    if low[at : at + 2] in (('go', 'by'), ('goes', 'by')):
        name = name_at(segment, at + 2)
        return Found(name[1], (Told(who, 'is called', name[0]),)) if name else None
    gone = low[at : at + 2] == ('no', 'longer')
    negative = 0
    if gone or low[at : at + 2] in (('do', 'not'), ('does', 'not')):
        negative = 2
    elif word == 'never':
        negative = 1
    at = past(low, at + negative, ADVERBS)
    if at >= len(low):
        return None
    base = lemma(low[at])
    inflected = base != low[at]
    if base in ('has', 'have'):
        got = low[at + 1 : at + 2] == ('got',)
        found = to_have(segment, at + 1 + got, who)
    elif base in PROGRESSIVE or (oneself and inflected):
        return None
    else:
        found = verb_at(segment, at + 1, who, base)
    if found is None:
        return Found(at + 1, denied=True) if negative and base in ('has', 'have') else None
    if gone:
        return Found(found.end, ceased(found.told, changed=True), denied=True)
    return _negated(segment, found) if negative else found


def _negated(segment: Segment, found: Found) -> Found:
    """Return what is not so; not to like something is to dislike it, unless it ceased."""
    told = tuple(
        Told(each.who, _OPPOSITE[each.predicate], each.value)
        for each in found.told
        if each.predicate in _OPPOSITE
    )
    if told and past_any_more(segment, found.end) == found.end:
        return Found(found.end, told)
    return not_so(segment, found)
