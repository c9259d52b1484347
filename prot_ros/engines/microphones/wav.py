# SPDX-License-Identifier: Apache-2.0
"""A WAV file as the microphone."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile

from prot_ros.core.audio import FrameSplitter
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.metronome import Metronome
from prot_ros.engines.resample import Resampler

FRAME_S = 0.02
KINDS = ('WAV', 'WAVEX', 'RF64')
"""What libsndfile calls the plain header, the extensible one, and the one for over 4 GiB."""
LOWEST_RATE, HIGHEST_RATE = 2000, 768_000
"""Hz. No recorder works outside of these: a header that says so is broken."""


class WavMicrophone:
    """Plays a file of any sample format, rate and number of channels once, from its beginning.

    Channels are averaged. The last frame is filled up with silence. A file that declares more
    audio than it has, as those written to a pipe or cut short do, is played as far as it goes.
    """

    name = 'wav'

    def __init__(self, rate: int, file: str, realtime: bool) -> None:
        """Take the Hz to play at, the file, and whether to play at the speed of time.

        Otherwise it is played as fast as it is taken.
        """
        self.rate = rate
        self.dropped = 0  # never more: a file can wait
        self._given = file
        self._path = Path(file).expanduser()
        self._realtime = realtime
        self._file: soundfile.SoundFile | None = None
        self._held = ExitStack()

    async def open(self) -> None:
        if not self._given:
            raise EngineError("the wav microphone has no file: set the parameter 'file'")
        await self.close()
        try:
            # O_NONBLOCK, because opening a named pipe would wait for its writer.
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as err:
            raise EngineError(f'cannot open {self._path}: {err.strerror}') from err
        with ExitStack() as on_failure:
            on_failure.callback(os.close, descriptor)
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                raise self._unplayable('it is no regular file')
            if not info.st_size:
                raise self._unplayable('it is empty')
            try:
                # By descriptor: a name that ends in .raw would be taken for the file's format.
                file = soundfile.SoundFile(descriptor, closefd=False)
            except soundfile.LibsndfileError as err:
                raise self._unplayable(err.error_string) from err
            on_failure.callback(file.close)
            self._refuse_what_has_no_sound(file)
            self._held = on_failure.pop_all()
            self._file = file

    async def close(self) -> None:
        self._file = None
        self._held.close()

    async def frames(self) -> AsyncIterator[bytes]:
        metronome = Metronome(FRAME_S)
        for frame in self._frames():
            if self._realtime:
                await metronome.beat()
            else:
                # Others must come to their turn, too, such as whoever sends the frames on.
                await asyncio.sleep(0)
            yield frame

    def _frames(self) -> Iterator[bytes]:
        size = 2 * int(self.rate * FRAME_S)
        splitter = FrameSplitter(size)
        for piece in self._mono():
            yield from splitter.push(piece)
        rest = splitter.end()
        if rest:
            yield rest.ljust(size, b'\0')

    def _mono(self) -> Iterator[bytes]:
        """Yield S16 at our rate, about half a second at a time: 1 ms of work."""
        if self._file is None:
            raise EngineError(f'{self._path} is not open')
        file = self._file
        resampler = Resampler(file.samplerate, self.rate)
        try:
            file.seek(0)
            while len(block := file.read(file.samplerate // 2, 'float32', always_2d=True)):
                # A float file may hold what is no number, and what is beyond full scale.
                mono = np.nan_to_num(block.mean(axis=1) * 32768).clip(-32768, 32767)
                yield resampler.push(np.rint(mono).astype('<i2').tobytes())
        except soundfile.LibsndfileError as err:
            raise self._unplayable(err.error_string) from err
        yield resampler.end()

    def _refuse_what_has_no_sound(self, file: soundfile.SoundFile) -> None:
        if file.format not in KINDS:
            raise self._unplayable(f'it is a {file.format} file; convert it first')
        if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
            raise self._unplayable(
                f'its header says {file.samplerate} Hz, '
                f'expected {LOWEST_RATE} to {HIGHEST_RATE} Hz'
            )
        if not len(file.read(1)):
            raise self._unplayable('it has no samples')

    def _unplayable(self, why: str) -> EngineError:
        return EngineError(f'{self._path} cannot be played as a WAV file: {why}')
