# SPDX-License-Identifier: Apache-2.0
"""Voice activity by the detector of WebRTC: a Gaussian mixture over six frequency bands."""

from __future__ import annotations

import webrtcvad

from prot_ros.core.endpointing import Evidence
from prot_ros.engines.kinds import EngineError

RATES = (8000, 16000, 32000, 48000)
"""Hz. Those the detector's filter bank is made for."""

LEARNING_FRAMES = 4
"""A new detector takes the first four frames that are not silent for speech, whatever they are,
while its mixture moves to the noise of the room. That is 80 ms, which would begin an utterance
each time the microphone opens, so those four are not believed. Feeding it made-up noise instead
makes things worse: where the room is 10 dB louder, all of it passes for speech for 3 to 5 s."""


class WebrtcVad:
    """Says yes or no: its probabilities are 0 and 1."""

    name = 'webrtcvad'
    start: tuple[Evidence, ...] = (Evidence(0.5, 4, 7),)
    """80 ms. Less would be none: after a single click it says speech for four frames. Six of
    eleven let no click pass and are 40 ms later, but coughs, doors and keys pass them as well."""

    likely: tuple[Evidence, ...] = ()
    rising = False
    """It is as quick to say yes as it can be."""

    def __init__(self, rate: int, aggressiveness: int) -> None:
        """Take Hz of `RATES`, and 0 (much passes for speech) to 3 (much passes for noise).

        Raises EngineError for any other value.
        """
        if rate not in RATES:
            raise EngineError(f'webrtcvad cannot work at {rate} Hz, expected one of {RATES}')
        if aggressiveness not in (0, 1, 2, 3):
            raise EngineError(f'webrtcvad aggressiveness is {aggressiveness}, expected 0 to 3')
        self._rate = rate
        self._aggressiveness = aggressiveness
        self._frame_bytes = 2 * rate // 50
        self.reset()

    def probability(self, frame: bytes) -> float:
        """Return 1.0 for speech, else 0.0; raise EngineError when it is not 20 ms long."""
        if len(frame) != self._frame_bytes:
            raise EngineError(
                f'a frame for webrtcvad has {len(frame)} bytes, expected {self._frame_bytes}: '
                f'20 ms at {self._rate} Hz'
            )
        if not self._detector.is_speech(frame, self._rate):
            return 0.0
        if self._to_learn:
            self._to_learn -= 1
            return 0.0
        return 1.0

    def reset(self) -> None:
        # The detector has no way to forget; a new one costs about a microsecond.
        self._detector = webrtcvad.Vad(self._aggressiveness)
        self._to_learn = LEARNING_FRAMES
