# SPDX-License-Identifier: Apache-2.0
"""Blocking calls leave the loop free, keep their order, and cannot keep anybody from ending."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from prot_ros.engines.own_thread import OwnThread


def test_calls_are_made_one_at_a_time_in_order_away_from_the_loop():
    async def run() -> None:
        thread = OwnThread('worker')
        seen: list[tuple[int, str]] = []

        def call(number: int) -> int:
            time.sleep(0.01)
            seen.append((number, threading.current_thread().name))
            return number

        calls = [thread.run(lambda n=n: call(n)) for n in range(5)]
        assert await asyncio.gather(*calls) == list(range(5))
        assert seen == [(n, 'worker') for n in range(5)]
        assert await thread.end(1.0)

    asyncio.run(run())


def test_what_a_call_raises_is_raised_to_its_caller_and_the_next_call_is_made():
    async def run() -> None:
        thread = OwnThread('worker')
        with pytest.raises(ZeroDivisionError):
            await thread.run(lambda: 1 // 0)
        assert await thread.run(lambda: 7) == 7
        assert await thread.end(1.0)

    asyncio.run(run())


def test_a_cancelled_caller_is_free_at_once_and_calls_not_begun_are_not_made():
    async def run() -> None:
        thread = OwnThread('worker')
        release, made = threading.Event(), []
        first = asyncio.create_task(thread.run(lambda: release.wait(5)))
        second = asyncio.create_task(thread.run(lambda: made.append(2)))
        await asyncio.sleep(0)
        began = time.monotonic()
        for task in (first, second):
            task.cancel()
        await asyncio.wait({first, second})
        assert time.monotonic() - began < 0.1
        release.set()
        await thread.run(lambda: made.append(3))
        assert made == [3]
        assert await thread.end(1.0)

    asyncio.run(run())


def test_ending_joins_the_thread():
    async def run() -> None:
        before = threading.active_count()
        thread = OwnThread('worker')
        assert threading.active_count() == before + 1
        assert await thread.end(1.0)
        assert threading.active_count() == before

    asyncio.run(run())


def test_a_call_that_hangs_keeps_neither_its_owner_nor_the_process():
    program = """
import asyncio, threading
from prot_ros.engines.own_thread import OwnThread

begun = threading.Event()

def hang():
    begun.set()
    threading.Event().wait()

async def run():
    thread = OwnThread('worker')
    stuck = asyncio.create_task(thread.run(hang))
    await asyncio.to_thread(begun.wait, 5)
    stuck.cancel()
    print(await thread.end(0.05))

asyncio.run(run())
"""
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', program],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert (done.stdout, done.stderr) == ('False\n', '')


def test_a_call_that_ends_after_its_loop_was_closed_does_no_harm():
    begun, release = threading.Event(), threading.Event()
    threads = []

    def call() -> None:
        begun.set()
        release.wait(5)

    async def run() -> None:
        thread = OwnThread('worker')
        threads.append(thread._thread)
        stuck = asyncio.create_task(thread.run(call))
        await asyncio.to_thread(begun.wait, 5)
        stuck.cancel()
        assert not await thread.end(0.01)

    asyncio.run(run())
    release.set()
    threads[0].join(5)
    assert not threads[0].is_alive()
