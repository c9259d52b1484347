# SPDX-License-Identifier: Apache-2.0
"""Forgets what a person asks for, from beginning to end, in one or several memories, with proof.

    async with connected(url) as connection:
        wish = Wish(name='Jisu')
        erased = await erase(connection, scopes, wish)
        traces = await prove(connection, erased.names)

Each memory is one transaction: it is forgotten there as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.forgetting import names as forgetting_names
from prot_ros.memory.forgetting import traces
from prot_ros.memory.forgetting import turns as forgetting
from prot_ros.memory.forgetting.spoken_names import Names
from prot_ros.memory.forgetting.traces import Traces
from prot_ros.memory.forgetting.turns import Forgotten
from prot_ros.memory.long_work import transaction

_SINCE = 'SELECT id FROM turn WHERE scope = $1 AND created_at >= $2'
_STAMPS = 'SELECT id FROM turn WHERE scope = $1 AND stamp = ANY ($2::bigint[])'
_TURNS = 'SELECT id FROM turn WHERE scope = $1'
_COUNTS = """
SELECT count(DISTINCT t.id) AS turns, count(DISTINCT e.id) AS tellings
FROM turn AS t LEFT JOIN telling AS e ON e.turn = t.id
WHERE t.id = ANY ($1::bigint[])
"""
_EXAMPLES = """
SELECT created_at, utterance, heard FROM turn WHERE id = ANY ($1::bigint[])
ORDER BY id DESC LIMIT $2
"""
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Wish:
    """What is to be forgotten: exactly one of these."""

    name: str | None = None
    since: datetime | None = None
    turns: tuple[int, ...] | None = None
    """By their numbers."""
    stamps: tuple[int, ...] | None = None
    """By their times, also before anything of them was recorded."""
    everything: bool = False
    keep_shared: bool = False
    """With `name`: keep what turns told of others as well."""

    def __post_init__(self) -> None:
        parts = (self.name, self.since, self.turns, self.stamps)
        given = sum(each is not None for each in parts)
        if given + self.everything != 1:
            raise ValueError(f'{self} is not one wish')
        if self.name is not None and not any(map(str.isalnum, self.name)):
            raise EngineError('a name without a letter or digit is nobody')


@dataclass(frozen=True)
class Example:
    """A turn that would be forgotten."""

    told_at: datetime
    utterance: str
    heard: str


@dataclass(frozen=True)
class Preview:
    """What a wish would take away."""

    turns: int
    tellings: int
    redacted: int
    """Of the turns, those of which a part would stay."""
    meant: tuple[str, ...]
    """Whom the name means."""
    names: tuple[str, ...]
    examples: tuple[Example, ...]
    """The latest."""


@dataclass(frozen=True)
class Erased:
    """What has gone, and by which names it was known."""

    gone: Forgotten
    names: tuple[str, ...]


async def preview(connection: Connection, scopes: Iterable[int], wish: Wish) -> Preview:
    """Return what the wish would take away now, without doing it."""
    turns: list[int] = []
    redacted = 0
    meant: dict[str, None] = {}
    names: dict[str, None] = {}
    async with connection.transaction(isolation='repeatable_read', readonly=True):
        for scope in scopes:
            if wish.name is not None:
                known = await forgetting_names.find(connection, scope, wish.name)
                turns += known.turns
                redacted += len(known.shared) if wish.keep_shared else 0
                meant |= dict.fromkeys(known.described)
                names |= dict.fromkeys(known.names)
            else:
                turns += await _turns(connection, scope, wish)
        counts = await connection.fetchrow(_COUNTS, turns)
        rows = await connection.fetch(_EXAMPLES, turns, MOST_EXAMPLES)
    return Preview(
        turns=counts['turns'],
        tellings=counts['tellings'],
        redacted=redacted,
        meant=tuple(meant),
        names=tuple(names),
        examples=tuple(Example(*row.values()) for row in rows),
    )


async def erase(connection: Connection, scopes: Collection[int], wish: Wish) -> Erased:
    """Forget it in each of the memories; each is committed by itself."""
    gone = Forgotten()
    names: dict[str, None] = dict.fromkeys([wish.name] if wish.name is not None else [])
    for scope in scopes:

        async def one(scope: int = scope) -> Forgotten:
            await forgetting.patiently(connection)
            if wish.name is not None:
                done, known = await forgetting_names.forget_name(
                    connection, scope, wish.name, keep_shared=wish.keep_shared
                )
                names.update(dict.fromkeys(known.names))
                return done
            if wish.everything:
                return await forgetting.forget_all(connection, scope)
            if wish.stamps is not None:
                await forgetting.remember(connection, scope, wish.stamps)
            turns = await _turns(connection, scope, wish)
            return await forgetting.forget_turns(connection, scope, turns)

        gone += await transaction(connection, one)
    return Erased(gone, tuple(names))


async def _turns(connection: Connection, scope: int, wish: Wish) -> list[int]:
    if wish.turns is not None:
        return list(wish.turns)
    if wish.stamps is not None:
        rows = await connection.fetch(_STAMPS, scope, list(wish.stamps))
    elif wish.since is not None:
        rows = await connection.fetch(_SINCE, scope, wish.since)
    else:
        rows = await connection.fetch(_TURNS, scope)
    return [row['id'] for row in rows]


async def prove(
    connection: Connection, names: Iterable[str], *, own_server: bool = False
) -> Traces:
    """Write the tables anew and look for the names everywhere; outside of a transaction.

    On a server of our own the log of the database is written over as well.
    """
    wanted = Names(names)
    found = await traces.search(connection, wanted)
    await traces.rewrite(connection, found)
    await traces.look_into_files(connection, wanted, found, write_over=own_server)
    return found
