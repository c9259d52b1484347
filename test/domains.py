# SPDX-License-Identifier: Apache-2.0
"""A ROS domain for each test, so that tests neither hear one another nor a robot next door."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

# Domains whose ports stay below Linux's ephemeral range; 0 is everybody's default.
FIRST, LAST = 1, 100


class Domain:
    """Holds a domain id that no other test process holds, until closed."""

    def __init__(self) -> None:
        folder = Path('/tmp/prot-test-domains')  # whatever TMPDIR is: all runs must see it
        folder.mkdir(exist_ok=True)
        for number in range(FIRST, LAST + 1):
            handle = (folder / str(number)).open('w')
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.close()
                continue
            self.id = number
            self._handle = handle
            return
        raise RuntimeError(f'all domains from {FIRST} to {LAST} are taken')

    @property
    def environment(self) -> dict[str, str]:
        """Return this process's environment for a child in the domain."""
        return {
            **os.environ,
            'ROS_DOMAIN_ID': str(self.id),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        }

    def close(self) -> None:
        """Let another test have it."""
        self._handle.close()
