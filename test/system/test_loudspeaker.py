# SPDX-License-Identifier: Apache-2.0
"""The real loudspeaker engine on a real PulseAudio server, judged by what its monitor records."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest
from audio_server import AudioServer
from monitor import LOUD, Monitor
from waiting import until

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.playback import pulse as playback_pulse
from prot_ros.engines.playback.paced import DUCKED
from prot_ros.engines.playback.pulse import PulsePlayback

RATE = 24000
QUIETEST = 2000
SOON_S = 0.15
"""What everything here has to be within, on a machine that does a lot else. How long it takes on
one that does not is what `benchmarks/loudspeaker.py` is for."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioServer]:
    with AudioServer() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def monitor(server: AudioServer) -> Iterator[Monitor]:
    with Monitor(server.environment, rate=RATE) as running:
        yield running


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    """Return sound that is loud in every sample and like itself at no other place."""
    values = np.random.default_rng(seed).integers(QUIETEST, 12000, round(seconds * RATE))
    return values * np.random.default_rng(seed + 1).choice((-1, 1), len(values))


def pcm(values: np.ndarray) -> bytes:
    return values.astype('<i2').tobytes()


def place(piece: np.ndarray, whole: np.ndarray) -> int:
    """Return where in `whole` the piece is, by cross-correlation."""
    size = len(piece) + len(whole)
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size))
    return int(np.fft.irfft(spectrum, size)[: len(whole)].argmax())


async def passed(seconds: float) -> None:
    end = time.monotonic() + seconds
    await until(lambda: time.monotonic() > end, 'time')


def run(act: Callable[[PulsePlayback], object], **options: object) -> None:
    async def main() -> None:
        speaker = PulsePlayback(RATE, '', 40)
        await speaker.open()
        try:
            async with asyncio.timeout(60):
                await act(speaker)
        finally:
            began = time.monotonic()
            await speaker.close()
            assert time.monotonic() - began < 1

    asyncio.run(main())


def test_a_reply_is_heard_in_full_and_the_position_is_true(monitor):
    sound = noise(3.0)
    seen: list[tuple[float, int]] = []

    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(sound)))
        while not writing.done():
            seen.append((time.monotonic(), speaker.played()))
            await asyncio.sleep(0.037)
        await speaker.drain()
        assert speaker.played() == len(sound)
        await until(lambda: len(monitor.loud_at()) >= len(sound), 'the whole sound')

    run(act)
    heard = monitor.loud_at()
    samples = monitor.samples()
    assert (samples[np.abs(samples) > LOUD] == sound).all(), 'each sample once'
    # A machine that forgot us for longer than the lead has an excuse for a gap, and none else.
    forgotten = np.diff([at for at, _ in seen]).max()
    if forgotten < playback_pulse.LEAD_S / 2:
        assert heard[-1] - heard[0] == pytest.approx(3.0, abs=0.001), 'without a gap'
    errors = [played / RATE - (heard < at).sum() / RATE for at, played in seen]
    assert np.median(np.abs(errors)) < 0.005
    assert np.abs(errors).max() < SOON_S


