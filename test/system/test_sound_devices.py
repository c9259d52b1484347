# SPDX-License-Identifier: Apache-2.0
"""The real microphone and loudspeaker engines on a real PulseAudio server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest
from audio_server import AudioServer
from recordings import word_overlap
from running_graph import RunningGraph, synthesise

from prot_ros import graph
from prot_ros.engines import paplay_process
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.mic_pyaudio import PyAudioMicrophone
from prot_ros.engines.playback_paplay import PaplayPlayback
from prot_ros.engines.stt_pocketsphinx import PocketSphinxRecognizer

RATE = 24000
LOUD = 500
"""Of 32767: a hundred times what a null sink's monitor shows in silence, which is 0."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AudioServer]:
    with AudioServer() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def tone(seconds: float, rate: int = RATE) -> bytes:
    wave = np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate)
    return (wave * 12000).astype('<i2').tobytes()


def loud_at(pcm: bytes) -> np.ndarray:
    """Return the positions of loud samples."""
    return np.flatnonzero(np.abs(np.frombuffer(pcm, '<i2').astype(int)) > LOUD)


async def until(condition: Callable[[], bool], what: str, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f'{what}: not within {within:g} s'
        await asyncio.sleep(0.01)


def children() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if p.name() in ('paplay', 'parec')]


def test_paplay_is_heard_in_full_and_its_position_is_true(server):
    async def main() -> None:
        speaker = PaplayPlayback(RATE, '', 40)
        await speaker.open()
        recorder = server.record(rate=RATE)
        await speaker.write(tone(1.0))
        assert speaker.played() < RATE, 'write returns ahead of what is heard'
        await speaker.drain()
        assert speaker.played() == RATE
        await until(lambda: len(loud_at(recorder.pcm())) > 0.9 * RATE, 'the whole tone')
        heard = loud_at(recorder.stop())
        assert (heard[-1] - heard[0]) / RATE == pytest.approx(1.0, abs=0.02), 'without a gap'
        await speaker.close()
        assert children() == []

    asyncio.run(main())


def test_abort_is_silence_at_once_and_the_next_reply_is_heard(server):
    async def main() -> None:
        speaker = PaplayPlayback(RATE, '', 40)
        await speaker.open()
        recorder = server.record(rate=RATE)
        writing = asyncio.ensure_future(speaker.write(tone(10.0)))
        await until(lambda: speaker.played() > RATE, 'a second of it')
        at = time.monotonic()
        await speaker.abort()
        await asyncio.wait_for(writing, 1.0)
        said = speaker.played()
        await until(lambda: time.monotonic() > at + 0.7, 'a while')
        quiet_from = len(recorder.pcm())
        last = loud_at(recorder.pcm())[-1] / RATE + recorder.began
        assert last - at < 0.2, f'audible {1000 * (last - at):.0f} ms after the abort'
        assert said < 1.3 * RATE
        await speaker.write(tone(0.3))
        await speaker.drain()
        await until(lambda: len(loud_at(recorder.pcm()[quiet_from:])) > 0.25 * RATE, 'the next')
        recorder.stop()
        await speaker.close()
        assert children() == []

    asyncio.run(main())


def test_a19_a_player_that_dies_or_loses_its_server_leaves_nothing(server):
    async def main() -> None:
        speaker = PaplayPlayback(RATE, '', 40)
        await speaker.open()
        children()[0].kill()
        await speaker.write(
            tone(0.1)
        )  # between two replies a new one is started, and nothing lost
        writing = asyncio.ensure_future(speaker.write(tone(10.0)))
        await until(lambda: speaker.played() > 0.2 * RATE, 'the middle of a reply')
        children()[0].kill()
        with pytest.raises(EngineError, match='paplay'):
            await writing
        await speaker.write(tone(0.1))
        server.stop()
        with pytest.raises(EngineError, match=r'paplay.*pactl'):
            await speaker.write(tone(10.0))
        await speaker.abort()
        await speaker.close()
        await speaker.close()
        assert children() == []
        with pytest.raises(EngineError, match='pactl'):
            await speaker.open()
        assert children() == []

    asyncio.run(main())


