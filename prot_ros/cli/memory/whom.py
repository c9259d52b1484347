# SPDX-License-Identifier: Apache-2.0
"""Whom a name on the command line means, and what to say where that is nobody or not clear."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from asyncpg import Connection

from prot_ros.cli.failure import UsageError
from prot_ros.cli.memory.place import Person
from prot_ros.cli.memory.table import day, table
from prot_ros.cli.screen import printable
from prot_ros.memory.inspection import dossiers
from prot_ros.memory.inspection.dossiers import Entity
from prot_ros.memory.knowledge.naming import name_key

NEAR = 3
"""Names that are suggested."""
_NUMBERED = re.compile(r'(.*?)\s*#(\d{1,18})')


class UnknownNameError(UsageError):
    """Nobody and nothing is called so, in one person's memory."""


async def find(connection: Connection, person: Person, name: str) -> Entity:
    """Return the one who is meant by `NAME`, `NAME#12` or `#12`.

    Raises UnknownNameError where that is nobody, with names that are near, and UsageError where it
    is several, with what tells them apart.
    """
    scope = person.scope
    # First as it stands: a room may be called `Lab #5`.
    found = await dossiers.called(connection, scope.number, scope.user, name)
    numbered = _NUMBERED.fullmatch(name)
    if not found and numbered:
        return await _numbered(connection, person, numbered[1], int(numbered[2]))
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(ambiguous(name, found))
    known = await dossiers.latest(connection, scope.number, dossiers.MOST_ENTITIES)
    raise UnknownNameError(unknown(name, person.name, known))


async def _numbered(connection: Connection, person: Person, name: str, number: int) -> Entity:
    scope = person.scope
    found = await dossiers.numbered(connection, scope.number, [number])
    if not found:
        raise UnknownNameError(
            f'{person.name!r} has told of nobody and nothing with the number #{number}'
        )
    if name:
        meant = await dossiers.called(connection, scope.number, scope.user, name)
        if number not in {each.number for each in meant}:
            raise UsageError(
                f'#{number} is {printable(found[0].title)!r}, which is not called {name!r}; '
                f'write #{number} if it is meant'
            )
    return found[0]


def ambiguous(name: str, found: Sequence[Entity]) -> str:
    """Return what to say where several are called so: how they differ, and how to name one."""
    rows = [
        (numbered(each), what(each), spoken_of(each))
        for each in sorted(found, key=lambda each: each.last_turn, reverse=True)
    ]
    return (
        f'{name!r} may be one of {len(found)}; say which, like {numbered(found[0])!r}:\n'
        + '\n'.join(table(rows, indent='       '))
    )


def unknown(name: str, person: str, known: Sequence[Entity]) -> str:
    """Return what to say where nobody is called so."""
    close = near(name, known)
    words = f'{person!r} has told of nobody and nothing called {name!r}'
    if close:
        return f'{words}; did you mean {" or ".join(map(repr, close))}?'
    return f'{words}; `prot memory show` lists whom and what there is'


def near(name: str, known: Iterable[Entity]) -> list[str]:
    """Return names that are spelt or sound like it, the nearest first."""
    spellings: dict[str, str] = {}
    for entity in known:
        for each in (entity.name, *entity.names, *entity.roles):
            if each:
                spellings.setdefault(each.casefold(), printable(each))
                spellings.setdefault(name_key(each), printable(each))
    close: dict[str, None] = {}
    for wanted in (name.casefold(), name_key(name)):
        for each in difflib.get_close_matches(wanted, spellings, n=NEAR, cutoff=0.7):
            close.setdefault(spellings[each])
    if not close:
        # Part of a name that was not said in full.
        folded = name.casefold()
        close = dict.fromkeys(text for each, text in spellings.items() if folded in each)
    return list(close)[:NEAR]


def label(entity: Entity) -> str:
    """Return how an entity is written on the command line, without its number."""
    return printable(entity.name)


def numbered(entity: Entity) -> str:
    """Return how an entity is written on the command line so that no other is meant."""
    return f'{label(entity)}#{entity.number}'


def what(entity: Entity) -> str:
    """Return what it is: its kind, or what it is to the user."""
    return ', '.join(printable(role) for role in entity.roles) or str(entity.kind)


def spoken_of(entity: Entity) -> str:
    """Return how often it was spoken of, and when last."""
    times = f'{entity.mentions:,} turn' + ('' if entity.mentions == 1 else 's')
    if entity.last_at is None:
        return times
    return f'{times}, last {day(entity.last_at)} (turn {entity.last_turn})'
