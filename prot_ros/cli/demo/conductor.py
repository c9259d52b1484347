# SPDX-License-Identifier: Apache-2.0
"""Lets the user say line after line, each when it is her turn, or in the middle of the robot's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prot_ros.cli.demo import voice
from prot_ros.cli.demo.course import Exchange
from prot_ros.cli.demo.evidence import Evidence, WaitFailedError
from prot_ros.cli.demo.script import Line
from prot_ros.cli.readiness import all_active
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.wire import TurnReport

PAUSE_S = 0.7
"""Between the robot's last word and the user's first, as between people who are polite."""
INTERRUPT_AFTER_MS = 5000.0
"""Past what is said before the story itself."""
ACTIVE_S = 60.0
REPLY_S = 30.0
"""From the user's last word to the end of the reply; the longest takes a third of it."""
AUDIBLE_S = 20.0
DATED_BEFORE = 500 * MILLISECOND
"""A busy machine takes sound up late and dates it by when it should have been taken up. Less than
PAUSE_S, so that nothing from before a line is taken for its own."""
IDLE = 'idle'


class Conductor:
    """Runs the script."""

    def __init__(self, evidence: Evidence, pipe: Path, say: Callable[[Line], None]) -> None:
        """`say` is told each line as it is begun to be spoken."""
        self._evidence = evidence
        self._pipe = pipe
        self._say = say

    async def wait_active(self) -> None:
        """Wait until every node is active."""
        nodes = self._evidence.nodes
        try:
            await self._evidence.until(
                lambda: all_active(nodes), ACTIVE_S, 'waiting until all nodes are active'
            )
        except WaitFailedError as err:
            states = (f'{name} {node.state}' for name, node in nodes.items())
            raise WaitFailedError(f'{err}; {", ".join(states) or "none was seen"}') from None

    async def converse(self, lines: Sequence[tuple[Line, bytes]]) -> None:
        """Say all lines; raise WaitFailedError when the conversation gets stuck."""
        for line, pcm in lines:
            await self._exchange(line, pcm)

    async def _exchange(self, line: Line, pcm: bytes) -> None:
        await self._wait_for_turn(line)
        exchange = Exchange(line, Stamp(time.time_ns() - DATED_BEFORE))
        self._evidence.exchanges.append(exchange)
        self._say(line)
        await voice.speak(pcm, self._pipe)
        if not line.cut_short:
            await self._wait_for_reply(exchange)

    async def _wait_for_turn(self, line: Line) -> None:
        evidence = self._evidence
        if not line.interrupts:
            await evidence.until(lambda: evidence.state == IDLE, REPLY_S, 'waiting for silence')
            await asyncio.sleep(PAUSE_S)
            return
        before = evidence.exchanges[-1]
        await evidence.until(
            lambda: evidence.played_ms(before.since) >= INTERRUPT_AFTER_MS,
            AUDIBLE_S,
            f'waiting until the reply to {before.line.text!r} has been audible for '
            f'{INTERRUPT_AFTER_MS / 1000:g} s',
        )

    async def _wait_for_reply(self, exchange: Exchange) -> None:
        evidence = self._evidence

        def answered() -> TurnReport | None:
            report = exchange.report
            # A pause within the line makes two utterances; the first one's turn is cut then.
            done = report is not None and report.cut is None and evidence.state == IDLE
            return report if done else None

        await evidence.until(
            answered, REPLY_S, f'waiting for the end of the reply to {exchange.line.text!r}'
        )