def test_a_server_that_is_restarted_between_two_replies_costs_none(server):
    async def main() -> None:
        speaker = PaplayPlayback(RATE, '', 40)
        await speaker.open()
        for _ in range(2):
            await speaker.write(tone(0.1))
            await speaker.drain()
            assert speaker.played() == 0.1 * RATE
            server.stop()
            server.start()
        await speaker.close()
        assert children() == []

    asyncio.run(main())


def test_a_server_that_hangs_is_told_and_holds_up_no_abort(server, monkeypatch):
    monkeypatch.setattr(paplay_process, 'WRITE_S', 0.5)
    server.wait_until_prompt()

    async def main() -> None:
        speaker = PaplayPlayback(RATE, '', 40)
        await speaker.open()
        writing = asyncio.ensure_future(speaker.write(tone(10.0)))
        await until(lambda: speaker.played() > 0.5 * RATE, 'half a second of it')
        server.hang()
        hung = time.monotonic()
        with pytest.raises(EngineError, match=r'took nothing for 0.5 s'):
            await writing
        assert time.monotonic() - hung < 1.5
        # What a hanging server holds has not been heard, and little is counted as if it had been.
        assert speaker.played() < 0.9 * RATE
        writing = asyncio.ensure_future(speaker.write(tone(10.0)))
        for _ in range(3):
            await asyncio.sleep(0.01)
            began = time.monotonic()
            await speaker.abort()
            assert time.monotonic() - began < 0.2
        await writing
        began = time.monotonic()
        await speaker.close()
        assert time.monotonic() - began < 0.2
        assert children() == []
        server.resume()

    asyncio.run(main())


def test_a19_a_write_that_comes_during_an_abort_leaves_one_player_and_then_none(server):
    async def main() -> None:
        speaker = PaplayPlayback(RATE, '', 40)
        await speaker.open()
        for number in range(8):
            first = asyncio.ensure_future(speaker.write(tone(5.0)))
            # From the very beginning of the start of a process to the middle of the sound.
            await asyncio.sleep(0.003 * number)
            aborting = asyncio.ensure_future(speaker.abort())
            await asyncio.sleep(0)
            second = asyncio.ensure_future(speaker.write(tone(0.02)))
            await asyncio.wait_for(asyncio.gather(first, aborting, second), 5)
            await speaker.drain()
            assert speaker.played() == 0.02 * RATE
            assert len(children()) == 1
            await speaker.abort()
        await speaker.close()
        assert children() == []

    asyncio.run(main())


def test_an_unknown_sink_is_named(server):
    async def main() -> None:
        speaker = PaplayPlayback(RATE, 'nonesuch', 40)
        with pytest.raises(EngineError, match="sink 'nonesuch'"):
            await speaker.open()
        assert children() == []

    asyncio.run(main())


def test_pyaudio_hears_the_room_and_keeps_stderr_clean(server, capfd):
    async def main() -> None:
        microphone = PyAudioMicrophone(16000, '')
        await microphone.open()
        voice = server.play(tone(1.0, 16000))
        heard = bytearray()

        async def listen() -> None:
            async for frame in microphone.frames():
                assert len(frame) == 640
                heard.extend(frame)

        listening = asyncio.ensure_future(listen())
        await until(lambda: len(loud_at(bytes(heard))) > 14000, 'the tone')
        listening.cancel()
        await asyncio.wait({listening})
        voice.wait(10)
        await microphone.close()
        await microphone.close()

    asyncio.run(main())
    assert capfd.readouterr().err == ''


def test_a20_many_rounds_of_the_microphone_leave_no_thread_and_no_descriptor(server):
    async def once(device: str) -> None:
        microphone = PyAudioMicrophone(16000, device)
        if device:
            with pytest.raises(EngineError, match='input devices here are'):
                await microphone.open()
        else:
            await microphone.open()
        await microphone.close()

    async def main() -> None:
        await once('')
        await once('nonesuch')
        process = psutil.Process()
        before = process.num_fds()
        threads = process.num_threads()
        for number in range(12):
            await once('nonesuch' if number % 4 == 0 else '')
        await until(lambda: process.num_threads() <= threads, 'the threads')
        assert process.num_fds() <= before + 1

    asyncio.run(main())


