# SPDX-License-Identifier: Apache-2.0
"""Lowering, holding and going on, on the loudspeaker whose file holds what was heard."""

from __future__ import annotations

import asyncio
import random
import time
import wave
from collections.abc import Callable, Coroutine
from pathlib import Path

import numpy as np
import pytest

from prot_ros.engines.playback.paced import DUCKED, LEAD_S
from prot_ros.engines.playback.wav import WavPlayback

RATE = 16000
GLIDE = RATE // 100


def ramp(seconds: float) -> bytes:
    """Samples that count, so that a missing, doubled or moved one is seen."""
    return np.arange(1000, 1000 + round(seconds * RATE)).astype('<i2').tobytes()


def values(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, '<i2').astype(int)


def played(tmp_path: Path, act: Callable[[WavPlayback], Coroutine[None, None, None]]) -> bytes:
    """Return what a listener heard of what `act` did with a loudspeaker."""
    path = tmp_path / 'out.wav'

    async def run() -> None:
        playback = WavPlayback(RATE, str(path))
        await playback.open()
        try:
            async with asyncio.timeout(10):
                await act(playback)
        finally:
            await playback.close()

    asyncio.run(run())
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


async def until_played(playback: WavPlayback, seconds: float) -> None:
    deadline = time.monotonic() + 5
    while playback.played() < seconds * RATE:
        assert time.monotonic() < deadline, f'{seconds} s were not played'
        await asyncio.sleep(0.002)


def test_a_held_reply_goes_on_without_missing_a_sample(tmp_path):
    async def act(playback: WavPlayback) -> None:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(playback.write(ramp(0.3)))
            await until_played(playback, 0.1)
            await playback.hold()
            await playback.hold()
            at = playback.played()
            draining = tasks.create_task(playback.drain())
            await asyncio.sleep(2 * LEAD_S)
            assert playback.played() == at, 'it stands still'
            assert not writing.done()
            assert not draining.done()
            await playback.resume()
            await playback.resume()
            await writing
        await playback.drain()
        assert playback.played() == 0.3 * RATE

    heard, written = values(played(tmp_path, act)), values(ramp(0.3))
    assert len(heard) == len(written)
    softer = np.flatnonzero(heard < written - 1)
    assert 0 < len(softer) <= GLIDE, 'no more than the rise after the hold is changed'
    assert softer[-1] - softer[0] < GLIDE


def test_lowering_is_heard_at_once_and_so_is_its_end(tmp_path):
    marks: list[int] = []

    async def act(playback: WavPlayback) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(playback.write(ramp(0.4)))
            await until_played(playback, 0.1)
            await playback.duck()
            marks.append(playback.played())
            await until_played(playback, 0.2)
            await playback.resume()
            marks.append(playback.played())
        await playback.drain()

    gain = values(played(tmp_path, act)) / values(ramp(0.4))
    down, up = marks
    soon = int(0.02 * RATE)
    assert gain[:down].min() > 0.99
    assert gain[down + soon : up].max() < 1.02 * DUCKED
    assert gain[up + soon :].min() > 0.99
    assert np.abs(np.diff(gain)).max() < 0.02, 'without a click'


def test_lowering_before_the_beginning_holds_for_the_reply_and_ends_with_it(tmp_path):
    async def act(playback: WavPlayback) -> None:
        await playback.duck()
        for _ in range(2):
            await playback.write(ramp(0.1))
            await playback.drain()

    first, second = np.split(values(played(tmp_path, act)) / values(2 * ramp(0.1)), 2)
    assert first.max() < 1.02 * DUCKED
    assert second.min() == 1.0


@pytest.mark.parametrize('end', ['abort', 'resume'])
def test_what_is_written_during_a_hold_in_silence_waits(tmp_path, end):
    async def act(playback: WavPlayback) -> None:
        await playback.hold()
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(playback.write(ramp(0.1)))
            await asyncio.sleep(0.05)
            assert not writing.done()
            assert playback.played() == 0
            await getattr(playback, end)()
        await playback.drain()

    assert played(tmp_path, act) == (ramp(0.1) if end == 'resume' else b'')


def test_an_abort_ends_a_hold_and_its_reply(tmp_path):
    marks: list[int] = []

    async def act(playback: WavPlayback) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(playback.write(ramp(0.3)))
            await until_played(playback, 0.1)
            await playback.duck()
            await playback.hold()
            marks.append(playback.played())
            await playback.abort()
        assert playback.played() == marks[0]
        await playback.resume()
        await playback.write(ramp(0.05))
        await playback.drain()

    heard = played(tmp_path, act)
    assert heard[2 * marks[0] :] == ramp(0.05), 'at full volume, and nothing of the reply before'


def test_each_piece_is_told_as_it_sounds_and_when(tmp_path):
    told: list[tuple[bytes, float]] = []

    async def act(playback: WavPlayback) -> None:
        playback.on_piece = lambda piece, at: told.append((piece, at))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(playback.write(ramp(0.4)))
            await until_played(playback, 0.1)
            await playback.duck()
            await until_played(playback, 0.2)
            await playback.hold()
            await asyncio.sleep(0.2)
            await playback.resume()
        await playback.drain()

    heard = values(played(tmp_path, act))
    assert all(len(piece) <= 2 * RATE // 50 for piece, _ in told)
    # What comes later supersedes: laid over each other, the pieces are what was heard when.
    began = told[0][1]
    line = np.zeros(2 * RATE, int)
    for piece, at in told:
        first = round((at - began) * RATE)
        line[first : first + len(piece) // 2] = values(piece)
    silences = [index for index, (piece, _) in enumerate(told) if not any(piece)]
    assert 0 < len(silences) <= 6, 'the hold is told of'
    hold, resume = (told[index][1] - began for index in (silences[0], silences[-1] + 1))
    assert resume - hold > 0.19
    assert not line[round(hold * RATE) : round(resume * RATE)].any()
    sounding = np.delete(line, slice(round(hold * RATE), round(resume * RATE)))[: len(heard)]
    # Rounding of times moves a piece by a sample, which is 1 where it is loud.
    assert np.median(np.abs(sounding - heard)) <= 1
    assert (np.abs(sounding - heard) > 40).mean() < 0.02


@pytest.mark.parametrize('seed', range(4))
def test_any_order_of_holds_and_ends_loses_no_sample_and_never_goes_back(tmp_path, seed):
    chance = random.Random(seed)
    ends: list[int] = []

    async def act(playback: WavPlayback) -> None:
        writing = asyncio.ensure_future(asyncio.sleep(0))
        last = 0
        for _ in range(20):
            what = chance.choice(('write', 'hold', 'resume', 'hold', 'resume', 'duck', 'abort'))
            if what != 'write':
                await getattr(playback, what)()
            if what == 'abort':
                await writing
                ends.append(playback.played())
                last = 0
                await playback.write(b'')
                assert playback.played() == 0
            elif what == 'write' and writing.done():
                writing = asyncio.ensure_future(playback.write(ramp(0.1)))
            await asyncio.sleep(chance.random() * 0.006)
            assert playback.played() >= last
            last = playback.played()
        await playback.resume()
        await writing
        await playback.drain()
        ends.append(playback.played())

    heard = values(played(tmp_path, act))
    assert len(heard) == sum(ends)
    assert ends[-1] % (0.1 * RATE) == 0, 'each write was heard to its end'
