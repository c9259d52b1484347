# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL server process: made, started, ended, always waited for."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.server.account import Account
from prot_ros.memory.server.cluster import MAJOR, PORT, Cluster, url

_log = logging.getLogger(__name__)

FAST_S = 5.0
"""Ends sessions and writes a checkpoint."""
IMMEDIATE_S = 2.0
"""Ends without; the log is replayed at the next start, and nothing committed is lost."""

_STEPS = ((signal.SIGINT, FAST_S), (signal.SIGQUIT, IMMEDIATE_S), (signal.SIGKILL, 5.0))


def shared_buffers_mb() -> int:
    """Return what the server may keep in memory: a quarter of the machine's, 32 MB to 8 GB.

    It takes as much of it as it has read, so a small memory takes little on any machine. Each page
    that does not stay is fetched from the kernel again: with 32 MB, finding something among
    100,000 entities took three times as long; among a million, with 3 GB instead of the 6 in which
    its indexes have room, 1.8 times.
    """
    whole = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return int(min(8192, max(32, whole // 4 // 2**20)))


_HEAP = {
    'MALLOC_MMAP_THRESHOLD_': str(4 * 2**20),
    'MALLOC_TRIM_THRESHOLD_': str(4 * 2**20),
    'MALLOC_TOP_PAD_': str(2**19),
}
"""What each session's heap keeps between two statements, in bytes, for glibc. By itself it gives
the megabyte of a recollection back each time, and the system clears 270 pages of it anew: a sixth
of what the server works, and more where others want the processors."""


def _settings(sockets: Path) -> Iterator[str]:
    quoted = str(sockets).replace('"', '""')
    for setting in (
        'listen_addresses=',
        f'port={PORT}',
        f'unix_socket_directories="{quoted}"',  # quoted, because it is a list
        'unix_socket_permissions=0700',
        'max_connections=20',
        f'shared_buffers={shared_buffers_mb()}MB',
        'fsync=on',
        'synchronous_commit=on',
        'full_page_writes=on',
        # A robot's database is small and its storage slow and worn by writing.
        'wal_level=minimal',
        'max_wal_senders=0',
        'max_logical_replication_workers=0',
        'min_wal_size=32MB',
        'max_wal_size=128MB',
        'checkpoint_timeout=15min',
        # Reads of a few pages need no helpers, and each helper is a process.
        'io_method=sync',
        'max_parallel_workers_per_gather=0',
        # The default puts files into /dev/shm, which a killed server leaves there.
        'dynamic_shared_memory_type=mmap',
        'logging_collector=off',
        'log_destination=stderr',
        'log_checkpoints=off',
        # What people say belongs into the tables and nowhere else.
        'log_statement=none',
        'log_min_error_statement=panic',
        'log_error_verbosity=terse',
        'log_parameter_max_length_on_error=0',
    ):
        yield from ('-c', setting)


def _environment() -> dict[str, str]:
    """Not ours: it may hold keys, and library paths that are not meant for PostgreSQL."""
    return {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C', 'TZ': 'UTC', **_HEAP}


async def make_cluster(cluster: Cluster, programs: Path, account: Account) -> None:
    """Run initdb. It works beside and is renamed when done, so a kill leaves no half cluster."""
    shutil.rmtree(cluster.unfinished, ignore_errors=True)
    command = account.command(
        'KILL',
        programs / 'initdb',
        f'--pgdata={cluster.unfinished}',
        '--username=postgres',
        '--auth=trust',  # the folder is private, and there is no other way in
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
    )
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=_environment(),
        cwd='/',
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        shutil.rmtree(cluster.unfinished, ignore_errors=True)
        said = ' | '.join(output.decode(errors='replace').splitlines()[-6:])
        raise EngineError(f'no database could be made in {cluster.folder}: {said}')
    cluster.unfinished.rename(cluster.data)
    folder = os.open(cluster.folder, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def answers(sockets: Path) -> bool:
    """Return whether the server takes connections; False while it starts or is not there."""
    try:
        connection = await asyncpg.connect(url(sockets), timeout=2.0)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close(timeout=1.0)
    return True


class Postmaster:
    """A server that is our child. Made by `start`; `stop` has to be awaited."""

    def __init__(
        self, process: asyncio.subprocess.Process, cluster: Cluster, log_start: int
    ) -> None:
        self._process = process
        self._cluster = cluster
        self._log_start = log_start

    @classmethod
    async def start(
        cls, cluster: Cluster, programs: Path, account: Account, sockets: Path
    ) -> Postmaster:
        """Start the process; `ready` says when it can be used.

        A session of its own keeps the terminal's Ctrl-C away from it: it has to outlive the
        clients that are still writing.
        """
        command = account.command(
            'INT', programs / 'postgres', '-D', str(cluster.data), *_settings(sockets)
        )
        log = os.open(cluster.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        # Now, because it may have said why it ends before this task is on again.
        log_start = cluster.log_size()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd='/',
                start_new_session=True,
            )
        finally:
            os.close(log)
        return cls(process, cluster, log_start)

    @property
    def pid(self) -> int:
        """The postmaster's process id; setpriv executes in place."""
        return self._process.pid

    async def ready(self, sockets: Path) -> None:
        """Wait until it takes connections; EngineError when it ends instead. No deadline."""
        while True:
            running = self._cluster.running()
            if running is not None and running.ready and await answers(sockets):
                return
            if self._process.returncode is not None:
                raise EngineError(
                    f'PostgreSQL {MAJOR} ended with code {self._process.returncode}: '
                    f'{self._cluster.log_tail(self._log_start)}',
                    retryable=True,
                )
            await asyncio.sleep(0.02)

    async def wait(self) -> int:
        """Wait for its end, however it comes; return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it, politely first; it has been waited for when this returns or is cancelled."""
        try:
            for number, patience in _STEPS:
                if self._process.returncode is not None:
                    return
                self._process.send_signal(number)
                try:
                    async with asyncio.timeout(patience):
                        await self._process.wait()
                except TimeoutError:
                    _log.warning('PostgreSQL ignored %s for %g s', number.name, patience)
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()


async def end_orphan(pid: int) -> None:
    """End a server that is nobody's child any more, and wait until it is gone."""
    for number, patience in _STEPS:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if await gone(pid, patience):
            return
    raise EngineError(f'a PostgreSQL server from before (process {pid}) cannot be ended')


async def gone(pid: int, patience_s: float | None = None) -> bool:
    """Wait for the end of a process that is not our child; False when it is still there."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    try:
        loop.add_reader(descriptor, ended.set)
        async with asyncio.timeout(patience_s):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return True
