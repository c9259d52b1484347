# SPDX-License-Identifier: Apache-2.0
"""A crash on purpose, without what a crash leaves behind."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path


def kill(pid: int) -> None:
    """Kill a ROS process as a crash would, then remove its participants' shared memory.

    Fast DDS does that in a clean exit only; what a test kills it has to tidy up itself.
    """
    maps = Path(f'/proc/{pid}/maps').read_text()
    os.kill(pid, signal.SIGKILL)
    for name in set(re.findall(r'/dev/shm/fast(?:dds|rtps)_[0-9a-f]{16}$', maps, re.MULTILINE)):
        # Others may have it mapped, too, and keep their mapping.
        Path(name).unlink(missing_ok=True)
        Path(f'{name}_el').unlink(missing_ok=True)
