# SPDX-License-Identifier: Apache-2.0
"""The check that ends `make test` finds what it is there to find."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

SCRIPT = Path(__file__).parents[1] / 'nothing_left.py'


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


def test_a_temporary_folder_is_named() -> None:
    with tempfile.TemporaryDirectory(prefix='prot-') as before:
        # Python's own dialect, so that the folder is where both look for it.
        result = run('mkdir "${TMPDIR:-/tmp}/prot-left-by-a-test"')
        left = Path(tempfile.gettempdir()) / 'prot-left-by-a-test'
        left.rmdir()
        assert result.returncode == 1
        assert str(left) in result.stderr
        assert before not in result.stderr
