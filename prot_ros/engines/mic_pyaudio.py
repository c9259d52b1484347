# SPDX-License-Identifier: Apache-2.0
"""A microphone through PortAudio (PyAudio).

PortAudio calls back from a thread of its own. That callback copies and hands over, nothing else:
it must never wait for anything of ours, nor mind that the loop is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyaudio

from prot_ros.core.audio import FrameSplitter
from prot_ros.engines.kinds import EngineError

KEPT = 50
"""Frames of 20 ms: one second, then the oldest are dropped."""
OPEN_S = 5.0
CLOSE_S = 3.0
STALLED_S = 2.0
"""A device that delivers nothing for this long was unplugged or hangs."""

_HANDLER = ctypes.CFUNCTYPE(None)
_SILENT = _HANDLER(lambda: None)
"""Takes whatever it is called with, as C functions do. Kept for good: the libraries keep it."""
_COMPLAINERS = (
    ('libasound.so.2', 'snd_lib_error_set_handler'),
    ('libjack.so.0', 'jack_set_error_function'),
    ('libjack.so.0', 'jack_set_info_function'),
)


def _silence_libraries() -> None:
    """Keep ALSA and JACK from printing a page of complaints about what nobody asked for.

    PortAudio probes every configured device and server at its start. Failures of the one that is
    wanted are reported to us all the same.
    """
    for library, function in _COMPLAINERS:
        with contextlib.suppress(OSError, AttributeError):  # not installed: it cannot complain
            getattr(ctypes.CDLL(library), function)(_SILENT)


class PyAudioMicrophone:
    """Captures mono from an input device."""

    name = 'pyaudio'

    def __init__(self, rate: int, device: str) -> None:
        """`device` is a number, a part of a name, or '' for the default."""
        self.rate = rate
        self.dropped = 0
        self._device = device
        self._chunks: deque[bytes] = deque(maxlen=KEPT)
        self._arrived = asyncio.Event()
        self._waking = False
        self._loop: asyncio.AbstractEventLoop | None = None
        # PortAudio blocks, and is not safe to use from two threads: it gets one of its own.
        self._thread: ThreadPoolExecutor | None = None
        self._audio: Any = None
        self._stream: Any = None

    async def open(self) -> None:
        await self.close()
        self._loop = asyncio.get_running_loop()
        self._chunks.clear()
        self._arrived = asyncio.Event()
        self._waking = False
        try:
            await self._in_thread(self._acquire, OPEN_S)
        except TimeoutError:
            await self.close()
            raise EngineError(
                f'the microphone {self._device or "(default)"!r} did not open within {OPEN_S:g} s',
                retryable=True,
            ) from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        if self._thread is None:
            return
        try:
            # Queued behind an open() that hangs, so whatever that acquires is released, too.
            await self._in_thread(self._release, CLOSE_S)
        except TimeoutError:
            pass  # PortAudio hangs; its thread ends when it does
        finally:
            if self._thread is not None:
                self._thread.shutdown(wait=False)
                self._thread = None

    async def _in_thread(self, work: Callable[[], None], deadline_s: float) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix='portaudio')
        done = asyncio.get_running_loop().run_in_executor(self._thread, work)
        async with asyncio.timeout(deadline_s):
            await asyncio.shield(done)

    def _acquire(self) -> None:
        _silence_libraries()
        self._audio = pyaudio.PyAudio()
        try:
            index = self._index()
            self._stream = self._audio.open(
                format=pyaudio.paInt16,
                channels=1,
                rate=self.rate,
                input=True,
                input_device_index=index,
                frames_per_buffer=self.rate // 50,
                stream_callback=self._captured,
            )
        except (OSError, ValueError) as err:
            self._release()
            raise EngineError(
                f'cannot open the microphone {self._device or "(default)"!r} at {self.rate} Hz: '
                f'{err}; {self._choice()}',
                retryable=True,
            ) from err

    def _index(self) -> int | None:
        """Return the number of the wanted device, None for the default."""
        if not self._device:
            self._audio.get_default_input_device_info()  # raises OSError where there is none
            return None
        names = self._inputs()
        if self._device.isdigit() and int(self._device) in names:
            return int(self._device)
        for number, name in names.items():
            if self._device.lower() in name.lower():
                return number
        raise ValueError('there is no such input device')

    def _inputs(self) -> dict[int, str]:
        devices = (
            self._audio.get_device_info_by_index(n) for n in range(self._audio.get_device_count())
        )
        return {d['index']: str(d['name']) for d in devices if d['maxInputChannels'] > 0}

    def _choice(self) -> str:
        try:
            audio = pyaudio.PyAudio()
        except OSError as err:
            return f'PortAudio does not start: {err}'
        try:
            self._audio = audio
            names = ', '.join(f'{number}: {name}' for number, name in self._inputs().items())
        finally:
            self._audio = None
            audio.terminate()
        return f'input devices here are {names}' if names else 'there is no input device here'

    def _release(self) -> None:
        stream, self._stream = self._stream, None
        audio, self._audio = self._audio, None
        try:
            if stream is not None:
                # A device that was unplugged raises here; it is closed all the same.
                with contextlib.suppress(OSError):
                    stream.stop_stream()
                with contextlib.suppress(OSError):
                    stream.close()
        finally:
            if audio is not None:
                audio.terminate()

    def _captured(self, data: bytes, count: int, timing: object, status: int) -> tuple[None, int]:
        """PortAudio's thread: copy, hand over, return."""
        if len(self._chunks) == KEPT:
            self.dropped += 1
        self._chunks.append(data)
        loop = self._loop
        if loop is not None and not self._waking:
            self._waking = (
                True  # one wake-up under way at a time, or a busy loop would pile them up
            )
            # The loop may be closed: the process is on its way out.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake)
        return None, pyaudio.paContinue

    def _wake(self) -> None:
        self._waking = False
        self._arrived.set()

    async def frames(self) -> AsyncIterator[bytes]:
        splitter = FrameSplitter(2 * self.rate // 50)
        while True:
            try:
                async with asyncio.timeout(STALLED_S):
                    await self._arrived.wait()
            except TimeoutError:
                raise EngineError(
                    f'the microphone {self._device or "(default)"!r} has delivered no audio for '
                    f'{STALLED_S:g} s',
                    retryable=True,
                ) from None
            self._arrived.clear()
            while self._chunks:
                for frame in splitter.push(self._chunks.popleft()):
                    yield frame
