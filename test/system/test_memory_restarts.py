# SPDX-License-Identifier: Apache-2.0
"""The memory while its server is killed, hangs, or has gone for good."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from database import FACTS, fetch
from memory_child import likes
from memory_processes import (
    children,
    eventually,
)
from readers import Reads
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.memory.database import MemoryUnavailable
from prot_ros.memory.server.postgres import EmbeddedPostgres
from prot_ros.memory.store import Memory


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_c05_a_restart_of_postgresql_in_use_fails_no_turn(
    data_folder: Path, number: signal.Signals
) -> None:
    async def story() -> None:
        # A busy machine takes its time to recover a killed server.
        async with Memory(None, data_folder, reader=Reads(likes), deadline_s=10.0) as memory:
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
            await until(lambda: memory.stats()['memory vectors complete'])
            stats = memory.stats()
            assert stats['memory pool free'] == stats['memory pool size']
        async with EmbeddedPostgres(data_folder) as postgres:
            facts = await fetch(
                postgres.url,
                FACTS,
            )
            assert len(facts) == len({row['object'] for row in facts}) == 60

    asyncio.run(story())


def test_a_server_that_hangs_costs_a_caller_its_patience_and_no_more(data_folder: Path) -> None:
    async def story() -> None:
        async with Memory(None, data_folder, reader=Reads(likes), deadline_s=0.5) as memory:
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
            memory = Memory(postgres.url, data_folder, reader=Reads(likes), deadline_s=0.3)
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
            async with Memory(None, data_folder, reader=Reads(likes)) as memory:
                await memory.record_utterance(Stamp(1), 'tea', 'stt')
                assert await memory.settled(10.0)

    asyncio.run(rounds(2))
    here = psutil.Process()
    before = here.num_fds(), here.num_threads(), children()
    asyncio.run(rounds(6))
    assert (here.num_fds(), children()) == before[::2]
    # The kernel counts a thread that was joined for a moment longer.
    deadline = time.monotonic() + 5
    while here.num_threads() > before[1]:
        assert time.monotonic() < deadline, f'{here.num_threads()} threads, {before[1]} before'
        time.sleep(0.01)
