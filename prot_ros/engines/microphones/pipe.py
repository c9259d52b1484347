# SPDX-License-Identifier: Apache-2.0
"""A named pipe as the microphone: another program is the room.

    flite -t 'hello robot' -o /dev/stdout | sox -t wav - -t raw -r 16000 -c 1 -e signed -b 16 PIPE

It is always on, as a microphone is: silence where nothing is written, one writer after another.
What is written faster than time waits in the pipe, and the writer with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.metronome import Metronome

FRAME_S = 0.02


class PipeMicrophone:
    """Reads raw S16 little-endian mono at `rate`, one writer at a time.

    The pipe is made when it is missing, for this user only, and removed again if it was made here.
    """

    name = 'pipe'

    def __init__(self, rate: int, path: str) -> None:
        self.rate = rate
        self.dropped = 0  # never more: what is not taken waits in the pipe
        self._given = path
        self._path = Path(path).expanduser()
        self._frame_bytes = 2 * int(rate * FRAME_S)
        self._pipe: int | None = None
        self._made = False

    async def open(self) -> None:
        if not self._given:
            raise EngineError("the pipe microphone has no pipe: set the parameter 'file'")
        await self.close()
        try:
            self._made = self._make()
            # O_NONBLOCK, because opening would wait for a writer, and later every read would.
            self._pipe = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as err:
            self._remove()
            raise EngineError(f'cannot open the pipe {self._path}: {err.strerror}') from err

    async def close(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        self._remove()

    async def frames(self) -> AsyncIterator[bytes]:
        metronome = Metronome(FRAME_S)
        pending = bytearray()
        waiting = False
        while True:
            await metronome.beat()
            writer = self._read(pending)
            if pending and len(pending) < self._frame_bytes and writer and not waiting:
                # The rest of the frame is on its way; one beat is what it gets.
                waiting = True
                yield bytes(self._frame_bytes)
                continue
            waiting = False
            whole = len(pending) // 2 * 2
            frame = bytes(pending[:whole]).ljust(self._frame_bytes, b'\0')
            # Half a sample belongs to the next frame, unless its writer went away with the rest.
            del pending[: whole if writer else None]
            yield frame

    def _make(self) -> bool:
        """Return whether there was no pipe before."""
        try:
            os.mkfifo(self._path, 0o600)
            return True
        except FileExistsError:
            if not stat.S_ISFIFO(self._path.stat().st_mode):
                raise EngineError(
                    f'{self._path} is there already and is no named pipe; name another path'
                ) from None
            return False

    def _remove(self) -> None:
        if self._made:
            self._made = False
            self._path.unlink(missing_ok=True)

    def _read(self, pending: bytearray) -> bool:
        """Take what is there of a frame; return whether somebody has the pipe open to write."""
        if self._pipe is None:
            raise EngineError(f'the pipe {self._path} is not open')
        while len(pending) < self._frame_bytes:
            try:
                piece = os.read(self._pipe, self._frame_bytes - len(pending))
            except BlockingIOError:
                return True
            if not piece:
                return False
            pending += piece
        return True
