# SPDX-License-Identifier: Apache-2.0
"""A thread that an engine owns, for calls that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar('T')


class _Call(Generic[T]):
    """One call on its way there, and its result on its way back."""

    def __init__(self, function: Callable[[], T], *, even_if_cancelled: bool = False) -> None:
        self._function = function
        self._even_if_cancelled = even_if_cancelled
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()

    def execute(self) -> None:
        if self.future.cancelled() and not self._even_if_cancelled:
            return  # nobody waits any more, and it has not begun
        try:
            result = self._function()
        except BaseException as err:  # noqa: BLE001 - it is raised where the call was made
            self._report(self._fail, err)
        else:
            self._report(self._settle, result)

    def _report(self, how: Callable[[Any], None], what: object) -> None:
        try:
            self._loop.call_soon_threadsafe(how, what)
        except RuntimeError:
            pass  # the loop was closed meanwhile, and nobody waits any more

    def _settle(self, result: T) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class OwnThread:
    """Makes one call at a time, in the order they come.

    Each caller waits for its own call, so no more of them can pile up than there are callers. It
    is a daemon, unlike the threads of an executor: a call can hang in a driver for ever, and must
    not keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[], T]) -> T:
        """Return or raise what `function` does. Cancelled, it returns at once.

        The call itself cannot be interrupted then; what comes after it waits for it.
        """
        call = _Call(function)
        self._calls.put(call)
        return await call.future

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    async def end(self, deadline_s: float, last: Callable[[], None] = lambda: None) -> bool:
        """Let it finish what it has, make a `last` call, and join it.

        Return False when it hangs; it is left alone then, and goes on when it can. Raises what
        `last` raises. Cancelled, it returns at once, and the last call is made all the same.
        """
        call = _Call(last, even_if_cancelled=True)
        self._calls.put(call)
        self._calls.put(None)
        try:
            async with asyncio.timeout(deadline_s):
                await call.future
        except TimeoutError:
            return False
        self._thread.join()
        return True

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call.execute()
