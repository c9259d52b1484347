# SPDX-License-Identifier: Apache-2.0
"""Reads English statements: one pass over the words, for transcripts without punctuation.

A statement is a subject (`i`, `my sister mina`, `bob`), a verb of the tables in
`predicates.py`, and a value. The next one may follow after `and`, `who` or nothing at all.
A word of doubt, a question word or hearsay silences the rest of its segment, because without
punctuation nobody can tell where the doubt ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from prot_ros.core.facts import NOTE, Fact, Standing
from prot_ros.core.offline.dates import Time
from prot_ros.core.offline.english.clauses import written_down
from prot_ros.core.offline.english.dates import times_at
from prot_ros.core.offline.english.leads import (
    CERTAIN,
    REMEMBER,
    asked_by_its_end,
    said_by_others,
    starts,
    takes_back,
)
from prot_ros.core.offline.english.naming import also_called_at, call_at, introduced_at
from prot_ros.core.offline.english.predicates import predicate_at
from prot_ros.core.offline.english.properties import corrected, property_at
from prot_ros.core.offline.english.subjects import (
    PROPERTIES,
    SELF,
    Subject,
    relatives_at,
    subject_at,
)
from prot_ros.core.offline.english.tokens import Segment, segments
from prot_ros.core.offline.english.values import looks_like_name, name_at
from prot_ros.core.offline.english.verbs import Found
from prot_ros.core.offline.english.words import (
    AUXILIARIES,
    CONJUNCTIONS,
    FILLERS,
    PET_SYNONYMS,
    PETS,
    RELATIONS,
    UNCERTAIN,
)
from prot_ros.core.offline.statements import Told, fact_of, timed

_MAX_NOTE = 40  # words


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


def told(text: str, told_at: datetime | None = None) -> tuple[Fact, ...]:
    """Return the facts stated in English text; `told_at`, with its zone, dates `last week`."""
    return tuple(fact for reading in readings(text, told_at) for fact in reading.facts)


def readings(text: str, told_at: datetime | None = None) -> list[Reading]:
    """Read each segment of a text; `she` may mean who was named in the one before."""
    found: list[Reading] = []
    last: Subject | None = None
    for segment in segments(text):
        if takes_back(segment.low):
            found = [replace(each, facts=()) for each in found]
        scan = _Scan(segment, last, told_at)
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


class _Scan:
    """One pass over a segment from left to right."""

    def __init__(self, segment: Segment, last: Subject | None, told_at: datetime | None) -> None:
        self.segment = segment
        self.facts: list[Fact] = []
        self.used: set[int] = set()
        self.denied = False
        self.last = last  # whom `he`, `she` and `who` mean
        self._told_at = told_at
        self._before: tuple[Time, ...] = ()  # `last year , ...`

    def run(self) -> None:
        low = self.segment.low
        if self.segment.question or asked_by_its_end(low) or said_by_others(low):
            return
        at = 0
        while at < len(low) and low[at] in FILLERS | {','} and not times_at(low, at)[0]:
            at += 1
        lead = starts(low, at, REMEMBER)
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
            self._tell(Told(SELF, NOTE, value))
            self.used.update(range(at, len(low)))
        if self.facts:
            self.used.update(range(start, at))

    def _statements(self, at: int) -> None:
        low = self.segment.low
        fresh = True  # a statement may begin here even with a name
        while at < len(low):
            certain = starts(low, at, CERTAIN) if fresh else 0
            times, after = times_at(low, at) if fresh else ((), at)
            if certain:
                self.used.update(range(at, at + certain))
                at += certain
            elif times:
                self._before, at = times, after
            elif low[at] in UNCERTAIN or (low[at] in AUXILIARIES and (fresh or self._asks(at))):
                return
            else:
                end = self._statement(at, fresh)
                if end is None:
                    self._relatives(at)
                    fresh = low[at] in FILLERS | CONJUNCTIONS | {','}
                    at += 1
                else:
                    self.used.update(range(at, end))
                    at, fresh, self._before = end, True, ()

    def _asks(self, at: int) -> bool:
        """`do i`, `is my`: an auxiliary before its subject asks."""
        return self.segment.low[at + 1 : at + 2] in (('i',), ('my',), ('he',), ('she',), ('they',))

    def _statement(self, at: int, fresh: bool) -> int | None:
        """Read one statement and those that share its subject; return where they end."""
        found = call_at(self.segment, at, self.last) or (
            introduced_at(self.segment, at) if fresh else None
        )
        if found is not None:
            return self._take(SELF, found)
        who, after = self._subject(at, fresh)
        if who is None:
            return None
        also = also_called_at(self.segment, after, who) if not who.owner else None
        if also:
            after = self._take(who, also)
            after += self.segment.low[after : after + 1] == (',',)
        end = self._predicate(who, after)
        if end is None:
            return after if also else None
        while True:
            following = self._continued(who, end)
            if following is None:
                return end
            end = following

    def _subject(self, at: int, fresh: bool) -> tuple[Subject | None, int]:
        low = self.segment.low
        following = low[at + 1] if at + 1 < len(low) else ''
        if low[at] in ('he', 'she', 'they') and self.last:
            return self.last, at + 1
        if low[at] in ('his', 'her', 'its', 'their') and self.last and following in PROPERTIES:
            return replace(self.last, owner=True), at + 1
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
            self._take(who, Found(name[1], (Told(who, 'is called', name[0]),)))
            self.used.update(range(name[1]))
        return None, at

    def _predicate(self, who: Subject, at: int) -> int | None:
        found = property_at(self.segment, at, who) or (
            None if who.owner else predicate_at(self.segment, at, who)
        )
        return self._take(who, corrected(self.segment, found)) if found else None

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
        """Keep what was told of someone, with the times that follow; return where they end."""
        self.denied = self.denied or found.denied
        if found.told and who.link and who.link not in self.facts:
            self.facts.append(who.link)
        if who != SELF:
            self.last = who
        times, end = times_at(self.segment.low, found.end)
        told = timed(found.told, (*self._before, *times))
        for each in told:
            self._tell(each)
            self._mean(each)
        return end

    def _mean(self, told: Told) -> None:
        """Let `she` mean whom it was just told of: `my sister is called mina`."""
        naming = told.predicate == 'is called' and told.standing is Standing.HOLDS
        if naming and told.who.subject != SELF.subject:
            self.last = Subject(told.value, f'{told.who.label} {told.value}')
        words = told.value.lower().split(' ')
        relative = RELATIONS.get(words[-1]) or (words[-1] if words[-1] in PETS else '')
        if told.predicate == 'has' and words[0] in ('a', 'an') and relative:
            # `i have a sister, she lives in busan`, `i got a puppy, her name is coco`
            relative = PET_SYNONYMS.get(relative, relative)
            self.last = Subject(
                f"{told.who.subject}'s {relative}", f"{told.who.label}'s {relative}"
            )

    def _relatives(self, at: int) -> None:
        """Keep the names of `my sister mina and my brother tom`, whatever is said of them."""
        found = relatives_at(self.segment, at)
        if found and found[0].link and looks_like_name(self.segment, found[1] - 1):
            if found[0].link not in self.facts:
                self.facts.append(found[0].link)
            self.last = found[0]
            self.used.update(range(at, found[1]))
            also = also_called_at(self.segment, found[1], found[0])
            if also:
                self.used.update(range(found[1], self._take(found[0], also)))

    def _tell(self, told: Told) -> None:
        written = written_down(told.who.label, told.predicate, told.value, told.standing)
        fact = fact_of(told, written, self._told_at)
        if fact not in self.facts:
            self.facts.append(fact)
