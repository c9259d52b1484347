# SPDX-License-Identifier: Apache-2.0
"""Records of a file, checked: whatever is in it, only what can be stored comes out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from prot_ros.core.facts import Fact, Kind, Standing
from prot_ros.memory.knowledge.graph import MOST_FACTS
from prot_ros.memory.moving.export_file import Record, damaged
from prot_ros.memory.storable import MOST, MOST_FIELD, storable

_MOST_NAME = 100
_MOST_SUMMARY = 8_000
_MOST_STAMPS = 1_000_000


@dataclass(frozen=True)
class ScopeRecord:
    """Whose memory it is."""

    number: int
    robot: str
    person: str
    shared: bool
    created_at: datetime


@dataclass(frozen=True)
class Turn:
    """A turn, and what was read in it where that came along."""

    stamp: int
    source: str
    utterance: str
    said: str
    heard: str
    cut: bool
    created_at: datetime
    replied_at: datetime | None
    reader: str
    told: tuple[Fact, ...] | None


@dataclass(frozen=True)
class Summary:
    """A note on all up to a turn."""

    through: int
    text: str
    created_at: datetime


@dataclass(frozen=True)
class Decision:
    """What a person decided."""

    action: str
    decided_at: datetime
    kept_key: str
    other_key: str
    kind: str
    other_name: str
    undone_at: datetime | None
    kept_stamps: list[int]
    other_stamps: list[int]


def scope(record: Record, path: Path) -> ScopeRecord:
    """Return it; raise EngineError where it is none."""
    person = _text(record, 'person', _MOST_NAME, path)
    if not person.strip():
        raise damaged(path, 'a memory is nobody’s')
    number = record.get('n')
    if not isinstance(number, int):
        raise damaged(path, 'a memory has no number')
    return ScopeRecord(
        number,
        _text(record, 'robot', _MOST_NAME, path),
        person,
        record.get('shared') is True,
        _needed(_time(record, 'created_at', path), path),
    )


def turn(record: Record, path: Path) -> Turn:
    """Return it; raise EngineError where it is none."""
    told = record.get('told')
    if told is not None and not isinstance(told, list):
        raise damaged(path, 'what a turn told is no list')
    return Turn(
        stamp=_stamp(record.get('stamp'), path),
        source=_text(record, 'source', 200, path),
        utterance=_text(record, 'utterance', MOST, path),
        said=_text(record, 'said', MOST, path),
        heard=_text(record, 'heard', MOST, path),
        cut=record.get('cut') is True,
        created_at=_needed(_time(record, 'created_at', path), path),
        replied_at=_time(record, 'replied_at', path),
        reader=_text(record, 'reader', 200, path),
        told=None if told is None else facts(told, path),
    )


def facts(found: list[Any], path: Path) -> tuple[Fact, ...]:
    """Return what a turn told; raise EngineError where something of it is none."""
    return tuple(_fact(each, path) for each in found[:MOST_FACTS])


def _fact(record: Any, path: Path) -> Fact:
    if not isinstance(record, dict):
        raise damaged(path, 'a fact is none')
    try:
        return Fact(
            _text(record, 'subject', MOST_FIELD, path),
            _text(record, 'predicate', MOST_FIELD, path),
            _text(record, 'object', MOST_FIELD, path),
            _text(record, 'text', MOST_FIELD, path),
            since=_time(record, 'since', path),
            until=_time(record, 'until', path),
            standing=Standing(str(record.get('standing'))),
            subject_kind=_kind(record.get('subject_kind')),
            object_kind=_kind(record.get('object_kind')),
        )
    except ValueError as err:
        raise damaged(path, 'a fact is none') from err


def _kind(name: Any) -> Kind | None:
    return None if name is None else Kind(str(name))


def summary(record: Record, path: Path) -> Summary:
    """Return it; raise EngineError where it is none."""
    return Summary(
        _stamp(record.get('through'), path),
        _text(record, 'text', _MOST_SUMMARY, path),
        _needed(_time(record, 'created_at', path), path),
    )


def decision(record: Record, path: Path) -> Decision:
    """Return it; raise EngineError where it is none."""
    action = record.get('action')
    if action not in ('merge', 'split'):
        raise damaged(path, 'a decision is none')
    try:
        kind = Kind(str(record.get('of_kind'))).value
    except ValueError as err:
        raise damaged(path, 'a decision is on nothing') from err
    return Decision(
        action=action,
        decided_at=_needed(_time(record, 'decided_at', path), path),
        kept_key=_text(record, 'kept_key', MOST_FIELD, path),
        other_key=_text(record, 'other_key', MOST_FIELD, path),
        kind=kind,
        other_name=_text(record, 'other_name', MOST_FIELD, path),
        undone_at=_time(record, 'undone_at', path),
        kept_stamps=stamps(record.get('kept_stamps'), path),
        other_stamps=stamps(record.get('other_stamps'), path),
    )


def stamps(found: Any, path: Path) -> list[int]:
    """Return a list of times of turns; raise EngineError where it is none."""
    if not isinstance(found, list) or len(found) > _MOST_STAMPS:
        raise damaged(path, 'a list of turns is none')
    return [_stamp(each, path) for each in found]


def _stamp(found: Any, path: Path) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**63:
        raise damaged(path, 'a turn has no time')
    return found


def _text(record: Record, name: str, most: int, path: Path) -> str:
    found = record.get(name)
    if not isinstance(found, str):
        raise damaged(path, f'{name} is no text')
    return storable(found, most)


def _time(record: Record, name: str, path: Path) -> datetime | None:
    found = record.get(name)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found)
    except (TypeError, ValueError) as err:
        raise damaged(path, f'{name} is no time') from err
    if moment.tzinfo is None:
        raise damaged(path, f'{name} has no time zone')
    return moment


def _needed(moment: datetime | None, path: Path) -> datetime:
    if moment is None:
        raise damaged(path, 'a time is missing')
    return moment
