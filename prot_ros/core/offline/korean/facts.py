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
from prot_ros.core.offline.korean.clauses import written_down
from prot_ros.core.offline.korean.predicates import (
    OWNED_QUALITIES,
    SELF,
    Subject,
    Told,
    complement,
    predicate,
    subject_of,
)
from prot_ros.core.offline.korean.verbs import (
    CERTAIN_COPULAS,
    asks,
    doubts,
    interrogative,
    links,
    negated_verb,
    verb,
    without_copula,
)
from prot_ros.core.offline.korean.words import FILLERS, phrases
from prot_ros.core.offline.plain_text import plain

_SENTENCE = re.compile(r'[^.!?;\n…。？！]+[.!?;\n…。？！]*')
_NOISE = str.maketrans({mark: ' ' for mark in '.!?;…。？！,"“”\'()·:'})
_REMEMBER = re.compile('기억(?:해|하)(?:줘|줘요|주세요|둬|두세요|줄래|주겠니|라)?')
_PLEASE = ('줘', '줘요', '주세요', '둬', '두세요', '줄래', '주실래요', '주겠니', '주시겠어요')
_QUOTED = (
    ('라는', 'copula'), ('이라는', 'copula'), ('이라고', 'copula'), ('라고', 'copula'),
    ('다는', '다'), ('다고', '다'), ('는', '다'),
)  # fmt: skip
_MAX_NOTE = 40  # words


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
    return tuple(fact for reading in readings(text) for fact in reading.facts)


def readings(text: str) -> list[Reading]:
    """Read each sentence of a text."""
    found = []
    # After a sentence about someone else, one without a subject may be about either.
    unclear = False
    for match in _SENTENCE.finditer(plain(text)):
        words = tuple(match[0].translate(_NOISE).split())
        if words:
            scan = _Scan(words, match[0].rstrip().endswith(('?', '？')), unclear=unclear)
            found.append(scan.run())
            unclear = scan.about_others or (unclear and not scan.reading.facts)
    return found


class _Scan:
    """One pass over a sentence from left to right."""

    def __init__(self, words: tuple[str, ...], question: bool, *, unclear: bool) -> None:
        self.reading = Reading(words, asks(words, question))
        self._pending: list[str] = []
        self._subject: Subject | None = None
        self._unclear = unclear
        # Clauses in order, and whether each still depends on how the sentence ends.
        self._clauses: list[tuple[list[Fact], bool]] = []

    def run(self) -> Reading:
        reading = self.reading
        wanted, quoted = _to_remember(reading.words)
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
        denied = negated_verb(word, following)
        if denied:
            self._state(denied, (word, following), negative=True)
            return at + 2
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

    def _state(self, name: str, form: tuple[str, ...], *, negative: bool = False) -> None:
        """Close a clause with a verb."""
        before = [word for word in self._pending if word not in FILLERS]
        negative = negative or (bool(before) and before[-1] in ('안', '못'))
        before = [word for word in before if word not in ('안', '못')]
        found = phrases(before)
        subject = subject_of(found, name)
        who = subject or self._subject or SELF
        told = predicate(name, found, before, who, explicit=subject is not None)
        if negative:
            self.reading.denied = self.reading.denied or (bool(told) and name != 'like')
            told = [(s, 'dislikes', o) for s, p, o in told if p == 'likes']
        self._close(subject, told, form)

    def _complete(self, noun: str, form: str, word: str) -> bool:
        """Close a clause with `to be`, if what stands before it is something one can be."""
        before = [word for word in self._pending if word not in FILLERS]
        subject = subject_of(phrases(before))
        told = complement(before, noun, subject, self._subject)
        if noun.endswith('아니'):
            self.reading.denied = True
            told = []
        elif not told and form not in CERTAIN_COPULAS:
            return False
        if interrogative(noun):
            told = []
        self._close(subject, told, (word,))
        return True

    def _close(self, subject: Subject | None, told: list[Told], form: tuple[str, ...]) -> None:
        open_to_doubt = self._unclear and subject is None and self._subject is None
        stated = [] if open_to_doubt or any(map(interrogative, self._pending)) else told
        if subject:
            self._subject = replace(subject, quality='')
        facts: list[Fact] = []
        if stated and subject and subject.link:
            facts.append(subject.link)
        for who, relation, value in stated:
            facts.append(
                Fact(who.subject, relation, value, written_down(who.label, relation, value))
            )
        if not facts:
            self.reading.rest += [*self._pending, *form]
        self._clauses.append((facts, links(form[-1])))
        self._pending = []

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


def _to_remember(words: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return what the user wants remembered, as a statement, and whether it was quoted as one.

    It is empty when nothing is to be remembered.
    """
    end = next((at for at, word in enumerate(words) if _REMEMBER.fullmatch(word)), None)
    if not end:
        return (), False
    asked = words[end].endswith(_PLEASE) or words[end + 1 : end + 2] in {(p,) for p in _PLEASE}
    wanted = words[:end]
    if wanted[-1] in ('것을', '걸', '것', '거', '것도', '꼭', '잘'):
        wanted = wanted[:-1]
    if not asked or len(wanted) < 2 or any(map(interrogative, wanted)):
        return (), False
    last = wanted[-1]
    for ending, kind in _QUOTED:
        stem = last.removesuffix(ending)
        if stem and stem != last:
            return (*wanted[:-1], stem + ('이야' if kind == 'copula' else '다')), True
    return wanted, False
