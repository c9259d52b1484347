# SPDX-License-Identifier: Apache-2.0
"""Forgets somebody or something by name: every turn that speaks of it, also in the robot's words.

It is all that is called so, and all that these are called besides; and the turns in which that is
said, heard or spoken, or which told of it as `my sister`. Two people of one name are both meant,
because a name that one of them keeps has not gone. The user is never meant, only the name: to
forget the user is to forget everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from asyncpg import Connection, Record

from prot_ros.core.facts import Kind
from prot_ros.core.offline.romanization import romanised
from prot_ros.memory.forgetting import turns as forgetting
from prot_ros.memory.forgetting.spoken_names import Names
from prot_ros.memory.forgetting.turns import PATIENCE_S, REDACTED, Forgotten
from prot_ros.memory.knowledge.naming import SHORT, is_role, keys
from prot_ros.memory.storable import key

_AT_ONCE = 500
"""Rows fetched from the server at a time."""

_CALLED = """
SELECT DISTINCT e.id, e.kind, e.name FROM alias AS a JOIN entity AS e ON e.id = a.entity
WHERE a.scope = $1 AND a.key = ANY ($2::text[]) ORDER BY e.id
"""
_ALIASES = 'SELECT DISTINCT name FROM alias WHERE entity = ANY ($1::bigint[])'
_TURNS = 'SELECT id, utterance, said, heard FROM turn WHERE scope = $1 ORDER BY id'
_TELLINGS = """
SELECT id, turn, subject, predicate, object, text, subject_entity, object_entity
FROM telling WHERE scope = $1 ORDER BY turn, nth
"""
_SUMMARIES = 'SELECT id, through, text FROM summary WHERE scope = $1 ORDER BY id'
_REDACT = 'UPDATE turn SET utterance = $3, said = $4, heard = $5 WHERE scope = $1 AND id = $2'
# Read again, it would tell something else.
_READ = """
INSERT INTO extraction (turn, scope, extracted_at, extractor) VALUES ($2, $1, now(), $3)
ON CONFLICT (turn) DO UPDATE SET extracted_at = now(), extractor = excluded.extractor,
    failure = NULL
