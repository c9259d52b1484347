# SPDX-License-Identifier: Apache-2.0
"""The pipe is always on, keeps time, and loses nothing of what is written into it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.microphones.pipe import PipeMicrophone

RATE = 16000
FRAME = 640


def sound(frames: float, begin: int = 1) -> bytes:
    return np.arange(begin, begin + round(frames * FRAME / 2)).astype('<i2').tobytes()


def write(path: Path, *pieces: bytes) -> None:
    with path.open('wb', buffering=0) as pipe:
        for piece in pieces:
            pipe.write(piece)


async def take(mic: PipeMicrophone, count: int) -> list[bytes]:
    taken = []
    async with aclosing(mic.frames()) as frames:  # type: ignore[type-var]
        async for frame in frames:
            taken.append(frame)
            if len(taken) == count:
                break
    assert {len(frame) for frame in taken} == {FRAME}
    return taken


def with_pipe(path: Path, use: Callable[[PipeMicrophone], Awaitable[None]]) -> None:
    async def run() -> None:
        mic = PipeMicrophone(RATE, str(path))
        await mic.open()
        try:
            await use(mic)
        finally:
            await mic.close()

    asyncio.run(run())


def test_it_is_silent_and_keeps_time_while_nobody_writes(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        began = time.monotonic()
        assert set(await take(mic, 10)) == {bytes(FRAME)}
        assert time.monotonic() - began == pytest.approx(0.2, abs=0.015)

    with_pipe(tmp_path / 'pipe', use)


def test_what_is_written_is_heard_once_and_whole(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        await asyncio.to_thread(write, tmp_path / 'pipe', sound(5.5))
        heard = b''.join(await take(mic, 9))
        assert heard == sound(5.5) + bytes(9 * FRAME - len(sound(5.5)))

    with_pipe(tmp_path / 'pipe', use)


def test_writers_come_and_go_and_one_that_dies_in_a_sample_spoils_nothing(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        await asyncio.to_thread(write, tmp_path / 'pipe', sound(1) + b'\x7f')
        assert b''.join(await take(mic, 3)) == sound(1) + bytes(2 * FRAME)
        await asyncio.to_thread(write, tmp_path / 'pipe', sound(2, begin=5000))
        assert b''.join(await take(mic, 3)) == sound(2, begin=5000) + bytes(FRAME)

    with_pipe(tmp_path / 'pipe', use)


def test_a_frame_that_comes_in_two_parts_is_put_together(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        with (tmp_path / 'pipe').open('wb', buffering=0) as writer:
            heard = []
            writer.write(sound(1)[:301])  # in the middle of a sample
            async with aclosing(mic.frames()) as frames:  # type: ignore[type-var]
                async for frame in frames:
                    heard.append(frame)
                    if len(heard) == 1:
                        writer.write(sound(1)[301:])
                    if len(heard) == 3:
                        break
        assert heard == [bytes(FRAME), sound(1), bytes(FRAME)]

    with_pipe(tmp_path / 'pipe', use)


def test_a_frame_whose_rest_does_not_come_is_filled_up_after_one_beat(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        with (tmp_path / 'pipe').open('wb', buffering=0) as writer:
            writer.write(sound(1)[:301])
            heard = await take(mic, 3)
        assert heard == [bytes(FRAME), sound(1)[:300].ljust(FRAME, b'\0'), bytes(FRAME)]

    with_pipe(tmp_path / 'pipe', use)


def test_a_writer_faster_than_time_waits_and_loses_nothing(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        written = threading.Event()

        def write_much() -> None:
            with (tmp_path / 'pipe').open('wb', buffering=0) as pipe:
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 8192)  # 12.8 frames
                rest = memoryview(sound(15))
                while rest:
                    rest = rest[pipe.write(rest) :]
            written.set()

        thread = threading.Thread(target=write_much)
        thread.start()
        heard = await take(mic, 4)
        assert not written.is_set()
        heard += await take(mic, 14)
        await asyncio.to_thread(thread.join, 5)
        speech = [frame for frame in heard if any(frame)]
        assert b''.join(speech) == sound(15)
        # Once begun, it is not interrupted by silence.
        assert len([any_ for any_, _ in groupby(heard, key=any)]) <= 3

    with_pipe(tmp_path / 'pipe', use)


def test_a_late_reader_gets_what_was_due_and_the_beat_goes_on_without_drift(tmp_path):
    async def use(mic: PipeMicrophone) -> None:
        began = time.monotonic()
        count = 0
        async with aclosing(mic.frames()) as frames:  # type: ignore[type-var]
            async for _ in frames:
                count += 1
                if count in (3, 7):
                    time.sleep(0.07)  # noqa: ASYNC251 - another part holds the loop up
                if count == 20:
                    break
        assert time.monotonic() - began == pytest.approx(0.4, abs=0.015)
        assert mic.dropped == 0

    with_pipe(tmp_path / 'pipe', use)


def test_the_pipe_is_made_for_its_user_alone_and_removed(tmp_path):
    path = tmp_path / 'pipe'

    async def use(mic: PipeMicrophone) -> None:
        mode = path.stat().st_mode
        assert stat.S_ISFIFO(mode)
        assert stat.S_IMODE(mode) == 0o600

    with_pipe(path, use)
    assert not path.exists()


def test_a_pipe_that_was_there_stays(tmp_path):
    path = tmp_path / 'pipe'
    os.mkfifo(path)

    async def use(mic: PipeMicrophone) -> None:
        assert await take(mic, 1) == [bytes(FRAME)]

    with_pipe(path, use)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_writer_is_told_when_the_microphone_closes(tmp_path):
    async def run() -> None:
        mic = PipeMicrophone(RATE, str(tmp_path / 'pipe'))
        await mic.open()
        with (tmp_path / 'pipe').open('wb', buffering=0) as writer:
            await mic.close()
            with pytest.raises(BrokenPipeError):
                writer.write(b'xx')

    asyncio.run(run())


def test_a_path_that_cannot_be_a_pipe_is_named(tmp_path):
    (tmp_path / 'file').write_text('mine')
    for path, why in (
        (str(tmp_path / 'file'), 'file is there already and is no named pipe'),
        (str(tmp_path / 'no' / 'pipe'), 'no/pipe: No such file'),
        ('', "set the parameter 'file'"),
    ):
        with pytest.raises(EngineError, match=why):
            asyncio.run(PipeMicrophone(RATE, path).open())
    assert (tmp_path / 'file').read_text() == 'mine'


def test_it_can_be_opened_again_and_closed_twice(tmp_path):
    async def run() -> None:
        mic = PipeMicrophone(RATE, str(tmp_path / 'pipe'))
        await mic.close()
        for _ in range(3):
            await mic.open()
            assert await take(mic, 1) == [bytes(FRAME)]
            await mic.close()
        await mic.close()
        with pytest.raises(EngineError, match='is not open'):
            await take(mic, 1)

    fds = len(os.listdir('/proc/self/fd'))
    asyncio.run(run())
    assert len(os.listdir('/proc/self/fd')) == fds
