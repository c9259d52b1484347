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


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    # Without launch every module is skipped before it has a test, which pytest takes for a
    # mistyped path (exit code 5). Here it is the expected outcome, and its reasons are shown.
    reporter = session.config.pluginmanager.getplugin('terminalreporter')
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and 'skipped' in reporter.stats:
        session.exitstatus = pytest.ExitCode.OK
