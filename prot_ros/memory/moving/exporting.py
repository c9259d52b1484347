# SPDX-License-Identifier: Apache-2.0
"""Writes memories into a file: what was said, the notes on it, and what people decided.

What is derived from that is made anew where it is imported; or comes along as what was read in
each turn, so that nobody has to read it again, and no service has to be asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncpg import Connection
from asyncpg import Record as Row

from prot_ros import __version__
from prot_ros.memory.forgetting.turns import REDACTED
from prot_ros.memory.moving.export_file import ExportFile
from prot_ros.memory.moving.rebuilding import OPERATOR

_AT_ONCE = 500
_STAMPS = 1_000

_SCOPES = """
SELECT id, robot, person, shared, created_at FROM scope WHERE id = ANY ($1::integer[]) ORDER BY id
"""
_COUNT = 'SELECT count(*) FROM turn WHERE scope = ANY ($1::integer[])'
_FORGOTTEN = 'SELECT stamp FROM forgotten WHERE scope = $1 ORDER BY stamp'
_TURNS = """
SELECT t.stamp, t.source, t.utterance, t.said, t.heard, t.cut, t.created_at, t.replied_at,
       coalesce(e.extractor, '') AS reader,
       CASE WHEN e.extracted_at IS NOT NULL AND ($2 OR e.extractor = $3) THEN (
           SELECT coalesce(json_agg(json_build_object(
               'subject', told.subject, 'predicate', told.predicate, 'object', told.object,
               'text', told.text, 'since', told.since, 'until', told.until,
               'standing', told.standing, 'subject_kind', s.kind, 'object_kind', o.kind)
               ORDER BY told.nth), '[]')
           FROM telling AS told JOIN entity AS s ON s.id = told.subject_entity
           LEFT JOIN entity AS o ON o.id = told.object_entity
           WHERE told.turn = t.id) END AS told
FROM turn AS t LEFT JOIN extraction AS e ON e.turn = t.id
WHERE t.scope = $1 ORDER BY t.id
"""
_SUMMARIES = """
SELECT turn.stamp AS through, s.text, s.created_at
FROM summary AS s JOIN turn ON turn.id = s.through WHERE s.scope = $1 ORDER BY s.id
"""
_DECISIONS = """
SELECT r.action, r.decided_at, r.kept_key, r.other_key, r.kind AS of_kind, r.other_name,
    r.undone_at,
    CASE WHEN r.action = 'split' AND r.kept_stamps = '{}' THEN array(
        SELECT DISTINCT turn.stamp FROM telling AS t JOIN turn ON turn.id = t.turn
        WHERE t.subject_entity = r.kept OR t.object_entity = r.kept)
    ELSE r.kept_stamps END AS kept_stamps,
    CASE WHEN r.other_stamps <> '{}' THEN r.other_stamps
    WHEN r.action = 'split' THEN array(
        SELECT DISTINCT turn.stamp FROM telling AS t JOIN turn ON turn.id = t.turn
        WHERE t.subject_entity = r.other OR t.object_entity = r.other)
    ELSE array(
        SELECT DISTINCT turn.stamp FROM telling AS t JOIN turn ON turn.id = t.turn
        WHERE t.id = ANY (r.subjects || r.objects)) END AS other_stamps
FROM resolution AS r WHERE r.scope = $1 AND r.decided_by = $2 ORDER BY r.id
"""


@dataclass(frozen=True)
class Exported:
    """How much is in the file."""

    people: int
    turns: int
    summaries: int
    decisions: int
    bytes: int


async def export(
    connection: Connection,
    scopes: Collection[int],
    path: Path,
    *,
    derived: bool = False,
    on_turn: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write these memories as they are at one moment; the robot may talk meanwhile.

    `on_turn` is told how many turns of how many are written. Raises EngineError where the file
    cannot be written. Broken off, nothing is left of it, or a `.part` after SIGKILL.
    """
    turns = summaries = decisions = 0
    async with connection.transaction(isolation='repeatable_read', readonly=True):
        total = await connection.fetchval(_COUNT, list(scopes))
        people = await connection.fetch(_SCOPES, list(scopes))
        with ExportFile(path) as file:
            file.write(
                {
                    'kind': 'head',
                    'made_at': datetime.now(UTC).isoformat(),
                    'prot': __version__,
                    'derived': derived,
                    'turns': total,
                }
            )
            for number, scope in enumerate(people):
                file.write({'kind': 'scope', 'n': number, **_plain(scope, but='id')})
                await _forgotten(connection, scope['id'], number, file)
                async for row in connection.cursor(
                    _TURNS, scope['id'], derived, REDACTED, prefetch=_AT_ONCE
                ):
                    record = {'kind': 'turn', 'n': number, **_plain(row, but='told')}
                    if row['told'] is not None:
                        record['told'] = json.loads(row['told'])
                    file.write(record)
                    turns += 1
                    on_turn(turns, total)
                async for row in connection.cursor(_SUMMARIES, scope['id'], prefetch=_AT_ONCE):
                    file.write({'kind': 'summary', 'n': number, **_plain(row)})
                    summaries += 1
                for row in await connection.fetch(_DECISIONS, scope['id'], OPERATOR):
                    file.write({'kind': 'decision', 'n': number, **_plain(row)})
                    decisions += 1
            file.write({'kind': 'end', 'records': file.records})
    return Exported(len(people), turns, summaries, decisions, file.size)


async def _forgotten(connection: Connection, scope: int, number: int, file: ExportFile) -> None:
    stamps: list[int] = []
    async for row in connection.cursor(_FORGOTTEN, scope, prefetch=_AT_ONCE):
        stamps.append(row['stamp'])
        if len(stamps) == _STAMPS:
            file.write({'kind': 'forgotten', 'n': number, 'stamps': stamps})
            stamps = []
    if stamps:
        file.write({'kind': 'forgotten', 'n': number, 'stamps': stamps})


def _plain(row: Row, but: str = '') -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != but
    }
