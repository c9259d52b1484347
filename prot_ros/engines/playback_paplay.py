# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker behind PulseAudio or PipeWire, through the program paplay.

One paplay is kept connected and waiting, so the first sound of a reply does not wait for a process
to start. What it has been given is bounded by our own pacing, not by its pipe. To be silent at
once it is killed: the server forgets what it had buffered for a client that is gone, where a
drain or a flush would let it play on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.playback_paced import PacedPlayback

CONNECT_S = 5.0
"""A server that starts on demand takes about a second."""
WRITE_S = 2.0
"""A paplay that takes nothing for this long has a server that hangs."""
CONNECTED = b'Stream successfully created'
"""What `paplay --verbose` says, untranslated, when it can be heard."""
CHATTER = ('Opening a playback stream', 'Connection established', 'Time: ')
"""What it says when all is well."""
TAIL = 400


class PaplayPlayback(PacedPlayback):
    """Plays through the audio server's default sink, or a named one."""

    name = 'paplay'

    def __init__(self, rate: int, device: str, latency_ms: int) -> None:
        """`latency_ms` is what the server is asked to buffer; it is also what it plays late."""
        super().__init__(rate, start_delay_s=latency_ms / 1000)
        self._device = device
        self._latency_ms = latency_ms
        self._process: Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._said = b''
        self._connected = asyncio.Event()

    async def open(self) -> None:
        if shutil.which('paplay') is None:
            raise EngineError(
                'the program paplay is not on PATH; install it with: apt install pulseaudio-utils'
            )
        await self._connect()

    async def close(self) -> None:
        self._end_stream()
        await self._kill()

    async def _connect(self) -> None:
        """Start paplay and wait until it is connected; raise EngineError when it is not."""
        await self._kill()
        self._said = b''
        self._connected = asyncio.Event()
        options = [f'--rate={self.rate}', f'--latency-msec={self._latency_ms}']
        if self._device:
            options.append(f'--device={self._device}')
        try:
            self._process = await asyncio.create_subprocess_exec(
                'paplay',
                '--raw',
                '--format=s16le',
                '--channels=1',
                '--client-name=prot',
                '--verbose',
                *options,
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=PIPE,
                env={**os.environ, 'LC_ALL': 'C'},
                start_new_session=True,  # Ctrl-C in our terminal is ours to answer
            )
        except OSError as err:
            raise EngineError(f'cannot start paplay: {err.strerror}') from err
        self._listener = asyncio.create_task(self._listen(self._process), name='paplay stderr')
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._connected.wait()
        except TimeoutError:
            await self._fail('the audio server did not answer')
        except asyncio.CancelledError:
            await self._kill()
            raise
        if self._process.returncode is not None or CONNECTED not in self._said:
            await self._fail('cannot play')

    async def _listen(self, process: Process) -> None:
        """Keep the end of what paplay says; without a reader it would stop when its pipe fills."""
        assert process.stderr is not None
        while said := await process.stderr.read(4096):
            if CONNECTED in self._said + said:
                self._connected.set()
                self._said = CONNECTED
            else:
                self._said = (self._said + said)[-TAIL:]
        await process.wait()
        self._connected.set()  # nobody should wait for a program that has ended

    async def _fail(self, what: str) -> None:
        lines = self._said.removeprefix(CONNECTED).decode(errors='replace').splitlines()
        said = ' '.join(line.strip() for line in lines if not line.startswith(CHATTER)).strip()
        await self._kill()
        where = f'sink {self._device!r}' if self._device else 'the default sink'
        raise EngineError(
            f'paplay: {what} on {where}: {said or "it said nothing"}; '
            'is an audio server running for this user? `pactl info` tells',
            retryable=True,
        )

    async def _kill(self) -> None:
        """End paplay and wait for it, so that no zombie and no pipe is left."""
        process, self._process = self._process, None
        listener, self._listener = self._listener, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if process.stdin is not None:
                process.stdin.close()
        if listener is not None:
            listener.cancel()
            await asyncio.wait({listener})

    async def _play(self, piece: bytes) -> None:
        if self._process is None:
            await self._connect()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        if process.returncode is not None:
            await self._fail('it ended by itself')
        try:
            process.stdin.write(piece)
            async with asyncio.timeout(WRITE_S):
                await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            await self._fail('it ended by itself')
        except TimeoutError:
            await self._fail(f'it took nothing for {WRITE_S:g} s')

    def _progressed(self) -> None:
        pass

    async def _finish(self) -> None:
        # The same paplay waits for the next reply.
        pass

    async def _cut(self) -> None:
        await self._kill()
        # The next one is connected now, so that the answer does not wait for it.
        with contextlib.suppress(EngineError):
            await self._connect()
