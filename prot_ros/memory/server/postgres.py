# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of our own, from the wheel: there when it is needed, gone when we are.

Whoever comes first to a data folder runs the server, as its child; whoever comes later uses that
one, and takes over when the first has left. A server that dies is started again. Only a lock on a
file decides who may: process numbers and files that a killed run left decide nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from pathlib import Path
from types import TracebackType

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.server import account, cluster, postmaster

_log = logging.getLogger(__name__)

OPEN_S = 45.0
"""A first initdb on an SD card takes most of it."""
LOG_LOOK_S = 60.0
_RETRY_S = (0.1, 0.5, 2.0, 10.0, 30.0)


class EmbeddedPostgres:
    """PostgreSQL with pgvector on a data folder. Usable in the event loop that opened it.

    The kernel ends the server when the thread that runs this loop ends, SIGKILL included, so the
    loop should be the main thread's.
    """

    def __init__(self, data_folder: Path) -> None:
        self._cluster = cluster.Cluster(data_folder)
        self._account: account.Account
        self._programs: Path
        self._sockets: Path | None = None
        self._lock: int | None = None
        self._server: postmaster.Postmaster | None = None
        self._attached: int | None = None
        self._care: asyncio.Task[None] | None = None

    async def __aenter__(self) -> EmbeddedPostgres:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """Where to connect; the same for as long as it is open, also after a restart."""
        if self._sockets is None:
            raise EngineError('the database is not open')
        return cluster.url(self._sockets)

    @property
    def owned(self) -> bool:
        """Whether the server is our child; otherwise another process of prot runs it."""
        return self._server is not None

    @property
    def pid(self) -> int | None:
        """The server's process id, None while there is none."""
        return self._server.pid if self._server is not None else self._attached

    async def open(self, deadline_s: float = OPEN_S) -> None:
        """Return when the server takes connections.

        Raises EngineError, with the end of the server's log, when it does not within `deadline_s`.
        """
        if self._care is not None:
            raise RuntimeError('the database is open already')
        try:
            self._programs = cluster.binaries()
            self._account = account.choose(self._cluster.data)
            self._cluster.prepare(self._account)
            await asyncio.to_thread(
                account.check_reach,
                self._account,
                self._programs / 'postgres',
                self._cluster.folder,
            )
            async with asyncio.timeout(deadline_s):
                await self._bring_up()
        except TimeoutError as err:
            await self.close()
            raise EngineError(
                f'PostgreSQL in {self._cluster.folder} was not ready within {deadline_s:g} s: '
                f'{self._cluster.log_tail()}',
                retryable=True,
            ) from err
        except OSError as err:
            await self.close()
            raise EngineError(
                f'the database folder {self._cluster.folder} cannot be used: {err}; mend that, or '
                'set PROT_DATA_DIR to another folder'
            ) from err
        except BaseException:
            await self.close()
            raise
        self._care = asyncio.create_task(self._take_care(), name='postgres')

    async def close(self) -> None:
        """Stop the server if it is ours, and wait for its end. May be called twice."""
        if self._care is not None:
            self._care.cancel()
            await asyncio.wait({self._care})
            self._care = None
        await self._step_down()
        self._sockets = None
        self._attached = None

    async def _step_down(self) -> None:
        """Stop our server and let go of the lock, in this order: no two servers at a time."""
        try:
            if self._server is not None:
                await self._server.stop()
                if self._sockets is not None:
                    self._cluster.remove_sockets(self._sockets)
        finally:
            self._server = None
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    async def _bring_up(self) -> None:
        """Have a server that takes connections: ours, or that of whoever holds the lock."""
        while True:
            if self._lock is None:
                self._lock = self._cluster.lock()
            if self._lock is not None:
                await self._serve()
                return
            running = self._cluster.running()
            if running is not None and running.ready and await postmaster.answers(running.sockets):
                self._attached, self._sockets = running.pid, running.sockets
                return
            # Its owner is still making or starting it, or is just leaving.
            await asyncio.sleep(0.05)

    async def _serve(self) -> None:
        self._attached = None
        left_over = self._cluster.running()
        if left_over is not None:
            # Its owner is dead, or we would not have the lock; it may be on its way out already.
            await postmaster.end_orphan(left_over.pid)
        self._cluster.forget_stale_pid()
        version = self._cluster.version()
        if version is None:
            await postmaster.make_cluster(self._cluster, self._programs, self._account)
        elif version != cluster.MAJOR:
            raise EngineError(
                f'{self._cluster.data} was made by PostgreSQL {version}, and this is '
                f'{cluster.MAJOR}; move it away, or set PROT_DATA_DIR to another folder'
            )
        self._cluster.bound_log()
        self._sockets = self._cluster.sockets(self._account)
        while True:
            self._server = await postmaster.Postmaster.start(
                self._cluster, self._programs, self._account, self._sockets
            )
            try:
                await self._server.ready(self._sockets)
                return
            except EngineError as err:
                # The children of a killed server hold on to its memory for a moment.
                if 'shared memory block' not in str(err):
                    raise
                await asyncio.sleep(0.1)

    async def _take_care(self) -> None:
        """Start the server again, or take it over, whenever it has gone; keep its log short."""
        while True:
            gone = asyncio.create_task(self._gone(), name='postgres gone')
            try:
                while not (await asyncio.wait({gone}, timeout=LOG_LOOK_S))[0]:
                    if self.owned:
                        self._cluster.bound_log()
            finally:
                gone.cancel()
                await asyncio.wait({gone})
            await self._bring_back()

    async def _gone(self) -> None:
        if self._server is not None:
            await self._server.wait()
        else:
            assert self._attached is not None
            await postmaster.gone(self._attached)

    async def _bring_back(self) -> None:
        owned = self.owned
        self._server = None
        for attempt in itertools.count():
            try:
                async with asyncio.timeout(OPEN_S):
                    await self._bring_up()
            except (EngineError, OSError, TimeoutError) as err:
                if self._server is not None:
                    await self._server.stop()
                    self._server = None
                pause = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
                _log.error('PostgreSQL is away, next try in %g s: %s', pause, err)
                await asyncio.sleep(pause)
            else:
                _log.warning(
                    'PostgreSQL %s and is back as process %d',
                    'had ended' if owned else 'of another process had ended',
                    self.pid or 0,
                )
                return
