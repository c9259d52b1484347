# SPDX-License-Identifier: Apache-2.0
"""The detector finds speech where people speak, and none where nobody does."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from recordings import ALL, Recording

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.voice_activity.webrtc import WebrtcVad


def verdicts(vad: WebrtcVad, pcm: bytes, rate: int = 16000) -> list[float]:
    size = 2 * rate // 50
    return [vad.probability(pcm[i : i + size]) for i in range(0, len(pcm) - size + 1, size)]


def noise(level: float, seconds: float, rate: int = 16000) -> bytes:
    samples = np.random.default_rng(7).standard_normal(int(seconds * rate)) * level
    return samples.astype('<i2').tobytes()


@pytest.mark.parametrize('recording', ALL, ids=lambda r: r.path.stem)
def test_most_of_a_spoken_sentence_is_speech(recording: Recording):
    found = verdicts(WebrtcVad(16000, 2), recording.pcm)
    assert set(found) == {0.0, 1.0}
    assert sum(found) / len(found) > 0.6


@pytest.mark.parametrize('rate', [8000, 16000, 32000, 48000])
def test_silence_is_no_speech(rate):
    assert sum(verdicts(WebrtcVad(rate, 2), bytes(2 * rate), rate)) == 0


@pytest.mark.parametrize('level', [10, 100, 300])
@pytest.mark.parametrize('aggressiveness', [0, 1, 2, 3])
def test_the_noise_of_a_room_is_no_speech_even_when_the_microphone_has_just_opened(
    aggressiveness, level
):
    vad = WebrtcVad(16000, aggressiveness)
    for _ in range(2):
        # Four frames within eight begin an utterance.
        assert sum(verdicts(vad, noise(level, 2.0))) < 4
        vad.reset()


def test_a_reset_forgets_the_room():
    vad = WebrtcVad(16000, 2)
    verdicts(vad, noise(10, 1.0))
    vad.reset()
    assert verdicts(vad, ALL[0].pcm) == verdicts(WebrtcVad(16000, 2), ALL[0].pcm)


@pytest.mark.parametrize(('rate', 'aggressiveness'), [(44100, 2), (0, 2), (16000, 4), (16000, -1)])
def test_what_it_cannot_work_with_is_refused_by_its_value(rate, aggressiveness):
    with pytest.raises(EngineError, match=r'44100|0 Hz|is 4|is -1'):
        WebrtcVad(rate, aggressiveness)


@pytest.mark.parametrize('size', [0, 1, 638, 641, 960])
def test_a_frame_of_another_length_is_refused_by_its_size(size):
    with pytest.raises(EngineError, match=f'has {size} bytes, expected 640'):
        WebrtcVad(16000, 2).probability(bytes(size))


def test_importing_it_warns_of_nothing():
    # In a process of its own: here it has been imported already. Old releases import
    # pkg_resources, which warns, and which Python 3.12 no longer brings along.
    command = [
        sys.executable,
        '-W',
        'error',
        '-c',
        'import prot_ros.engines.voice_activity.webrtc',
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, '')
