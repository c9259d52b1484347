# SPDX-License-Identifier: Apache-2.0
"""Waits for a condition and not for a time, with a deadline that says what was waited for."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], what: str = '', within: float = 10.0) -> Any:
    """Return what `condition` returns or awaits, once it is something; fail after `within` s."""
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f'not within {within:g} s: {what or condition}'
        await asyncio.sleep(0.005)
