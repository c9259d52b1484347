# SPDX-License-Identifier: Apache-2.0
"""A pool of connections that survives what databases do: restarts, silence, refusals.

All work goes through `Database.run`: it has a deadline, is tried again when the connection was
lost under it or somebody else was in its way (so it must be safe to repeat), and fails as a
`MemoryUnavailable` with one sentence.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg
from asyncpg import Connection
from pgvector.asyncpg import register_vector

from prot_ros.engines.kinds import EngineError

T = TypeVar('T')
Work = Callable[[Connection], Awaitable[T]]

SCHEMA = 'prot'
"""Everything of ours lies in this schema, so a database may be shared with other programs."""
POOL = 4
"""One for the extraction, the rest for a conversation and whoever looks on."""
CONNECT_S = 5.0
STATEMENT_S = 5.0
"""The server's own limit, for statements whose caller has given up."""
RELEASE_S = 0.5
EF_SEARCH = 60
"""How many candidates the search of an index over vectors keeps, up to 100,000 of them. Of the 10
nearest it finds 9.96 on average (vectors of 1,024 dimensions) in 1.1 ms."""
FURTHER = 90
"""How many more for ten times as many vectors."""
_LARGEST = """
SELECT max(reltuples) FROM pg_class
WHERE relkind = 'i' AND relname LIKE '%\\_hnsw\\_%' AND pg_table_is_visible(oid)
"""
KEEPALIVE_S = '30'
"""After which the server asks a silent client whether it lives."""
AWAY_S = 0.25
"""How long a call waits once the server is known not to answer, instead of its own deadline."""
_PAUSE_S = (0.02, 0.05, 0.1, 0.2, 0.5)

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""What a restart of the server looks like to its clients."""
HINDERED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""What the server sends one of two away with who are in each other's way."""
FAILURES = (
    *LOST,
    TimeoutError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""All that connecting can raise. ValueError: the URL."""
MALFORMED = (
    'the database URL cannot be read; expected postgresql://user:password@host:port/database, '
    'with special characters in the password written as %xx'
)


class MemoryUnavailable(EngineError):  # noqa: N818 - a state of the world, as callers read it
    """The database did not do it, within the deadline; the same call may succeed later."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


def describe(url: str) -> str:
    """Return which database a URL means, for people: never its user's password."""
    try:
        parts = urlsplit(url)
        host, port, name = parts.hostname, parts.port, unquote(parts.path.lstrip('/'))
    except ValueError:
        return 'the database'
    # An unescaped mark in a password makes the rest of it look like something else.
    if url.count('@') > 1 or url.count('@') != parts.netloc.count('@'):
        return 'the database'
    if host is None:
        return f'the database {name!r} of this machine'
    return f'the database {name!r} at {host}' + (f':{port}' if port else '')


def search_path(extension_schema: str) -> str:
    """Return where names are looked up: our tables, then the types and operators of vectors."""
    quoted = extension_schema.replace('"', '""')
    return f'{SCHEMA}, "{quoted}", public'


def without_password(text: str, url: str) -> str:
    """Return a message of the driver or server without the password of the URL."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    for secret in {password, unquote(password)} if password else ():
        text = text.replace(secret, '***')
    return text


def candidates(vectors: float) -> int:
    """Return how many candidates the search of an index over so many vectors has to keep.

    Among a million vectors of 1,024 dimensions 60 find 9.49 of the 10 nearest in 1.3 ms, 100 9.70
    in 2.3, 150 9.95 in 2.7; among 10,000 150 take twice as long as 60, and find nothing more.
    """
    tenfold = math.log10(max(vectors, 1) / 100_000)
    return round(EF_SEARCH + FURTHER * min(1.5, max(0.0, tenfold)))


async def search_as_far_as_needed(connection: Connection) -> None:
    """Set how far this connection searches, for the largest index over vectors there is now.

    Connections live as long as a robot runs, and an index needs years to grow tenfold.
    """
    largest = await connection.fetchval(_LARGEST)
    await connection.execute(f'SET hnsw.ef_search = {candidates(largest or 0):d}')


class Database:
    """The pool. `open` and `close` once each; `run` in between.

    Work changes nothing of a connection that outlasts its transactions, such as settings and
    locks of the session: nobody would set them back.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.place = describe(url)
        self._pool: asyncpg.Pool | None = None
        self._away = False

    @property
    def size(self) -> int:
        """Connections the pool holds now."""
        return int(self._pool.get_size()) if self._pool is not None else 0

    @property
    def free(self) -> int:
        """Connections of those that nobody uses."""
        return int(self._pool.get_idle_size()) if self._pool is not None else 0

    async def open(self, extension_schema: str) -> None:
        """Connect; the schema must be migrated and the extension there. Raises EngineError."""

        async def prepare(connection: Connection) -> None:
            await register_vector(connection, schema=extension_schema)
            await search_as_far_as_needed(connection)

        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=POOL,
                timeout=CONNECT_S,
                command_timeout=STATEMENT_S,
                init=prepare,
                reset=_leave_as_it_is,
                # People are silent for longer than five minutes, and then do not want to wait: a
                # new connection answers its first question in 47 ms instead of 8, and one that has
                # to plan it anew in 18.
                max_inactive_connection_lifetime=0,
                max_cached_statement_lifetime=0,
                # Not `SET` in `init`, which is a question to the server each.
                server_settings={
                    'application_name': 'prot',
                    'search_path': search_path(extension_schema),
                    'statement_timeout': f'{STATEMENT_S:g}s',
                    'idle_in_transaction_session_timeout': '120s',
                    'timezone': 'UTC',
                    # Whatever stands between here and a server far away forgets who is silent.
                    'tcp_keepalives_idle': KEEPALIVE_S,
                    'jit': 'off',
                    # What is asked in a conversation is asked again and again.
                    'plan_cache_mode': 'force_generic_plan',
                    # What was replaced stays in an index until it is cleaned up, near what has
                    # replaced it: the search goes on until it has as many as were asked for. In a
                    # strict order it would pass over what it finds late, however near that is.
                    'hnsw.iterative_scan': 'relaxed_order',
                    # A few pages out of the cache: the default of 4 leads away from indexes.
                    'random_page_cost': '1.1',
                    # It takes groups for small, and the facts of the user are a large one.
                    'enable_incremental_sort': 'off',
                },
            )
        except FAILURES as err:
            raise refusal(err, self._url) from None

    async def close(self, deadline_s: float = 1.0) -> None:
        """Wait for what is under way, up to the deadline, then end every connection."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(deadline_s):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def run(self, work: Work[T], deadline_s: float, *, patient: bool = False) -> T:
        """Do `work` on a connection, again on another one if the first was lost under it.

        Raises MemoryUnavailable when it is not done after `deadline_s` (or, once the server is
        known not to answer, after AWAY_S, unless `patient`), EngineError when the database refuses
        it. Cancelled, it returns at once, whatever the server does.
        """
        if self._away and not patient:
            deadline_s = min(deadline_s, AWAY_S)
        ends = asyncio.get_running_loop().time() + deadline_s
        lost: BaseException | None = None
        for attempt in itertools.count():
            pool = self._pool
            if pool is None:
                raise MemoryUnavailable('the memory is closed')
            try:
                async with asyncio.timeout_at(ends):
                    if attempt:
                        await asyncio.sleep(_PAUSE_S[min(attempt, len(_PAUSE_S)) - 1])
                    result = await self._once(pool, work)
                self._away = False
                return result
            except TimeoutError as err:
                lost = lost or err
                break
            except LOST as err:
                lost = err
                if self._away and not patient:
                    break
            except HINDERED as err:
                lost = err
            except asyncpg.PostgresError as err:
                raise refusal(err, self._url) from err
        self._away = not isinstance(lost, HINDERED)
        assert lost is not None
        raise refusal(lost, self._url, deadline_s) from lost

    async def _once(self, pool: asyncpg.Pool, work: Work[T]) -> T:
        try:
            connection = await pool.acquire()
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as err:
            if pool is not self._pool:
                raise MemoryUnavailable('the memory is closed') from err
            raise ConnectionError(f'the connection was lost at once: {err}') from err
        task = asyncio.ensure_future(work(connection))
        try:
            await asyncio.wait({task})
            return task.result()
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as err:
            # Unasked, a server's farewell can leave the driver in a state that it does not know.
            if isinstance(err, asyncpg.InterfaceError) and _open(connection):
                raise
            _hang_up(connection)
            raise ConnectionError(f'the connection was lost: {err}') from err
        finally:
            if not task.done():
                # Late or cancelled. To ask a server that hangs to stop, or to roll back, would
                # hang as well; hanging up does both.
                _hang_up(connection)
                _, pending = await asyncio.wait({task}, timeout=0.05)
                if pending:
                    task.cancel()
                    await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # known now, also where nobody is left to raise it to
            await self._release(pool, connection)

    async def _release(self, pool: asyncpg.Pool, connection: Connection) -> None:
        try:
            await pool.release(connection, timeout=RELEASE_S)
        except FAILURES:
            pass  # it has been ended instead, and what was done on it was done


async def _leave_as_it_is(_: Connection) -> None:
    """Ask nothing of the server when a connection comes back, on which somebody waits.

    The driver has ended a transaction that was left open, and work leaves nothing else behind.
    """


# A connection that the server ended may be back in the pool already; touching it raises then.


def _open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


def _hang_up(connection: Connection) -> None:
    try:
        connection.terminate()
    except asyncpg.InterfaceError:
        pass


def refusal(error: BaseException, url: str, deadline_s: float = CONNECT_S) -> EngineError:
    """Put what the driver or the server said into one sentence that says what to do."""
    place = describe(url)
    said = without_password(str(error), url) or type(error).__name__
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return EngineError(f'{place} refuses the user of the URL: {said}')
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return EngineError(f'{place} does not exist; create it, or correct the URL')
    if isinstance(error, TimeoutError):
        return MemoryUnavailable(f'{place} did not answer within {deadline_s:g} s')
    if isinstance(error, ValueError):
        return EngineError(MALFORMED)  # not what was said, which may quote the password
    if isinstance(error, HINDERED):
        return MemoryUnavailable(f'{place} was busy with others for {deadline_s:g} s: {said}')
    if isinstance(error, (*LOST, asyncpg.InterfaceError)):
        return MemoryUnavailable(f'{place} cannot be reached: {said}')
    if isinstance(error, (asyncpg.InsufficientResourcesError, asyncpg.OperatorInterventionError)):
        return MemoryUnavailable(f'{place} is not able to: {said}')
    return EngineError(f'{place} refuses: {said}')
