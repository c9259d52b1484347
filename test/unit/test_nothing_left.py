# SPDX-License-Identifier: Apache-2.0
"""The check that ends `make test` finds what it is there to find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

SCRIPT = Path(__file__).parents[1] / 'nothing_left.py'

MAPS_AND_WAITS = """
import mmap, time
with open('/dev/shm/fastdds_left_by_a_test', 'w+b') as file:
    file.truncate(4096)
    memory = mmap.mmap(file.fileno(), 4096)
time.sleep(1)
"""


def run(script: str, grace: float = 0.2) -> subprocess.CompletedProcess[str]:
    # -S: neither the wheels' start-up nor coverage is of use to it, and both take time.
    return subprocess.run(
        [sys.executable, '-S', str(SCRIPT), '--grace', str(grace), '--', 'sh', '-c', script],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_clean_command_passes_with_its_exit_code() -> None:
    assert run('true').returncode == 0
    assert run('exit 7').returncode == 7


def test_a_detached_process_is_named_and_ended() -> None:
    result = run('setsid sleep 97531 & exit 0')
    assert result.returncode == 1
    assert 'sleep 97531' in result.stderr
    # By parts: the words of a whole command line could be those of a shell that runs this test.
    left = [p for p in psutil.process_iter(['cmdline']) if p.info['cmdline'] == ['sleep', '97531']]
    assert not left


def test_a_process_that_is_just_ending_is_not_left() -> None:
    assert run('sleep 0.3 & exit 0', grace=10).returncode == 0


def test_a_temporary_file_is_named_and_removed() -> None:
    result = run('touch "$TMPDIR/draft"')
    assert result.returncode == 1
    (left,) = [line for line in result.stderr.splitlines() if line.endswith('/draft')]
    assert not Path(left.removeprefix('left behind: ')).parent.exists()


def test_shared_memory_is_named_and_removed_if_it_was_the_commands() -> None:
    foreign = Path('/dev/shm/fastdds_foreign')
    foreign.touch()
    try:
        result = run(f'exec {sys.executable} -S -c "{MAPS_AND_WAITS}"')
    finally:
        foreign.unlink()
    (left,) = result.stderr.splitlines()
    assert left.startswith('left behind: /dev/shm/fastdds_left_by_a_test of ')
    assert sys.executable in left
    assert result.returncode == 1
    assert not Path('/dev/shm/fastdds_left_by_a_test').exists()


def test_an_unused_port_of_fast_dds_is_removed_and_no_fault() -> None:
    port = Path('/dev/shm/fastdds_port99999')
    mutex = Path('/dev/shm/sem.fastdds_port99999_mutex')
    mutex.touch()
    script = MAPS_AND_WAITS.replace('/dev/shm/fastdds_left_by_a_test', str(port))
    result = run(f'exec {sys.executable} -S -c "{script}"')
    assert (result.returncode, result.stderr) == (0, '')
    assert not port.exists()
    assert not mutex.exists()
