# SPDX-License-Identifier: Apache-2.0
"""Is what is left in the microphone still the robot's own voice?

A canceller leaves a little of the echo where it has not converged, where loudspeakers distort or
where clocks drift, and a voice detector takes a voice 30 dB down for a voice. So what the linear
filter leaves is compared with what it leaves of the echo as a rule: the reference, later by the
delay, as loud as was learned, band by band.

- *Energy.* What is well above that is somebody else.
- *Excess.* Unless the filter takes nothing away any more, and the microphone hears no more than
  the echo alone: then the filter has lost its way.
- *Likeness.* Unless it moves like the reference: the correlation of the levels over a quarter of a
  second, which is high for the echo itself, whatever has become of its loudness.
- *Surge.* Unless the microphone hears more than the echo has ever been, and it is the reference,
  sample by sample: then the echo has grown, as when the audio server's own canceller begins anew.

Somebody who is heard is passed on as the linear filter leaves it, because AEC3 swallows the first
tenth of a second of whoever speaks over an echo. What is not let through is not cut out, because a
voice detector takes every edge for speech: it is what AEC3 makes of it, turned down to the noise
of the room.
"""

from __future__ import annotations

import enum
import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.echo import (
    BANDS,
    FLOOR_DB,
    HOP_MS,
    LAGS,
    SILENT_BAND_DB,
    DelayTracker,
    FilterBank,
    Levels,
    NoiseFloor,
    Past,
    together,
)
from prot_ros.core.echo_waveform import Waveforms

Sound = NDArray[np.float64]

ACTIVE_DB = 25.0
"""The robot is heard where it is within this of its loudest of late."""
DECAY_DB = 1.5
"""Per hop: the reverberation of a room with an RT60 of 400 ms."""
CLEAR_DB = 14.0
"""Above what the filter leaves as a rule. Of the echo alone, 3 hops in 1,000 are; of users as
loud as the echo 7 in 10, their pauses counted in, and 8 in 10 in the first 200 ms of speech."""
CAUTION_DB, SETTLED_HOPS = 10.0, 200
"""By how much more it takes at first, until the robot has spoken for 2 s: the filter learns."""
ASTRAY_DB, EXCESS_DB = 3.0, 4.0
"""A filter that takes nothing away from a microphone that is no louder than the echo alone makes
it has lost its way, as when the echo comes sooner or later than before."""
LIKENESS = 0.7
LIKENESS_HOPS = 25
LIKENESS_LAGS = 6
"""The canceller's window and a delay that has just changed."""
SURGE_DB, LOUD_DB = 6.0, 10.0
"""By how much the microphone hears more than the echo as a rule, or than the room where there is
none. Of an echo and somebody who is louder by as much less than half is the reference."""
HANGOVER_HOPS = 20
"""Somebody who has been heard is let through for another 200 ms: the soft ends of words."""
HEARD_HOPS, HEARD_OF = 4, 10
"""How many hops of how many make somebody heard."""
LEARNING_DB, FOLLOWING_DB = 0.5, 0.1
"""By how much a band's gain may move in a hop: at first, and later while nobody is heard."""
LEARNED_HOPS = 100
FADED_HOPS = LAGS + 30
"""When nothing of the robot is audible any more: the longest delay, and 300 ms to fade."""
UNKNOWN_HOPS = 15
"""How long after its delay an echo is feared of which the reference was lost."""


class Verdict(enum.Enum):
    """What to take for a hop."""

    MICROPHONE = 'microphone'
    """There is no echo, and so nothing that a canceller could do but harm."""
    FILTERED = 'filtered'
    """Somebody speaks over the robot."""
    CLEANED = 'cleaned'
    """The robot has just fallen silent, and its reverberation fades."""
    ECHO = 'echo'
    """What is left is the robot."""


