# SPDX-License-Identifier: Apache-2.0
"""Work beside what somebody waits for: one task at a time, with an owner that ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class Background:
    """Holds the task, so that it is neither collected nor forgotten.

    Work catches what it expects; anything else is a bug, and is logged when it happens.
    """

    def __init__(self, name: str) -> None:
        """`name` is the task's, for whoever looks at what runs."""
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether work is under way."""
        return self._task is not None and not self._task.done()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin, in a running event loop; while work is under way it goes on instead."""
        if self.busy:
            work.close()
            return
        self._task = asyncio.create_task(work, name=self._name)
        self._task.add_done_callback(self._report)

    async def stop(self) -> None:
        """End what is under way and wait until its own clean-up has run; may be called twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error('%s has ended unexpectedly', self._name, exc_info=error)
