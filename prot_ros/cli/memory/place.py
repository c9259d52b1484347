# SPDX-License-Identifier: Apache-2.0
"""The way to the database, robot and person that a subcommand's options mean.

It is the database that the dialog would use. An embedded one is shared with a robot that runs, and
started for as long as the subcommand takes where none does.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from asyncpg import Connection

from prot_ros.cli.failure import CommandError
from prot_ros.cli.memory.options import EVERYBODY
from prot_ros.memory.database import Database, describe
from prot_ros.memory.in_time import where
from prot_ros.memory.inspection import census
from prot_ros.memory.schema import migrate
from prot_ros.memory.scopes import Scope
from prot_ros.memory.server.cluster import Cluster
from prot_ros.memory.server.folders import data_folder
from prot_ros.memory.server.postgres import EmbeddedPostgres

T = TypeVar('T')

WITHIN_S = 20.0
"""What looking takes at most, or correcting; a conversation's own queries have 2 s."""
MOST_LISTED = 10
"""Names in a sentence."""


@dataclass(frozen=True)
class Person:
    """One person's memory."""

    name: str
    scope: Scope


class Opened:
    """An open database whose schema is up to date."""

    def __init__(self, database: Database, url: str, place: str) -> None:
        self.database = database
        self.url = url
        self.place = place
        """Which it is, for people."""

    async def look(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do what only reads, in one snapshot."""

        async def reading(connection: Connection) -> T:
            async with connection.transaction(isolation='repeatable_read', readonly=True):
                return await work(connection)

        return await self.database.run(reading, WITHIN_S)

    async def change(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do something in one transaction. It may be done twice where the first is lost."""

        async def changing(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self.database.run(changing, WITHIN_S)

    async def people(self, robot: str, person: str, *, everybody: bool = False) -> list[Person]:
        """Return whose memories are meant, at least one; raise CommandError where there is none.

        `everybody` says whether `person` may mean all of them.
        """
        there = await self.look(lambda connection: census.people(connection, robot))
        if everybody and person == EVERYBODY and there:
            return [Person(name, scope) for name, scope in there.items()]
        if person not in there:
            robots = await self.look(census.robots)
            raise CommandError(nobody(self.place, robot, robots, person, list(there)))
        return [Person(person, there[person])]


@asynccontextmanager
async def opened(args: argparse.Namespace) -> AsyncIterator[Opened]:
    """Open the database that the options mean, and close it at the end.

    Raises EngineError where it cannot be opened, CommandError where there is none yet: looking
    makes none.
    """
    # A folder that is named is meant, whatever the environment says.
    place = where('embedded' if args.data else 'auto')
    async with AsyncExitStack() as held:
        url, words = place.url, ''
        if url is None:
            folder = data_folder(args.data)
            if not _made(folder):
                raise CommandError(
                    f'there is no memory in {folder} yet; it is made when the robot first comes '
                    'up, or name another folder with --data'
                )
            server = await held.enter_async_context(EmbeddedPostgres(folder))
            url = server.url
            whose = 'started for this command' if server.owned else 'of the robot that runs'
            words = f'embedded in {folder}, {whose}'
        vectors = await migrate(url)
        database = Database(url)
        held.push_async_callback(database.close)
        await database.open(vectors)
        yield Opened(database, url, words or describe(url))


def _made(folder: Path) -> bool:
    try:
        return Cluster(folder).data.exists()
    except OSError as err:
        raise CommandError(f'the data folder {folder} cannot be read: {err.strerror}') from err


def nobody(place: str, robot: str, robots: Sequence[str], person: str, there: list[str]) -> str:
    """Return what to say where nothing is remembered of a person."""
    of = f' of the robot {robot!r}' if robot else ''
    if there:
        near = difflib.get_close_matches(person, there, n=1)
        hint = f'did you mean --person {near[0]!r}?' if near else f'there are {listed(there)}'
        return f'nothing is remembered of {person!r}{of}; {hint}'
    others = [each for each in robots if each != robot]
    hint = f'; there are memories of --robot {listed(others)}' if others else ''
    return f'nothing is remembered{of} in {place}{hint}'


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence, the first of them where there are many."""
    words = ', '.join(repr(each) for each in names[:MOST_LISTED])
    more = len(names) - MOST_LISTED
    return words + (f' and {more} more' if more > 0 else '')
