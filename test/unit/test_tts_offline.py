# SPDX-License-Identifier: Apache-2.0
"""Flite and eSpeak NG speak, are killed when they shall not, and say why when they cannot."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import aclosing

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.audio import dbfs
from prot_ros.engines.kinds import EngineError, Synthesizer
from prot_ros.engines.voices import program as tts_program
from prot_ros.engines.voices.espeak import EspeakSynthesizer, spelled_for_espeak
from prot_ros.engines.voices.flite import FliteSynthesizer, spelled_for_flite
from prot_ros.engines.voices.offline import OfflineSynthesizer
from prot_ros.engines.voices.program import Sound, SpeechProgram, portions


def speech(engine: Synthesizer, text: str, language: str = 'en') -> bytes:
    """Speak without `open`, which only checks and warms up, and would triple the time."""

    async def run() -> bytes:
        async with aclosing(engine.speak(text, language)) as pieces:  # type: ignore[type-var]
            return b''.join([piece async for piece in pieces])

    return asyncio.run(run())


def quiet_ms(pcm: bytes, rate: int) -> tuple[float, float]:
    """Return how long it is quiet before and after speech."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, '<i2').astype(int)) > 100)
    return loud[0] * 1000 / rate, (len(pcm) // 2 - 1 - loud[-1]) * 1000 / rate


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program of our own first on PATH."""

    def make(script: str, name: str = 'speaker') -> SpeechProgram:
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\n{script}\n')
        file.chmod(0o755)
        monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
        return SpeechProgram(name, 'speaker-package')

    return make


@pytest.mark.parametrize(
    ('engine', 'text', 'language', 'seconds'),
    [
        (FliteSynthesizer('slt'), 'What time is it?', 'en', 1.2),
        (FliteSynthesizer('rms'), 'What time is it?', 'en-US', 1.3),
        (EspeakSynthesizer(), 'What time is it?', 'en', 1.0),
        (EspeakSynthesizer(), '지금 몇 시예요?', 'ko', 1.5),
        (EspeakSynthesizer(), 'Wie spät ist es?', 'de', 1.3),
        (OfflineSynthesizer(24000), 'What time is it?', 'en', 1.2),
        (OfflineSynthesizer(16000), '지금 몇 시예요?', 'ko', 1.5),
    ],
)
def test_a_sentence_is_spoken_at_the_rate_it_says(engine, text, language, seconds):
    pcm = speech(engine, text, language)
    assert len(pcm) / 2 / engine.rate == pytest.approx(seconds, rel=0.35)
    assert -35 < dbfs(pcm) < -5
    before, after = quiet_ms(pcm, engine.rate)
    # Flite begins with 110 to 240 ms of silence and eSpeak NG ends with 300; neither is wanted.
    assert before < 40
    assert after == pytest.approx(200, abs=15)


def test_opening_it_learns_the_rates_of_the_programs():
    async def run() -> None:
        for engine, rate in ((FliteSynthesizer('kal'), 8000), (EspeakSynthesizer(), 22050)):
            await engine.open()
            assert engine.rate == rate

    asyncio.run(run())


def test_english_and_korean_come_in_different_voices_at_one_rate():
    engine = OfflineSynthesizer(24000)
    flite = speech(FliteSynthesizer(), 'hello')
    english, korean = speech(engine, 'hello'), speech(engine, 'hello', 'ko')
    assert engine.rate == 24000
    assert len(english) / 24000 == pytest.approx(len(flite) / 16000, abs=0.001)
    assert abs(len(english) - len(korean)) > 4800


def test_a_name_in_another_script_is_not_skipped():
    engine = OfflineSynthesizer(24000)
    with_name, without = speech(engine, 'Goodbye, 김철수.'), speech(engine, 'Goodbye.')
    assert len(with_name) - len(without) > 24000


@pytest.mark.parametrize('text', ['', ' ', '...', '?!', '\x00\x01\n', '\ud800'])
@pytest.mark.parametrize('language', ['en', 'ko'])
def test_what_has_no_words_makes_no_sound(text, language):
    assert speech(OfflineSynthesizer(), text, language) == b''


@pytest.mark.parametrize(
    'text',
    [
        '-voice rms --help -o /dev/null',
        '"; touch pwned; $(touch pwned) `touch pwned` %s %n {0}',
        '<speak><audio src="http://127.0.0.1/"/>hi</speak>',
        '[[h@]] \x01999S hi',
        'a' * 320,
    ],
)
@pytest.mark.parametrize('language', ['en', 'ko'])
def test_hostile_text_is_only_text(tmp_path, monkeypatch, text, language):
    monkeypatch.chdir(tmp_path)
    assert len(speech(OfflineSynthesizer(16000), text, language)) > 16000 * 0.5
    assert list(tmp_path.iterdir()) == []


def test_the_text_is_in_no_argument_list(program, tmp_path):
    # What the program is given ends up in two files: its arguments, and its input.
    speaker = program(f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/input')
    asyncio.run(speaker.run(['-x'], 'my secret'))
    assert (tmp_path / 'arguments').read_text() == '-x\n'
    assert (tmp_path / 'input').read_text() == 'my secret'


@pytest.mark.parametrize('language', ['xx', '', '--help', '../../etc/passwd', 'en\n', 'ko;ls'])
def test_a_language_nobody_speaks_is_named(language):
    with pytest.raises(EngineError, match='no voice for the language') as caught:
        speech(OfflineSynthesizer(), 'hello', language)
    assert repr(language) in str(caught.value)


def test_flite_speaks_english_only():
    with pytest.raises(EngineError, match="not 'ko'"):
        speech(FliteSynthesizer(), 'hello', 'ko')


@pytest.mark.parametrize('voice', ['', 'nobody', '/etc/passwd', 'http://127.0.0.1:9/x.flitevox'])
def test_a_voice_flite_has_not_is_refused_with_those_it_has(voice):
    with pytest.raises(EngineError, match=r'has no voice .* expected one of awb.* slt'):
        asyncio.run(FliteSynthesizer(voice).open())


@pytest.mark.parametrize(
    ('engine', 'package'), [(FliteSynthesizer(), 'flite'), (EspeakSynthesizer(), 'espeak-ng')]
)
def test_a_missing_program_is_named_with_its_package(tmp_path, monkeypatch, engine, package):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(EngineError, match=f'is not on PATH; .*apt install {package}'):
        asyncio.run(engine.open())


def test_a_program_that_fails_is_quoted_with_its_exit_code(program):
    with pytest.raises(EngineError, match='ended with exit code 3: out of vowels') as caught:
        asyncio.run(program('echo out of vowels >&2; exit 3').speak([], 'hi'))
    assert caught.value.retryable
    with pytest.raises(EngineError, match='was killed by signal 11: it said nothing'):
        asyncio.run(program('kill -SEGV $$').speak([], 'hi'))
    with pytest.raises(EngineError, match=r'wrote no WAV file but b.nonsense'):
        asyncio.run(program('echo nonsense').speak([], 'hi'))
    with pytest.raises(EngineError, match='cannot start'):
        asyncio.run(SpeechProgram('/etc', 'none').speak([], 'hi'))


def test_a_program_that_hangs_is_killed_at_the_deadline(program, monkeypatch):
    monkeypatch.setattr(tts_program, 'DEADLINE_S', 0.2)
    with pytest.raises(EngineError, match=r"was not finished after 0.2 s with 'hi'"):
        asyncio.run(program('exec sleep 1000').speak([], 'hi'))
    assert psutil.Process().children() == []


def test_a07_cancelling_kills_the_program_and_waits_for_it(program):
    speaker = program('exec sleep 1000')

    async def run() -> None:
        task = asyncio.create_task(speaker.speak([], 'hi'))
        deadline = time.monotonic() + 5
        while not any('sleep' in child.name() for child in psutil.Process().children()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 0.2
        assert psutil.Process().children() == [], 'neither alive nor a zombie'

    asyncio.run(run())


def test_closing_the_iterator_early_ends_the_work():
    async def run() -> None:
        engine = OfflineSynthesizer()
        await engine.open()
        text = 'Once upon a time there was a little robot by the sea. ' * 40
        async with aclosing(engine.speak(text, 'en')) as pieces:  # type: ignore[type-var]
            began = time.monotonic()
            assert len(await anext(pieces)) > 0
            assert time.monotonic() - began < 1.0, 'and not after all of it'
        assert psutil.Process().children() == []
        await engine.close()

    asyncio.run(run())


def test_b03_speaking_often_leaves_nothing_behind():
    async def run() -> None:
        engine = OfflineSynthesizer()
        for _ in range(2):
            await engine.open()
            for language in ('en', 'ko', 'xx'):
                try:
                    async with aclosing(engine.speak('a', language)) as pieces:  # type: ignore[type-var]
                        async for _piece in pieces:
                            pass
                except EngineError:
                    assert language == 'xx'
            await engine.close()
            await engine.close()

    def held() -> tuple[int, int]:
        return len(os.listdir('/proc/self/fd')), psutil.Process().num_threads()

    asyncio.run(run())
    before = held()
    for _ in range(3):
        asyncio.run(run())
    # A thread that was joined is gone from the kernel's list only a moment later, so that any
    # count may still hold some that have ended: three rounds that kept one would show.
    deadline = time.monotonic() + 5
    while any(now > then for now, then in zip(held(), before, strict=True)):
        assert time.monotonic() < deadline, f'open files and threads: {held()}, before {before}'
        time.sleep(0.01)
    assert psutil.Process().children() == []


def test_typography_is_spelled_as_flite_can_read_it():
    assert spelled_for_flite('“I’m at the café” – 20 °C') == '"I\'m at the cafe" , 20 degrees C'
    assert spelled_for_flite('Straße, 5\u00a0€… ½') == 'Strasse, 5 euros ... 12'
    assert spelled_for_flite('안녕 🙂') == ''


def test_commands_to_espeak_are_taken_out():
    assert spelled_for_espeak('a\x01[[b]]\nc') == 'a [ [b]] c'


@given(st.text(max_size=400), st.integers(1, 60))
@settings(max_examples=100)
def test_portions_lose_nothing_but_space(text, limit):
    parts = portions(text, limit)
    assert all(0 < len(part) <= limit and part == part.strip() for part in parts)
    assert ''.join(''.join(parts).split()) == ''.join(text.split())


def test_portions_end_at_clauses_or_words():
    text = 'one two three, four five six seven'
    assert portions(text, 20) == ['one two three,', 'four five six seven']
    assert portions('one two three four', 10) == ['one two', 'three four']
    assert portions('abcdefghijkl', 5) == ['abcde', 'fghij', 'kl']


def test_edges_are_evened_without_touching_speech():
    voice = (np.ones(1000) * 5000).astype('<i2').tobytes()
    sound = Sound(1000, bytes(600) + voice + bytes(20))
    assert sound.with_even_edges().pcm == bytes(40) + voice + bytes(400)
    assert Sound(1000, voice).with_even_edges().pcm == voice + bytes(400)
    assert Sound(1000, bytes(600)).with_even_edges().pcm == b''
