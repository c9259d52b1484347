# SPDX-License-Identifier: Apache-2.0
"""What somebody says to a recogniser, and what the recogniser makes of it."""

from __future__ import annotations

import struct
import subprocess
from functools import cache

from prot_ros.engines.kinds import Recognizer

RATE = 16000
CHUNK = 640
"""Bytes of 20 ms."""


@cache
def spoken(sentence: str, voice: str = 'rms') -> bytes:
    """As the vad would hand it over: some silence before and after."""
    made = subprocess.run(
        ['flite', '-voice', voice, '-t', sentence, '-o', '/dev/stdout'],
        stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    at = made.stdout.index(b'data') + 8
    (rate,) = struct.unpack_from('<I', made.stdout, 24)
    assert rate == RATE
    return bytes(2 * RATE * 3 // 10) + made.stdout[at:] + bytes(2 * RATE // 2)


async def hear(recognizer: Recognizer, pcm: bytes) -> tuple[str, list[str]]:
    """Return what was understood, and the hypotheses on the way."""
    recognition = recognizer.start()
    partials = [await recognition.push(pcm[at : at + CHUNK]) for at in range(0, len(pcm), CHUNK)]
    text = await recognition.finish()
    await recognition.close()
    return text, partials


async def heard(recognizer: Recognizer, pcm: bytes) -> str:
    """Return what was understood."""
    return (await hear(recognizer, pcm))[0]
