# SPDX-License-Identifier: Apache-2.0
"""Small engines whose every request goes as a script says, for what wraps engines."""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.engines.kinds import EngineError, Mark, Prompt, Usage

PROMPT = Prompt('', (), (), 'hello?', datetime(2026, 1, 1, tzinfo=UTC))
RATE = 16_000
HANG = 'hang'
"""A step at which nothing comes any more."""

Step = object
"""What an engine gives, an exception that it raises, or HANG."""


def away(message: str = 'the service is away') -> EngineError:
    return EngineError(message, retryable=True)


class Scripted:
    """An engine; each request takes the next script, or the last one for ever."""

    def __init__(self, name: str, *scripts: Sequence[Step], opens: Sequence[Step] = ()) -> None:
        self.name = name
        self.scripts = deque(scripts)
        self.opens = deque(opens)
        self.requests = 0
        self.is_open = False
        self.under_way = 0
        self.begun = asyncio.Event()

    async def open(self) -> None:
        if self.opens:
            await play(self.opens.popleft())
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    def next(self) -> list[Step]:
        assert self.is_open
        self.requests += 1
        script = self.scripts.popleft() if len(self.scripts) > 1 else self.scripts[0]
        return list(script)

    async def steps(self) -> AsyncIterator[Step]:
        self.under_way += 1
        self.begun.set()
        try:
            for step in self.next():
                await play(step)
                yield step
        finally:
            self.under_way -= 1


async def play(step: Step) -> None:
    if isinstance(step, EngineError):
        raise copy.copy(step)  # the script's own would keep every frame that it went through
    if isinstance(step, BaseException):
        raise step
    if step is HANG:
        await asyncio.Event().wait()
    await asyncio.sleep(0)


class ScriptedResponder(Scripted):
    async def reply(
        self, prompt: Prompt, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncIterator[str]:
        async with aclosing(self.steps()) as steps:
            async for step in steps:
                yield str(step)


class ScriptedSynthesizer(Scripted):
    """Steps are audio, or marks that are told."""

    rate = RATE

    def __init__(self, name: str, *scripts: Sequence[Step], rate: int = RATE) -> None:
        super().__init__(name, *scripts)
        self.rate = rate
        self.spoken: list[str] = []

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: Callable[[Sequence[Mark]], None] | None = None,
    ) -> AsyncIterator[bytes]:
        self.spoken.append(text)
        async with aclosing(self.steps()) as steps:
            async for step in steps:
                if isinstance(step, Mark):
                    if on_marks is not None:
                        on_marks([step])
                else:
                    assert isinstance(step, bytes)
                    yield step


class ScriptedRecognizer(Scripted):
    """Steps are what pushes bring, and the last one what `finish` does."""

    def __init__(self, name: str, *scripts: Sequence[Step], rate: int = RATE) -> None:
        super().__init__(name, *scripts)
        self.rate = rate
        self.heard: list[bytes] = []
        """Of each recognition."""
        self.closed = 0

    def start(self) -> ScriptedRecognition:
        self.heard.append(b'')
        return ScriptedRecognition(self, self.next())


class ScriptedRecognition:
    def __init__(self, engine: ScriptedRecognizer, steps: list[Step]) -> None:
        self._engine = engine
        self._number = len(engine.heard) - 1
        *self._pushes, self._last = steps
        self._closed = False

    async def push(self, pcm: bytes) -> str:
        assert not self._closed
        step = self._pushes.pop(0) if self._pushes else ''
        await play(step)
        self._engine.heard[self._number] += pcm
        return str(step)

    async def finish(self) -> str:
        assert not self._closed
        await play(self._last)
        return str(self._last)

    async def close(self) -> None:
        self._engine.closed += not self._closed
        self._closed = True
