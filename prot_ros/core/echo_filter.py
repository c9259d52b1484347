# SPDX-License-Identifier: Apache-2.0
"""The first stage against echo: a linear filter learns the way from loudspeaker to microphone.

AEC3 by itself silences a user who is about as loud as the echo: how much it suppresses depends on
how much echo it gets. With the linear part taken out before, it gets 15 to 20 dB less, and lets
that user through: of barge-ins as loud as the echo it was one in five that was missed.

A partitioned-block frequency-domain Kalman filter: G. Enzner and P. Vary, "Frequency-domain
adaptive Kalman filter for acoustic echo control in hands-free telephones", Signal Processing 86
(2006), with the partitions of F. Kuech et al., "State-space architecture of the partitioned-block-
based acoustic echo controller", ICASSP 2014. Each coefficient is known with an uncertainty, and
the step follows from that and from what else is in the microphone, so nothing has to detect
somebody who speaks over the robot: the steps are small then by themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float64]
Spectra = NDArray[np.complex128]

SPAN_S = 0.48
"""The longest delay and most of the reverberation after it."""
PRIOR = 0.002
"""Variance of a coefficient before anything is known, so of an echo of -13 dB (24 of them). More
would learn faster, and add more noise until it has."""
TRANSITION = 0.999
"""How much of a coefficient is the same one block later. 1 would learn once and never again."""
SMOOTHING = 0.9
"""Of the spectrum of what is no echo; 0.2 s."""
QUIET = 1e3
"""Mean power of the reference's spectrum, all partitions together, below which nothing is learned:
S16 samples of 2."""
CONSTRAINED = 4
"""A fourth of the partitions is kept to its block each time. All of them always would cost twice
as much and is not better."""


class EchoFilter:
    """Takes the linear part of the echo out of blocks of one length."""

    def __init__(self, rate: int, block: int) -> None:
        """Take Hz and samples of a block."""
        self._block = block
        self._count = round(SPAN_S * rate / block)
        bins = block + 1
        shape = (self._count, bins)
        self._reference: Spectra = np.zeros(shape, np.complex128)
        self._power = np.zeros(shape)
        self._weights: Spectra = np.zeros(shape, np.complex128)
        self._doubt = np.full(shape, PRIOR)
        """Variance of each weight."""
        self._rest = np.full(bins, 1e3 * block)
        """Power of what is no echo."""
        self._last = np.zeros(block)
        self._turn = 0
        self._energies = np.full(2, 1.0)
        """Of the microphone and of what is left of it, smoothed."""

    def push(self, microphone: Block, reference: Block) -> Block:
        """Take the next block of both; return the microphone's without the echo."""
        size = self._block
        newest = np.fft.rfft(np.concatenate((self._last, reference)))
        self._last = reference
        self._shift(newest)
        loud = self._power.sum() > QUIET * size * self._count
        if not loud:
            return microphone
        echo = np.fft.irfft((self._reference * self._weights).sum(axis=0))[size:]
        left = microphone - echo
        self._learn(left)
        return self._better(microphone, left)

    def _shift(self, newest: Spectra) -> None:
        self._reference[1:] = self._reference[:-1]
        self._reference[0] = newest
        self._power[1:] = self._power[:-1]
        self._power[0] = newest.real**2 + newest.imag**2

    def _learn(self, left: Block) -> None:
        error = np.fft.rfft(np.concatenate((np.zeros(self._block), left)))
        power = error.real**2 + error.imag**2
        self._rest = SMOOTHING * self._rest + (1 - SMOOTHING) * power
        # Half, because half of each transform's window is the block.
        explained = 0.5 * np.einsum('ij,ij->j', self._power, self._doubt)
        step = self._doubt / (explained + self._rest)
        self._weights += step * self._reference.conj() * error
        self._constrain()
        known = 1 - 0.5 * step * self._power
        size = self._weights.real**2 + self._weights.imag**2
        self._doubt = TRANSITION**2 * known * self._doubt + (1 - TRANSITION**2) * size

    def _constrain(self) -> None:
        """Keep some partitions to a block's number of coefficients, or they would wrap round."""
        part = slice(self._turn, None, CONSTRAINED)
        self._turn = (self._turn + 1) % CONSTRAINED
        responses = np.fft.irfft(self._weights[part], axis=1)
        responses[:, self._block :] = 0
        self._weights[part] = np.fft.rfft(responses, axis=1)

    def _better(self, microphone: Block, left: Block) -> Block:
        """Return what is left, unless it has become louder: the way has changed, or is unknown."""
        now = np.array((microphone @ microphone, left @ left))
        self._energies += 0.2 * (now - self._energies)
        # Now, too: in a pause of the robot's, the filter still adds its errors to the silence.
        better = self._energies[1] < self._energies[0] and now[1] < now[0]
        return left if better else microphone
