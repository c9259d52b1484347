# SPDX-License-Identifier: Apache-2.0
"""English questions about what was told: `where do i live`, `does bob like jazz`."""

from __future__ import annotations

from prot_ros.core.facts import NOTE, USER, Standing
from prot_ros.core.offline.english.facts import Reading, told
from prot_ros.core.offline.english.subjects import SELF, Subject, subject_at
from prot_ros.core.offline.english.tokens import Segment
from prot_ros.core.offline.english.values import looks_like_name
from prot_ros.core.offline.english.words import (
    ADVERBS,
    KIN_ADJECTIVES,
    NOT_NAMES,
    OWNED_NUMBERS,
    PETS,
    RELATIONS,
    WH_WORDS,
    capitalised,
)
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.questions import Intent, Kind

Words = tuple[str, ...]

# Said before a question that could stand alone.
_LEADS = tuple(
    tuple(lead.split())
    for lead in (
        'do you know', 'do you remember', 'do you still know', 'do you still remember',
        'can you remember', 'can you tell me', 'could you tell me', 'would you tell me', 'tell me',
        'i want to know', 'i would like to know', 'i forgot', 'i have forgotten', 'remind me',
        'did i tell you', 'have i told you', 'you know', 'remember', 'so', 'and', 'but', 'please',
        'do you happen to know', 'you remember',
    )
)  # fmt: skip
# The words that show which relation is asked for, in the order in which they are tried.
_RELATIONS = (
    *((name, name) for name in sorted(OWNED_NUMBERS)),
    ('married', 'gets married'), ('wedding', 'gets married'), ('drive', 'drives'),
    ('drives', 'drives'), ('own', 'owns'), ('owns', 'owns'),
    ('birthday', 'birthday'), ('born', 'birthday'), ('how old', 'age'), ('my age', 'age'),
    ('age', 'age'), ('work as', 'works as'), ('job', 'works as'), ('profession', 'works as'),
    ('for a living', 'works as'), ('occupation', 'works as'), ('work', 'works at'),
    ('working', 'works at'), ('employed', 'works at'), ('from', 'comes from'),
    ('hometown', 'comes from'), ('live', 'lives in'), ('lives', 'lives in'),
    ('living', 'lives in'), ('home', 'lives in'),
    ('not like', 'dislikes'), ('hate', 'dislikes'), ('hates', 'dislikes'),
    ('dislike', 'dislikes'), ('dislikes', 'dislikes'), ('like', 'likes'), ('likes', 'likes'),
    ('love', 'likes'), ('loves', 'likes'), ('enjoy', 'likes'), ('enjoys', 'likes'),
    ('name', 'is called'), ('names', 'is called'), ('called', 'is called'), ('named', 'is called'),
    ('speak', 'speaks'), ('speaks', 'speaks'), ('play', 'plays'), ('plays', 'plays'),
    ('study', 'studies'), ('studies', 'studies'), ('have', 'has'), ('has', 'has'),
    ('do', 'works as'),
)  # fmt: skip
_ALL_OF_IT = (('what', 'have', 'i', 'told', 'you'), ('what', 'did', 'i', 'tell', 'you'))
_KNOWING = frozenset(
    listed("""know tell told say said remember heard hear learned learn info
information anything everything something""")
)
_YES_NO = frozenset(listed('do does did am is are have has'))


def about_facts(words: Words, reading: Reading) -> Intent | None:
    """Return a question about what was told, None when it is something else."""
    words, led = _without_leads(words)
    if not words:
        return None
    if words in (('me',), ('who', 'i', 'am'), ('who', 'am', 'i')):
        return Intent(Kind.ASK_FACT, USER, 'name')
    if words in _ALL_OF_IT:
        return Intent(Kind.ASK_ABOUT, USER)
    segment = Segment(words, _capitals(words, reading), question=False)
    if led and len(words) == 1 and _asked_person(segment, 0):  # do you know bob
        return Intent(Kind.ASK_ABOUT, capitalised(segment.raw))
    return (
        _note(words)
        or _everything(segment)
        or _yes_or_no(segment)
        or _who(segment)
        or _one_fact(segment, led=led)
    )


def _without_leads(words: Words) -> tuple[Words, bool]:
    """Take off `do you know` and the like; return whether anything was taken off."""
    led = False
    while True:
        lead = next((lead for lead in _LEADS if words[: len(lead)] == lead), None)
        if lead is None:
            return words, led
        words, led = words[len(lead) :], True


def _capitals(words: Words, reading: Reading) -> Words:
    """Return the words with the capitals they were written with."""
    written = dict(zip(reading.rest, reading.raw_rest, strict=True))
    return tuple(written.get(word, word) for word in words)


def _note(words: Words) -> Intent | None:
    said = f' {" ".join(words)} '
    asked = (
        'ask you to remember',
        'tell you to remember',
        'should you remember',
        'i ask you to keep',
    )
    if any(phrase in said for phrase in asked):
        return Intent(Kind.ASK_FACT, USER, NOTE)
    return None


def _everything(segment: Segment) -> Intent | None:
    """`what do you know about me`, `tell me about my sister`, `who is bob`."""
    low = segment.low
    if low[:2] in (('who', 'is'), ('who', 'are'), ('who', 'was')):
        subject = _asked_person(segment, 2)
        return Intent(Kind.ASK_ABOUT, subject.subject) if subject else None
    if 'about' not in low:
        return None
    at = low.index('about')
    if low[:at] and not (_KNOWING & set(low[:at])) and low[0] not in ('what', 'how'):
        return None
    if low[at + 1 : at + 2] in (('me',), ('myself',)):
        return Intent(Kind.ASK_ABOUT, USER)
    subject = _asked_person(segment, at + 1)
    return Intent(Kind.ASK_ABOUT, subject.subject) if subject else None


