# SPDX-License-Identifier: Apache-2.0
"""Run a command, then fail if it left anything behind: `nothing_left.py [--grace S] -- COMMAND`.

Processes are found by descent: this one becomes the reaper of every orphan below it, so whatever
is still a child of it when the command has ended was left behind, however it was detached. Shared
memory and temporary folders are compared with those from before; what another living process
holds is that one's business. What was left is named, then killed, so that the next run starts
clean. Needs nothing but Python and Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
SHARED_MEMORY = ('fastrtps_', 'fastdds_', 'pulse-shm-', 'PostgreSQL.')
NUMBERED_PORTS = ('fastrtps_port', 'fastdds_port')
"""Fast DDS leaves some of these when two processes of a domain end at the same moment. They are as
many as there are ports, and the next process takes them again. What each participant has of its
own, half a megabyte, is removed by a clean exit."""
TEMPORARY = ('prot-', 'pulse-', 'launch_params_', '.s.PGSQL.')
MEANT_TO_STAY = (*NUMBERED_PORTS, 'prot-test-domains')
"""The last are lock files, which all test runs on a machine share."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--grace', type=float, default=5.0, help='seconds in which processes may still end'
    )
    parser.add_argument('command', nargs='+')
    args = parser.parse_args()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl(PR_SET_CHILD_SUBREAPER) failed')
    before = things()
    code = run(args.command)
    left = [f'process {pid}: {words}' for pid, words in survivors(args.grace)]
    left += sorted(thing for thing in things() - before if not held(thing))
    for line in left:
        print(f'left behind: {line}', file=sys.stderr)
    return code or (1 if left else 0)


def run(command: list[str]) -> int:
    """Run the command; reap it and every orphan below it, as init would; return its exit code."""
    # A terminal sends Ctrl-C to both; the command decides what it means.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command)
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
        return words[:200] or f'[{Path(f"/proc/{pid}/comm").read_text().strip()}]'
    except OSError:
        return 'already gone'


def things() -> set[str]:
    """Return the shared memory and temporary folders there are."""
    found = set()
    for folder, prefixes in (('/dev/shm', SHARED_MEMORY), (tempfile.gettempdir(), TEMPORARY)):
        for name in os.listdir(folder):
            if name.startswith(prefixes) and not name.startswith(MEANT_TO_STAY):
                found.add(f'{folder}/{name}')
    with contextlib.suppress(FileNotFoundError):
        for line in Path('/proc/sysvipc/shm').read_text().splitlines()[1:]:
            _, shmid, _, _, _, _, attached, uid, *_ = line.split()
            if attached == '0' and int(uid) == os.getuid():
                found.add(f'System V shared memory {shmid}')
    return found


def held(thing: str) -> bool:
    """Tell whether a living process has it open, mapped, or a socket or file in it."""
    for line in Path('/proc/net/unix').read_text(errors='replace').splitlines():
        path = line.rpartition(' ')[2]
        if path == thing or path.startswith(f'{thing}/'):
            return True
    for pid in pids():
        with contextlib.suppress(OSError):
            if f' {thing}\n' in Path(f'/proc/{pid}/maps').read_text(errors='replace'):
                return True
            # Names only: a process that ends in the middle would leave an open iterator behind.
            for handle in os.listdir(f'/proc/{pid}/fd'):
                with contextlib.suppress(OSError):
                    target = os.readlink(f'/proc/{pid}/fd/{handle}')
                    if target == thing or target.startswith(f'{thing}/'):
                        return True
    return False


if __name__ == '__main__':
    sys.exit(main())
