# SPDX-License-Identifier: Apache-2.0
"""What the graph has left behind: processes, by a mark in their environment, and the database."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MARK = 'PROT_DEMO_RUN'
"""A variable that every process of the demo inherits."""


def processes(run: str) -> list[str]:
    """Return the processes of a run that are alive, in words. Linux only: reads /proc."""
    wanted = f'{MARK}={run}'.encode()
    found = []
    for entry in os.scandir('/proc'):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # it has ended just now, or is somebody else's
            if wanted in Path(entry.path, 'environ').read_bytes().split(b'\0'):
                words = Path(entry.path, 'cmdline').read_bytes().replace(b'\0', b' ')
                found.append(f'process {entry.name}: {words.decode(errors="replace").strip()}')
    return found
