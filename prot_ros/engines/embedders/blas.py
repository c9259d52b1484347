# SPDX-License-Identifier: Apache-2.0
"""Keeps numpy's matrix products in the thread that asks for them.

OpenBLAS spreads them over all cores and waits for the slowest. On a robot the other cores are
busy: one sentence then takes several times as long at its 95th percentile, and what is heard
meanwhile is late.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

_MAPS = Path('/proc/self/maps')
_SETTERS = (
    'scipy_openblas_set_num_threads64_',  # in numpy's wheels
    'scipy_openblas_set_num_threads',
    'openblas_set_num_threads64_',
    'openblas_set_num_threads',  # in distributions
)


def use_one_thread() -> bool:
    """Set it for this process, for good; return whether there was an OpenBLAS to tell.

    prot has no other matrix product that is large enough to be spread.
    """
    told = False
    for path in _loaded():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue  # its file has been replaced since it was loaded
        for name in _SETTERS:
            setter = getattr(library, name, None)
            if setter is not None:
                setter(ctypes.c_int(1))
                told = True
                break
    return told


def _loaded() -> set[str]:
    """Return the BLAS libraries that this process has loaded already."""
    try:
        lines = _MAPS.read_text(encoding='utf-8', errors='surrogateescape').splitlines()
    except OSError:
        return set()
    paths = (line.split(maxsplit=5)[-1] for line in lines if '/' in line)
    return {path for path in paths if 'blas' in Path(path).name and '.so' in Path(path).name}
