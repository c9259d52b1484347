# SPDX-License-Identifier: Apache-2.0
"""Run a command, then fail if it left anything behind: `nothing_left.py [--grace S] -- COMMAND`.

Processes are found by descent: this one becomes the reaper of every orphan below it, so whatever
is still below it when the command has ended was left behind, however it was detached. Shared
memory is the command's if a process below was seen to map it, and left if nobody holds it.
Temporary files are the command's because it has a folder for them of its own. So nothing that
other programs on the machine do can fail it. What was left is named, then ended and removed, and
the next run starts clean. Needs nothing but Python and Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
LOOK_S = 0.3
"""How often the processes below are looked at: a node lives for seconds, a look takes 10 ms."""
SHARED_MEMORY = ('fastrtps_', 'fastdds_', 'pulse-shm-', 'PostgreSQL.')
NUMBERED_PORTS = ('fastrtps_port', 'fastdds_port')
"""Fast DDS leaves some of these when two processes of a domain end at the same moment. They are as
many as there are ports, and the next process takes them again, so they are no fault of the
command's and are only removed. What each participant has of its own, half a megabyte, is removed
by a clean exit."""
MEANT_TO_STAY = ('pytest-of-',)
"""pytest keeps the folders of the last tests; they go with the folder around them."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--grace', type=float, default=5.0, help='seconds in which processes may still end'
    )
    parser.add_argument('command', nargs='+')
    args = parser.parse_args()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl(PR_SET_CHILD_SUBREAPER) failed')
    # A short name, because sockets below may have no more than 107 characters; and open like /tmp,
    # because PostgreSQL does not run as root but as another user.
    folder = Path(tempfile.mkdtemp(prefix='p-', dir='/tmp'))
    folder.chmod(0o1777)
    with Watch() as watch:
        code = run(args.command, {**os.environ, 'TMPDIR': str(folder)})
    left = [f'process {pid}: {words}' for pid, words in survivors(args.grace)]
    left += watch.abandoned()
    left += [str(item) for item in sorted(folder.iterdir()) if not stays(item)]
    for line in left:
        print(f'left behind: {line}', file=sys.stderr)
    if code:
        print(f'temporary files are kept in {folder}', file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return code or (1 if left else 0)


def stays(item: Path) -> bool:
    return item.name.startswith(MEANT_TO_STAY)


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run the command; reap it and every orphan below it, as init would; return its exit code."""
    # A terminal sends Ctrl-C to both; the command decides what it means.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    while True:
        pid, status = os.wait()
        if pid == child.pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode if child.returncode >= 0 else 128 - child.returncode


def survivors(grace_s: float) -> list[tuple[int, str]]:
    """Wait for the processes below to end; return those that do not, after killing them."""
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if pid == 0:
            time.sleep(0.05)
    left = [(pid, describe(pid)) for pid in descendants(os.getpid())]
    for pid, _ in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    return left


class Watch:
    """Notes, while open, which processes there are below and which shared memory they map."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._mapped: dict[str, str] = {}
        """By which process, as far as it was looked at."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_again, name='watch')

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()

    def _look_again(self) -> None:
        while not self._end.wait(LOOK_S):
            below = descendants(os.getpid())
            self._pids.update(below)
            there = things() | ports()
            for pid in below:
                for thing in there & mapped(pid) - self._mapped.keys():
                    self._mapped[thing] = describe(pid)

    def abandoned(self) -> list[str]:
        """Remove and return what was mapped below and nobody holds any more."""
        left = [thing for thing in sorted(self._mapped.keys() & things()) if not held(thing)]
        unused = [port for port in self._mapped.keys() & ports() if not held(port)]
        for thing in (*left, *unused):
            Path(thing).unlink(missing_ok=True)
            Path(f'{thing}_el').unlink(missing_ok=True)  # Fast DDS's lock file of it
            Path(f'/dev/shm/sem.{Path(thing).name}_mutex').unlink(missing_ok=True)
        left = [f'{thing} of {self._mapped[thing]}' for thing in left]
        with contextlib.suppress(FileNotFoundError):
            for line in Path('/proc/sysvipc/shm').read_text().splitlines()[1:]:
                _, shmid, _, _, creator, _, attached, *_ = line.split()
                if attached == '0' and int(creator) in self._pids:
                    left.append(f'System V shared memory {shmid}')
        return left


def descendants(root: int) -> list[int]:
    parents = {}
    for pid in pids():
        with contextlib.suppress(OSError):
            # The name, in parentheses, may contain anything; the parent is the second field after.
            parents[pid] = int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])
    found, above = [], {root}
    while above:
        above = {pid for pid, parent in parents.items() if parent in above}
        found += sorted(above)
    return found


def pids() -> Iterator[int]:
    return (int(name) for name in os.listdir('/proc') if name.isdigit())


def describe(pid: int) -> str:
    try:
        words = Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode().strip()
        return (
            ' '.join(words.split())[:200] or f'[{Path(f"/proc/{pid}/comm").read_text().strip()}]'
        )
    except OSError:
        return 'already gone'


def things() -> set[str]:
    """Return the files of shared memory that somebody should have removed in the end."""
    return {
        f'/dev/shm/{name}'
        for name in os.listdir('/dev/shm')
        if name.startswith(SHARED_MEMORY) and not name.startswith(NUMBERED_PORTS)
    }


def ports() -> set[str]:
    """Return Fast DDS's files for its ports."""
    return {
        f'/dev/shm/{name}'
        for name in os.listdir('/dev/shm')
        if name.startswith(NUMBERED_PORTS) and not name.endswith('_el')
    }


def mapped(pid: int) -> set[str]:
    """Return the files a process has in its memory."""
    try:
        lines = Path(f'/proc/{pid}/maps').read_text(errors='replace').splitlines()
    except OSError:
        return set()
    return {line.split(maxsplit=5)[5] for line in lines if '/dev/shm/' in line}


def held(thing: str) -> bool:
    """Tell whether a living process has it mapped or open."""
    for pid in pids():
        if thing in mapped(pid):
            return True
        with contextlib.suppress(OSError), os.scandir(f'/proc/{pid}/fd') as handles:
            for handle in handles:
                with contextlib.suppress(OSError):
                    if os.readlink(handle.path) == thing:
                        return True
    return False


if __name__ == '__main__':
    sys.exit(main())
