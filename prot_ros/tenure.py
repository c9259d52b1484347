# SPDX-License-Identifier: Apache-2.0
"""A tenure: one task that acquires what a lifecycle state needs, holds it, and lets it go.

One task does all three, because an asyncio TaskGroup and a timeout can only be left by the task
that entered them, while `configure` and `cleanup` arrive as two separate calls.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any


class AbandonedError(Exception):
    """A tenure was ended while it was still beginning, because the process is on its way out."""


class Tenure:
    """Holds an AsyncExitStack open from `begin` to `end`.

    `enter` acquires and pushes onto the stack; `hold` then runs until it is cancelled (or fails,
    which `on_death` is told). Whatever happens, the stack is closed in reverse order.
    """

    def __init__(
        self,
        label: str,
        enter: Callable[[AsyncExitStack], Awaitable[None]],
        hold: Callable[[], Awaitable[None]],
        on_death: Callable[[BaseException], None],
    ) -> None:
        self.label = label
        self._enter = enter
        self._hold = hold
        self._on_death = on_death
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self._reported = False

    async def _live(self) -> None:
        async with AsyncExitStack() as stack:
            await self._enter(stack)
            self._ready.set()
            await self._hold()

    async def begin(self, deadline_s: float) -> None:
        """Acquire; return once `enter` is through.

        Raises what `enter` raised, TimeoutError after the deadline, AbandonedError after
        `abandon`. In each case everything acquired has been released first, or said to be late.
        """
        if self._ending:
            raise AbandonedError(f'{self.label}: not begun, because a shutdown was asked for')
        task = self._task = asyncio.get_running_loop().create_task(self._live(), name=self.label)
        ready = asyncio.ensure_future(self._ready.wait())
        try:
            await asyncio.wait(
                {task, ready}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED
            )
            if self._ready.is_set():
                task.add_done_callback(self._died)
                return
            if not task.done():
                await self._cancel(deadline_s=3.0)
                raise TimeoutError(f'{self.label}: not finished after {deadline_s:g} s')
        except asyncio.CancelledError:
            await self._cancel(deadline_s=3.0)
            raise
        finally:
            ready.cancel()
            await asyncio.wait({ready})
        self._reported = True  # to our caller, just now; `end` must not raise it again
        if task.cancelled():
            raise AbandonedError(f'{self.label}: given up, because a shutdown was asked for')
        task.result()

    @property
    def ready(self) -> bool:
        """Whether `enter` is through."""
        return self._ready.is_set()

    @property
    def released(self) -> bool:
        """Whether nothing is held: all was released, or nothing was ever acquired."""
        return self._task is None or self._task.done()

    def abandon(self) -> None:
        """Cancel, from the loop, without waiting: for a shutdown that arrives during `begin`."""
        self._ending = True
        if self._task is not None:
            self._task.cancel()

    async def end(self, deadline_s: float) -> None:
        """Release; return when nothing is held any more.

        Raises TimeoutError, naming the place, when something still holds on after the deadline,
        and whatever a release raised.
        """
        self._ending = True
        task = self._task
        if task is None:
            return
        await self._cancel(deadline_s)
        if not task.cancelled():
            error = task.exception()
            # An error from before belongs to whoever was told of the death, not to the release.
            if error is not None and not self._reported:
                raise error

    async def _cancel(self, deadline_s: float) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=deadline_s)
        if not self._task.done():
            raise TimeoutError(
                f'{self.label}: not released after {deadline_s:g} s, '
                f'waiting at {" > ".join(places(self._task.get_coro()))}'
            )

    def _died(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._ending:
            return
        error = task.exception()
        self._reported = True
        self._on_death(error if error is not None else RuntimeError(f'{self.label}: it ended'))


def places(coroutine: Any) -> list[str]:
    """Return where a suspended coroutine waits, the outermost call first.

    `Task.get_stack` knows only the outermost.
    """
    found = []
    while (frame := getattr(coroutine, 'cr_frame', None)) is not None:
        found.append(f'{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}')
        coroutine = coroutine.cr_await
    return found


def root_cause(error: BaseException) -> BaseException:
    """Return the one error inside nested ExceptionGroups, the first where there are several."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
