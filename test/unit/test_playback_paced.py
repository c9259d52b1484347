# SPDX-License-Identifier: Apache-2.0
"""Loudspeakers that are none: as slow as a real one, and the file holds what was heard."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.playback.null import NullPlayback
from prot_ros.engines.playback.paced import LEAD_S, PacedPlayback
from prot_ros.engines.playback.wav import WavPlayback

RATE = 16000


def sound(seconds: float, begin: int = 0) -> bytes:
    """Samples that count, so that a missing, doubled or moved one is seen."""
    return np.arange(begin, begin + round(seconds * RATE)).astype('<i2').tobytes()


def read(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return file.readframes(file.getnframes())


@pytest.fixture(params=['null', 'wav'])
def playback(request, tmp_path) -> PacedPlayback:
    if request.param == 'null':
        return NullPlayback(RATE)
    return WavPlayback(RATE, str(tmp_path / 'out.wav'))


def test_writing_and_draining_take_as_long_as_listening(playback):
    async def run() -> None:
        await playback.open()
        began = time.monotonic()
        await playback.write(sound(0.3))
        assert time.monotonic() - began == pytest.approx(0.3 - LEAD_S, abs=0.05)
        assert playback.played() == pytest.approx(RATE * (0.3 - LEAD_S), abs=RATE * 0.05)
        await playback.drain()
        assert time.monotonic() - began == pytest.approx(0.3, abs=0.05)
        assert playback.played() == 0.3 * RATE
        await playback.close()

    asyncio.run(run())


def test_many_small_writes_do_not_drift(playback):
    async def run() -> float:
        await playback.open()
        began = time.monotonic()
        for _ in range(50):
            await playback.write(sound(0.005))
        await playback.drain()
        took = time.monotonic() - began
        await playback.close()
        return took

    assert asyncio.run(run()) == pytest.approx(0.25, abs=0.03)


def test_an_abort_ends_a_write_that_waits_and_forgets_its_audio(playback):
    async def run() -> None:
        await playback.open()
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(playback.write(sound(5)))
            drainer = tasks.create_task(playback.drain())
            await asyncio.sleep(0.1)
            began = time.monotonic()
            await playback.abort()
            heard = playback.played()
            await asyncio.wait({writer, drainer})
            assert time.monotonic() - began < 0.05
        assert 0.08 * RATE < heard < 0.2 * RATE
        assert playback.played() == heard, 'it keeps its value until the next write'
        await playback.write(sound(0.01))
        await playback.drain()
        assert playback.played() == 0.01 * RATE, 'and begins anew then'
        await playback.close()

    asyncio.run(run())


def test_the_position_keeps_its_value_after_a_drain(playback):
    async def run() -> None:
        await playback.open()
        await playback.write(sound(0.02))
        await playback.drain()
        assert playback.played() == 0.02 * RATE
        await playback.drain()
        await playback.write(sound(0.01))
        assert playback.played() < 0.02 * RATE
        await playback.close()

    asyncio.run(run())


def test_a_cancelled_write_leaves_it_usable(playback):
    async def run() -> None:
        await playback.open()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await playback.write(sound(5))
        await playback.abort()
        await playback.write(sound(0.01))
        await playback.drain()
        assert playback.played() == 0.01 * RATE
        await playback.close()

    asyncio.run(run())


def test_closing_twice_or_unopened_does_no_harm(playback):
    async def run() -> None:
        await playback.close()
        await playback.open()
        await playback.close()
        await playback.close()

    asyncio.run(run())


def test_the_file_ends_where_an_abort_silenced_it(tmp_path):
    async def run(playback: WavPlayback) -> int:
        await playback.open()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await playback.write(sound(2))
        await playback.abort()
        heard = playback.played()
        await playback.write(sound(0.02, begin=20000))
        await playback.drain()
        await playback.close()
        return heard

    path = tmp_path / 'out.wav'
    heard = asyncio.run(run(WavPlayback(RATE, str(path))))
    assert 0.1 * RATE < heard < 0.3 * RATE
    assert read(path) == sound(2)[: 2 * heard] + sound(0.02, begin=20000)


def test_a_file_is_continued_after_a_pause(tmp_path):
    async def run(playback: WavPlayback) -> None:
        for part in range(3):
            await playback.open()
            await playback.write(sound(0.03, begin=part * 1000))
            await playback.drain()
            await playback.close()

    path = tmp_path / 'out.wav'
    asyncio.run(run(WavPlayback(RATE, str(path))))
    assert read(path) == b''.join(sound(0.03, begin=part * 1000) for part in range(3))


def test_a_killed_process_leaves_a_playable_file_which_is_continued(tmp_path):
    path = tmp_path / 'out.wav'
    program = f"""
