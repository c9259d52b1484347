# SPDX-License-Identifier: Apache-2.0
"""A22: a process ends in time also where a library holds the interpreter for ever."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HELD = """
import ctypes
from prot_ros.exit_deadline import end_within
end_within({seconds}, {code})
print('released', flush=True)
while True:
    ctypes.PyDLL(None).pause()  # PyDLL: no other thread of the interpreter runs meanwhile
"""


def ran(script: str) -> tuple[int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, timeout=30
    )
    assert done.stderr == ''
    return done.returncode, done.stdout, time.monotonic() - began


@pytest.mark.parametrize('code', [0, 1])
def test_a22_what_holds_the_interpreter_for_ever_is_ended_with_the_code_of_the_program(code):
    returned, printed, took_s = ran(HELD.format(seconds=0.25, code=code))
    assert (returned, printed) == (code, 'released\n')
    assert took_s >= 0.25


def test_a22_a_process_that_ends_by_itself_is_not_waited_for():
    script = 'import sys; from prot_ros.exit_deadline import end_within; end_within(60, 0); '
    returned, _, took_s = ran(script + 'sys.exit(3)')
    assert returned == 3
    assert took_s < 30
