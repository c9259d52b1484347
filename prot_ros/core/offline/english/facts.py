# SPDX-License-Identifier: Apache-2.0
"""Reads English statements: one pass over the words, for transcripts without punctuation.

A statement is a subject (`i`, `my sister mina`, `bob`), a verb of the tables in
`predicates.py`, and a value. The next one may follow after `and`, `who` or nothing at all.
A word of doubt, a question word or hearsay silences the rest of its segment, because without
punctuation nobody can tell where the doubt ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.core.facts import NOTE, Fact
from prot_ros.core.offline.english.clauses import written_down
from prot_ros.core.offline.english.predicates import predicate_at, property_at
from prot_ros.core.offline.english.subjects import SELF, Subject, subject_at
from prot_ros.core.offline.english.tokens import Segment, segments
from prot_ros.core.offline.english.values import looks_like_name, name_at
from prot_ros.core.offline.english.verbs import Found
from prot_ros.core.offline.english.words import (
    AUXILIARIES,
    CONJUNCTIONS,
    FILLERS,
    PRONOUNS,
    RELATIONS,
    UNCERTAIN,
)

_MAX_NOTE = 40  # words
# Said to the robot before something that is to be kept. The longest come first.
_REMEMBER = tuple(
    tuple(lead.split())
    for lead in (
        'i want you to remember that', 'i want you to remember', 'i want you to know that',
        'i would like you to remember that', 'can you please remember that',
        'could you please remember that', 'can you remember that', 'could you remember that',
        'will you remember that', 'would you remember that', 'do not forget that',
        'keep in mind that', 'you should know that', 'you should remember that',
        'make a note that', 'note that', 'remember that', 'do not forget', 'remember',
    )
)  # fmt: skip
_CERTAIN = tuple(
    tuple(lead.split())
    for lead in (
        'i already told you that', 'i already told you', 'i told you that', 'i told you',
        'i just said that', 'i just said', 'i said that', 'i said', 'let me tell you that',
        'let me tell you', 'i want to tell you that', 'i want to tell you', 'i meant',
    )
)  # fmt: skip
_TAGS = tuple(
    tuple(tag.split())
    for tag in (
        'right', 'correct', 'is that right', 'is not it', 'do i not', 'do not i', 'am i not',
        'are not i', 'am i', 'do i', 'does he', 'does she', 'does not he', 'does not she',
        'is he', 'is she', 'is not he', 'is not she', 'or not', 'do not you think',
    )
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """What was understood of a segment, and what was left over."""

    facts: tuple[Fact, ...]
    rest: tuple[str, ...]
    """The words that told nothing, in lower case."""
    raw_rest: tuple[str, ...]
    question: bool
    """It ended in a question mark."""
    denied: bool
    """Something was said not to be so."""


def told(text: str) -> tuple[Fact, ...]:
    """Return the facts stated in English text."""
    return tuple(fact for reading in readings(text) for fact in reading.facts)


def readings(text: str) -> list[Reading]:
    """Read each segment of a text; `she` may mean who was named in the one before."""
    found: list[Reading] = []
    last: Subject | None = None
    for segment in segments(text):
        scan = _Scan(segment, last)
        scan.run()
        last = scan.last
        rest = [at for at in range(len(segment.low)) if at not in scan.used]
        found.append(
            Reading(
                tuple(scan.facts),
                tuple(segment.low[at] for at in rest),
                tuple(segment.raw[at] for at in rest),
                segment.question,
                scan.denied,
            )
        )
    return found


def _starts(low: tuple[str, ...], at: int, leads: tuple[tuple[str, ...], ...]) -> int:
    """Return how many words of a lead stand at a position; 0 for none."""
    return next((len(lead) for lead in leads if low[at : at + len(lead)] == lead), 0)


class _Scan:
    """One pass over a segment from left to right."""

    def __init__(self, segment: Segment, last: Subject | None) -> None:
        self.segment = segment
        self.facts: list[Fact] = []
        self.used: set[int] = set()
        self.denied = False
        self.last = last  # whom `he`, `she` and `who` mean

    def run(self) -> None:
        low = self.segment.low
        if self.segment.question or any(low[-len(tag) :] == tag for tag in _TAGS):
            return
        at = 0
        while at < len(low) and low[at] in FILLERS | {','}:
            at += 1
        lead = _starts(low, at, _REMEMBER)
        if lead:
            self._remember(at, at + lead)
        else:
            self._statements(at)

    def _remember(self, start: int, at: int) -> None:
        """Keep what follows `remember`: as facts where it is any, else word for word."""
        low = self.segment.low
        self._statements(at)
        rest = low[at:]
        wanted = low[at - 1] == 'that' or rest[:1] in (
            ('to',), ('my',), ('the',), ('i',), ('our',), ('we',),
        )  # fmt: skip
        if not self.facts and wanted and len(rest) > 1 and rest[0] not in ('me', 'when'):
            words = self.segment.raw[at : at + _MAX_NOTE]
            value = ' '.join('I' if word == 'i' else word for word in words).replace(' ,', ',')
            self._tell(SELF, NOTE, value)
            self.used.update(range(at, len(low)))
        if self.facts:
            self.used.update(range(start, at))

    def _statements(self, at: int) -> None:
        low = self.segment.low
        fresh = True  # a statement may begin here even with a name
        while at < len(low):
            certain = _starts(low, at, _CERTAIN) if fresh else 0
            if certain:
                self.used.update(range(at, at + certain))
                at += certain
            elif low[at] in UNCERTAIN or (low[at] in AUXILIARIES and (fresh or self._asks(at))):
                return
            else:
                end = self._statement(at, fresh)
                if end is None:
                    fresh = low[at] in FILLERS | CONJUNCTIONS | {','}
                    at += 1
                else:
                    self.used.update(range(at, end))
                    at, fresh = end, True

    def _asks(self, at: int) -> bool:
        """`do i`, `is my`: an auxiliary before its subject asks."""
        return self.segment.low[at + 1 : at + 2] in (('i',), ('my',), ('he',), ('she',), ('they',))

    def _statement(self, at: int, fresh: bool) -> int | None:
        """Read one statement and those that share its subject; return where they end."""
        end = self._call_me(at) or (self._introduction(at) if fresh else None)
        if end is not None:
            return end
        who, after = self._subject(at, fresh)
        if who is None:
            return None
        end = self._predicate(who, after)
        while end is not None:
            following = self._continued(who, end)
            if following is None:
                return end
            end = following
        return end

    def _subject(self, at: int, fresh: bool) -> tuple[Subject | None, int]:
        low = self.segment.low
        if low[at] in ('he', 'she', 'they') and self.last:
            return self.last, at + 1
        if low[at : at + 4] == ('the', 'name', 'of', 'my'):
            found = subject_at(self.segment, at + 3)
            if found and low[found[1] : found[1] + 1] == ('is',):
                return self._with_name(found[0], found[1] + 1)
            return None, at
        if low[at : at + 3] == ('the', 'name', 'is') or low[at : at + 2] == ('name', 'is'):
            return (SELF, at) if fresh and not at else (None, at)
        found = subject_at(self.segment, at) if fresh or low[at] in ('i', 'my') else None
        return found or (None, at)

    def _with_name(self, who: Subject, at: int) -> tuple[None, int]:
        name = name_at(self.segment, at)
        if name:
            self._tell(who, 'is called', name[0])
            self.used.update(range(name[1]))
        return None, at

    def _predicate(self, who: Subject, at: int) -> int | None:
        found = property_at(self.segment, at, who) or (
            None if who.owner else predicate_at(self.segment, at, who)
        )
        return self._take(who, found) if found else None

    def _continued(self, who: Subject, at: int) -> int | None:
        """Read on after `and`, `who` or a comma, with the same subject or the one just named."""
        low = self.segment.low
        start = at
        while at < len(low) and low[at] in ('and', ',', 'but', 'who', 'also', 'plus'):
            at += 1
        if at == start or at >= len(low):
            return None
        named = self.last if 'who' in low[start:at] else None
        for subject in (named or who, self.last):
            found = predicate_at(self.segment, at, subject) if subject else None
            if subject and found:
                return self._take(subject, found)
        return None

    def _take(self, who: Subject, found: Found) -> int:
        self.denied = self.denied or found.denied
        if found.told and who.link and who.link not in self.facts:
            self.facts.append(who.link)
        if who != SELF:
            self.last = who
        for subject, predicate, value in found.told:
            self._tell(subject, predicate, value)
            if predicate == 'is called' and subject != SELF:
                self.last = Subject(value, f'{subject.label} {value}')
        return found.end

    def _tell(self, who: Subject, predicate: str, value: str) -> None:
        fact = Fact(who.subject, predicate, value, written_down(who.label, predicate, value))
        if fact not in self.facts:
            self.facts.append(fact)

    def _call_me(self, at: int) -> int | None:
        """`call me al`, `my friends call me al`; not `call me later`."""
        low = self.segment.low
        if low[at] not in ('call', 'calls') or low[at + 1 : at + 2] != ('me',):
            return None
        name = name_at(self.segment, at + 2)
        if name is None or (at and low[at - 1] in ('not', 'never')):
            return None
        self._tell(SELF, 'name', name[0])
        return name[1]

    def _introduction(self, at: int) -> int | None:
        """Read `this is alice speaking` and `this is my friend bob`."""
        low = self.segment.low
        if low[at : at + 2] != ('this', 'is') or at + 2 >= len(low):
            return None
        if low[at + 2] == 'my':
            found = subject_at(self.segment, at + 2)
            if found and found[0].link:
                self.facts.append(found[0].link)
                self.last = found[0]
                return found[1]
            return None
        if looks_like_name(self.segment, at + 2) and low[at + 2] not in RELATIONS:
            name = name_at(self.segment, at + 2)
            if name and (name[1] == len(low) or low[name[1]] in PRONOUNS | {'speaking', 'and'}):
                self._tell(SELF, 'name', name[0])
                return name[1]
        return None
