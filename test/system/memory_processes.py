# SPDX-License-Identifier: Apache-2.0
"""Processes of tests: ones that are killed, and what may be left of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
from database import fetch
from installation import ROOT

from prot_ros.memory.server.postgres import EmbeddedPostgres

CHILD = Path(__file__).with_name('memory_child.py')


@contextmanager
def child(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(CHILD), *map(str, arguments)],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()
        process.wait()


def lines(process: subprocess.Popen[str], first_word: str, count: int) -> list[list[str]]:
    found: list[list[str]] = []
    assert process.stdout is not None
    for line in process.stdout:
        if line.split()[0] == first_word:
            found.append(line.split())
        if len(found) == count:
            return found
    raise AssertionError(f'the child ended after {found}')


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
    """Our own children, zombies included; the session's own server may be among them.

    Not theirs: a server begins and ends processes when it wants to, to clean up.
    """
    return {process.pid for process in psutil.Process().children()}


def processes_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(['cmdline', 'status'])
        if any(str(folder) in word for word in process.info['cmdline'] or ())
        and process.info['status'] != psutil.STATUS_ZOMBIE
    ]
