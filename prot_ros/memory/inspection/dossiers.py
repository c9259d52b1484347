# SPDX-License-Identifier: Apache-2.0
"""What is known of somebody or something, as a person who looks after the memory reads it.

Only looks. Every list is bounded, and says so by being as long as its bound.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection, Record

from prot_ros.core.facts import OWNED, USER, Kind, Standing
from prot_ros.memory.knowledge.naming import is_role, keys
from prot_ros.memory.storable import key

MOST_ENTITIES = 5_000
"""Of one memory, those spoken of last."""
MOST_FACTS = 2_000
"""Of one entity, those told last."""
MOST_FOUND = 50
"""Entities of one name."""

_ENTITIES = """
SELECT e.id, e.kind, e.name, e.mentions, e.last_turn, turn.created_at AS last_at,
       coalesce((SELECT array_agg(DISTINCT a.name) FROM alias AS a WHERE a.entity = e.id),
                '{}') AS names,
       coalesce((SELECT array_agg(c.name ORDER BY c.name)
                 FROM community_member AS m JOIN community AS c ON c.id = m.community
                 WHERE m.entity = e.id), '{}') AS circles
FROM entity AS e LEFT JOIN turn ON turn.id = e.last_turn
"""
_LATEST = f'{_ENTITIES} WHERE e.scope = $1 ORDER BY e.last_turn DESC, e.id DESC LIMIT $2'
_NUMBERED = f'{_ENTITIES} WHERE e.scope = $1 AND e.id = ANY ($2::bigint[]) ORDER BY e.id'
_KINDS = 'SELECT kind, count(*) AS there FROM entity WHERE scope = $1 GROUP BY kind'
_CALLED = """
SELECT entity, bool_or(key <> ALL ($3::text[])) AS whole
FROM alias WHERE scope = $1 AND key = ANY ($2::text[])
GROUP BY entity ORDER BY entity LIMIT $4
"""
_FACTS = """
SELECT f.id, f.slot, f.subject, f.object, t.subject AS told_subject, t.predicate,
       t.object AS told_object, t.text, f.valid_from, f.valid_to, f.learnt_at, f.ended_at,
       f.live AND (f.valid_to IS NULL OR f.valid_to > now()) AS true_now, f.told, f.last_turn,
       latest.created_at AS last_at,
       learnt.turn AS learnt_turn, learnt.words AS learnt_words,
       ended.turn AS ended_turn, ended.words AS ended_words, ended.standing AS ended_by
