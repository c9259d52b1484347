# SPDX-License-Identifier: Apache-2.0
"""Facts out of what a model answered. Pure, and it believes nothing.

The service can hold a model to a schema, but not to lengths, numbers, real dates or sense; other
servers hold it to nothing. What is no fact is left out and counted, so that one bad line does not
cost the turn; an answer that is none at all is an EngineError.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import Any, TypeVar

from prot_ros.core.facts import OWNED, USER, Fact, Kind, Standing
from prot_ros.engines.claude.extraction_request import MOST_FACTS
from prot_ros.engines.kinds import EngineError

E = TypeVar('E', bound=StrEnum)

MOST_ANSWER = 100_000
"""Characters."""
MOST_SUBJECT = 100
MOST_PREDICATE = 60
MOST_TEXT = 1_000
"""Characters of a fact's object and of its sentence."""
FIRST_YEAR, LAST_YEAR = 1000, 2999
"""What people date lies between them, and every database and time zone can hold it."""
_MOST_MARKS = 8
"""On one letter; what is beyond is noise."""

_PREDICATE = re.compile("[a-z][a-z0-9' -]*")
_DATE = re.compile('([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?')
_THE_USER = frozenset({'user', 'the user', 'speaker', 'the speaker'})
_THE_ROBOT = frozenset({'robot', 'the robot', 'assistant', 'the assistant', 'you', '로봇'})
_APOSTROPHES = dict.fromkeys(map(ord, '’‘`´ʼ＇'), "'")


@dataclass(frozen=True)
class Read:
    """What an answer has."""

    facts: tuple[Fact, ...]
    """At most MOST_FACTS, each once."""
    left_out: int
    """Entries of its list that were no facts, repeated others or were too many."""


def read(text: str, stop_reason: str | None, told_at: datetime) -> Read:
    """Return the facts of an answer to a turn that was told at that time.

    Raises EngineError for an answer that is none: retryable where another one may be better.
    """
    _check_end(stop_reason)
    if len(text) > MOST_ANSWER:
        raise EngineError(f'the facts of one turn have more than {MOST_ANSWER:,} characters')
    entries = _entries(text)
    zone = told_at.tzinfo or UTC
    found: dict[tuple[str, str, str, Standing], Fact] = {}
    for entry in entries:
        fact = _fact(entry, zone)
        if fact is not None and len(found) < MOST_FACTS:
            found.setdefault((fact.subject, fact.predicate, fact.object, fact.standing), fact)
    return Read(tuple(found.values()), len(entries) - len(found))


def _check_end(stop_reason: str | None) -> None:
    match stop_reason:
        case 'refusal':
            # Asked again it would decline again.
            raise EngineError('the language model declined to read the facts of this turn')
        case 'max_tokens' | 'model_context_window_exceeded':
            # Half a list is no list; another try costs as much and ends as this one did.
            raise EngineError(f'the facts of this turn were cut for length ({stop_reason})')
        case None:
            raise EngineError(
                'the language model ended in the middle of the facts', retryable=True
            )


def _entries(text: str) -> list[Any]:
    # Models that no schema holds put words or a fence around it.
    inside = text[text.find('{') : text.rfind('}') + 1]
    try:
        answer = json.loads(inside)
    except (ValueError, RecursionError):
        answer = None
    entries = answer.get('facts') if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        # Not repeated here: the answer may have what a person said, or the key.
        raise EngineError('what the language model answered is no list of facts', retryable=True)
    return entries


def _fact(entry: Any, zone: tzinfo) -> Fact | None:
    """Return the entry as a fact, None where it is none."""
    if not isinstance(entry, dict):
        return None
    subject = _subject(_plain(entry.get('subject'), MOST_SUBJECT))
    predicate = _plain(entry.get('predicate'), MOST_PREDICATE).lower().replace('_', ' ')
    value = _plain(entry.get('object'), MOST_TEXT)
    sentence = _plain(entry.get('text'), MOST_TEXT)
    standing = _member(Standing, entry.get('standing', Standing.HOLDS))
    if not (subject and value and sentence and standing and _PREDICATE.fullmatch(predicate)):
        return None
    since, until = _date(entry.get('since'), zone), _date(entry.get('until'), zone)
    if since and until and since > until:
        since = until = None
    return Fact(
        subject,
        ' '.join(predicate.split()),
        value,
        sentence,
        since,
        until,
        standing,
        # There is one user, whom the subject names.
        Kind.USER if subject == USER else _other(entry.get('subject_kind')),
        _other(entry.get('object_kind')),
    )


def _plain(value: Any, most: int) -> str:
    """Return a text in NFC on one line, without what cannot be seen; '' where it is too long."""
    # Hangul may come in letters, three to a syllable.
    if not isinstance(value, str) or len(value) > 3 * most:
        return ''
    kept = []
    marks = 0
    for character in value:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == 'M' else 0
        # Composing many marks on one letter takes the square of their number.
        if category != 'Cf' and marks <= _MOST_MARKS:
            kept.append(' ' if category[0] in 'CZ' else character)
    text = ' '.join(unicodedata.normalize('NFC', ''.join(kept)).split())
    return text if len(text) <= most else ''


def _subject(text: str) -> str:
    """Return whom it is about, '' for the robot, of whom nothing is learnt."""
    straight = text.translate(_APOSTROPHES)
    folded = straight.casefold()
    if folded in _THE_USER:
        return USER
    owner, apostrophe, rest = folded.partition("'s ")
    if folded in _THE_ROBOT or (apostrophe and owner in _THE_ROBOT):
        return ''
    if apostrophe and owner in _THE_USER:
        return OWNED + rest
    return straight


def _member(kind: type[E], value: Any) -> E | None:
    try:
        return kind(value)
    except ValueError:
        return None


def _other(value: Any) -> Kind | None:
    kind = _member(Kind, value)
    return None if kind is Kind.USER else kind


def _date(value: Any, zone: tzinfo) -> datetime | None:
    """Return the day's beginning, or that of the month or year; None where it is no date."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    try:
        day = date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None
    return datetime.combine(day, time(), zone)
