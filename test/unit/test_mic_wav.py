# SPDX-License-Identifier: Apache-2.0
"""A file plays as it is, at the pace asked for, and what cannot be played says why at open()."""

from __future__ import annotations

import asyncio
import os
import struct
import time
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import ALL, BAD, GO_FORWARD, Recording

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.microphones.wav import WavMicrophone

RATE = 16000
FRAME = 640


def play(file: Path | str, *, rate: int = RATE, realtime: bool = False) -> list[bytes]:
    async def run() -> list[bytes]:
        mic = WavMicrophone(rate, str(file), realtime)
        await mic.open()
        try:
            async with aclosing(mic.frames()) as frames:  # type: ignore[type-var]
                return [frame async for frame in frames]
        finally:
            await mic.close()

    return asyncio.run(run())


def tone(rate: int, seconds: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize('recording', ALL, ids=lambda r: r.path.stem)
def test_a_recording_is_played_to_its_last_sample(recording: Recording):
    frames = play(recording.path)
    assert {len(frame) for frame in frames} == {FRAME}
    assert b''.join(frames) == recording.pcm.ljust(FRAME * len(frames), b'\0')
    assert len(frames) == -(-len(recording.pcm) // FRAME)


@pytest.mark.parametrize('subtype', ['PCM_U8', 'PCM_16', 'PCM_24', 'PCM_32', 'FLOAT', 'DOUBLE'])
@pytest.mark.parametrize(('rate', 'channels'), [(8000, 1), (44100, 2), (48000, 6)])
@pytest.mark.parametrize('kind', ['WAV', 'WAVEX'])
def test_any_format_rate_and_number_of_channels_sounds_the_same(
    tmp_path, kind, subtype, rate, channels
):
    file = tmp_path / 'tone.wav'
    samples = np.repeat(tone(rate, 0.3)[:, None], channels, axis=1)
    soundfile.write(file, samples, rate, subtype, format=kind)
    heard = np.frombuffer(b''.join(play(file)), '<i2')
    assert len(heard) == 0.3 * RATE
    assert np.abs(heard / 32768 - tone(RATE, 0.3))[400:-400].max() < 0.01


def test_channels_are_averaged(tmp_path):
    file = tmp_path / 'two.wav'
    soundfile.write(file, np.tile([0.5, -0.25], (320, 1)), RATE)
    assert set(np.frombuffer(play(file)[0], '<i2')) == {4096}


def test_float_samples_beyond_full_scale_or_no_number_make_no_noise(tmp_path):
    file = tmp_path / 'wild.wav'
    samples = np.array([2.0, -2.0, np.inf, -np.inf, np.nan, 0.5] * 100, 'float32')
    soundfile.write(file, samples, RATE, 'FLOAT')
    heard = np.frombuffer(b''.join(play(file)), '<i2')[:600]
    assert list(heard[:6]) == [32767, -32768, 32767, -32768, 0, 16384]


def test_in_real_time_it_lasts_as_long_as_it_sounds(tmp_path):
    file = tmp_path / 'tone.wav'
    soundfile.write(file, tone(RATE, 0.3), RATE)
    began = time.monotonic()
    assert len(play(file, realtime=True)) == 15
    assert time.monotonic() - began == pytest.approx(0.3, abs=0.03)


def test_as_fast_as_possible_it_leaves_room_for_others():
    async def run() -> int:
        mic = WavMicrophone(RATE, str(ALL[0].path), realtime=False)
        await mic.open()
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        heart = asyncio.create_task(beat())
        began = time.monotonic()
        count = len([frame async for frame in mic.frames()])
        assert time.monotonic() - began < 1.0, 'seven seconds of speech'
        heart.cancel()
        await asyncio.wait({heart})
        await mic.close()
        assert beats >= count
        return count

    assert asyncio.run(run()) == 355


def test_each_reading_begins_at_the_beginning():
    async def run() -> None:
        mic = WavMicrophone(RATE, str(GO_FORWARD.path), realtime=False)
        await mic.open()
        first = [frame async for frame in mic.frames()]
        assert [frame async for frame in mic.frames()] == first
        await mic.close()
        await mic.close()
        with pytest.raises(EngineError, match='is not open'):
            await anext(aiter(mic.frames()))

    asyncio.run(run())


@pytest.mark.parametrize(
    ('name', 'why'),
    [
        # Says 1,092,676 Hz: the 44,100 of its byte rate with one bit more. Its samples are zeros.
        ('awful.wav', 'its header says 1092676 Hz, expected 2000 to 768000 Hz'),
        # Its format chunk declares 1.7 GB, and after it comes nothing.
        ('bad.wav', "No 'data' chunk marker"),
        # Where the data should be is a chunk of unknown kind that declares 0.96 GB.
        ('evil.wav', "No 'data' chunk marker"),
        # Well formed; the data chunk is empty.
        ('null.wav', 'it has no samples'),
    ],
)
def test_a_broken_file_is_one_clear_error(name, why):
    with pytest.raises(EngineError, match=why) as caught:
        play(BAD / name)
    assert str(caught.value).startswith(f'{BAD / name} cannot be played as a WAV file: ')
    assert not caught.value.retryable


def test_what_is_no_wav_file_is_one_clear_error(tmp_path):
    (tmp_path / 'empty.wav').touch()
    (tmp_path / 'text.wav').write_text('hello')
    (tmp_path / 'noise.raw').write_bytes(bytes(1000))
    soundfile.write(tmp_path / 'music.flac', tone(RATE, 0.1), RATE)
    os.mkfifo(tmp_path / 'pipe')
    for name, why in (
        ('missing.wav', 'cannot open .*missing.wav: No such file'),
        ('empty.wav', 'it is empty'),
        ('text.wav', 'Format not recognised'),
        ('noise.raw', 'Format not recognised'),
        ('music.flac', 'it is a FLAC file; convert it first'),
        ('pipe', 'it is no regular file'),
        ('.', 'it is no regular file'),
    ):
        with pytest.raises(EngineError, match=why):
            play(tmp_path / name)
    with pytest.raises(EngineError, match="set the parameter 'file'"):
        play('')


@pytest.mark.parametrize('declared', [0xFFFFFFFF, 0x7FFFF000, 2_000_000])
def test_a_file_that_declares_more_than_it_has_is_played_as_far_as_it_goes(tmp_path, declared):
    # As flite, espeak-ng and ffmpeg write into a pipe, and as a full disk leaves it.
    whole = GO_FORWARD.path.read_bytes()
    file = tmp_path / 'cut.wav'
    file.write_bytes(whole[:40] + struct.pack('<I', declared) + whole[44:30_045])
    heard = b''.join(play(file))
    assert heard.startswith(GO_FORWARD.pcm[:30_000])
    assert not any(heard[30_000:])


def test_a_file_cut_anywhere_is_played_or_refused(tmp_path):
    whole = GO_FORWARD.path.read_bytes()
    file = tmp_path / 'cut.wav'
    for length in range(60):
        file.write_bytes(whole[:length])
        try:
            assert len(play(file)) == 1
        except EngineError:
            assert length < 46


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 43), st.integers(0, 255)), min_size=1, max_size=6))
def test_whatever_a_header_says_it_is_played_or_refused(tmp_path, changes):
    data = bytearray(GO_FORWARD.path.read_bytes()[:4000])
    for at, value in changes:
        data[at] = value
    file = tmp_path / 'odd.wav'
    file.write_bytes(data)
    try:
        frames = play(file)
    except EngineError:
        return
    assert {len(frame) for frame in frames} == {FRAME}
