# SPDX-License-Identifier: Apache-2.0
"""Writes what a turn told into the graph: tellings, whom they mean, and the facts that follow.

Safe to repeat: what a turn told replaces what it was taken to have told before. So a turn can be
read again by another extractor while the robot talks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from asyncpg import Connection

from prot_ros.core.facts import Fact, Kind
from prot_ros.memory.knowledge import entities, joining, slots
from prot_ros.memory.knowledge.naming import is_role
from prot_ros.memory.knowledge.resolution import (
    Mention,
    kind_of,
    mentions,
    object_kind,
    resolve,
    told_of,
)
from prot_ros.memory.knowledge.timeline import slot
from prot_ros.memory.storable import MOST_FIELD, key, storable

MOST_FACTS = 1_000
"""Of one turn; what is beyond is left out."""

_LOCK = 'SELECT pg_advisory_xact_lock($1, $2)'
_LOCK_CLASS = 0x73636F70
"""`scop`, so that the locks of scopes are nobody else's."""
_TOLD = """
SELECT subject, predicate, object, text, since, until, standing
FROM telling WHERE turn = $1 ORDER BY nth
"""
_UNTELL = """
DELETE FROM telling WHERE turn = $1
RETURNING slot, subject_entity, object_entity
"""
_TELL = """
INSERT INTO telling (scope, turn, nth, subject, predicate, object, text, since, until, standing,
                     subject_entity, object_entity, slot)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


@dataclasses.dataclass(frozen=True)
class Turn:
    """The turn that told it."""

    number: int
    scope: int


async def lock(connection: Connection, scope: int) -> None:
    """Be the only one who changes the graph of a scope, until the transaction ends.

    Two turns that are written at once would not see each other's entities and facts.
    """
    await connection.execute(_LOCK, _LOCK_CLASS, scope)


async def write(connection: Connection, turn: Turn, facts: Sequence[Fact]) -> int:
    """Write what a turn told, inside the caller's transaction; return the growth of live facts.

    Facts without a subject, predicate or object are left out.
    """
    told = [fact for fact in map(_storable, facts[:MOST_FACTS]) if _whole(fact)]
    await lock(connection, turn.scope)
    if told and await _is_told(connection, turn, told):
        # Read again and the same: it means whom it meant then, whoever was named since.
        return 0
    before = await connection.fetch(_UNTELL, turn.number)
    touched = {row['slot'] for row in before}
    left = {row['subject_entity'] for row in before} | {row['object_entity'] for row in before}
    writer = _Writer(connection, turn, mentions(told))
    for nth, fact in enumerate(told):
        touched.add(await writer.tell(nth, fact))
    touched |= writer.moved
    await entities.mentioned(connection, writer.entities, turn.number)
    await writer.name()
    growth = await slots.fold(connection, turn.scope, touched)
    await forget_unused(connection, turn.scope, left - writer.entities - {None})
    return growth


async def forget_unused(connection: Connection, scope: int, left: set[int]) -> None:
    """Remove those of these entities that nobody speaks of any more; name the rest anew."""
    if not left:
        return
    gone = await entities.remove_forgotten(connection, left)
    rows = await connection.fetch(
        'SELECT id, kind FROM entity WHERE id = ANY ($1::bigint[])', sorted(left - gone)
    )
    for row in rows:
        await entities.name_anew(connection, scope, row['id'], Kind(row['kind']))


class _Writer:
    """One turn's way into the graph."""

    def __init__(self, connection: Connection, turn: Turn, mentioned: dict[str, Mention]) -> None:
        self._connection = connection
        self._turn = turn
        self._mentions = mentioned
        self._resolved: dict[Mention, int] = {}
        self._kinds: dict[int, Kind] = {}
        self._named: dict[int, list[str]] = {}
        self._renamed: set[int] = set()
        self.moved: set[str] = set()
        """Slots that changed because two entities turned out to be one."""

    @property
    def entities(self) -> set[int]:
        """Whom the turn spoke of."""
        return set(self._resolved.values())

    async def tell(self, nth: int, fact: Fact) -> str:
        """Write one thing said; return its slot."""
        subject = await self._entity(self._mentions[told_of(fact)])
        object_ = None
        if object_kind(fact) is not None:
            object_ = await self._entity(self._mentions[key(fact.object)])
        if told_of(fact) != key(fact.subject) or self._mentions[told_of(fact)].denied:
            self._renamed.add(subject)
        place = slot(subject, fact)
        await self._connection.execute(
            _TELL,
            self._turn.scope,
            self._turn.number,
            nth,
            *_said(fact),
            subject,
            object_,
            place,
        )
        return place

    async def name(self) -> None:
        """Note what everybody was called."""
        for entity, texts in self._named.items():
            if entity in self._renamed:
                await entities.name_anew(
                    self._connection, self._turn.scope, entity, self._kinds[entity]
                )
            else:
                await entities.call(
                    self._connection, self._turn.scope, entity, self._kinds[entity], texts
                )

    async def _entity(self, mention: Mention) -> int:
        known = self._resolved.get(mention)
        if known is not None:
            return known
        entity = await self._find(mention)
        self._resolved[mention] = entity
        self._kinds.setdefault(entity, kind_of(mention))
        self._named.setdefault(entity, []).extend(mention.texts)
        return entity

    async def _find(self, mention: Mention) -> int:
        scope = self._turn.scope
        if mention.is_user:
            return await entities.user(self._connection, scope)
        candidates = await entities.known(self._connection, scope, mention.keys)
        found = resolve(mention, candidates)
        if found.entity is None:
            names = [text for text in mention.texts if not is_role(text)]
            return await entities.create(
                self._connection,
                scope,
                kind_of(mention),
                names[-1] if names else '',
                self._turn.number,
            )
        kinds = {each.number: each.kind for each in candidates}
        self._kinds[found.entity] = kinds[found.entity]
        if found.same is not None:
            self.moved |= await joining.join(
                self._connection, scope, found.entity, found.same, f'turn {self._turn.number}'
            )
        return found.entity


async def _is_told(connection: Connection, turn: Turn, told: Sequence[Fact]) -> bool:
    rows = await connection.fetch(_TOLD, turn.number)
    return [tuple(row) for row in rows] == [_said(fact) for fact in told]


def _said(fact: Fact) -> tuple[object, ...]:
    """Return what a telling has of a fact, in the order of its columns."""
    return (
        fact.subject,
        fact.predicate,
        fact.object,
        fact.text,
        fact.since,
        fact.until,
        fact.standing.value,
    )


def _storable(fact: Fact) -> Fact:
    return dataclasses.replace(
        fact,
        subject=storable(fact.subject, MOST_FIELD).strip(),
        predicate=storable(fact.predicate, MOST_FIELD).strip(),
        object=storable(fact.object, MOST_FIELD).strip(),
        text=storable(fact.text, MOST_FIELD).strip(),
    )


def _whole(fact: Fact) -> bool:
    return bool(key(fact.subject) and key(fact.predicate) and key(fact.object))
