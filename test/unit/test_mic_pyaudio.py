# SPDX-License-Identifier: Apache-2.0
"""The microphone around PortAudio: what it takes, drops and releases, whatever PortAudio does.

PortAudio is replaced by a device that can be told what to refuse; with the real one the microphone
is tested in test/system/test_sound_devices.py.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pyaudio
import pytest

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.microphones.pyaudio import PyAudioMicrophone

FRAME = 640


class Device:
    """Stands for the module's class `PyAudio` and for the stream it opens."""

    def __init__(self, rate: int = 16000, channels: int = 1) -> None:
        self.info = {
            'index': 3,
            'name': 'USB Audio: #1 (hw:1,0)',
            'maxInputChannels': channels,
            'defaultSampleRate': float(rate),
        }
        self.takes = {(rate, channels)}
        self.released: list[str] = []
        self.opened = threading.Event()
        self.hold = threading.Event()
        self.hold.set()
        self.callback: Callable[..., Any]

    def __call__(self) -> Device:
        return self

    def get_device_count(self) -> int:
        return 4

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        return self.info if index == 3 else {**self.info, 'index': index, 'maxInputChannels': 0}

    def get_default_input_device_info(self) -> dict[str, Any]:
        return self.info

    def open(self, *, rate: int, channels: int, stream_callback: Callable[..., Any], **_: Any):
        self.opened.set()
        self.hold.wait(5)
        if (rate, channels) not in self.takes:
            raise OSError(-9997, f'Invalid sample rate or channels: {rate}, {channels}')
        self.callback = stream_callback
        return self

    def close(self) -> None:
        self.released.append('stream')

    def terminate(self) -> None:
        self.released.append('audio')

    def deliver(self, pcm: bytes) -> None:
        """Call back from a thread that asyncio knows nothing of."""
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(self.callback(pcm, len(pcm) // 2, None, 0))
        )
        thread.start()
        thread.join(5)
        assert answers == [(None, pyaudio.paContinue)]


@pytest.fixture
def plug(monkeypatch) -> Callable[..., Device]:
    def make(*args: Any, **settings: Any) -> Device:
        device = Device(*args, **settings)
        monkeypatch.setattr(pyaudio, 'PyAudio', device)
        return device

    return make


async def take(mic: PyAudioMicrophone, count: int) -> list[bytes]:
    frames = mic.frames()
    taken = [await anext(frames) for _ in range(count)]
    await frames.aclose()
    return taken


def test_it_yields_frames_in_order_and_drops_the_oldest_beyond_a_second(plug):
    device = plug()

    async def run() -> None:
        mic = PyAudioMicrophone(16000, '')
        await mic.open()
        for number in range(60):
            device.deliver(bytes([number]) * FRAME)
        assert await take(mic, 50) == [bytes([number]) * FRAME for number in range(10, 60)]
        assert mic.dropped == 10
        await mic.close()

    asyncio.run(run())


def test_a_device_of_another_rate_and_more_channels_is_taken_as_it_is(plug):
    device = plug(48000, 2)

    async def run() -> np.ndarray:
        mic = PyAudioMicrophone(16000, 'usb')
        await mic.open()
        time = np.arange(48000 // 2) / 48000
        left = 8000 * np.sin(2 * np.pi * 440 * time)
        stereo = np.stack([left, np.zeros_like(left)], axis=1).astype('<i2').tobytes()
        for at in range(0, len(stereo), 3840):
            device.deliver(stereo[at : at + 3840])
        heard = np.frombuffer(b''.join(await take(mic, 20)), '<i2')
        await mic.close()
        return heard

    heard = asyncio.run(run())
    expected = 4000 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 16000)
    assert np.abs(heard - expected)[100:].max() < 60


def test_a_device_that_takes_no_format_says_what_was_tried_and_is_released(plug):
    device = plug(44100, 2)
    device.takes = set()
    with pytest.raises(
        EngineError, match=r'cannot be opened: 16000 Hz with 1 .*44100 Hz'
    ) as error:
        asyncio.run(PyAudioMicrophone(16000, '').open())
    assert error.value.retryable
    assert device.released == ['audio']


def test_a_device_that_is_not_there_is_told_with_those_that_are(plug):
    device = plug()
    with pytest.raises(EngineError, match=r"no microphone 'webcam'; .* are 3 \(USB Audio: #1"):
        asyncio.run(PyAudioMicrophone(16000, 'webcam').open())
    device.info['maxInputChannels'] = 0
    with pytest.raises(EngineError, match='there is no input device at all'):
        asyncio.run(PyAudioMicrophone(16000, '3').open())
    assert device.released == ['audio', 'audio']


def test_a_device_is_found_by_its_number_or_a_part_of_its_name(plug):
    device = plug()

    async def run(name: str) -> None:
        mic = PyAudioMicrophone(16000, name)
        await mic.open()
        device.deliver(bytes(FRAME))
        assert await take(mic, 1) == [bytes(FRAME)]
        await mic.close()
        await mic.close()

    for name in ('', '3', 'usb audio', 'hw:1'):
        asyncio.run(run(name))
    assert device.released == ['stream', 'audio'] * 4


def test_a10_the_callback_survives_a_loop_that_was_closed(plug):
    device = plug()

    async def run() -> PyAudioMicrophone:
        mic = PyAudioMicrophone(16000, '')
        await mic.open()
        device.deliver(bytes(FRAME))
        return mic

    mic = asyncio.run(run())  # its loop is closed now, and it is not
    for _ in range(60):
        device.deliver(bytes(FRAME))
    assert mic.dropped > 0
    asyncio.run(mic.close())
    assert device.released == ['stream', 'audio']


def test_a20_an_open_that_is_cancelled_releases_what_it_gets_later(plug):
    device = plug()
    device.hold.clear()

    async def run() -> None:
        mic = PyAudioMicrophone(16000, '')
        opening = asyncio.create_task(mic.open())
        await asyncio.to_thread(device.opened.wait, 5)
        opening.cancel()
        await asyncio.sleep(0)
        device.hold.set()
        await asyncio.wait({opening})
        assert opening.cancelled()
        assert device.released == ['stream', 'audio']

    before = threading.active_count()
    asyncio.run(run())
    assert threading.active_count() == before


def test_without_being_opened_it_says_so():
    with pytest.raises(EngineError, match='is not open'):
        asyncio.run(take(PyAudioMicrophone(16000, ''), 1))
