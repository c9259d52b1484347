# SPDX-License-Identifier: Apache-2.0
"""How subprocesses are ended: at once, and without a trace."""

from __future__ import annotations

import contextlib
import os
import signal
from asyncio.subprocess import Process


def kill(process: Process) -> None:
    """Send SIGKILL; whoever called waits for the process then.

    `Process.kill` looks first whether the process has ended by itself, and reaps it if so. asyncio
    then finds it missing, complains, and tells 255 as its exit code.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