def test_an_abort_is_silence_at_once_and_the_next_reply_is_heard(monitor):
    sound = noise(10.0)

    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(sound)))
        await until(lambda: speaker.played() > RATE, 'a second of it')
        at = time.monotonic()
        await speaker.abort()
        said = speaker.played()
        await asyncio.wait_for(writing, 1.0)
        await passed(0.5)
        last = monitor.loud_at()[-1]
        assert last - at < SOON_S, f'audible {1000 * (last - at):.0f} ms after the abort'
        end = round((last - monitor.began) * RATE)
        heard = place(monitor.samples(end - RATE // 20)[: RATE // 20], sound) + RATE // 20
        assert said == pytest.approx(heard, abs=SOON_S * RATE)
        since = monitor.now()
        await speaker.write(pcm(noise(0.3)))
        await speaker.drain()
        await until(lambda: len(monitor.loud_at(since)) >= 0.3 * RATE, 'the next reply')

    run(act)


def test_a_held_reply_goes_on_where_it_fell_silent(monitor):
    sound = noise(1.5)
    marks: list[float] = []

    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(sound)))
        await until(lambda: speaker.played() > RATE // 2, 'half a second of it')
        marks.append(time.monotonic())
        await speaker.hold()
        at = speaker.played()
        await passed(0.4)
        assert speaker.played() == at
        assert not writing.done()
        marks.append(time.monotonic())
        await speaker.resume()
        await writing
        await speaker.drain()
        await passed(0.2)

    run(act)
    held, resumed = marks
    loud = monitor.loud_at()
    first, second = loud[loud < held + 0.2], loud[loud > held + 0.2]
    assert first[-1] - held < SOON_S
    assert second[0] - resumed < SOON_S
    before, after = (
        monitor.samples(round((part[0] - monitor.began) * RATE))[
            : round((part[-1] - part[0]) * RATE) + 1
        ]
        for part in (first, second)
    )
    assert (before == sound[: len(before)]).all()
    rising = RATE // 50
    begin = place(after[rising:], sound) - rising
    assert begin <= len(before), f'{begin - len(before)} samples are missing'
    assert len(before) - begin < SOON_S * RATE, 'and little is heard twice'
    assert (after[rising:] == sound[begin + rising : begin + len(after)]).all()
    assert begin + len(after) == len(sound)


def test_lowering_is_heard_at_once_and_costs_no_sample(monitor):
    sound = noise(1.2)
    marks: list[float] = []

    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(sound)))
        for begin, change in ((0.3, speaker.duck), (0.7, speaker.resume)):
            await until(lambda begin=begin: speaker.played() > begin * RATE, f'{begin} s')
            marks.append(time.monotonic())
            await change()
        await writing
        await speaker.drain()
        await passed(0.2)

    run(act)
    loud = monitor.loud_at(level=20)
    samples = monitor.samples()
    gain = np.abs(samples[np.abs(samples) > 20]) / np.abs(sound)
    down, up = ((loud < mark).sum() for mark in marks)
    low = np.flatnonzero(gain < 1.05 * DUCKED)
    assert 0 < low[0] - down < SOON_S * RATE
    assert (gain[low[0] : low[-1]] < 1.05 * DUCKED).all(), 'it stays low'
    assert 0 < low[-1] - up < SOON_S * RATE
    assert (gain[low[-1] + RATE // 50 :] == 1.0).all()
    assert len(low) > 0.2 * RATE


def test_what_is_told_of_each_piece_is_what_the_monitor_hears(monitor):
    told: list[tuple[bytes, float]] = []

    async def act(speaker: PulsePlayback) -> None:
        await speaker.write(pcm(noise(0.1)))  # so that it knows the way to the ear
        await speaker.drain()
        speaker.on_piece = lambda piece, at: told.append((piece, at))
        writing = asyncio.ensure_future(speaker.write(pcm(noise(1.0, seed=5))))
        await until(lambda: speaker.played() > RATE // 2, 'half of it')
        await speaker.duck()
        await writing
        await speaker.drain()
        await passed(0.1)

    run(act)
    recorded = monitor.samples()
    errors, superseded = [], math.inf
    for piece, at in reversed(told):
        if at < superseded:
            values = np.frombuffer(piece, '<i2').astype(int)
            around = round((at - monitor.began - 0.05) * RATE)
            found = place(values, recorded[around : around + RATE // 8])
            errors.append((around + found) / RATE + monitor.began - at)
        superseded = min(at, superseded)
    assert len(errors) > 40
    assert np.median(np.abs(errors)) < 0.01, errors


def test_a_server_that_is_restarted_in_the_middle_of_a_reply_costs_no_word(server):
    sound = noise(2.0)
    positions: list[int] = []
    heard: list[np.ndarray] = []

    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(sound)))
        await until(lambda: speaker.played() > RATE // 2, 'half a second of it')
        server.stop()
        await passed(0.3)
        positions.append(speaker.played())
        await speaker.hold()  # until somebody listens to the new server
        server.start()
        with Monitor(server.environment, rate=RATE) as monitor:
            await speaker.resume()
            await asyncio.wait_for(writing, 10)
            await speaker.drain()
            await passed(0.1)
            heard.append(monitor.samples())
        assert speaker.played() == len(sound)

    run(act)
    (stood,), (samples,) = positions, heard
    assert stood < 0.8 * RATE
    loud = np.flatnonzero(np.abs(samples) > LOUD)
    rest = samples[loud[0] : loud[-1] + 1]
    assert place(rest, sound) <= stood + RATE // 100, 'it goes on where it was, rising'
    assert (rest[RATE // 50 :] == sound[len(sound) - len(rest) + RATE // 50 :]).all()


def test_a_server_that_is_restarted_between_two_replies_costs_none(server):
    async def act(speaker: PulsePlayback) -> None:
        for _ in range(3):
            await speaker.write(pcm(noise(0.1)))
            await speaker.drain()
            assert speaker.played() == 0.1 * RATE
            server.stop()
            server.start()

    run(act)


def test_a_device_that_is_pulled_out_and_put_in_again_costs_no_word(server):
    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(noise(1.0))))
        await until(lambda: speaker.played() > RATE // 4, 'a part of it')
        for command in ('unload-module', 'load-module'):
            sink = ['sink_name=loudspeaker'] if command == 'load-module' else []
            assert server.run('pactl', command, 'module-null-sink', *sink).returncode == 0
        await asyncio.wait_for(writing, 10)
        await speaker.drain()
        assert speaker.played() == RATE

    run(act)


def test_a_server_that_hangs_is_told_and_holds_up_neither_abort_nor_close(server, monkeypatch):
    monkeypatch.setattr(playback_pulse, 'STALL_S', 1.0)

    async def act(speaker: PulsePlayback) -> None:
        writing = asyncio.ensure_future(speaker.write(pcm(noise(10.0))))
        await until(lambda: speaker.played() > RATE // 2, 'half a second of it')
        server.hang()
        hung = time.monotonic()
        with pytest.raises(EngineError, match=r'nothing was heard for 1 s.*pactl'):
            await writing
        assert time.monotonic() - hung < 3
        # What a hanging server holds has not been heard, and little is counted as if it had been.
        assert speaker.played() < 1.2 * RATE
        await speaker.abort()
        writing = asyncio.ensure_future(speaker.write(pcm(noise(10.0))))
        for act_now in (speaker.hold, speaker.resume, speaker.duck, speaker.abort):
            await asyncio.sleep(0)
            began = time.monotonic()
            await act_now()
            assert time.monotonic() - began < 0.2
        await writing

    run(act)
    server.resume()


def test_without_a_server_opening_and_writing_say_so_in_time(server, monkeypatch):
    monkeypatch.setattr(playback_pulse, 'RECONNECT_S', 0.5)

    async def act(speaker: PulsePlayback) -> None:
        server.stop()
        began = time.monotonic()
        with pytest.raises(EngineError, match=r'cannot play .*pactl') as caught:
            await speaker.write(pcm(noise(10.0)))
        assert caught.value.retryable
        assert time.monotonic() - began < 3
        await speaker.abort()
        await speaker.close()
        with pytest.raises(EngineError, match='pactl'):
            await speaker.open()

    run(act)


def test_an_unknown_sink_is_named(server):
    with pytest.raises(EngineError, match="sink 'nonesuch'"):
        asyncio.run(PulsePlayback(RATE, 'nonesuch', 40).open())


def test_a19_b03_no_sequence_of_use_leaves_a_thread_a_process_or_a_descriptor(server):
    process = psutil.Process()
    before = set(process.children())  # the audio server, and what other tests keep running

    async def once(number: int) -> None:
        speaker = PulsePlayback(RATE, 'nonesuch' if number % 5 == 4 else '', 40)
        try:
            await speaker.open()
        except EngineError:
            return
        writing = asyncio.ensure_future(speaker.write(pcm(noise(5.0))))
        await asyncio.sleep(0.003 * (number % 7))
        await (speaker.duck, speaker.hold, speaker.abort)[number % 3]()
        if number % 2:
            await speaker.abort()
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait({writing})
        await speaker.close()
        if number % 2:
            await speaker.close()

    async def main() -> None:
        for number in range(60):
            await once(number)
            if number == 9:
                marks.append((process.num_fds(), process.num_threads(), process.memory_info().rss))

    marks: list[tuple[int, int, int]] = []
    asyncio.run(main())
    fds, threads, memory = marks[0]
    assert set(process.children()) == before
    assert not [t for t in threading.enumerate() if t.name == 'loudspeaker']
    deadline = time.monotonic() + 5
    while process.num_threads() > threads:  # a joined thread is gone a moment later
        assert time.monotonic() < deadline, process.threads()
    assert len(os.listdir('/proc/self/fd')) <= fds + 1
    assert process.memory_info().rss - memory < 2**21