def _asked_person(segment: Segment, at: int) -> Subject | None:
    """Read a person at the end of a question: `my sister`, `bob`."""
    low = segment.low
    if at >= len(low):
        return None
    if low[at] in ('my', 'our', 'i'):
        found = subject_at(segment, at)
        return found[0] if found and not found[0].owner and low[at] != 'i' else None
    rest = len(low) - at
    if rest > 2 or low[at] in NOT_NAMES or low[at] in RELATIONS.keys() - {'mom', 'dad'}:
        return None
    if low[at] in RELATIONS:
        found = subject_at(segment, at)
        return found[0] if found else None
    name = capitalised(segment.raw[at:])
    return Subject(name, name)


def _yes_or_no(segment: Segment) -> Intent | None:
    """`do i live in seoul`, `is bob a doctor`: the statement in it is what is asked."""
    low = segment.low
    if low[0] not in _YES_NO or len(low) < 3:
        return None
    inner = Segment(low[1:], segment.raw[1:], question=False)
    who, end = _anyone_at(inner, 0)
    if who is None:
        return None
    rest = inner.low[end:]
    if not rest:
        return None
    verb: Words = (low[0],) if low[0] in ('am', 'is', 'are', 'has', 'have') else ()
    if who.owner:  # is my name alice
        statement = ('my', rest[0], 'is', *rest[1:])
    elif who == SELF:
        statement = ('i', *verb, *rest)
    else:  # any name stands for whom it is about
        statement = ('zoe', *verb, *(rest if verb else (f'{rest[0]}s', *rest[1:])))
        statement = tuple('has' if word == 'haves' else word for word in statement)
    stated = [fact for fact in told(' '.join(statement)) if fact.standing is Standing.HOLDS]
    if not stated:
        return None
    fact = stated[0]
    if fact.object == 'Zoe':  # is bob my brother
        return Intent(Kind.ASK_FACT, fact.subject, fact.predicate, object=who.subject)
    return Intent(Kind.ASK_FACT, who.subject, fact.predicate, object=fact.object)


def _who(segment: Segment) -> Intent | None:
    """`who likes jazz`, `who lives in busan`."""
    low = segment.low
    if low[0] != 'who' or len(low) < 3:
        return None
    stated = [
        fact for fact in told(' '.join(('zoe', *low[1:]))) if fact.standing is Standing.HOLDS
    ]
    if stated and stated[0].subject == 'Zoe':
        return Intent(Kind.ASK_WHO, predicate=stated[0].predicate, object=stated[0].object)
    return None


def _anyone_at(segment: Segment, at: int) -> tuple[Subject | None, int]:
    """Read a subject in a question, where a name need not stand before a verb form."""
    found = subject_at(segment, at)
    if found:
        return found
    low = segment.low
    if at >= len(low) or low[at] in NOT_NAMES or low[at] in RELATIONS:
        return None, at
    name = capitalised(segment.raw[at : at + 1])
    return Subject(name, name), at + 1


def _one_fact(segment: Segment, *, led: bool) -> Intent | None:
    """`where do i live`, `what is my sister's name`, `how old is bob`, `my name`."""
    low = segment.low
    # A bare `my sister's name` asks; a longer sentence that begins so was only not understood.
    named_only = low[0] in ('my', 'the') and len(low) <= 3
    asking = led or bool(WH_WORDS & set(low[:2])) or named_only
    if not asking or {'you', 'your', 'yourself'} & set(low):
        return None
    for at in range(len(low)):
        who = _subject_of_question(segment, at)
        if who is None:
            continue
        predicate = _relation_asked(low, who)
        if predicate:
            return Intent(Kind.ASK_FACT, who.subject, predicate)
    return None


def _subject_of_question(segment: Segment, at: int) -> Subject | None:
    low = segment.low
    word = low[at]
    if word in ('i', 'my', 'our') or word in RELATIONS or word in KIN_ADJECTIVES | PETS:
        if word not in ('i', 'my', 'our') and (at == 0 or low[at - 1] not in ('my', 'our')):
            bare = subject_at(segment, at)
            return bare[0] if bare and at and low[at - 1] in _YES_NO else None
        found = subject_at(segment, at)
        return found[0] if found else None
    if word == 'me' or word in NOT_NAMES or word in ADVERBS:
        return None
    if word.endswith("'s"):
        found = subject_at(segment, at)
        return found[0] if found else None
    # `does bob`, `is bob`, or where a statement order is kept: `where bob lives`.
    before = low[at - 1] if at else ''
    if before in ('does', 'did', 'is', 'was', 'has') or (
        before in WH_WORDS and looks_like_name(segment, at)
    ):
        name = capitalised(segment.raw[at : at + 1])
        return Subject(name, name)
    return None


def _relation_asked(low: Words, who: Subject) -> str:
    said = f' {" ".join(low)} '
    if 'favorite' in low[:-1]:
        at = low.index('favorite')
        return ' '.join(low[at : at + 2])
    for phrase, predicate in _RELATIONS:
        if f' {phrase} ' not in said:
            continue
        if predicate == 'is called' and who.subject == USER:
            return 'name'
        if predicate == 'is called' and low[0] == 'what' and who.subject == low[-1]:
            continue
        if predicate == 'gets married' and low[0] != 'when':
            continue
        if phrase == 'born' and low[0] == 'where':
            return 'comes from'
        if phrase == 'work' and low[0] == 'what':
            return 'works as'
        if phrase == 'do' and (low[0] != 'what' or low[-1] != 'do'):
            continue
        if phrase in ('have', 'has') and low[0] not in ('what', 'which', 'how', 'do'):
            continue
        return 'dislikes' if predicate == 'likes' and 'not' in low else predicate
    return ''
