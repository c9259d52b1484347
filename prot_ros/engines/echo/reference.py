# SPDX-License-Identifier: Apache-2.0
"""Reference chunks at any rate -> the timeline at the microphone's rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prot_ros.core.reference import ReferenceOrder, ReferenceTimeline
from prot_ros.core.stamps import Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.resample import Resampler


class Reference:
    """What is audible when, filled from the loudspeaker's own account."""

    def __init__(self, rate: int) -> None:
        """Take the microphone's Hz."""
        self._rate = rate
        self._order = ReferenceOrder()
        self._timeline = ReferenceTimeline(rate)
        self._resampler: Resampler | None = None
        self._source_rate = 0

    @property
    def lost(self) -> int:
        """Chunks that never came."""
        return self._order.lost

    @property
    def stale(self) -> int:
        """Chunks that came twice, out of order, or dated impossibly far ahead."""
        return self._order.stale

    def place(self, chunk: AudioChunk, now: Stamp) -> None:
        """Take a chunk; raise EngineError for one that is not mono."""
        if chunk.channels != 1:
            raise EngineError(f'a reference has {chunk.channels} channels, expected 1')
        how = self._order.place(chunk.seq, chunk.stamp, chunk.frames, chunk.rate, now)
        if how == ReferenceOrder.STALE:
            return
        resampler = self._resampler
        if how != ReferenceOrder.FOLLOWS or resampler is None or chunk.rate != self._source_rate:
            self._end_stream()
            self._timeline.begin(chunk.stamp, after_loss=how == ReferenceOrder.AFTER_LOSS)
            resampler = self._resampler = Resampler(chunk.rate, self._rate)
            self._source_rate = chunk.rate
        self._extend(resampler.push(chunk.pcm))

    def take(self, at: Stamp, samples: int) -> tuple[NDArray[np.int16], bool]:
        """Return what is audible from `at` on, and whether all of it is known."""
        start = self._timeline.position(at)
        if self._resampler is not None and start + samples > self._timeline.end:
            # The stream has ended or is late; what the resampler holds back is needed now.
            self._end_stream()
        return self._timeline.take(start, samples)

    def _end_stream(self) -> None:
        resampler, self._resampler = self._resampler, None
        if resampler is not None:
            self._extend(resampler.end())

    def _extend(self, pcm: bytes) -> None:
        self._timeline.extend(np.frombuffer(pcm, '<i2'))
