# SPDX-License-Identifier: Apache-2.0
"""What the tests of ElevenLabs' voice share: speech whose every sample is known."""

from __future__ import annotations

from contextlib import aclosing

import numpy as np

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.kinds import Mark, Synthesizer

KEY = 'sk_planted_0123456789'
PATIENT = Limits(connect_s=5.0, first_response_s=5.0, stall_s=5.0, retries=0)
"""However busy the machine is."""
QUICK = Limits(connect_s=1.0, first_response_s=0.4, stall_s=0.4, retries=0)
"""Where something is waited for in vain."""
MS_PER_CHARACTER = 50


async def ramp(text: str, voice: str, rate: int) -> bytes:
    """Speak so that each text has samples of its own: 50 ms per character, 220 ms of edges."""
    samples = rate * (220 + MS_PER_CHARACTER * len(text.strip())) // 1000
    rng = np.random.default_rng(sum(text.strip().encode()))
    return rng.integers(-9000, 9000, samples).astype('<i2').tobytes()


async def said(engine: Synthesizer, text: str, turn: Stamp = NEVER) -> tuple[bytes, list[Mark]]:
    """Return all the sound of a sentence, and its marks."""
    marks: list[Mark] = []
    async with aclosing(engine.speak(text, 'en', turn=turn, on_marks=marks.extend)) as pieces:
        pcm = b''.join([piece async for piece in pieces])
    return pcm, marks
