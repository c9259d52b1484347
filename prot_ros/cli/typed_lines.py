# SPDX-License-Identifier: Apache-2.0
"""Lines as they are typed or piped, in asyncio; with readline's editing on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
import threading
from collections.abc import AsyncIterator, Iterator

PROMPT = '> '
CHUNK = 65536
LINE_BYTES = 1_000_000
"""More without an end is no line that anybody said."""


class TypedLines:
    """Reads stdin in a thread of its own, for there is no other way to wait for readline.

    The thread cannot be ended while it waits for a key. It is a daemon, and the terminal gets
    its settings back, so that it disturbs nobody when the process ends.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.interactive = sys.stdin.isatty()
        self._loop = loop
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1)
        self._wanted = threading.Semaphore(0)
        self._prompting = False

    async def lines(self) -> AsyncIterator[str]:
        """Yield each line without its end, until the end of the input.

        The next one is read only when it is asked for: what is piped waits in the pipe.
        """
        with self._terminal_restored():
            threading.Thread(target=self._read, name='typed-lines', daemon=True).start()
            while True:
                self._wanted.release()
                line = await self._lines.get()
                if line is None:
                    return
                yield line

    def bottom(self) -> str:
        """Return the prompt and what has been typed, for a screen to put back below its lines."""
        if not self._prompting:
            return ''
        import readline

        return PROMPT + readline.get_line_buffer()

    @contextlib.contextmanager
    def _terminal_restored(self) -> Iterator[None]:
        if not self.interactive:
            yield
            return
        before = termios.tcgetattr(sys.stdin)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _read(self) -> None:
        source = self._typed() if self.interactive else _piped()
        while True:
            self._wanted.acquire()
            line = next(source, None)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
            if line is None:
                return

    def _typed(self) -> Iterator[str]:
        import readline  # noqa: F401 - input() edits lines once it is imported

        while True:
            self._prompting = True
            try:
                line = input(PROMPT)
            except EOFError:
                return
            finally:
                self._prompting = False
            yield line


def _piped() -> Iterator[str]:
    # Not sys.stdin: a thread inside its lock would be fatal to an interpreter that ends.
    rest = b''
    while piece := os.read(0, CHUNK):
        *whole, rest = (rest + piece).split(b'\n')
        if len(rest) > LINE_BYTES:
            rest = rest[:LINE_BYTES]
        for line in whole:
            yield line.decode(errors='replace')
    if rest:
        yield rest.decode(errors='replace')
