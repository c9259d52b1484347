# SPDX-License-Identifier: Apache-2.0
"""What the tests of realtime speech-to-text share."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from waiting import until

from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.recognizer import ElevenLabsRecognition, ElevenLabsRecognizer
from prot_ros.engines.elevenlabs.scribe_request import ScribeRequest
from prot_ros.engines.elevenlabs.scribe_sessions import Keeping
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Plan
from prot_ros.simulators.scribe import ScribeSimulator
from prot_ros.simulators.scribe_session import Habits

KEY = 'sk_planted_0123456789'
QUICK = Limits(connect_s=1.5, first_response_s=1.5, stall_s=1.0, retries=0)
IMPATIENT = Limits(connect_s=0.3, first_response_s=0.3, stall_s=0.3, retries=0)
"""Where a deadline is to be met."""
RATE = 16000
PIECE = 640
"""Bytes of 20 ms."""


def noise(seconds: float, seed: int = 0) -> bytes:
    """Return sound of which no part is like another."""
    return random.Random(seed).randbytes(int(seconds * RATE) * 2)


async def push(recognition: ElevenLabsRecognition, pcm: bytes) -> list[str]:
    """Push as the node does, and return what was understood on the way."""
    texts = []
    for at in range(0, len(pcm), PIECE):
        texts.append(await recognition.push(pcm[at : at + PIECE]))
        await asyncio.sleep(0)
    return texts


async def heard(recognizer: ElevenLabsRecognizer, pcm: bytes) -> str:
    """Return what is understood of a whole utterance."""
    recognition = recognizer.start()
    try:
        await push(recognition, pcm)
        return await recognition.finish()
    finally:
        await recognition.close()


@asynccontextmanager
async def service(
    texts: Sequence[str],
    plan: Plan | None = None,
    *,
    limits: Limits = QUICK,
    keeping: Keeping = Keeping(),
    habits: Habits = Habits(),
    wishes: Sequence[ScribeRequest] = (),
    key: str = KEY,
    refuses_in_handshake: bool = False,
) -> AsyncIterator[tuple[ScribeSimulator, ElevenLabsRecognizer]]:
    """A service and an open engine that uses it; in the end no socket may be left.

    The last of `wishes` is how to recognise, but for the URL.
    """
    async with ScribeSimulator(
        plan, texts=texts, key=KEY, habits=habits, refuses_in_handshake=refuses_in_handshake
    ) as sim:

        def wish() -> ScribeRequest:
            return replace(wishes[-1] if wishes else ScribeRequest(), url=sim.url)

        recognizer = ElevenLabsRecognizer(key, wish, limits, keeping)
        await recognizer.open()
        try:
            yield sim, recognizer
        finally:
            await recognizer.close()
            await until(lambda: not any(session.open for session in sim.sessions))


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it; in the end no task may be left."""

    async def watched() -> None:
        before = asyncio.all_tasks()
        async with asyncio.timeout(15):
            await scenario()
        left = asyncio.all_tasks() - before
        assert not left, left

    asyncio.run(watched())


FINAL = {
    'auth_error': 'ELEVENLABS_API_KEY',
    'quota_exceeded': 'credits',
    'unaccepted_terms': 'terms of use',
    'invalid_request': 'elevenlabs.model, language and keyterms',
    'input_error': 'elevenlabs.model',
    'chunk_size_exceeded': 'chunk',
}
"""Errors that a person must mend, and what the message speaks of."""
PATIENCE = ('rate_limited', 'queue_overflow', 'resource_exhausted')
AT_ONCE = ('session_time_limit_exceeded', 'transcriber_error', 'error')


async def refused(recognizer: ElevenLabsRecognizer, seconds: float = 1.0) -> EngineError:
    """Return what an utterance fails with."""
    with pytest.raises(EngineError) as caught:
        await heard(recognizer, noise(seconds))
    return caught.value


async def push_for_ever(
    recognition: ElevenLabsRecognition, piece_s: float, taken_s: list[float] | None = None
) -> None:
    while True:
        await recognition.push(noise(piece_s))
        await asyncio.sleep(0.001)
        if taken_s is not None:
            taken_s.append(piece_s)


@asynccontextmanager
async def engine(url: str, limits: Limits = QUICK) -> AsyncIterator[ElevenLabsRecognizer]:
    """Return an open engine for a service of the test's own."""
    recognizer = ElevenLabsRecognizer(KEY, lambda: ScribeRequest(url), limits)
    await recognizer.open()
    try:
        yield recognizer
    finally:
        await recognizer.close()
