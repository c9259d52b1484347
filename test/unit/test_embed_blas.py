# SPDX-License-Identifier: Apache-2.0
"""Matrix products stay in the thread that asks for them, and are the same there."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes
import numpy as np
from prot_ros.engines.embedders import blas

told = blas.use_one_thread()
counts = []
for path in blas._loaded():
    library = ctypes.CDLL(path)
    for name in blas._SETTERS:
        getter = getattr(library, name.replace('set', 'get'), None)
        if getter is not None:
            counts.append(getter())
ones = np.ones((300, 300), np.float32)
assert (ones @ ones == 300).all()
print(told, counts)
"""


def test_openblas_has_one_thread_after_it_was_told() -> None:
    # In a process of its own, because it holds for good.
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', PROGRAM],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={'OPENBLAS_NUM_THREADS': '4', 'PYTHONPATH': ':'.join(sys.path)},
    )
    if done.stdout == 'False []\n':
        pytest.skip("numpy's matrix products are not OpenBLAS's here")
    assert done.stdout == 'True [1]\n'
