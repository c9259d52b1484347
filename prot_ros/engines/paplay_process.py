# SPDX-License-Identifier: Apache-2.0
"""One process of paplay: it connects, takes samples from a small pipe, and is killed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence

from prot_ros.engines.killing import kill

CONNECT_S = 5.0
"""A server that starts on demand takes about a second."""
WRITE_S = 4.0
"""A paplay that takes nothing for this long has a server that hangs. An idle null sink takes up to
2 s to begin, and Bluetooth as much."""
LAST_WORDS_S = 0.5
PIPE_BYTES = 4096
"""The smallest pipe there is, 85 ms at 24 kHz. The 64 KiB of an ordinary one, or the 200 KiB of
the socket that asyncio would take, would hide for seconds that the server takes nothing."""
CONNECTED = 'Stream successfully created'
"""What `paplay --verbose` says, untranslated, when it can be heard."""
CHATTER = (
    *('Opening a playback stream', 'Connection established', 'Buffer metrics', 'Using sample'),
    *('Connected to device', 'Stream started', 'Stream underrun', 'Time: '),
)
"""What it says when all is well, the last of it twenty times a second."""


class PaplayError(Exception):
    """It cannot be heard; the message is what it said last, or how it behaved."""


class PaplayProcess:
    """Runs from `start` to `kill`."""

    def __init__(self, process: Process, pipe: int) -> None:
        self._process = process
        self._pipe: int | None = pipe
        self._connected = asyncio.Event()
        self._writable = asyncio.Event()
        self._said: deque[str] = deque(maxlen=4)
        self._listener = asyncio.create_task(self._listen(), name='paplay stderr')

    @classmethod
    async def start(cls, options: Sequence[str]) -> PaplayProcess:
        """Start a process, which is not connected yet; raise OSError when it cannot be."""
        read_end, write_end = os.pipe()
        try:
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            os.set_blocking(write_end, False)
            process = await asyncio.create_subprocess_exec(
                *('paplay', '--raw', '--format=s16le', '--channels=1', '--verbose', *options),
                stdin=read_end,
                stdout=DEVNULL,
                stderr=PIPE,
                env={**os.environ, 'LC_ALL': 'C'},
                start_new_session=True,  # Ctrl-C in our terminal is ours to answer
            )
        except BaseException:
            os.close(write_end)
            raise
        finally:
            os.close(read_end)
        return cls(process, write_end)

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself or been killed."""
        return self._process.returncode is not None or self._listener.done()

    async def connect(self) -> None:
        """Wait until it can be heard; raise PaplayError when that is refused or takes too long."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._connected.wait()
        except TimeoutError:
            raise PaplayError(f'the audio server did not answer within {CONNECT_S:g} s') from None
        if self.ended:
            raise PaplayError(self._last_words)

    async def write(self, pcm: bytes) -> None:
        """Hand samples over, waiting for room in the pipe; raise PaplayError if there is none."""
        rest = memoryview(pcm)
        while rest and self._pipe is not None:
            try:
                rest = rest[os.write(self._pipe, rest) :]
            except BlockingIOError:
                await self._room(self._pipe)
            except BrokenPipeError:
                # Why it ended is still on its way to us.
                await asyncio.wait({self._listener}, timeout=LAST_WORDS_S)
                raise PaplayError(self._last_words) from None

    async def kill(self) -> None:
        """End it at once, and wait for it: no zombie and no pipe is left. Can be called twice."""
        kill(self._process)
        if self._pipe is not None:
            asyncio.get_running_loop().remove_writer(self._pipe)
            os.close(self._pipe)
            self._pipe = None
            self._writable.set()  # a write that waits has nothing to wait for
        # The listener reads stderr to its end; unread, it would keep the process from being over.
        await asyncio.wait({self._listener})

    @property
    def _last_words(self) -> str:
        return '; '.join(self._said) or 'it ended and said nothing'

    async def _room(self, pipe: int) -> None:
        loop = asyncio.get_running_loop()
        self._writable.clear()
        loop.add_writer(pipe, self._writable.set)
        try:
            async with asyncio.timeout(WRITE_S):
                await self._writable.wait()
        except TimeoutError:
            raise PaplayError(f'the audio server took nothing for {WRITE_S:g} s') from None
        finally:
            # After a kill the number may be another file's already.
            if self._pipe is not None:
                loop.remove_writer(pipe)

    async def _listen(self) -> None:
        """Hear what it says; without a reader it would stop when that pipe fills up."""
        assert self._process.stderr is not None
        rest = ''
        while said := await self._process.stderr.read(4096):
            *lines, rest = re.split(r'[\r\n]', rest + said.decode(errors='replace'))
            rest = rest[-400:]
            for line in lines:
                self._note(line.strip())
        self._note(rest.strip())
        await self._process.wait()
        self._connected.set()  # nobody should wait for a program that has ended

    def _note(self, line: str) -> None:
        if CONNECTED in line:
            self._connected.set()
        elif line and not line.startswith(CHATTER):
            self._said.append(line)
