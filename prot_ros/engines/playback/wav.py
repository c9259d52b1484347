# SPDX-License-Identifier: Apache-2.0
"""A WAV file that stands for a loudspeaker: it holds what a listener would have heard."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.playback.paced import PacedPlayback

HEADER_BYTES = 44
DATA_LIMIT = 2**32 - HEADER_BYTES
"""Sizes in a WAV header have 32 bits: a day of audio at 24 kHz."""


class WavPlayback(PacedPlayback):
    """Takes as long as a loudspeaker, and appends each moment to the file as it is heard.

    So an aborted reply ends in the file where it ended for the listener. The pauses between
    replies are not in it. A file that is there already, from before a pause or a crash, is
    continued. Its header is right after every 20 ms, so a crash leaves a playable file.
    """

    name = 'wav'

    def __init__(self, rate: int, file: str) -> None:
        """Take Hz, and the file to create or to continue."""
        super().__init__(rate)
        self._path = Path(file).expanduser()
        self._given = file
        self._file: int | None = None
        self._data_bytes = 0
        self._unheard = bytearray()
        self._saved = 0

    async def open(self) -> None:
        if not self._given:
            raise EngineError("the wav loudspeaker has no file: set the parameter 'file'")
        await self.close()
        try:
            # Without O_NONBLOCK, opening a named pipe would wait for somebody to read it.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
            file = os.open(self._path, flags, 0o644)
        except OSError as err:
            raise EngineError(f'cannot write {self._path}: {err.strerror}') from err
        try:
            self._data_bytes = self._adopt(file)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    async def close(self) -> None:
        if self._file is None:
            return
        try:
            await self.abort()
        except EngineError:
            pass  # the disk is full: what is in the file is all there will be
        finally:
            os.close(self._file)
            self._file = None

    def _adopt(self, file: int) -> int:
        """Make a new file a WAV file, or an old one ready to be continued; return its length."""
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode):
            raise EngineError(f'{self._path} is no regular file; name another one')
        data_bytes = 0
        if info.st_size:
            head = os.pread(file, HEADER_BYTES, 0)
            if _without_sizes(head) != _without_sizes(_header(self.rate, 0)):
                raise EngineError(
                    f'{self._path} is there already and is no S16 mono WAV file of {self.rate} Hz '
                    'that could be continued; move it away or name another one'
                )
            # The length it has and not the one it declares: a crash came between the two.
            data_bytes = (info.st_size - HEADER_BYTES) // 2 * 2
        try:
            os.pwrite(file, _header(self.rate, data_bytes), 0)
        except OSError as err:
            raise EngineError(f'cannot write {self._path}: {err.strerror}') from err
        return data_bytes

    def _begin_stream(self) -> None:
        super()._begin_stream()
        self._unheard.clear()
        self._saved = 0

    def _play(self, piece: bytes) -> None:
        if self._file is None:
            raise EngineError(f'{self._path} is not open')
        self._unheard += piece
        self._progressed()

    def _replace(self, pcm: bytes) -> None:
        self._unheard[-len(pcm) :] = pcm

    def _progressed(self) -> None:
        heard = self.played()
        count = 2 * (heard - self._saved)
        self._append(bytes(self._unheard[:count]))
        del self._unheard[:count]
        self._saved = heard

    def _finish(self) -> None:
        self._progressed()

    def _silence(self) -> None:
        try:
            self._progressed()
        finally:
            self._unheard.clear()

    def _append(self, pcm: bytes) -> None:
        """Write data first and its length after it: a crash in between loses only `pcm`."""
        if not pcm or self._file is None:
            return
        if self._data_bytes + len(pcm) > DATA_LIMIT:
            raise EngineError(f'{self._path} is as long as a WAV file can be, 4 GiB')
        try:
            at = 0
            while at < len(pcm):
                at += os.pwrite(self._file, pcm[at:], HEADER_BYTES + self._data_bytes + at)
            os.pwrite(self._file, _header(self.rate, self._data_bytes + len(pcm)), 0)
        except OSError as err:
            raise EngineError(f'cannot write {self._path}: {err.strerror}') from err
        self._data_bytes += len(pcm)


def _header(rate: int, data_bytes: int) -> bytes:
    return struct.pack(
        '<4sI4s4sIHHIIHH4sI',
        *(b'RIFF', HEADER_BYTES - 8 + data_bytes, b'WAVE'),
        *(b'fmt ', 16, 1, 1, rate, 2 * rate, 2, 16),
        *(b'data', data_bytes),
    )


def _without_sizes(header: bytes) -> bytes:
    return header[:4] + header[8:40]
