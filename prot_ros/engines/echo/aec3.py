# SPDX-License-Identifier: Apache-2.0
"""The robot's voice taken out of the microphone by WebRTC's AEC3, and checked.

AEC3 comes with the wheel `livekit`, of which nothing else is used: no server, no room. Its native
runtime starts with the first canceller and stays until the process ends: four threads that sleep,
10 MB, and none of it twice. `aec-audio-processing`, the other package with an AEC3, has no wheel
for Linux; it compiles WebRTC with meson and downloads sources while it does.

Noise suppression and gain control stay off: they cost a tenth of the barge-ins that are caught,
and a recogniser does not want them.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.echo import HOP_MS
from prot_ros.core.echo_detector import Attenuator, EchoDetector, Verdict
from prot_ros.core.echo_filter import EchoFilter
from prot_ros.core.reference import CaptureClock
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.engines.echo.reference import Reference
from prot_ros.engines.kinds import EngineError

RATES = (8000, 16000, 32000, 48000)
"""Hz that WebRTC's audio processing takes."""
LEAD_MS = 20
"""The reference is given this much early. AEC3 looks for an echo that comes 0 to 450 ms after it,
and from a loudspeaker that is faster than it was thought to be it would come before. More would
ask for what is not told yet: the loudspeaker tells of 80 to 100 ms, and the resampler holds back
up to 37 ms of it."""


class Aec3Canceller:
    """Cancels the echo in two stages, then turns down what is still explained by it."""

    name = 'aec3'

    def __init__(self, rate: int) -> None:
        """Take the microphone's Hz, one of `RATES`."""
        self._rate = rate
        self._frame = rate // 50
        self._processor: Any = None
        self._frame_class: Any = None
        self._begin()

    async def open(self) -> None:
        """Load the library; raise EngineError where it is missing or cannot work."""
        if self._rate not in RATES:
            raise EngineError(f'AEC3 cannot work at {self._rate} Hz, expected one of {RATES}')
        await self.close()
        # The import and the start of the native runtime take up to a third of a second.
        self._processor, self._frame_class = await asyncio.to_thread(_load)
        self._begin()

    async def close(self) -> None:
        # The native canceller goes with its last reference; there is no other way to end it.
        self._processor = None

    def _begin(self) -> None:
        self._reference = Reference(self._rate)
        self._clock = CaptureClock(self._rate, self._frame)
        self._filter = EchoFilter(self._rate, self._frame)
        self._detector = EchoDetector(self._rate)
        self._attenuator = Attenuator(self._rate)
        self._turned_down = 0

    def played(self, chunk: AudioChunk, now: Stamp) -> None:
        self._reference.place(chunk, now)

    def captured(self, frame: bytes, at: Stamp) -> bytes:
        if self._processor is None:
            return frame
        time = self._clock.time(at, quiet=not self._detector.echo_is_near)
        ahead = Stamp(time + LEAD_MS * MILLISECOND)
        audible, known = self._reference.take(ahead, self._frame)
        microphone = np.frombuffer(frame, '<i2').astype(np.float64)
        reference = audible.astype(np.float64)
        filtered = self._filter.push(microphone, reference)
        cleaned = np.frombuffer(self._cancel(_pcm(filtered), audible.tobytes()), '<i2')
        verdicts = self._detector.judge(microphone, filtered, reference, known=known)
        self._turned_down += verdicts.count(Verdict.ECHO)
        out = self._attenuator.apply(microphone, filtered, cleaned.astype(np.float64), verdicts)
        return _pcm(out)

    def _cancel(self, frame: bytes, audible: bytes) -> bytes:
        step = 2 * self._rate * HOP_MS // 1000
        cleaned = bytearray()
        try:
            # A hint for the first moment; AEC3 finds the delay by itself.
            self._processor.set_stream_delay_ms(LEAD_MS)
            for at in range(0, len(frame), step):
                hop = self._hop(frame[at : at + step])
                self._processor.process_reverse_stream(self._hop(audible[at : at + step]))
                self._processor.process_stream(hop)
                cleaned += hop.data
        except RuntimeError as err:
            raise EngineError(f'AEC3 refused a frame: {err}') from err
        return bytes(cleaned)

    def _hop(self, pcm: bytes) -> Any:
        # A bytearray, because the frame is changed in place.
        return self._frame_class(bytearray(pcm), self._rate, 1, len(pcm) // 2)

    def status(self) -> dict[str, object]:
        tracker = self._detector.tracker
        delay = f'{tracker.best * HOP_MS - LEAD_MS} ms late'
        echo = {None: 'not known yet', False: 'none', True: delay}[tracker.present]
        return {
            'echo': echo,
            'echo left and turned down ms': self._turned_down * HOP_MS,
            'reference lost': self._reference.lost,
            'reference out of order': self._reference.stale,
        }


def _load() -> tuple[Any, Any]:
    try:
        from livekit import rtc

        return rtc.AudioProcessingModule(echo_cancellation=True), rtc.AudioFrame
    except ImportError as err:
        raise EngineError(
            f'AEC3 needs the Python package livekit: pip install livekit ({err})'
        ) from err


def _pcm(sound: NDArray[np.float64]) -> bytes:
    return np.rint(sound).clip(-32768, 32767).astype('<i2').tobytes()
