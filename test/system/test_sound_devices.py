# SPDX-License-Identifier: Apache-2.0
"""The real microphone on a real PulseAudio server, and conversations through the room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest
from audio_server import AudioServer
from recordings import word_overlap
from running_graph import RunningGraph, synthesise
from waiting import until

from prot_ros import graph
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.microphones.pyaudio import PyAudioMicrophone
from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer

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
