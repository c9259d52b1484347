# SPDX-License-Identifier: Apache-2.0
"""A real database for tests: one embedded server for the session, an empty database for each test.

from database import fresh_url, server  # noqa: F401 - fixtures

def test_something(fresh_url: str) -> None: ...
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from prot_ros.memory.server.postgres import EmbeddedPostgres
from prot_ros.memory.store import Memory

_numbers = itertools.count(1)

FACTS = (
    'SELECT f.valid_from, f.valid_to, f.last_turn, t.object '
    'FROM prot.fact AS f JOIN prot.telling AS t ON t.id = f.telling'
)
"""A query for facts with what they say."""


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """Yield a temporary folder that the user can enter whom root hands its server to.

    pytest's own folders cannot be entered by anybody else.
    """
    folder = Path(tempfile.mkdtemp(prefix='prot-test-'))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty data folder for a server of the test's own."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope='session')
def server() -> Iterator[str]:
    """The URL of a server that runs until the session ends."""
    with reachable_folder() as folder, asyncio.Runner() as runner:
        postgres = EmbeddedPostgres(folder)
        runner.run(postgres.open())
        try:
            yield postgres.url
        finally:
            runner.run(postgres.close())


@pytest.fixture
def fresh_url(server: str) -> Iterator[str]:
    """The URL of an empty database on that server."""
    yield from _made(server)


def _made(server: str) -> Iterator[str]:
    name = f'test_{next(_numbers)}'
    asyncio.run(execute(server, f'CREATE DATABASE {name}'))
    yield server.replace('/postgres?', f'/{name}?')
    asyncio.run(execute(server, f'DROP DATABASE {name} WITH (FORCE)'))


@pytest.fixture
def another_url(server: str) -> Iterator[str]:
    """The URL of a second empty database on that server."""
    yield from _made(server)


def memory_on(url: str, person: str = 'someone', **more: Any) -> Memory:
    """Return a memory that is not open yet."""
    return Memory(url, Path('/nonexistent'), person, **more)


async def execute(url: str, *statements: str) -> None:
    """Run statements as the administrator."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def fetch(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Return rows, as the administrator."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()