FROM fact AS f
JOIN telling AS t ON t.id = f.telling
LEFT JOIN turn AS latest ON latest.id = f.last_turn
LEFT JOIN LATERAL (
    SELECT other.turn, turn.utterance AS words
    FROM telling AS other JOIN turn ON turn.id = other.turn
    WHERE other.scope = f.scope AND other.slot = f.slot AND turn.created_at = f.learnt_at
    ORDER BY other.turn, other.nth LIMIT 1
) AS learnt ON true
LEFT JOIN LATERAL (
    SELECT other.turn, turn.utterance AS words, other.standing
    FROM telling AS other JOIN turn ON turn.id = other.turn
    WHERE other.scope = f.scope AND other.slot = f.slot AND turn.created_at = f.ended_at
    ORDER BY other.turn DESC, other.nth DESC LIMIT 1
) AS ended ON f.ended_at IS NOT NULL
"""
_ABOUT = f"""
{_FACTS}
WHERE f.scope = $1 AND (f.subject = $2 OR f.object = $2)
ORDER BY f.last_turn DESC, f.id DESC LIMIT $3
"""
_AMONG = f"""
{_FACTS}
WHERE f.scope = $1 AND f.subject = ANY ($2::bigint[]) AND f.object = ANY ($2::bigint[])
ORDER BY f.last_turn DESC, f.id DESC LIMIT $3
"""
_BRIEFS = """
SELECT ends.entity, latest.words
FROM unnest($1::bigint[]) AS ends (entity)
CROSS JOIN LATERAL (
    (SELECT t.predicate || ' ' || t.object AS words, f.last_turn, true AS outward
     FROM fact AS f JOIN telling AS t ON t.id = f.telling
     WHERE f.subject = ends.entity AND f.live AND (f.valid_to IS NULL OR f.valid_to > now())
         AND t.predicate <> ALL ($3::text[])
     ORDER BY f.last_turn DESC, f.id DESC LIMIT $2)
    UNION ALL
    (SELECT t.subject || ' ' || t.predicate, f.last_turn, false
     FROM fact AS f JOIN telling AS t ON t.id = f.telling
     WHERE f.object = ends.entity AND f.live AND (f.valid_to IS NULL OR f.valid_to > now())
     ORDER BY f.last_turn DESC, f.id DESC LIMIT $2)
    ORDER BY outward DESC, last_turn DESC LIMIT $2
) AS latest
ORDER BY ends.entity, latest.outward DESC, latest.last_turn DESC
"""
NAMING = ('name', 'is called')
"""Predicates that give names, which are shown as such."""
_ME = frozenset({USER, 'the user', 'me', 'i', '나', '저'})


@dataclass(frozen=True)
class Entity:
    """Whom or what is talked about."""

    number: int
    kind: Kind
    name: str
    """'' where only what it is to the user is known."""
    names: tuple[str, ...]
    """Others that it has, or had."""
    roles: tuple[str, ...]
    """What it is to the user: `sister`."""
    circles: tuple[str, ...]
    mentions: int
    """Turns that spoke of it."""
    last_turn: int
    last_at: datetime | None

    @property
    def title(self) -> str:
        """What it is called here: its name, else what it is to the user."""
        if self.name:
            return self.name
        if self.kind is Kind.USER:
            return f'the {USER}'
        return f"the {USER}'s {self.roles[0]}" if self.roles else f'nameless {self.kind}'


@dataclass(frozen=True)
class Known:
    """A fact, with when it was so and where that was learnt."""

    number: int
    subject: int
    object: int | None
    """None where the object is a value and no entity."""
    subject_told: str
    predicate: str
    object_told: str
    """In the words it was told in."""
    text: str
    valid_from: datetime
    valid_to: datetime | None
    learnt_at: datetime
    ended_at: datetime | None
    true_now: bool
    denied: bool
    """Whether it was never so."""
    told: int
    """How many times."""
    last_turn: int
    last_at: datetime | None
    learnt_turn: int | None
    learnt_words: str
    """Of the turn that told it first; '' where it is not there any more."""
    ended_turn: int | None
    ended_words: str


async def latest(connection: Connection, scope: int, limit: int) -> list[Entity]:
    """Return at most `limit` entities of a memory, the user among them, last spoken of first."""
    rows = await connection.fetch(_LATEST, scope, limit)
    return [_entity(row) for row in rows]


async def kinds(connection: Connection, scope: int) -> dict[Kind, int]:
    """Return how many entities of each kind there are, the user left out."""
    rows = await connection.fetch(_KINDS, scope)
    found = {Kind(row['kind']): int(row['there']) for row in rows}
    found.pop(Kind.USER, None)
    return found


async def numbered(connection: Connection, scope: int, numbers: Collection[int]) -> list[Entity]:
    """Return the entities of these numbers that are in this memory."""
    rows = await connection.fetch(_NUMBERED, scope, list(numbers))
    return [_entity(row) for row in rows]


async def called(connection: Connection, scope: int, user: int, name: str) -> list[Entity]:
    """Return those whom a name, or what somebody is to the user, may mean.

    Those who are called exactly so, in whatever spelling or script; where there are none, those of
    whose name it is a part.
    """
    if key(name) in _ME:
        return await numbered(connection, scope, [user])
    whole = {
        each
        for text, kind in (
            (name, None),
            (name, Kind.THING),
            (f'{OWNED}{key(name).removeprefix("my ").removeprefix(OWNED)}', None),
        )
        for each in keys(text, kind)[:1]
    }
    parts = {f'~{each}' for each in whole}
    rows = await connection.fetch(_CALLED, scope, sorted(whole | parts), sorted(parts), MOST_FOUND)
    exactly = [row['entity'] for row in rows if row['whole']]
    return await numbered(connection, scope, exactly or [row['entity'] for row in rows])


async def facts_about(connection: Connection, scope: int, entity: int) -> list[Known]:
    """Return what was ever told of an entity, at most MOST_FACTS, the last told first."""
    rows = await connection.fetch(_ABOUT, scope, entity, MOST_FACTS)
    return [_known(row) for row in rows]


async def facts_among(
    connection: Connection, scope: int, entities: Sequence[int], limit: int
) -> list[Known]:
    """Return the facts of which both ends are among these entities, the last told first."""
    rows = await connection.fetch(_AMONG, scope, list(entities), limit)
    return [_known(row) for row in rows]


async def briefs(
    connection: Connection, entities: Sequence[int], limit: int
) -> dict[int, list[str]]:
    """Return a few words of what is true now of each entity, of itself before what is of others.

    `lives in Busan` of itself, `Bora lives in` of what another has to do with it.
    """
    rows = await connection.fetch(_BRIEFS, list(entities), limit, list(NAMING))
    found: dict[int, dict[str, None]] = {}
    for row in rows:
        found.setdefault(row['entity'], {})[row['words']] = None
    return {entity: list(words) for entity, words in found.items()}


def _entity(row: Record) -> Entity:
    names = [name for name in row['names'] if not is_role(name)]
    roles = [key(name).removeprefix(OWNED) for name in row['names'] if is_role(name)]
    return Entity(
        number=row['id'],
        kind=Kind(row['kind']),
        name=row['name'] or next(iter(sorted(names)), ''),
        names=tuple(sorted(name for name in names if name != row['name'])),
        roles=tuple(sorted(set(roles))),
        circles=tuple(row['circles']),
        mentions=row['mentions'],
        last_turn=row['last_turn'],
        last_at=row['last_at'],
    )


def _known(row: Record) -> Known:
    return Known(
        number=row['id'],
        subject=row['subject'],
        object=row['object'],
        subject_told=row['told_subject'],
        predicate=row['predicate'],
        object_told=row['told_object'],
        text=row['text'],
        valid_from=row['valid_from'],
        valid_to=row['valid_to'],
        learnt_at=row['learnt_at'],
        ended_at=row['ended_at'],
        true_now=row['true_now'],
        denied=row['ended_by'] == Standing.DENIED,
        told=row['told'],
        last_turn=row['last_turn'],
        last_at=row['last_at'],
        learnt_turn=row['learnt_turn'],
        learnt_words=row['learnt_words'] or '',
        ended_turn=row['ended_turn'],
        ended_words=row['ended_words'] or '',
    )
