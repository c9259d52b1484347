# SPDX-License-Identifier: Apache-2.0
"""A connection for what takes its time: forgetting, moving and remaking a whole memory.

The pool of a conversation ends every statement after seconds, and every transaction that rests.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
from asyncpg import Connection
from pgvector.asyncpg import register_vector

from prot_ros.memory.database import CONNECT_S, FAILURES, KEEPALIVE_S, refusal, search_path
from prot_ros.memory.schema import migrate

T = TypeVar('T')

NAME = 'prot memory'
"""What the server shows as the name of the program."""
_TRIES = 6
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Bring the schema up to date and connect; raises EngineError in one sentence.

    Whatever the server or the driver raises inside becomes one as well. At the end the connection
    is hung up, which takes back what was not committed.
    """
    vectors = await migrate(url)
    try:
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_S,
            server_settings={
                'application_name': NAME,
                'search_path': search_path(vectors),
                'timezone': 'UTC',
                'jit': 'off',
                'random_page_cost': '1.1',
                'tcp_keepalives_idle': KEEPALIVE_S,
            },
        )
        try:
            await register_vector(connection, schema=vectors)
            yield connection
        finally:
            # Not asked to end: who is cancelled does not wait for what the server is doing.
            connection.terminate()
    except FAILURES as err:
        raise refusal(err, url) from err


async def transaction(connection: Connection, work: Callable[[], Awaitable[T]]) -> T:
    """Do it in one transaction; again where it got into the way of somebody else's."""
    for tried in range(1, _TRIES + 1):
        try:
            async with connection.transaction():
                return await work()
        except _AGAIN:
            if tried == _TRIES:
                raise
            # Two who hinder each other must not go on in step.
            await asyncio.sleep(random.uniform(0.05, 0.2) * tried)
    raise AssertionError('unreachable')
