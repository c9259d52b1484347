# SPDX-License-Identifier: Apache-2.0
"""A simulated room: a robot's loudspeaker beside its microphone, and a user who speaks to it.

All that can be set is in `Room`. Sound is S16 mono at `RATE`, as float arrays of the same scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16000
FULL_SCALE = 32768.0

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Room:
    """How the loudspeaker's sound comes back into the microphone."""

    delay_ms: float = 80.0
    """From the time at which a sample is said to be audible to its arrival in the microphone's
    stream: buffers of the devices mostly, since sound takes 1 ms for 34 cm. 20 to 300."""
    echo_db: float = -6.0
    """Level of the echo at the microphone, the user's voice being 0."""
    reverberation_ms: float = 250.0
    """Until it is 60 dB down (RT60); a living room has 300 to 500, a car 50."""
    direct_to_reverberant_db: float = 6.0
    """A loudspeaker next to its microphone is heard more directly than through the room."""
    clipped_at: float = 0.7
    """Share of its own peak at which a small loudspeaker is overdriven; 1 for one that is not."""
    drift_ppm: float = 0.0
    """By how much the microphone's clock is slower than the loudspeaker's; cards differ by 100."""
    user_dbfs: float = -26.0
    """RMS of the user's speech, pauses left out (P.56 calls that the active speech level)."""
    noise_db: float = -50.0
    """Of the room, the user's voice being 0. It is pink-ish, as from fans and streets."""
    seed: int = 1

    def echo(self, robot: Sound) -> Sound:
        """Return what the microphone receives of the robot's voice, as long as that is."""
        level = active_level(robot)
        if not level:
            return np.zeros_like(robot)
        limit = self.clipped_at * np.abs(robot).max()
        arriving = _convolve(robot.clip(-limit, limit), self._response())[: robot.size]
        if self.drift_ppm:
            numbers = np.arange(robot.size)
            arriving = np.interp(numbers * (1 + self.drift_ppm / 1e6), numbers, arriving)
        return arriving * (self._amplitude(self.echo_db) / active_level(arriving))

    def noise(self, samples: int) -> Sound:
        """Return the sound of the empty room."""
        white = np.random.default_rng(self.seed + 1).standard_normal(samples)
        # One pole at 0.9: 20 dB less at 8 kHz than at the bottom.
        kernel = 0.9 ** np.arange(64)
        pink = _convolve(white, kernel)[:samples]
        return pink * (self._amplitude(self.noise_db) / math.sqrt(np.mean(pink**2)))

    def user(self, voice: Sound) -> Sound:
        """Return a voice at the user's level."""
        return voice * (self._amplitude(0.0) / active_level(voice))

    def microphone(self, robot: Sound, user: Sound | None = None) -> Sound:
        """Return what the microphone hears, clipped where it overloads.

        `user`, of the same length, is at the level that `Room.user` gives it.
        """
        heard = self.echo(robot) + self.noise(robot.size)
        if user is not None:
            heard = heard + user
        return np.rint(heard).clip(-FULL_SCALE, FULL_SCALE - 1)

    def _amplitude(self, db: float) -> float:
        return FULL_SCALE * 10 ** ((self.user_dbfs + db) / 20)

    def _response(self) -> Sound:
        """Return the impulse response: the direct sound, and a tail that decays."""
        delay = round(self.delay_ms * RATE / 1000)
        tail = round(self.reverberation_ms * RATE / 1000)
        response = np.zeros(delay + 1 + tail)
        if tail:
            decay = 10 ** (-3 * np.arange(tail) / tail)
            late = np.random.default_rng(self.seed).standard_normal(tail) * decay
            late *= 10 ** (-self.direct_to_reverberant_db / 20) / math.sqrt(np.sum(late**2))
            response[delay + 1 :] = late
        response[delay] = 1.0
        return response


def active_level(sound: Sound) -> float:
    """Return the RMS of the 10 ms pieces that are within 30 dB of the loudest; 0 for silence."""
    step = RATE // 100
    pieces = sound[: sound.size // step * step].reshape(-1, step)
    powers = np.mean(pieces**2, axis=1)
    if not powers.size or not powers.max():
        return 0.0
    return math.sqrt(float(np.mean(powers[powers > powers.max() / 1000])))


def samples(pcm: bytes) -> Sound:
    """Return S16 audio as floats of the same scale."""
    return np.frombuffer(pcm, '<i2').astype(np.float64)


def pcm(sound: Sound) -> bytes:
    """Return floats as S16 audio."""
    return np.rint(sound).clip(-FULL_SCALE, FULL_SCALE - 1).astype('<i2').tobytes()


def _convolve(sound: Sound, kernel: Sound) -> Sound:
    size = sound.size + kernel.size - 1
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(kernel, size)
    return np.fft.irfft(spectrum, size)