def test_a_microphone_whose_server_goes_says_so(server):
    async def main() -> None:
        microphone = PyAudioMicrophone(16000, '')
        await microphone.open()

        async def listen() -> None:
            async for _ in microphone.frames():
                pass

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0)
        server.stop()
        with pytest.raises(EngineError, match='no audio') as caught:
            await asyncio.wait_for(listening, 10)
        assert caught.value.retryable
        await microphone.close()

    asyncio.run(main())


HANGING = """
import asyncio, sys
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.mic_pyaudio import PyAudioMicrophone

async def main():
    microphone = PyAudioMicrophone(16000, '')
    await microphone.open()
    frames = microphone.frames()
    await anext(frames)
    print('hearing', flush=True)
    sys.stdin.readline()
    try:
        while True:
            await anext(frames)
    except EngineError as err:
        print(err, flush=True)
    await microphone.close()
    try:
        await microphone.open()
    except EngineError as err:
        print(err, flush=True)
    await microphone.close()

asyncio.run(main())
"""


def test_a22_a_hanging_audio_server_does_not_keep_a_process_from_ending(server):
    command = [sys.executable, '-c', HANGING]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == 'hearing\n'
        server.hang()
        try:
            # 2 s until the silence counts, 3 s for closing what cannot be closed, and no more.
            out, err = process.communicate('\n', timeout=10)
        finally:
            server.resume()
            process.kill()
    assert process.returncode == 0, err
    assert 'delivered no audio for 2 s' in out
    assert 'still hangs' in out
    assert err == 'the microphone did not close within 3 s\n'


SOUND = {'mic': {'engine': 'pyaudio'}, 'speaker': {'engine': 'paplay'}}


def recognise(pcm: bytes) -> str:
    async def main() -> str:
        recognizer = PocketSphinxRecognizer()
        await recognizer.open()
        recognition = recognizer.start()
        await recognition.push(pcm)
        text = await recognition.finish()
        await recognizer.close()
        return text

    return asyncio.run(main())


def test_a_conversation_through_the_room_and_the_loudspeaker(server, tmp_path):
    with RunningGraph(tmp_path, SOUND, environment=server.environment) as robot:
        recorder = server.record()
        server.play(synthesise('what is the capital of france')).wait(20)
        report = robot.observer.wait(graph.TURN, within=30)
        assert 'capital' in report.utterance
        assert report.heard
        assert set(robot.stop().values()) == {0}
    heard = recognise(recorder.stop())
    assert word_overlap(heard, report.heard.replace('.', '').replace(',', '')) > 0.5, heard


def test_barge_in_through_the_room_silences_the_loudspeaker(server, tmp_path):
    with RunningGraph(tmp_path, SOUND, environment=server.environment) as robot:
        recorder = server.record()
        robot.observer.publish(graph.HEAR, 'tell me a long story')
        robot.observer.wait(graph.PLAYBACK, lambda p: p.turn_played_ms > 3000, within=30)
        began = time.monotonic()
        voice = server.play(synthesise('stop please i want to ask something else'))
        story = robot.observer.wait(graph.TURN, within=20)
        cut = time.monotonic()
        assert story.cut == 'barge_in'
        state = robot.observer.wait(graph.STATE, lambda s: s == 'listening', within=5, since=began)
        assert state == 'listening'
        robot.observer.wait(graph.TRANSCRIPT, within=20, since=began)
        answered = time.monotonic()
        robot.observer.wait(graph.TURN, lambda r: r.turn > story.turn, within=20)
        voice.wait(20)
        pcm = recorder.stop()
        assert set(robot.stop().values()) == {0}
    loud = loud_at(pcm) / recorder.rate + recorder.began
    # From the cut until the answer, the monitor is silent; 0.2 s for what the server had buffered.
    stale = loud[(loud > cut + 0.2) & (loud < answered)]
    assert stale.size == 0, f'audible {stale[0] - cut:.3f} s after the cut'
    assert (loud > answered).any(), 'the answer is heard'
