# SPDX-License-Identifier: Apache-2.0
"""Entities in the database: found, made, named and joined, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from asyncpg import Connection

from prot_ros.core.facts import USER, Kind
from prot_ros.memory.knowledge.naming import is_role, keys
from prot_ros.memory.knowledge.resolution import Known
from prot_ros.memory.retrieval.terms import terms
from prot_ros.memory.storable import key

_KNOWN = """
SELECT e.id, e.kind, e.last_turn, array_agg(a.key) AS keys
FROM (SELECT DISTINCT entity FROM alias WHERE scope = $1 AND key = ANY ($2::text[])) AS found
JOIN entity AS e ON e.id = found.entity
JOIN alias AS a ON a.entity = e.id
GROUP BY e.id
"""
_USER = """
INSERT INTO entity (scope, kind, name, last_turn) VALUES ($1, 'user', '', 0)
ON CONFLICT (scope) WHERE kind = 'user' DO UPDATE SET kind = excluded.kind
RETURNING id
"""
_NEW = 'INSERT INTO entity (scope, kind, name, last_turn) VALUES ($1, $2, $3, $4) RETURNING id'
_CALL = """
INSERT INTO alias (scope, key, entity, name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_UNLIST = 'DELETE FROM entity_term WHERE entity = $1'
_LIST = 'INSERT INTO entity_term (scope, term, entity) SELECT $1, unnest($2::text[]), $3'
_NAMES = 'SELECT DISTINCT name FROM alias WHERE entity = $1'
# What the user is called is told by few tellings; of whom else is spoken, all that name them.
_TOLD_NAMES = """
SELECT subject AS name, predicate, object, standing, turn, nth, true AS is_subject
FROM telling WHERE subject_entity = $1 AND ($2 OR predicate IN ('name', 'is called'))
UNION ALL
SELECT object, predicate, object, standing, turn, nth, false
FROM telling WHERE object_entity = $1
ORDER BY turn, nth
"""
_LATELY = """
SELECT name FROM entity
WHERE scope = $1 AND kind IN ('user', 'person', 'animal', 'place') AND name <> ''
    AND length(name) <= 100 -- what is longer is no name
GROUP BY name
-- The user is spoken of in nearly every turn.
ORDER BY bool_or(kind = 'user'), max(last_turn) DESC, bool_or(kind = 'place'), max(id) DESC
LIMIT $2
"""
_MENTIONED = """
UPDATE entity SET last_turn = greatest(last_turn, $2), mentions = mentions + 1
WHERE id = ANY ($1::bigint[])
"""
_UNDESCRIBED = """
INSERT INTO undescribed (entity, scope)
SELECT id, scope FROM entity WHERE id = ANY ($1::bigint[]) AND kind <> 'user'
ON CONFLICT DO NOTHING
"""
_RENAME = 'UPDATE entity SET name = $2 WHERE id = $1 AND name <> $2'
_FORGOTTEN = """
DELETE FROM entity AS e
WHERE e.id = ANY ($1::bigint[]) AND e.kind <> 'user'
    AND NOT EXISTS (SELECT FROM telling WHERE subject_entity = e.id)
    AND NOT EXISTS (SELECT FROM telling WHERE object_entity = e.id)
RETURNING e.id
"""
_NAMING = frozenset({'name', 'is called'})


async def user(connection: Connection, scope: int) -> int:
    """Return the entity that is the one who is speaking."""
    return int(await connection.fetchval(_USER, scope))


async def known(connection: Connection, scope: int, of: Iterable[str]) -> list[Known]:
    """Return the entities that one of these keys belongs to."""
    rows = await connection.fetch(_KNOWN, scope, list(of))
    return [
        Known(row['id'], Kind(row['kind']), frozenset(row['keys']), row['last_turn'])
        for row in rows
    ]


async def names(connection: Connection, scope: int, limit: int) -> tuple[str, ...]:
    """Return the names of at most `limit` people, places and pets, the latest told first."""
    rows = await connection.fetch(_LATELY, scope, limit)
    return tuple(row['name'] for row in rows)


async def create(connection: Connection, scope: int, kind: Kind, name: str, turn: int) -> int:
    """Make a new one."""
    return int(await connection.fetchval(_NEW, scope, kind.value, name, turn))


async def mentioned(connection: Connection, entities: Collection[int], turn: int) -> None:
    """Note that a turn spoke of them."""
    await connection.execute(_MENTIONED, sorted(entities), turn)
    await connection.execute(_UNDESCRIBED, sorted(entities))


async def call(
    connection: Connection, scope: int, entity: int, kind: Kind, texts: Iterable[str]
) -> None:
    """Note what an entity is called: names, and what it is to the user."""
    rows = [
        (scope, each, entity, text)
        for text in texts
        if key(text) != USER
        for each in keys(text, kind)
    ]
    before = await connection.fetch(_NAMES, entity)
    there = {row['name'] for row in before}
    fresh = [row for row in rows if row[3] not in there]
    if fresh:
        await connection.executemany(_CALL, fresh)
        await _relist(connection, scope, entity, there | {row[3] for row in fresh})


async def name_anew(connection: Connection, scope: int, entity: int, kind: Kind) -> None:
    """Make what an entity is called what its tellings say, in their order.

    The latest name that was told of somebody is what it is known by.
    """
    rows = await connection.fetch(_TOLD_NAMES, entity, kind is not Kind.USER)
    names: dict[str, str] = {}
    for row in rows:
        naming = row['is_subject'] and key(row['predicate']) in _NAMING
        if row['standing'] == 'holds' and (kind is not Kind.USER or not row['is_subject']):
            names.setdefault(key(row['name']), row['name'])
        if not naming:
            continue
        if row['standing'] == 'holds':
            names.pop(key(row['object']), None)  # to the end: the latest
            names[key(row['object'])] = row['object']
        else:
            names.pop(key(row['object']), None)
    names.pop(USER, None)
    await connection.execute('DELETE FROM alias WHERE entity = $1', entity)
    aliases: dict[str, str] = {}
    for text in names.values():
        for each in keys(text, kind):
            aliases.setdefault(each, text)
    await connection.executemany(
        _CALL, [(scope, each, entity, text) for each, text in aliases.items()]
    )
    await _relist(connection, scope, entity, set(names.values()))
    called = [text for text in names.values() if not is_role(text)]
    await connection.execute(_RENAME, entity, called[-1] if called else '')
    await connection.execute(_UNDESCRIBED, [entity])


async def remove_forgotten(connection: Connection, entities: Collection[int]) -> set[int]:
    """Remove those of these that nobody speaks of any more; return them."""
    rows = await connection.fetch(_FORGOTTEN, sorted(entities))
    return {row['id'] for row in rows}


async def _relist(connection: Connection, scope: int, entity: int, names: set[str]) -> None:
    found: dict[str, None] = {}
    for name in sorted(names):
        found.update(dict.fromkeys(terms(name.removeprefix(USER))))
    await connection.execute(_UNLIST, entity)
    await connection.execute(_LIST, scope, list(found), entity)
