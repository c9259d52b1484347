# SPDX-License-Identifier: Apache-2.0
"""Streams of S16 mono audio from one sample rate to another."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

QUALITY = 'HQ'
"""soxr's recipe with 20-bit precision. It holds back at most 42 ms of a live stream (12 to 37 ms
at the usual pairs of rates) and costs 15 to 25 µs for 20 ms; the quicker recipes hold back as
much or lose the high frequencies that sibilants are made of."""


class Resampler:
    """Converts one stream, piece by piece. Made anew for each stream."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        """Take both rates in Hz; equal rates pass audio through untouched."""
        # Floats, because soxr dithers whole numbers and digital silence shall stay silent.
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, 1, 'float32', QUALITY)
        )

    def push(self, pcm: bytes) -> bytes:
        """Return what of the stream is ready; raise ValueError for an odd number of bytes."""
        samples = np.frombuffer(pcm, '<i2')
        if self._stream is None:
            return pcm
        if not samples.size:
            return b''
        return _pcm(self._stream.resample_chunk(samples.astype(np.float32)))

    def end(self) -> bytes:
        """Return the rest. Nothing can be pushed any more."""
        if self._stream is None:
            return b''
        return _pcm(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))


def resample(pcm: bytes, source_rate: int, target_rate: int) -> bytes:
    """Convert audio that is there as a whole."""
    resampler = Resampler(source_rate, target_rate)
    return resampler.push(pcm) + resampler.end()


def _pcm(samples: NDArray[np.float32]) -> bytes:
    # A filter overshoots at the edges of full-scale audio; wrapping round would be a loud click.
    return np.rint(samples).clip(-32768, 32767).astype('<i2').tobytes()


class PromptResampler:
    """Converts a live stream so that each piece gives as much at once as it is long.

    A `Resampler` gathers what it gives: at 8000 Hz nothing comes for 60 ms, then all of it. That
    is no harm to what is listened to as a whole, but it is to what decides every 20 ms. This one
    is 3 ms late, always, at the price of a softer edge: it keeps what is below 0.8 of the lower
    rate's highest frequency, and of what is above that highest frequency less than a thousandth.
    """

    DELAY_S = 0.003

    def __init__(self, source_rate: int, target_rate: int) -> None:
        """Take rates in Hz, of which one is a multiple of the other; else raise ValueError."""
        low, high = sorted((source_rate, target_rate))
        if low <= 0 or high % low:
            raise ValueError(
                f'{source_rate} and {target_rate} Hz: expected one to divide the other'
            )
        self._up = target_rate // low
        self._down = source_rate // low
        half = int(self.DELAY_S * high)
        if low == high:
            self._taps = np.ones(1)
        else:
            at = np.arange(-half, half + 1) * (0.9 * low / high)
            self._taps = np.sinc(at) * np.blackman(2 * half + 1)
            self._taps *= self._up / self._taps.sum()
        self._past = np.zeros(len(self._taps) - 1)

    def push(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the next of the stream; the length must be a multiple of the rates' ratio."""
        spread = np.zeros(len(samples) * self._up)
        spread[:: self._up] = samples
        whole = np.concatenate([self._past, spread])
        self._past = whole[len(whole) - len(self._past) :]
        windows = np.lib.stride_tricks.sliding_window_view(whole, len(self._taps))
        # Symmetric taps need no turning round.
        return windows[self._down - 1 :: self._down] @ self._taps
