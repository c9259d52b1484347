# SPDX-License-Identifier: Apache-2.0
"""The server ends with us, however we end, and comes back when it ends alone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from database import fetch
from memory_processes import (
    alive,
    answers,
    child,
    eventually,
    lines,
    processes_of,
    wait_until,
)

from prot_ros.memory.server import postmaster
from prot_ros.memory.server.cluster import Cluster
from prot_ros.memory.server.postgres import EmbeddedPostgres


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
