# SPDX-License-Identifier: Apache-2.0
"""A robot's voice and a microphone's sound, played to an echo canceller faster than time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
from room import RATE, Sound, pcm

from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.engines.kinds import EchoCanceller

BEGAN = Stamp(1_700_000_000 * SECOND)
FRAME = RATE // 50
AHEAD = 80 * MILLISECOND
"""How long before it is audible the loudspeaker tells of a piece."""


def reference(robot: Sound, rate: int = RATE) -> list[AudioChunk]:
    """Return a voice as the speaker node publishes it, in pieces of 20 ms."""
    piece = rate // 50
    return [
        AudioChunk(
            pcm=pcm(robot[at : at + piece]),
            rate=rate,
            stamp=Stamp(BEGAN + at * SECOND // rate),
            seq=number,
        )
        for number, at in enumerate(range(0, robot.size, piece))
    ]


def heard(
    canceller: EchoCanceller,
    microphone: Sound,
    chunks: Iterable[AudioChunk],
    *,
    late_ms: float = 1.0,
    drift_ppm: float = 0.0,
    seed: int = 1,
) -> Sound:
    """Return what the canceller leaves of the microphone.

    Frames arrive too late by an exponential distribution of that mean, as on a busy machine. Each
    20 ms the next chunk is told, whatever its stamp says. `drift_ppm` is the room's.
    """
    random = np.random.default_rng(seed)
    waiting = iter(chunks)
    for chunk in itertools.islice(waiting, AHEAD // (20 * MILLISECOND)):
        canceller.played(chunk, BEGAN)
    out = []
    for at in range(0, microphone.size - FRAME + 1, FRAME):
        now = Stamp(BEGAN + round((at + FRAME) * (1 + drift_ppm / 1e6) * SECOND / RATE))
        for chunk in itertools.islice(waiting, 1):
            canceller.played(chunk, now)
        late = round(random.exponential(late_ms) * MILLISECOND)
        stamp = Stamp(now - 20 * MILLISECOND + late)
        out.append(canceller.captured(pcm(microphone[at : at + FRAME]), stamp))
    return np.frombuffer(b''.join(out), '<i2').astype(np.float64)


def level_db(sound: Sound) -> float:
    """Return the RMS level in dB; -100 for digital silence."""
    return 20 * math.log10(max(1e-5, math.sqrt(float(np.mean(sound**2)))))


def loss_db(before: Sound, after: Sound, start_s: float, stop_s: float) -> float:
    """Return by how much sound became quieter between two times (ERLE, where all is echo)."""
    part = slice(int(start_s * RATE), int(stop_s * RATE))
    return level_db(before[part]) - level_db(after[part])