import asyncio
from prot_ros.engines.playback.wav import WavPlayback
async def run():
    playback = WavPlayback({RATE}, {str(path)!r})
    await playback.open()
    while True:
        await playback.write(bytes(range(1, 101)) * 64)
asyncio.run(run())
"""
    process = subprocess.Popen([sys.executable, '-c', program])
    try:
        deadline = time.monotonic() + 20
        while not path.exists() or path.stat().st_size < 10_000:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    before = read(path)
    assert len(before) > 9_000
    # As if the crash had come between half a sample and its length in the header.
    with path.open('ab') as file:
        file.write(b'\x01\x02\x03')

    async def run() -> None:
        playback = WavPlayback(RATE, str(path))
        await playback.open()
        await playback.write(sound(0.01))
        await playback.drain()
        await playback.close()

    asyncio.run(run())
    assert read(path) == before + b'\x01\x02' + sound(0.01)


def test_a_file_that_is_not_its_own_is_left_alone(tmp_path):
    path = tmp_path / 'diary.txt'
    path.write_text('not to be lost')
    with pytest.raises(EngineError, match=r'diary.txt is there already'):
        asyncio.run(WavPlayback(RATE, str(path)).open())
    assert path.read_text() == 'not to be lost'
    other = tmp_path / 'other.wav'
    asyncio.run(_made(other, 8000))
    with pytest.raises(EngineError, match=r'no S16 mono WAV file of 16000 Hz'):
        asyncio.run(WavPlayback(RATE, str(other)).open())


async def _made(path: Path, rate: int) -> None:
    playback = WavPlayback(rate, str(path))
    await playback.open()
    await playback.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for file, why in (
        (str(tmp_path / 'no' / 'such.wav'), r'no/such.wav: No such file'),
        (str(tmp_path), r'Is a directory'),
        (str(tmp_path / 'pipe'), r'pipe is no regular file'),
        ('', r"set the parameter 'file'"),
    ):
        with pytest.raises(EngineError, match=why):
            asyncio.run(WavPlayback(RATE, file).open())


def test_b07_a_full_disk_is_one_clear_error_and_the_file_stays_playable(tmp_path):
    path = tmp_path / 'out.wav'

    async def run() -> None:
        playback = WavPlayback(RATE, str(path))
        await playback.open()
        with pytest.raises(EngineError, match=r'cannot write .*out.wav: File too large'):
            await playback.write(sound(1))
        await playback.close()

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3001, limits[1]))
    try:
        asyncio.run(run())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    held = read(path)
    assert 1000 < len(held) <= 3001
    assert sound(1).startswith(held)


def test_b04_appending_costs_the_same_however_long_the_file_is(tmp_path):
    # 24 h of audio as a hole in the file: were the old part read or written, it would take long.
    path = tmp_path / 'out.wav'
    asyncio.run(_made(path, RATE))
    os.truncate(path, 44 + 2 * RATE * 86_400)

    async def run() -> None:
        playback = WavPlayback(RATE, str(path))
        await playback.open()
        began = time.process_time()
        await playback.write(sound(0.1))
        await playback.drain()
        assert time.process_time() - began < 0.05
        await playback.close()

    asyncio.run(run())
    with wave.open(str(path)) as file:
        assert file.getnframes() == RATE * 86_400 + 0.1 * RATE