"""
_BARE = 'DELETE FROM turn_vector WHERE turn = $1'
_BARE_WORDS = 'DELETE FROM turn_term WHERE turn = $1'
_FAILURES = """
SELECT turn, failure FROM extraction WHERE scope = $1 AND failure IS NOT NULL
"""
_UNQUOTE = "UPDATE extraction SET failure = '' WHERE turn = ANY ($1::bigint[])"
_DESCRIBED = 'SELECT id, summary FROM entity WHERE scope = $1'
_UNDESCRIBE = """
WITH blank AS (
    UPDATE entity SET summary = '' WHERE id = ANY ($1::bigint[]) RETURNING id, scope, kind
)
INSERT INTO undescribed (entity, scope) SELECT id, scope FROM blank WHERE kind <> 'user'
ON CONFLICT DO NOTHING
"""
_UNVECTOR = 'DELETE FROM entity_vector WHERE entity = ANY ($1::bigint[])'
_DECIDED = 'SELECT id, kept_key, other_key, other_name FROM resolution WHERE scope = $1'
_UNDECIDE = 'DELETE FROM resolution WHERE id = ANY ($1::bigint[])'


@dataclass(frozen=True)
class Known:
    """What a name means in one memory."""

    names: tuple[str, ...]
    """The name, and all that those are called whom it means."""
    entities: frozenset[int]
    """Without the user."""
    described: tuple[str, ...]
    """Whom it means, for people: kind and name of each."""
    turns: frozenset[int]
    """That speak of any of it."""
    shared: frozenset[int]
    """Of these, those that told of others as well."""
    tellings: frozenset[int]
    """That are about it."""
    notes: int | None
    """The first turn from whose notes on it is spoken of; None for none."""


async def find(connection: Connection, scope: int, name: str) -> Known:
    """Return what would be forgotten. Reads the whole memory, inside a transaction."""
    wanted = {*keys(name, None), key(romanised(name)), key(name)} - {''}
    wanted |= {SHORT + each for each in wanted}
    rows = await connection.fetch(_CALLED, scope, sorted(wanted))
    meant = [row for row in rows if row['kind'] != Kind.USER]
    entities = frozenset(row['id'] for row in meant)
    aliases = await connection.fetch(_ALIASES, sorted(entities))
    others = sorted(row['name'] for row in aliases if not is_role(row['name']))
    names = Names((name, *others))
    turns: set[int] = set()
    async for row in connection.cursor(_TURNS, scope, prefetch=_AT_ONCE):
        if any(names.found(row[each]) for each in ('utterance', 'said', 'heard')):
            turns.add(row['id'])
    about: set[int] = set()
    speakers: set[int] = set()
    sharing: set[int] = set()
    async for row in connection.cursor(_TELLINGS, scope, prefetch=_AT_ONCE):
        if _is_about(row, entities, names):
            about.add(row['id'])
            speakers.add(row['turn'])
        else:
            sharing.add(row['turn'])
    turns |= speakers
    notes = None
    async for row in connection.cursor(_SUMMARIES, scope, prefetch=_AT_ONCE):
        if notes is None and names.found(row['text']):
            notes = row['through']
    return Known(
        names=names.names,
        entities=entities,
        described=tuple(f'{row["kind"]} {row["name"]}'.strip() for row in meant),
        turns=frozenset(turns),
        shared=frozenset(turns & sharing),
        tellings=frozenset(about),
        notes=notes,
    )


def _is_about(row: Record, entities: frozenset[int], names: Names) -> bool:
    return (
        row['subject_entity'] in entities
        or row['object_entity'] in entities
        or any(names.found(row[each]) for each in ('subject', 'object', 'text'))
    )


async def forget_name(
    connection: Connection, scope: int, name: str, *, keep_shared: bool = False
) -> tuple[Forgotten, Known]:
    """Forget it; return how much has gone, and what it was. The caller has the transaction.

    `keep_shared` keeps what turns told of others as well, and of their words the sentences that do
    not name it.
    """
    known = await find(connection, scope, name)
    await forgetting.hold(connection, scope, known.turns)
    # Nobody changes the graph now; what was told of it meanwhile is found as well.
    known = await find(connection, scope, name)
    names = Names(known.names)
    kept = known.shared if keep_shared else frozenset[int]()
    gone = await forgetting.forget_turns(connection, scope, known.turns - kept)
    if kept:
        gone += await _redact(connection, scope, kept, known, names)
    if known.notes is not None:
        gone += Forgotten(summaries=await forgetting.forget_notes(connection, scope, known.notes))
    await _sweep(connection, scope, names)
    return gone, known


async def _redact(
    connection: Connection, scope: int, turns: frozenset[int], known: Known, names: Names
) -> Forgotten:
    said = await connection.fetch(
        'SELECT turn, text FROM telling WHERE id = ANY ($1::bigint[])', sorted(known.tellings)
    )
    also: dict[int, list[str]] = {}
    for row in said:
        also.setdefault(row['turn'], []).append(row['text'])
    gone = await forgetting.untell(connection, scope, turns, known.tellings)
    rows = await connection.fetch(
        'SELECT id, utterance, said, heard FROM turn WHERE id = ANY ($1::bigint[])', sorted(turns)
    )
    for row in rows:
        number = row['id']
        words = [
            names.redacted(row[each], also.get(number, ()))
            for each in ('utterance', 'said', 'heard')
        ]
        await connection.execute(_REDACT, scope, number, *words)
        await connection.execute(_READ, scope, number, REDACTED)
        await connection.execute(_BARE, number)
        await connection.execute(_BARE_WORDS, number)
    notes = await forgetting.forget_notes(connection, scope, min(turns))
    return gone + Forgotten(redacted=len(rows), summaries=notes)


async def _sweep(connection: Connection, scope: int, names: Names) -> None:
    """Clear what was made of several turns and may hold the name from any of them."""
    for query, clear, columns in (
        (_FAILURES, (_UNQUOTE,), ('failure',)),
        (_DESCRIBED, (_UNDESCRIBE, _UNVECTOR), ('summary',)),
        (_DECIDED, (_UNDECIDE,), ('kept_key', 'other_key', 'other_name')),
    ):
        found = [
            row[0]
            for row in await connection.fetch(query, scope, timeout=PATIENCE_S)
            if any(names.found(row[each]) for each in columns)
        ]
        if found:
            for statement in clear:
                await connection.execute(statement, found)
