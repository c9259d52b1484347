# SPDX-License-Identifier: Apache-2.0
"""Reads Korean statements: words are gathered until a verb of the table says what they were for.

Korean leaves out whom a sentence is about when it is clear; then it is the speaker, or within a
sentence whoever was named last. Asking, supposing and denying are all told by the end of the verb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from prot_ros.core.facts import NOTE, USER, Fact
from prot_ros.core.offline.dates import Time
from prot_ros.core.offline.korean.clauses import written_down
from prot_ros.core.offline.korean.parts import Parts, parts_of
from prot_ros.core.offline.korean.predicates import (
    complement,
    predicate,
)
from prot_ros.core.offline.korean.relatives import links_of, names_of, unnamed_relatives
from prot_ros.core.offline.korean.remembering import to_remember
from prot_ros.core.offline.korean.subjects import (
    OWNED_QUALITIES,
    SELF,
    Subject,
    subject_of,
)
from prot_ros.core.offline.korean.values import WITH, without_subject_mark
from prot_ros.core.offline.korean.verbs import (
    CERTAIN_COPULAS,
    SURE_WHEN_PAST,
    asks,
    doubts,
    happened,
    honours,
    interrogative,
    links,
    negated_verb,
    never_verb,
    past_verb,
    verb,
    without_copula,
)
from prot_ros.core.offline.korean.words import FILLERS, likely_name, phrases
from prot_ros.core.offline.plain_text import plain, without_quotations
from prot_ros.core.offline.statements import Told, ceased, denied, fact_of, timed

_SENTENCE = re.compile(r'[^.!?;\n…。？！]+[.!?;\n…。？！]*')
_NOISE = str.maketrans({mark: ' ' for mark in '.!?;…。？！,"“”\'()·:'})
_MAX_NOTE = 40  # words
_KIDDING = re.compile('농담(?:이야|이에요|입니다|이었어|이었어요|이지|이고)')
_LEADING_ON = ('니까', '더니', '길래', '면서', '느라', '보니')
_CORRECTING = ('아니라', '아니고', '아니구')


@dataclass
class Reading:
    """What was understood of a sentence, and what was left over."""

    words: tuple[str, ...]
    question: bool
    facts: list[Fact] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    denied: bool = False
    """Something was said not to be so."""


def told(text: str, told_at: datetime | None = None) -> tuple[Fact, ...]:
    """Return the facts stated in Korean text."""
    return tuple(fact for reading in readings(text, told_at) for fact in reading.facts)


def readings(text: str, told_at: datetime | None = None) -> list[Reading]:
    """Read each sentence of a text."""
    found: list[Reading] = []
    # After a sentence about someone else, one without a subject may be about either.
    unclear = False
    relatives: Subject | None = None
    for match in _SENTENCE.finditer(without_quotations(plain(text))):
        words = tuple(match[0].translate(_NOISE).split())
        if words:
            if any(map(_KIDDING.fullmatch, words)):
                for each in found:
                    each.facts = []
            asked = match[0].rstrip().endswith(('?', '？'))
            scan = _Scan(words, asked, told_at, relatives, unclear=unclear)
            found.append(scan.run())
            relatives = scan.relatives
            unclear = scan.about_others or (unclear and not scan.reading.facts)
    return found


class _Scan:
    """One pass over a sentence from left to right."""

    def __init__(
        self,
        words: tuple[str, ...],
        question: bool,
        told_at: datetime | None,
        relatives: Subject | None,
        *,
        unclear: bool,
    ) -> None:
        self.reading = Reading(words, asks(words, question))
        self._told_at = told_at
        self._wrong = ''  # `보라가 아니라`: what the next value is not
        self.relatives = relatives  # `여동생이 두 명 있어`, whose names may follow
        self._pending: list[str] = []
        self._subject: Subject | None = None
        self._unclear = unclear
        # Clauses in order, and whether each still depends on how the sentence ends.
        self._clauses: list[tuple[list[Fact], bool]] = []

    def run(self) -> Reading:
        reading = self.reading
        wanted, quoted = to_remember(reading.words)
        words = wanted or reading.words
        if words[0] in ('네', '니') and len(words) > 1 and words[1].startswith(OWNED_QUALITIES):
            words = ('너의', *words[1:])  # `your name`, not `yes, the name`
        if not wanted and doubts(words):
            reading.rest = list(words)
            return reading
        at = 0
        while at < len(words):
            at = self._word(words, at)
        reading.rest += self._pending
        self._settle(asking=reading.question and not wanted)
        if wanted and quoted and not reading.facts:
            note = ' '.join(wanted[:_MAX_NOTE])
            reading.facts.append(Fact(USER, NOTE, note, written_down(SELF.label, NOTE, note)))
            reading.rest = []
        return reading

    @property
    def about_others(self) -> bool:
        """Whether the last clause was about someone who is not the speaker."""
        return self._subject is not None and self._subject.subject != USER

    def _word(self, words: tuple[str, ...], at: int) -> int:
        """Take one word, or more when they form one verb; return where to go on."""
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ''
        if word in FILLERS and not self._pending:
            self.reading.rest.append(word)
            return at + 1
        if word.endswith(_LEADING_ON) and not verb(word):
            # `찾아보니까`: what led to it is no part of it.
            self.reading.rest += [*self._pending, word]
            self._pending = []
            return at + 1
        if word in _CORRECTING and self._pending:
            self._wrong = self._pending.pop().removesuffix('이').removesuffix('가')
            return at + 1
        never, count = never_verb(words, at)
        if never:
            self._state(never, words[at : at + count], negative=True)
            return at + count
        untrue = negated_verb(word, following)
        if untrue:
            self._state(untrue, (word, following), negative=True)
            return at + 2
        event, count = happened(word, following)
        if event:
            self._state(event, words[at : at + count])
            return at + count
        past = past_verb(word)
        if past:
            self._state(past, (word,), past=True)
            return at + 1
        name = verb(word)
        if name and not (name == 'do' and not self._pending):
            # `살고 있어요` is one verb.
            progressive = word.endswith('고') and following.startswith('있') and name != 'be there'
            form = words[at : at + 2] if progressive else (word,)
            self._state(name, form)
            return at + len(form)
        noun, copula = without_copula(word)
        if not (copula and self._complete(noun, copula, word)):
            self._pending.append(word)
        return at + 1

    def _state(
        self, name: str, form: tuple[str, ...], *, negative: bool = False, past: bool = False
    ) -> None:
        """Close a clause with a verb."""
        parts = parts_of(self._pending)
        negative = negative or parts.negative
        found = parts.found
        subject = subject_of(found, name)
        who = subject or self._subject or SELF
        explicit = subject is not None
        told = predicate(name, found, parts.words, who, parts.times, explicit=explicit)
        if name in ('be there', 'keep') and told:
            self.relatives = unnamed_relatives(told)
        if past:
            over = parts.formerly or (name in SURE_WHEN_PAST and not parts.passing)
            told = list(ceased(told)) if over and not negative else []
        elif negative:
            told = self._negated(told, no_more=parts.no_more)
        self._close(subject, told, form, parts.times)

    def _negated(self, told: list[Told], *, no_more: bool) -> list[Told]:
        """Return what is not so; not to like something is to dislike it, unless it ceased."""
        if no_more:
            self.reading.denied = self.reading.denied or bool(told)
            return list(ceased(told, changed=True))
        if told and all(each.predicate == 'likes' for each in told):
            return [Told(each.who, 'dislikes', each.value) for each in told]
        self.reading.denied = self.reading.denied or bool(told)
        return list(denied(told))

    def _complete(self, noun: str, form: str, word: str) -> bool:
        """Close a clause with `to be`, if what stands before it is something one can be."""
        parts = parts_of(self._pending)
        subject = subject_of(parts.found)
        if noun == '아니':
            self._deny(parts)
            return True
        told = complement(parts.words, noun, subject, self._subject)
        if subject and subject.quality and subject.subject == USER:
            # A bare `이름은` after `동생이 있어요` is the sibling's.
            bare = parts.words[0].startswith(OWNED_QUALITIES)
            if bare and self.relatives:
                subject = replace(self.relatives, quality=subject.quality)
                told = names_of(self.relatives, parts.words[1:], noun)
            elif bare and self._unclear:
                told = []
        if form == '야' and not parts.words and any(each.predicate == 'name' for each in told):
            return False  # `민수야, 안녕` calls someone
        together = any(phrase.particle in WITH for phrase in parts.found)
        if subject is None and (together or (self.relatives and likely_name(noun))):
            # `보라랑 미나야` says who there is, and nothing of the speaker.
            told = names_of(self.relatives, parts.words, noun) if self.relatives else []
        if not told and form not in CERTAIN_COPULAS:
            return False
        if interrogative(noun):
            told = []
        self._close(subject, told, (word,), parts.times)
        return True

    def _deny(self, parts: Parts) -> None:
        """`학생이 아니에요`, `제 이름은 밥이 아니에요`."""
        self.reading.denied = True
        words = parts.words
        told: list[Told] = []
        subject = subject_of(phrases(words[:-1]))
        if words:
            told = complement(words[:-1], without_subject_mark(words[-1]), subject, self._subject)
        told = list(ceased(told, changed=True)) if parts.no_more else list(denied(told))
        self._close(subject, told, ('아니에요',), parts.times)

    def _close(
        self,
        subject: Subject | None,
        told: list[Told],
        form: tuple[str, ...],
        times: tuple[Time, ...],
    ) -> None:
        open_to_doubt = self._unclear and subject is None and self._subject is None
        stated = [] if open_to_doubt or any(map(interrogative, self._pending)) else told
        unnamed = subject is None and (self._subject is None or self._subject == SELF)
        if unnamed and (honours(form) or self._unread_topic(told)):
            stated = []
        if subject:
            self._subject = replace(subject, quality='')
        if self._wrong and stated:
            last = stated[-1]
            stated = [*stated, *denied((Told(last.who, last.predicate, self._wrong),))]
        facts: list[Fact] = []
        if stated:
            facts += links_of(subject, phrases(self._pending))
        facts += [self._fact(each) for each in timed(stated, times)]
        self._wrong = ''
        if not facts:
            self.reading.rest += [*self._pending, *form]
        self._clauses.append((facts, links(form[-1])))
        self._pending = []

    def _unread_topic(self, told: list[Told]) -> bool:
        """Tell whether it is about something that was not understood, and so not the speaker."""
        if any(each.predicate in ('likes', 'dislikes') for each in told):
            return False  # what is liked may be the topic, as in `커피는 좋아해`
        marked = {'은', '는', '께서'}
        if not any(each.predicate in ('has', 'is') for each in told):
            marked |= {'이', '가'}  # else it is what there is
        found = parts_of(self._pending).found
        return any(phrase.particle in marked for phrase in found)

    def _fact(self, told: Told) -> Fact:
        text = written_down(told.who.label, told.predicate, told.value, told.standing)
        return fact_of(told, text, self._told_at)

    def _settle(self, *, asking: bool) -> None:
        """Keep what was stated; in a question, not its last clause nor those that lead to it."""
        clauses = self._clauses
        if asking and not self._pending:
            keep = len(clauses) - 1
            while keep > 0 and clauses[keep - 1][1]:
                keep -= 1
            dropped = clauses[max(0, keep) :]
            clauses = clauses[: max(0, keep)]
            if any(facts for facts, _ in dropped):
                self.reading.rest = list(self.reading.words)
        elif asking:
            while clauses and clauses[-1][1]:
                clauses = clauses[:-1]
        for facts, _ in clauses:
            self.reading.facts += [fact for fact in facts if fact not in self.reading.facts]
