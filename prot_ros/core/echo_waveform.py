# SPDX-License-Identifier: Apache-2.0
"""Whether what the microphone hears is the reference itself, sample by sample.

Levels tell an echo by how it moves, which takes a quarter of a second. The waveform tells in some
hundredths of one, wherever the echo comes from, but only of one that nobody has taken anything out
of: where its way into the microphone has grown louder all at once, because the audio server's own
canceller begins anew or somebody has turned the volume up.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.echo import HOP_MS, LAGS

Sound = NDArray[np.float64]

ALIKE = ((3, 0.85), (5, 0.75), (8, 0.65))
"""From so many hops on, how much of the microphone the reference is at the delay that fits best.
Of an echo in a living room it is 0.9 or more in four cases of five, whatever the number of hops.
Of another voice it is 0.66 or more once in twenty in 30 ms, 0.54 in 50 and 0.46 in 80, by
chance."""
LEAST_HOPS, MOST_HOPS = ALIKE[0][0], 12
QUIET = 0.05
"""Energy of the reference, in relation to its loudest of late, below which nothing is its echo."""


class Waveforms:
    """The latest sound of microphone and reference, to be compared."""

    def __init__(self, rate: int) -> None:
        """Take Hz, a multiple of 100."""
        self._hop = rate * HOP_MS // 1000
        self._microphone = np.zeros(MOST_HOPS * self._hop)
        self._reference = np.zeros((LAGS + MOST_HOPS) * self._hop)
        self._size = 1 << (self._reference.size - 1).bit_length()

    def push(self, microphone: Sound, reference: Sound) -> None:
        """Take the next hop of both."""
        for past, new in ((self._microphone, microphone), (self._reference, reference)):
            past[: -new.size] = past[new.size :]
            past[-new.size :] = new

    def same(self, hops: int) -> bool:
        """Return whether the last hops of the microphone are the reference, 0 to 450 ms later.

        Less than `LEAST_HOPS` never are, because all is alike for a moment; of more than
        `MOST_HOPS` the latest are looked at.
        """
        enough = [share for least, share in ALIKE if hops >= least]
        return bool(enough) and self.likeness(min(hops, MOST_HOPS)) >= enough[-1]

    def likeness(self, hops: int) -> float:
        """Return the correlation of the last 1 to `MOST_HOPS` hops at the best delay, 0 to 1."""
        length = hops * self._hop
        microphone = self._microphone[-length:]
        reference = self._reference[-length - LAGS * self._hop :]
        energy = float(microphone @ microphone)
        sums = np.concatenate(([0.0], np.cumsum(reference * reference)))
        energies = sums[length:] - sums[:-length]
        loudest = float(energies.max())
        if not energy or not loudest:
            return 0.0
        spectrum = np.fft.rfft(reference, self._size) * np.fft.rfft(microphone, self._size).conj()
        found = np.abs(np.fft.irfft(spectrum, self._size)[: energies.size])
        scales = np.sqrt(np.maximum(energies, QUIET * loudest))
        return float((found / scales).max()) / math.sqrt(energy)
