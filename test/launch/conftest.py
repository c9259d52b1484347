# SPDX-License-Identifier: Apache-2.0
"""Settings of the launch tier."""

from __future__ import annotations

import importlib.util

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if importlib.util.find_spec('launch_testing') is not None:
        # launch_testing makes an event loop for each run and leaves it, and the sockets within, to
        # the garbage collector. The nodes are other processes, so theirs are not passed over.
        for what in ('unclosed event loop', 'unclosed <socket'):
            config.addinivalue_line('filterwarnings', f'ignore:{what}:ResourceWarning')
