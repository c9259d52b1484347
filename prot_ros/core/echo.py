# SPDX-License-Identifier: Apache-2.0
"""What an echo looks like: levels in bands, 100 times a second, and how much later it comes.

Levels in dB are coarse enough to hold whatever the phase does, and fine enough to tell voices
apart by when their syllables come. `core/echo_detector.py` decides with them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float64]
"""dB, one for each band."""

HOP_MS = 10
BAND_EDGES = (150, 350, 550, 800, 1100, 1450, 1850, 2350, 2950, 3600, 3950)
"""Hz; about a critical band and a half each, and all that 8,000 Hz can carry."""
BANDS = len(BAND_EDGES) - 1
FLOOR_DB = 20.0
"""Of all bands together, where S16 samples with a mean square of 1 are at 0 dB: a level of 10 of
32,768, below any microphone's own noise."""
SILENT_BAND_DB = FLOOR_DB - 10 * math.log10(BANDS)

LAGS = 46
"""Delays that are looked at, in hops: 0 to 450 ms."""
MEMORY_S = 3.0
"""How far back the estimate of the delay looks: some words, whatever they are."""
CERTAIN, BELIEVED, DOUBTED = 1.0, 0.5, 0.25
"""Correlation from which there is an echo: at first, after 2 s of the robot's speech, and that
below which there is none any more. The echo itself has 0.8 and more after 200 ms of it. Somebody
who begins to speak just when the robot does has up to 0.9 by chance for half a second, then less;
below 0.5 after 2 s."""
CERTAINTY_S = 2.0
DOUBT_HOPS = 300
"""An echo that was there is given up after 3 s of doubt in which nobody speaks over it."""
OVERHEARD = 0.25
"""How much of a hop is remembered in which somebody else speaks: his levels say little of the
echo's. A quarter, because who is taken for somebody may be an echo that has moved."""
GRACE_HOPS = 80
"""In the robot's first 0.8 s there may be an echo, which is not known yet. Then there is none."""


class FilterBank:
    """Sound -> levels in bands, of several streams at once."""

    def __init__(self, rate: int, streams: int) -> None:
        """Take Hz, a multiple of 100."""
        self.hop = rate * HOP_MS // 1000
        self._size = 2 * self.hop
        self._window = np.hanning(self._size)
        frequencies = np.fft.rfftfreq(self._size, 1 / rate)
        edges = np.array(BAND_EDGES)
        inside = (frequencies[:, None] >= edges[:-1]) & (frequencies[:, None] < edges[1:])
        # Parseval: to the mean square of the samples, whatever the window and the rate.
        self._bands = inside * (2 / (self._size * float(np.sum(self._window**2))))
        self._last = np.zeros((streams, self.hop))

    def levels(self, streams: NDArray[np.float64]) -> Levels:
        """Take the next whole hops of each stream, a row each; return (hop, stream, band)."""
        joined = np.concatenate((self._last, streams), axis=1)
        self._last = joined[:, -self.hop :]
        starts = range(0, streams.shape[1], self.hop)
        pieces = np.array([joined[:, at : at + self._size] for at in starts])
        spectra = np.fft.rfft(pieces * self._window)
        power = (spectra.real**2 + spectra.imag**2) @ self._bands
        return np.asarray(10 * np.log10(power + 10 ** (SILENT_BAND_DB / 10)))


class Past:
    """The latest vectors, latest first, without moving them each time."""

    def __init__(self, length: int, fill: float, width: int = BANDS) -> None:
        self._length = length
        self._store = np.full((8 * length, width), fill)
        self._at = self._store.shape[0] - length

    def push(self, vector: Levels | float) -> None:
        """Make `vector` number 0."""
        if self._at == 0:
            self._at = self._store.shape[0] - self._length
            self._store[self._at + 1 :] = self._store[: self._length - 1]
        else:
            self._at -= 1
        self._store[self._at] = vector

    @property
    def all(self) -> Levels:
        """A view of all of them, by age."""
        return self._store[self._at : self._at + self._length]


class DelayTracker:
    """How much later than announced the robot's voice comes back, 0 to 450 ms.

    Correlates how the levels of microphone and reference move, for each delay at once, with a
    memory of some seconds in which the robot speaks.
    """

    def __init__(self) -> None:
        self._past = Past(LAGS, 0.0)
        """How the reference moved."""
        self._energy = Past(LAGS, 0.0, 1)
        self._slow = np.full((2, BANDS), SILENT_BAND_DB)
        self._keep = math.exp(-HOP_MS / 1000 / MEMORY_S)
        self.forget()

    def forget(self) -> None:
        """Begin anew, as after a change that is known of."""
        self._hops = self._doubts = 0
        self._cross = np.zeros(LAGS)
        self._reference = np.zeros(LAGS)
        self._microphone = 0.0
        self.correlation = 0.0
        """At the best delay, 0 to 1."""
        self.best = 0
        """Hops."""
        self.present: bool | None = None
        """Whether there is an echo, and `best` not chance; None while that is unknown."""

    def push(
        self, microphone: Levels, reference: Levels, *, active: bool, somebody: bool = False
    ) -> None:
        """Take the next hop's levels.

        `active` when the robot may be heard in it, `somebody` when somebody else is.
        """
        moved = np.array((microphone, reference)) - self._slow
        self._slow += moved * (HOP_MS / 300)  # what lasts longer than a syllable is no movement
        self._past.push(moved[1])
        self._energy.push(float(moved[1] @ moved[1]))
        if not active:
            return
        past = self._past.all
        share = OVERHEARD if somebody else 1.0
        keep = self._keep**share
        self._cross = keep * self._cross + share * (past @ moved[0])
        self._reference = keep * self._reference + share * self._energy.all[:, 0]
        self._microphone = keep * self._microphone + share * float(moved[0] @ moved[0])
        correlation = self._cross / (np.sqrt(self._reference * self._microphone) + 1e-9)
        self.best = int(correlation.argmax())
        self.correlation = max(0.0, float(correlation[self.best]))
        self._decide(somebody)

    def _decide(self, somebody: bool) -> None:
        self._hops += 1
        share = min(1.0, self._hops * HOP_MS / 1000 / CERTAINTY_S)
        if self.correlation >= CERTAIN + (BELIEVED - CERTAIN) * share:
            self.present = True
        elif self.present is None and self._hops > GRACE_HOPS:
            self.present = False
        if self.correlation >= DOUBTED or somebody:
            # What was heard over the robot is remembered for a while, and no reason to doubt.
            self._doubts = 0
        else:
            self._doubts += 1
            if self._doubts > DOUBT_HOPS:
                self.present = False


class NoiseFloor:
    """The level of the room when nobody speaks: what the quietest moments of late had."""

    RISE_DB = 0.02
    """Per hop: the noise is taken for louder by 2 dB a second, unless something quieter comes."""
    FALL = 0.1
    """A single hop that happens to be quiet is not the noise of the room."""

    def __init__(self) -> None:
        self.db = 60.0

    def push(self, level: float) -> None:
        """Take the next hop's level in dB."""
        self.db += self.FALL * (level - self.db) if level < self.db else self.RISE_DB


def together(levels: Levels) -> float:
    """Return the level of all bands together."""
    return 10 * math.log10(float((10 ** (levels / 10)).sum()))
