# SPDX-License-Identifier: Apache-2.0
"""Whom an English sentence is about: `i`, `my older sister mina`, `bob`, `bob's dog`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prot_ros.core.facts import USER, Fact
from prot_ros.core.offline.english.clauses import written_down
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import looks_like_name, short_name_at
from prot_ros.core.offline.english.words import (
    ADVERBS,
    BARE_RELATIONS,
    GIVEN_NAMES,
    KIN_ADJECTIVES,
    KIN_SYNONYMS,
    NOT_NAMES,
    PET_SYNONYMS,
    PETS,
    PLURAL_RELATIONS,
    PROFESSIONS,
    RELATIONS,
)
from prot_ros.core.offline.plain_text import listed

THIRD_PERSON = frozenset(
    listed("""lives comes works likes loves enjoys adores hates dislikes speaks plays studies
has is does resides moved owns drives rides died passed got gets graduated started stopped quit
retired became turned sold joined bought adopted was used never no goes lived worked studied""")
)
PROPERTIES = frozenset(
    listed("""name nickname birthday age job profession hometown favorite home phone telephone
mobile number room address locker flight license shoe bus apartment office seat passport""")
)
_UNSURE = THIRD_PERSON - frozenset(listed('lives comes works likes loves enjoys adores hates'))
"""Verbs that follow many other words, too, so that the word before must look like a name."""
_MAX_CHAIN = 3  # my sister's husband's boss
_NOT_PERSONS = frozenset(
    listed("""god nature science music art school company team weather robot computer food
coffee tea""")
)


@dataclass(frozen=True)
class Subject:
    """Whom it is about, and how it was said."""

    subject: str
    """As in Fact."""
    label: str
    """As it is written in a sentence: `the user's sister Mina`."""
    link: Fact | None = None
    """`user's sister | is called | Mina`, when both were said."""
    owner: bool = False
    """It ended in 's, so that a property must follow."""


SELF = Subject(USER, 'the user')


def subject_at(segment: Segment, at: int) -> tuple[Subject, int] | None:
    """Read a subject at a position; return it and where it ends."""
    low = segment.low
    if at >= len(low):
        return None
    if low[at] in ('i', 'we'):
        return SELF, at + 1
    if low[at] in ('my', 'our'):
        if low[at + 1 : at + 2] and low[at + 1] in PROPERTIES | {'first', 'full', 'real'}:
            return replace(SELF, owner=True), at + 1
        return _relative_at(segment, at + 1, SELF, 0)
    if low[at].removesuffix("'s") in BARE_RELATIONS:
        return _relative_at(segment, at, SELF, 0)
    return named_at(segment, at)


def named_at(segment: Segment, at: int) -> tuple[Subject, int] | None:
    """Read a name at a position: a word that could be one, before a verb or as an owner."""
    low = segment.low
    if at >= len(low):
        return None
    stem = low[at].removesuffix("'s")
    if stem in NOT_NAMES or stem in _NOT_PERSONS or stem in RELATIONS or stem in PROFESSIONS:
        return None
    if stem.endswith(('ing', 'ly', 'day', 'tion')) and stem not in GIVEN_NAMES:
        return None  # `networking plays a role`, `recently moved`, `saturday works for me`
    if stem != low[at]:
        name = segment.raw[at][:-2]
        owner = Subject(_capital(name), _capital(name), owner=True)
        following = low[at + 1 : at + 2]
        if following and (following[0] in RELATIONS or following[0] in PETS | KIN_ADJECTIVES):
            return _relative_at(segment, at + 1, replace(owner, owner=False), 1)
        return (owner, at + 1) if following and following[0] in PROPERTIES else None
    read = short_name_at(segment, at)
    if read is None:
        return None
    name, end = read
    verb = _after_adverbs(low, end)
    if verb in THIRD_PERSON and (verb not in _UNSURE or looks_like_name(segment, at)):
        return Subject(name, name), end
    return None


def relatives_at(segment: Segment, at: int) -> tuple[Subject, int] | None:
    """Read `my sister mina` where no verb follows; None where no name does."""
    low = segment.low
    if at >= len(low) or low[at] not in ('my', 'our'):
        return None
    found = subject_at(segment, at)
    return found if found and found[0].link else None


def _relative_at(
    segment: Segment, at: int, owner: Subject, depth: int
) -> tuple[Subject, int] | None:
    """Read `older sister mina` after whose she is."""
    low = segment.low
    adjective = ''
    while at < len(low) and low[at] in KIN_ADJECTIVES and not adjective:
        adjective = KIN_SYNONYMS.get(low[at], low[at]) + ' '
        at += 1
    if at >= len(low) or depth >= _MAX_CHAIN:
        return None
    following = low[at + 1] if at + 1 < len(low) else ''
    noun, owns = _noun(low[at], following)
    kin = RELATIONS.get(noun) or (PET_SYNONYMS.get(noun, noun) if noun in PETS else None)
    if kin is None:
        return None
    at += 1
    if low[at : at + 2] in (('in', 'law'), ('in', "law's")):
        owns = low[at + 1] == "law's"
        kin, at = f'{kin}-in-law', at + 2
        following = low[at] if at < len(low) else ''
    who = Subject(f"{owner.subject}'s {adjective}{kin}", f"{owner.label}'s {adjective}{kin}")
    if owns:
        if following in PROPERTIES:
            return replace(who, owner=True), at
        return _relative_at(segment, at, who, depth + 1)
    return _with_name(segment, at, who)


def _with_name(segment: Segment, at: int, who: Subject) -> tuple[Subject, int]:
    """Take the name that may follow: `my sister mina`, `my friend called bob`."""
    low = segment.low
    introduced = at < len(low) and low[at] in ('called', 'named')
    start = at + 1 if introduced else at
    read = short_name_at(segment, start)
    if read is None or low[start] in ADVERBS | THIRD_PERSON | RELATIONS.keys():
        return who, at
    name, end = read
    if name.lower().split(' ')[0].endswith("'s"):
        return who, at
    known = introduced or looks_like_name(segment, start)
    if not known and _after_adverbs(low, end) not in THIRD_PERSON | {'who'}:
        return who, at
    link = Fact(who.subject, 'is called', name, written_down(who.label, 'is called', name))
    return Subject(name, f'{who.label} {name}', link), end


def is_plural(subject: str) -> bool:
    """Tell whether verbs after it have the form they have after `they`."""
    return subject.split(' ')[-1] in PLURAL_RELATIONS


def _noun(word: str, following: str) -> tuple[str, bool]:
    """Return the noun without its possessive ending, and whether it had one.

    A recogniser leaves the apostrophe out, so `sisters name` is read as `sister's name`.
    """
    if word.endswith("'s"):
        return word[:-2], True
    single = word.removesuffix('s')
    if (
        word.endswith('s')
        and (single in RELATIONS or single in PETS)
        and (following in PROPERTIES or following in RELATIONS)
    ):
        return single, True
    return word, False


def _after_adverbs(low: tuple[str, ...], at: int) -> str:
    while at < len(low) and low[at] in ADVERBS:
        at += 1
    return low[at] if at < len(low) else ''


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
