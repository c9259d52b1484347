# SPDX-License-Identifier: Apache-2.0
"""Small nodes with one trouble each, on the real ProtNode."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from prot_ros import graph
from prot_ros.core.turns import Interrupt
from prot_ros.engines.kinds import EngineError
from prot_ros.node import ProtNode
from prot_ros.params import param


@dataclass(frozen=True)
class Params:
    """Parameters of a small node."""

    greeting: str = param('hello', 'What it says to each line')
    lines: int = param(8, 'How many lines may wait', ge=1, le=1000)


class Small(ProtNode[Params]):
    """Answers each line of `hear` on `heard`, and writes down what happens to it."""

    params_class = Params
    diary: ClassVar[list[str]] = []
    """Of all nodes of a test, in the order of events; cleared by the test's `diary` fixture."""

    def note(self, what: str) -> None:
        self.diary.append(f'{self.get_name()} {what}')

    def declare(self) -> None:
        self.lines = self.mailbox(graph.HEAR, self.params.lines)
        self.publisher(graph.HEARD)
        self.taken: list[str] = []
        self.interrupts: list[Interrupt] = []

    async def open(self, stack: AsyncExitStack) -> None:
        self.note('opens')
        stack.callback(self.note, 'closes')

    async def start(self, stack: AsyncExitStack) -> None:
        self.note('starts')
        stack.callback(self.note, 'stops')

    async def run(self) -> None:
        try:
            async for line in self.lines:
                self.taken.append(line)
                self.publish(graph.HEARD, f'{self.params.greeting} {line}')
        finally:
            self.note('ends')

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        self.interrupts.append(interrupt)


class CannotOpen(Small):
    """Its engine fails after it has taken something."""

    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        raise EngineError("there is no device 'hw:7'; connect it, or name another one")


class CannotStart(Small):
    async def start(self, stack: AsyncExitStack) -> None:
        await super().start(stack)
        raise EngineError('the device is busy; close the program that holds it')


class OpensAtSecondTry(Small):
    tries = 0

    async def open(self, stack: AsyncExitStack) -> None:
        self.tries += 1
        await super().open(stack)
        if self.tries == 1:
            raise EngineError('not yet')


class OpensSlowly(Small):
    """Until its gate is opened."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.gate_opens = asyncio.Event()

    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        await self.gate_opens.wait()


class CannotStop(Small):
    """Its engine raises when it is closed."""

    async def start(self, stack: AsyncExitStack) -> None:
        stack.callback(self._cannot_close)
        await super().start(stack)

    def _cannot_close(self) -> None:
        raise EngineError('the sound server does not answer')


class HangsWhenStopped(Small):
    """Something does not let go until its gate is opened, whatever is asked."""

    async def start(self, stack: AsyncExitStack) -> None:
        await super().start(stack)
        self.gate_opens = asyncio.Event()
        stack.push_async_callback(self._hang)

    async def _hang(self) -> None:
        while not self.gate_opens.is_set():
            try:
                await self.gate_opens.wait()
            except asyncio.CancelledError:
                self.note('refuses to let go')


class Dies(Small):
    """Its work ends with an error when it hears `die`."""

    async def run(self) -> None:
        async for line in self.lines:
            if line == 'die':
                raise EngineError('the device was unplugged')

    async def refuse(self, stack: AsyncExitStack) -> None:
        """Stands for `open` once the device is unplugged for good."""
        raise EngineError('there is no device any more')


class LastWords(Small):
    async def run(self) -> None:
        try:
            await super().run()
        finally:
            self.publish(graph.HEARD, 'goodbye')


class Busy(Small):
    """Takes a line and never gets done with it."""

    async def run(self) -> None:
        async for line in self.lines:
            self.taken.append(line)
            await asyncio.Event().wait()
