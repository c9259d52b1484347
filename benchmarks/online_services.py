# SPDX-License-Identifier: Apache-2.0
"""The three online services in a process of their own, which say what is scripted, on time.

Nothing is recognised, thought or synthesised here, so that they cost next to nothing and their
delays are what they are set to. The process reads lines of JSON and answers each with one.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np

from prot_ros.engines import keys
from prot_ros.simulators.behaviour import Behaviour, Exchange
from prot_ros.simulators.claude import ClaudeSimulator, says
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.scribe import ScribeSimulator

KEY = 'simulated'
SERVICES = ('ears', 'mind', 'voice')
SPOKEN_MS = 60.0
"""Sound for each word of a reply."""
WORD_S, PIECE_S = 0.02, 0.05
"""Between two words of the mind, and between two pieces of a quarter of a second of the voice."""
COMPLETE = 6
"""With this piece of a reply, counted from 0, its first sentence is known to be over."""
SCRIPTED = 20_000
"""Turns."""


class Services:
    """A context manager; `parameters` and `environment` point the nodes at them."""

    def __init__(self) -> None:
        self.environment = dict.fromkeys((keys.ELEVENLABS, keys.ANTHROPIC), KEY)
        self.parameters: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Services:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            cwd=Path(__file__).resolve().parent.parent,
        )  # fmt: skip
        urls = self._ask({})
        self.parameters = {
            'stt': {'elevenlabs.url': urls['ears']},
            'tts': {'elevenlabs.url': urls['voice']},
            'dialog': {'base_url': urls['mind'], 'embedding.engine': 'local'},
        }
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate(timeout=10)  # it ends when nobody can ask any more

    def pace(self, delays_s: dict[str, float], spoken_ms: float = SPOKEN_MS) -> None:
        """Set how long each service thinks, in seconds, and the voice takes for a word.

        One that thinks for no time at all also has no pauses. The ears heed it from their next
        session on.
        """
        self._ask({'delays': delays_s, 'spoken_ms': spoken_ms})

    def exchanges(self) -> dict[str, list[Exchange]]:
        """Return those of each service since the last call."""
        told = self._ask({'exchanges': True})
        return {name: [Exchange(*times) for times in told[name]] for name in SERVICES}

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + '\n')
        return json.loads(self._process.stdout.readline())


class Noise:
    """Stands for a voice, as long as the text is."""

    def __init__(self) -> None:
        self.spoken_ms = SPOKEN_MS

    async def __call__(self, text: str, voice: str, rate: int) -> bytes:
        """Return PCM."""
        samples = int(rate * self.spoken_ms / 1000 * len(text.split()))
        noise = np.random.default_rng(len(text)).standard_normal(samples)
        return (noise * 1000).astype('<i2').tobytes()


def questions() -> Iterable[str]:
    """Yield what is understood; no two alike, as people do not say the same thing twice."""
    for number in range(SCRIPTED):
        yield f'{number} times, how are you?'


def replies() -> Iterable[str]:
    """Yield two sentences each time; no two alike, as a sentence is not asked for twice."""
    for number in range(SCRIPTED):
        yield f'This is reply {number} of many. And here number {number} ends already.'


async def serve() -> None:
    """Run the services until standard input ends."""
    async with AsyncExitStack() as held:
        ears = await held.enter_async_context(ScribeSimulator(texts=tuple(questions())))
        mind = await held.enter_async_context(ClaudeSimulator(key=KEY))
        noise = Noise()
        voice = await held.enter_async_context(ElevenLabsVoiceSimulator(key=KEY, speech=noise))
        mind.scripts.extend(map(says, replies()))
        plans = {'ears': ears.plan, 'mind': mind.plan, 'voice': voice.plan}
        while line := await asyncio.to_thread(sys.stdin.readline):
            request = json.loads(line)
            for name, seconds in request.get('delays', {}).items():
                piece_s = {'mind': WORD_S, 'voice': PIECE_S}.get(name, 0.0) if seconds else 0.0
                plans[name].rule = Behaviour(first_s=seconds, piece_s=piece_s)
            noise.spoken_ms = request.get('spoken_ms', noise.spoken_ms)
            books: dict[str, Sequence[Any]] = {
                'ears': [session.exchanges for session in ears.sessions],
                'mind': [mind.exchanges],
                'voice': [voice.ear.exchanges],
            }
            answer: dict[str, Any] = {'ears': ears.url, 'mind': mind.url, 'voice': voice.url}
            if 'exchanges' in request:
                answer = {name: taken(found) for name, found in books.items()}
            print(json.dumps(answer), flush=True)


def taken(books: Sequence[Any]) -> list[tuple[int, list[int], str]]:
    """Return what is in the books, and take it out of them."""
    found = sorted((one.asked, one.answered, one.words) for book in books for one in book)
    for book in books:
        book.clear()
    return found


if __name__ == '__main__':
    asyncio.run(serve())
