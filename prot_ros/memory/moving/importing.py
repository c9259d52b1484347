# SPDX-License-Identifier: Apache-2.0
"""Reads memories from a file into a database, which may hold others, or parts of the same.

A turn is who told it and when: what is there already is passed over, and what was forgotten here
stays so. Turns are put where they belong in time. Those that are there and newer are put behind
them, and are read again, because the order of the turns decides what is true.

All turns are one transaction, committed when the sum of the file is right. What comes along of
what was read in them is written after that, a few turns at a time; broken off, the rest is read by
whoever reads turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from asyncpg import Connection

from prot_ros.memory.forgetting import turns as forgetting
from prot_ros.memory.forgetting.turns import REDACTED
from prot_ros.memory.knowledge import graph
from prot_ros.memory.long_work import transaction
from prot_ros.memory.moving import export_file, imported, merging, rebuilding
from prot_ros.memory.moving.export_file import Record
from prot_ros.memory.moving.imported import Turn

_BATCH = 500
_READ_BATCH = 20

# What is updated to learn the number is no key, or nobody could record a turn until the end.
_SCOPE = """
INSERT INTO scope (robot, person, shared, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (robot, person) DO UPDATE SET shared = scope.shared
RETURNING id
"""
_FORGET = """
INSERT INTO forgotten (scope, stamp) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING
"""
_CLAIM = """
SELECT t.id FROM turn AS t JOIN extraction AS e ON e.turn = t.id
WHERE t.scope = $1 AND t.stamp = $2 AND e.extracted_at IS NULL
FOR UPDATE OF e SKIP LOCKED
"""
_READ = """
UPDATE extraction SET extracted_at = now(), extractor = $2, failure = NULL WHERE turn = $1
"""


@dataclass
class Imported:
    """How much of the file has come, and what was there."""

    people: int = 0
    turns: int = 0
    known: int = 0
    """Turns that were there already."""
    forgotten: int = 0
    """Turns that were forgotten here, or there, and stay so."""
    moved: int = 0
    """Turns that were there, and now come behind older ones."""
    summaries: int = 0
    decisions: int = 0
    read: int = 0
    """Turns whose facts came along."""


async def load(
    connection: Connection,
    path: Path,
    *,
    again: bool = False,
    on_read: Callable[[int, int], None] = lambda done, size: None,
) -> Imported:
    """Import a file; `on_read` is told how many bytes of how many have been read, twice over.

    `again` brings back what was forgotten here. Raises EngineError, and changes nothing, where the
    file is damaged, or of a newer form, or what is in it cannot be.
    """
    export_file.check(path, lambda done, size: on_read(done, 3 * size))
    scopes: dict[int, int] = {}

    async def all_turns() -> Imported:
        scopes.clear()
        done = Imported()
        await forgetting.patiently(connection, merging.LOAD_S)
        await merging.stage(connection)
        await _stage(connection, path, scopes, done, on_read)
        # In one order, so that two imports do not wait for each other.
        for scope in sorted(scopes.values()):
            merged = await merging.merge(connection, scope, path, again=again)
            done.turns += merged.turns
            done.known += merged.known
            done.forgotten += merged.forgotten
            done.moved += merged.moved
            done.summaries += merged.summaries
        return done

    done = await transaction(connection, all_turns)
    done.people = len(scopes)
    done.read = await _write_facts(connection, path, scopes, on_read)
    for scope in scopes.values():
        async with connection.transaction():
            await rebuilding.finish(connection, scope)
    return done


async def _stage(
    connection: Connection,
    path: Path,
    scopes: dict[int, int],
    done: Imported,
    on_read: Callable[[int, int], None],
) -> None:
    batch: list[tuple[object, ...]] = []
    ended = False
    found = export_file.records(path, lambda at, size: on_read(size + at, 3 * size))
    for place, record in enumerate(found):
        kind = record.get('kind')
        if kind == 'scope':
            who = imported.scope(record, path)
            scopes[who.number] = await connection.fetchval(
                _SCOPE, who.robot, who.person, who.shared, who.created_at
            )
        elif kind == 'turn':
            turn = imported.turn(record, path)
            batch.append(merging.row(place, _scope(record, scopes, path), turn))
            if len(batch) == _BATCH:
                await merging.put(connection, batch)
                batch.clear()
        elif kind == 'forgotten':
            stamps = imported.stamps(record.get('stamps'), path)
            await connection.execute(_FORGET, _scope(record, scopes, path), stamps)
        elif kind == 'summary':
            summary = imported.summary(record, path)
            await merging.put_summary(connection, _scope(record, scopes, path), summary)
        elif kind == 'decision':
            decision = imported.decision(record, path)
            done.decisions += await merging.put_decision(
                connection, _scope(record, scopes, path), decision
            )
        elif kind == 'end':
            ended = record.get('records') == place
    if batch:
        await merging.put(connection, batch)
    if not ended:
        raise export_file.damaged(path, 'records are missing')


def _scope(record: Record, scopes: dict[int, int], path: Path) -> int:
    number = record.get('n')
    if not isinstance(number, int) or number not in scopes:
        raise export_file.damaged(path, 'a record belongs to nobody')
    return scopes[number]


async def _write_facts(
    connection: Connection,
    path: Path,
    scopes: dict[int, int],
    on_read: Callable[[int, int], None],
) -> int:
    """Write what was read in the turns, for those that nobody has read yet; return how many."""
    written = 0
    batch: list[tuple[int, Turn]] = []
    for record in export_file.records(path, lambda at, size: on_read(2 * size + at, 3 * size)):
        if record.get('kind') != 'turn' or 'told' not in record:
            continue
        turn = imported.turn(record, path)
        if turn.reader == REDACTED or turn.told is None:
            continue
        batch.append((_scope(record, scopes, path), turn))
        if len(batch) == _READ_BATCH:
            written += await _write(connection, batch)
            batch.clear()
    return written + await _write(connection, batch)


async def _write(connection: Connection, turns: Iterable[tuple[int, Turn]]) -> int:
    written = 0
    async with connection.transaction():
        for scope, turn in turns:
            number = await connection.fetchval(_CLAIM, scope, turn.stamp)
            if number is None:
                continue
            await graph.write(connection, graph.Turn(number, scope), turn.told or ())
            await connection.execute(_READ, number, turn.reader)
            written += 1
    return written