class EchoDetector:
    """Decides, hop by hop, whether what a canceller leaves is somebody else than the robot."""

    def __init__(self, rate: int) -> None:
        """Take Hz, a multiple of 100, at least 8,000."""
        self._bank = FilterBank(rate, 3)
        self._waveforms = Waveforms(rate)
        self._noise = NoiseFloor()
        self._surge = 0
        """For how many hops the microphone has heard more than it should of the robot."""
        self.tracker = DelayTracker()
        self._reference = Past(LAGS + LIKENESS_LAGS + LIKENESS_HOPS, SILENT_BAND_DB)
        self._filtered = Past(LIKENESS_HOPS, SILENT_BAND_DB)
        self._tail = np.full(BANDS, SILENT_BAND_DB)
        self._gains = np.zeros((2, BANDS))
        """From the reference to its echo in the microphone, and to what the filter leaves."""
        self._learned = 0
        self._spoken = 0
        """Hops in which the robot was heard."""
        self._loudest = FLOOR_DB
        self._since_active = FADED_HOPS + 1
        self._recent: deque[bool] = deque(maxlen=HEARD_OF)
        self._hangover = 0
        self._since_unknown = LAGS + UNKNOWN_HOPS

    @property
    def learned(self) -> bool:
        """Whether it is known how much of the echo is left as a rule."""
        return self._learned >= LEARNED_HOPS

    @property
    def echo_is_near(self) -> bool:
        """Whether the robot was audible in the last 450 ms."""
        return self._since_active < LAGS

    def judge(
        self,
        microphone: Sound,
        filtered: Sound,
        reference: Sound,
        *,
        known: bool = True,
    ) -> list[Verdict]:
        """Take the next whole hops of all three; tell of each what it is.

        Where the reference is not `known`, what comes back of it cannot be told from anything.
        """
        streams = np.array((microphone, filtered, reference))
        if not known:
            self._since_unknown = 0
        verdicts = []
        for number, levels in enumerate(self._bank.levels(streams)):
            hop = slice(number * self._bank.hop, (number + 1) * self._bank.hop)
            self._waveforms.push(microphone[hop], reference[hop])
            verdicts.append(self._judge(*levels))
        return verdicts

    def _judge(self, microphone: Levels, filtered: Levels, reference: Levels) -> Verdict:
        # A filter that errs adds what nobody has said: a voice is in the microphone, too.
        filtered = np.minimum(filtered, microphone)
        loudness = together(reference)
        self._loudest = max(loudness, self._loudest - 0.02, FLOOR_DB + ACTIVE_DB)
        active = loudness > self._loudest - ACTIVE_DB
        self._spoken += active
        self._since_active = 0 if active else self._since_active + 1
        self._since_unknown += 1
        self._reference.push(reference)
        self._filtered.push(filtered)
        self.tracker.push(
            microphone, reference, active=self.echo_is_near, somebody=self._hangover > 0
        )
        if self._since_unknown <= self.tracker.best + UNKNOWN_HOPS:
            return Verdict.ECHO
        if not self.echo_is_near:
            self._hangover = self._surge = 0
            self._recent.clear()
        loud = together(microphone)
        self._noise.push(loud)
        if self.tracker.present is False or self._since_active > FADED_HOPS:
            if self.echo_is_near:
                self._count_surge(loud > self._noise.db + LOUD_DB)
            return Verdict.ECHO if self._waveforms.same(self._surge) else Verdict.MICROPHONE
        if not self.echo_is_near:
            return Verdict.CLEANED
        if self.tracker.present is None:
            return Verdict.ECHO
        expected = self._expect(microphone, filtered)
        heard = self.learned and self._is_somebody(microphone, filtered, *expected)
        return Verdict.FILTERED if heard else Verdict.ECHO

    def _expect(self, microphone: Levels, filtered: Levels) -> tuple[Levels, Levels]:
        """Return the levels of the echo now, and of what is left of it, as a rule."""
        lag = self.tracker.best
        # A hop to either side, because the delay is known to a hop.
        near = self._reference.all[max(0, lag - 1) : lag + 2].max(axis=0)
        self._tail = np.maximum(near, self._tail - DECAY_DB)
        if together(near) > self._loudest - ACTIVE_DB:
            self._learn(np.array((microphone, filtered)) - self._tail)
        echo, rest = np.maximum(self._tail + self._gains, SILENT_BAND_DB)
        return echo, rest

    def _learn(self, ratios: Levels) -> None:
        if self._learned == 0:
            self._gains = ratios.copy()
        # Towards the median: an outlier moves it no further than the next value does.
        step = FOLLOWING_DB if self.learned else LEARNING_DB
        if not self._hangover:
            self._gains += np.clip(ratios - self._gains, -step, step)
        self._learned += 1

    def _is_somebody(
        self, microphone: Levels, filtered: Levels, echo: Levels, rest: Levels
    ) -> bool:
        caution = CAUTION_DB * max(0.0, 1 - self._spoken / SETTLED_HOPS)
        all_, left = together(microphone), together(filtered)
        astray = all_ - left < ASTRAY_DB and all_ - together(echo) < EXCESS_DB
        heard = left - together(rest) > CLEAR_DB + caution and not astray
        heard = heard and self.likeness() < LIKENESS
        self._count_surge(all_ - together(echo) > SURGE_DB)
        if (heard or self._hangover) and self._waveforms.same(self._surge):
            self._recent.clear()
            self._hangover = 0
            return False
        self._recent.append(heard)
        if sum(self._recent) >= HEARD_HOPS:
            self._hangover = HANGOVER_HOPS
        else:
            self._hangover = max(0, self._hangover - 1)
        return heard or self._hangover > 0

    def _count_surge(self, more: bool) -> None:
        self._surge = self._surge + 1 if more else 0

    def likeness(self) -> float:
        """Return how alike what is left and the reference were lately, 0 to 1."""
        left = self._filtered.all
        moved = (left - left.mean(axis=0)).ravel()
        power = float(moved @ moved)
        best = 0.0
        middle = self.tracker.best
        for lag in range(max(0, middle - LIKENESS_LAGS), middle + LIKENESS_LAGS + 1):
            part = self._reference.all[lag : lag + LIKENESS_HOPS]
            if part.shape[0] < LIKENESS_HOPS:
                break
            other = (part - part.mean(axis=0)).ravel()
            scale = math.sqrt(power * float(other @ other)) + 1e-9
            best = max(best, float(moved @ other) / scale)
        return best


