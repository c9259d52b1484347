# SPDX-License-Identifier: Apache-2.0
"""A real microphone, by PyAudio: PortAudio on ALSA, and so PulseAudio or PipeWire too."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyaudio
from numpy.typing import NDArray

from prot_ros.core.audio import FrameSplitter
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.microphones import portaudio_noise
from prot_ros.engines.own_thread import OwnThread
from prot_ros.engines.resample import Resampler

BUFFERED = 50
"""Buffers of 20 ms: one second."""
SILENT_S = 2.0
"""A microphone that is silent still delivers; one that delivers nothing for this long is lost."""
FIRST_S = 5.0
"""The first audio may take longer: up to 2 s were seen until PulseAudio woke an idle source."""
OPEN_S = 10.0
CLOSE_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Format:
    rate: int
    channels: int


class _Handover:
    """From the callback's thread to the loop: a bounded queue and a coalesced wake-up."""

    def __init__(self, on_drop: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_drop = on_drop
        self._buffers: deque[bytes] = deque(maxlen=BUFFERED)
        self._ready = asyncio.Event()
        self._waking = False
        self.delivered = False

    def put(
        self, data: bytes | None, frames: int, timing: object, status: int
    ) -> tuple[None, int]:
        """Be PortAudio's callback; nothing here may wait or fail."""
        if len(self._buffers) == BUFFERED or status & pyaudio.paInputOverflow:
            self._on_drop()
        self._buffers.append(data or b'')  # the oldest falls out of a full deque
        if not self._waking:
            self._waking = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:
                pass  # the loop was closed before the device was
        return None, pyaudio.paContinue

    def _wake(self) -> None:
        # Cleared before the queue is read: what comes in between wakes once too often, not never.
        self._waking = False
        self._ready.set()

    async def take(self) -> list[bytes]:
        """Wait for audio and return all there is."""
        await self._ready.wait()
        self._ready.clear()
        self.delivered = True
        return [self._buffers.popleft() for _ in range(len(self._buffers))]


class PyAudioMicrophone:
    """Captures from an input device, at its own rate and channels where it has no other.

    PyAudio's calls block for up to 100 ms, and for ever when the audio server hangs. They are made
    in a thread of their own, which is left behind in that case.
    """

    name = 'pyaudio'

    def __init__(self, rate: int, device: str) -> None:
        """Take the Hz to deliver, and a device's number or a part of its name ('' = default)."""
        self.rate = rate
        self.dropped = 0
        self._device = device
        self._thread: OwnThread | None = None
        self._audio: pyaudio.PyAudio | None = None
        self._stream: Any = None
        self._handover: _Handover | None = None
        self._hanging: OwnThread | None = None
        self._format = _Format(rate, 1)

    async def open(self) -> None:
        await self.close()
        if self._hanging is not None and self._hanging.alive:
            # PortAudio bears only one thread at a time.
            raise EngineError(
                'the microphone opened before still hangs in the audio server', retryable=True
            )
        self._hanging = None
        self._handover = handover = _Handover(self._count_drop)
        self._thread = OwnThread('microphone')
        try:
            async with asyncio.timeout(OPEN_S):
                await self._thread.run(lambda: self._start(handover))
        except TimeoutError:
            await self.close()
            raise EngineError(
                f'{self._described()} did not open within {OPEN_S:g} s; the audio server hangs',
                retryable=True,
            ) from None
        except BaseException:
            # Also when cancelled: what the thread is still opening is closed after it.
            await self.close()
            raise

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        self._handover = None
        if thread is not None and not await thread.end(CLOSE_S, self._release):
            self._hanging = thread
            _log.error('the microphone did not close within %g s', CLOSE_S)

    def _count_drop(self) -> None:
        self.dropped += 1

    async def frames(self) -> AsyncIterator[bytes]:
        handover = self._handover
        if handover is None:
            raise EngineError('the microphone is not open')
        splitter = FrameSplitter(2 * (self.rate // 50))
        resampler = Resampler(self._format.rate, self.rate)
        while True:
            patience_s = SILENT_S if handover.delivered else FIRST_S
            try:
                async with asyncio.timeout(patience_s):
                    buffers = await handover.take()
            except TimeoutError:
                raise EngineError(
                    f'{self._described()} delivered no audio for {patience_s:g} s; is it still '
                    'plugged in, and the audio server running?',
                    retryable=True,
                ) from None
            for buffer in buffers:
                for frame in splitter.push(resampler.push(self._mono(buffer))):
                    yield frame

    def _mono(self, buffer: bytes) -> bytes:
        channels = self._format.channels
        if channels == 1:
            return buffer
        samples = np.frombuffer(buffer, '<i2').reshape(-1, channels)
        mono: NDArray[np.int16] = samples.mean(axis=1).astype('<i2')
        return mono.tobytes()

    def _described(self) -> str:
        return f'the microphone {self._device!r}' if self._device else 'the default microphone'

    # What follows runs in the thread.

    def _start(self, handover: _Handover) -> None:
        with portaudio_noise.silenced():
            self._audio = pyaudio.PyAudio()
            info = self._find(self._audio)
            self._stream = self._open_stream(self._audio, info, handover)

    def _release(self) -> None:
        stream, self._stream = self._stream, None
        audio, self._audio = self._audio, None
        try:
            if stream is not None:
                stream.close()
        except OSError:
            pass  # the device is gone, and with it the stream
        finally:
            if audio is not None:
                audio.terminate()

    def _find(self, audio: pyaudio.PyAudio) -> dict[str, Any]:
        inputs = [
            info
            for info in map(audio.get_device_info_by_index, range(audio.get_device_count()))
            if info['maxInputChannels'] > 0
        ]
        if not self._device:
            try:
                return dict(audio.get_default_input_device_info())
            except OSError as err:
                raise EngineError(
                    f'there is no default microphone; {_listed(inputs)}', retryable=True
                ) from err
        for info in inputs:
            if self._device == str(info['index']):
                return dict(info)
        for info in inputs:
            if self._device.lower() in str(info['name']).lower():
                return dict(info)
        raise EngineError(
            f'there is no microphone {self._device!r}; {_listed(inputs)}', retryable=True
        )

    def _open_stream(
        self, audio: pyaudio.PyAudio, info: dict[str, Any], handover: _Handover
    ) -> Any:
        own_rate = int(info['defaultSampleRate'])
        most = max(1, int(info['maxInputChannels']))
        # What we want first; then what a device without a converter in front of it may insist on.
        formats = dict.fromkeys(
            _Format(rate, channels)
            for rate in (self.rate, own_rate)
            for channels in (1, min(2, most), most)
        )
        refusals = []
        for format_ in formats:
            try:
                stream = audio.open(
                    rate=format_.rate,
                    channels=format_.channels,
                    format=pyaudio.paInt16,
                    input=True,
                    input_device_index=info['index'],
                    frames_per_buffer=format_.rate // 50,
                    stream_callback=handover.put,
                )
            except (OSError, ValueError) as err:
                refusals.append(f'{format_.rate} Hz with {format_.channels} channels: {err}')
                continue
            self._format = format_
            return stream
        raise EngineError(
            f'{self._described()} cannot be opened: {"; ".join(refusals)}', retryable=True
        )


def _listed(inputs: list[dict[str, Any]]) -> str:
    if not inputs:
        return 'there is no input device at all; is one plugged in, and the audio server running?'
    return 'input devices here are ' + ', '.join(f'{i["index"]} ({i["name"]})' for i in inputs)
