# SPDX-License-Identifier: Apache-2.0
"""Sample rates: the same sound, as long as before, whatever the pieces it comes in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.engines.resample import PromptResampler, Resampler, resample

RATES = (8000, 16000, 22050, 24000, 44100, 48000)


def tone(rate: int, seconds: float, hertz: float = 440.0, level: float = 8000.0) -> bytes:
    time = np.arange(int(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype('<i2').tobytes()


@pytest.mark.parametrize('source', RATES)
@pytest.mark.parametrize('target', RATES)
def test_a_tone_keeps_its_length_its_pitch_and_its_level(source, target):
    samples = np.frombuffer(resample(tone(source, 0.5), source, target), '<i2')
    assert abs(len(samples) - 0.5 * target) <= 1
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(np.argmax(spectrum) * target / len(samples) - 440) <= 2
    assert abs(samples.astype(float).std() - 8000 / np.sqrt(2)) < 60


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 900), max_size=12))
def test_pieces_give_the_same_as_the_whole(sizes):
    pcm = tone(16000, 0.1)
    resampler = Resampler(16000, 24000)
    out, at = b'', 0
    for size in sizes:
        out += resampler.push(pcm[at : at + 2 * size])
        at += 2 * size
    out += resampler.push(pcm[at:]) + resampler.end()
    whole = np.frombuffer(resample(pcm, 16000, 24000), '<i2').astype(int)
    assert np.abs(np.frombuffer(out, '<i2') - whole).max() <= 1


def test_a_live_stream_is_held_back_by_less_than_fifty_milliseconds():
    resampler = Resampler(16000, 24000)
    pushed = returned = 0.0
    for _ in range(50):
        pushed += 0.020
        returned += len(resampler.push(bytes(640))) / 2 / 24000
        assert pushed - returned < 0.050


def test_silence_stays_silent():
    assert set(resample(bytes(3200), 16000, 24000)) == {0}


def test_full_scale_audio_does_not_wrap_round():
    square = np.repeat([32767, -32768], 80).astype('<i2')
    samples = np.frombuffer(resample(np.tile(square, 10).tobytes(), 16000, 24000), '<i2')
    # After a rising edge comes nothing negative for the next 4 ms.
    assert samples[20:110].min() > 20000


def test_equal_rates_pass_through():
    pcm = tone(16000, 0.05)
    assert resample(pcm, 16000, 16000) == pcm


@pytest.mark.parametrize('rates', [(16000, 16000), (16000, 24000)])
def test_half_a_sample_is_refused(rates):
    with pytest.raises(ValueError):
        Resampler(*rates).push(b'\x00\x01\x02')


def test_an_empty_stream_is_empty():
    assert resample(b'', 16000, 24000) == b''


@pytest.mark.parametrize('source', [8000, 16000, 32000, 48000])
def test_a_prompt_resampler_gives_each_frame_at_once_and_is_three_milliseconds_late(source):
    resampler = PromptResampler(source, 16000)
    time = np.arange(source // 5) / source
    tone = np.sin(2 * np.pi * 440 * time)
    frames = [
        resampler.push(tone[i : i + source // 50]) for i in range(0, len(tone), source // 50)
    ]
    assert [len(frame) for frame in frames] == [320] * 10
    late = 0.0 if source == 16000 else PromptResampler.DELAY_S
    expected = np.sin(2 * np.pi * 440 * (np.arange(3200) / 16000 - late))
    # Between two samples of the higher rate, at most.
    assert np.abs(np.concatenate(frames)[400:] - expected[400:]).max() < 0.12


@pytest.mark.parametrize(('source', 'hertz'), [(32000, 9000), (48000, 9000), (48000, 20000)])
def test_a_prompt_resampler_lets_no_high_tone_pass_as_a_low_one(source, hertz):
    resampler = PromptResampler(source, 16000)
    out = resampler.push(np.sin(2 * np.pi * hertz * np.arange(source // 5) / source))
    assert np.abs(out[400:]).max() < 0.001


def test_a_prompt_resampler_adds_no_high_tone_to_a_low_one():
    out = PromptResampler(8000, 16000).push(np.sin(2 * np.pi * 1000 * np.arange(1600) / 8000))
    spectrum = np.abs(np.fft.rfft(out[200:] * np.hanning(3000)))
    assert spectrum[len(spectrum) // 2 :].max() < 0.001 * spectrum.max()


@pytest.mark.parametrize('source', [44100, 0, 22050])
def test_a_prompt_resampler_refuses_rates_that_do_not_divide(source):
    with pytest.raises(ValueError, match=f'{source} and 16000'):
        PromptResampler(source, 16000)
