# SPDX-License-Identifier: Apache-2.0
"""Runs the prot command, as a person does at a prompt, and looks for what it leaves behind."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from domains import Domain

DEADLINE_S = 60.0
MARK = 'PROT_TEST_MARK'
UP = 'prot is listening'
"""The manager says so."""
QUIET = ('-p', 'dialog.database=none', '-p', 'mic.engine=none', '-p', 'speaker.engine=null')
"""Parameters of a robot that needs no device and remembers nothing."""


class Place:
    """A domain in which no robot is, and a mark by which its processes are known."""

    def __init__(self) -> None:
        self._domain = Domain()
        self._mark = uuid.uuid4().hex
        self.environment = {**self._domain.environment, MARK: self._mark}

    def alive(self) -> list[psutil.Process]:
        """Return the processes that were started here and have not ended."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                running = process.status() != psutil.STATUS_ZOMBIE
                if running and process.environ().get(MARK) == self._mark:
                    found.append(process)
        return found

    def close(self) -> None:
        """End what is left, and let another test have the domain."""
        left = self.alive()
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=10)
        self._domain.close()


def command(*words: str) -> list[str]:
    """Return the command line of `prot WORDS`."""
    return [sys.executable, '-m', 'prot_ros.cli.main', *words]


def prot(
    environment: dict[str, str], *words: str, stdin: str = '', within: float = DEADLINE_S
) -> subprocess.CompletedProcess[str]:
    """Run `prot WORDS` to its end."""
    return subprocess.run(
        command(*words), env=environment, input=stdin, text=True, capture_output=True,
        timeout=within,
    )  # fmt: skip


def crash(process: psutil.Process) -> None:
    """Kill a node as a crash would, and remove the shared memory that only a clean end removes."""
    maps = Path(f'/proc/{process.pid}/maps').read_text()
    process.kill()
    for name in set(re.findall(r'/dev/shm/fast(?:dds|rtps)_[0-9a-f]{16}$', maps, re.MULTILINE)):
        Path(name).unlink(missing_ok=True)
        Path(f'{name}_el').unlink(missing_ok=True)


def wait_until(condition: Callable[[], bool], what: str, within: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f'{what}: not within {within:g} s'
        time.sleep(0.05)


@contextlib.contextmanager
def brought_up(place: Place, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `prot up WORDS` until the block ends; all nodes are active when it begins."""
    with log.open('wb') as out:
        process = subprocess.Popen(
            command('up', *words), env=place.environment, stdout=out, stderr=out,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        wait_until(lambda: UP in log.read_text(errors='replace'), f'{UP!r} in {log}')
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