class Attenuator:
    """Puts the output together: what is echo as quiet as the room, and no edges."""

    RAMP_MS = 5

    def __init__(self, rate: int) -> None:
        self._hop = rate * HOP_MS // 1000
        self._ramp = np.linspace(0, 1, rate * self.RAMP_MS // 1000)
        self._noise = NoiseFloor()
        self._last = (Verdict.CLEANED, 1.0)

    def apply(
        self, microphone: Sound, filtered: Sound, cleaned: Sound, verdicts: list[Verdict]
    ) -> Sound:
        """Return whole hops of sound, as each one's verdict says."""
        out = np.empty_like(cleaned)
        for number, verdict in enumerate(verdicts):
            hop = slice(number * self._hop, (number + 1) * self._hop)
            out[hop] = self._hop_of(
                verdict,
                {
                    Verdict.MICROPHONE: microphone[hop],
                    Verdict.FILTERED: filtered[hop],
                    Verdict.CLEANED: cleaned[hop],
                    Verdict.ECHO: cleaned[hop],
                },
            )
        return out

    def _hop_of(self, verdict: Verdict, sources: dict[Verdict, Sound]) -> Sound:
        left = sources[Verdict.ECHO]
        level = 10 * math.log10(float(left @ left) / left.size + 0.1)
        self._noise.push(level)
        gain = 1.0
        if verdict is Verdict.ECHO:
            gain = min(1.0, 10 ** ((self._noise.db - level) / 20))
        before, gain_before = self._last
        self._last = verdict, gain
        out = sources[verdict] * gain
        if (before, gain_before) != (verdict, gain):
            n = self._ramp.size
            out[:n] *= self._ramp
            out[:n] += sources[before][:n] * gain_before * (1 - self._ramp)
        return out
