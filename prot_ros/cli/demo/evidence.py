# SPDX-License-Identifier: Apache-2.0
"""Watches the demo's conversation: keeps what is seen, and wakes whoever waits for something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from prot_ros import graph
from prot_ros.cli.demo.course import Course, Exchange, Noticed, PlaybackSeen
from prot_ros.cli.failure import CommandError
from prot_ros.cli.participant import NodeReport, Seen
from prot_ros.core.stamps import Stamp

T = TypeVar('T')

FOLLOWED = (
    graph.MIC_AUDIO, graph.INTERRUPT, graph.TRANSCRIPT, graph.SPEECH_AUDIO, graph.PLAYBACK,
    graph.STATE, graph.TURN,
)  # fmt: skip
"""What the evidence consists of."""


class WaitFailedError(CommandError):
    """Something did not happen in time."""


class Evidence(Course):
    """Takes what is seen; whoever waits for something is woken."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ''
        self.nodes: dict[str, NodeReport] = {}
        self._changed = asyncio.Event()

    def see(self, seen: Seen) -> None:
        """Take one message of a topic."""
        value = seen.value
        if seen.topic == graph.MIC_AUDIO.name:
            self.user_audio.append(value)
            return  # nobody waits for one of fifty a second
        if seen.topic == graph.SPEECH_AUDIO.name:
            self.robot_audio.append(value)
        elif seen.topic == graph.INTERRUPT.name:
            self.interrupts.append(Noticed(seen.at, value))
        elif seen.topic == graph.PLAYBACK.name:
            self.playback.append(PlaybackSeen(seen.at, value))
        elif seen.topic == graph.STATE.name:
            self.state = value
        elif seen.topic == graph.TRANSCRIPT.name:
            self._exchange_of(value.turn, lambda one: one.transcripts.append(value))
        elif seen.topic == graph.TURN.name:
            self._exchange_of(value.turn, lambda one: one.reports.append(value))
        self._changed.set()

    def see_node(self, report: NodeReport) -> None:
        """Take a node's diagnostics."""
        self.nodes[report.name] = report
        self._changed.set()

    def _exchange_of(self, turn: Stamp, note: Callable[[Exchange], None]) -> None:
        for exchange in reversed(self.exchanges):
            if exchange.since <= turn:
                note(exchange)
                return

    def played_ms(self, since: Stamp) -> float:
        """Return how much of the latest reply to a turn from `since` on has been heard."""
        reports = [seen.report for seen in self.playback if seen.report.turn >= since]
        return reports[-1].turn_played_ms if reports else 0.0

    async def until(self, condition: Callable[[], T], deadline_s: float, what: str) -> T:
        """Wait until the condition returns something true, and return that.

        Raises WaitFailedError, saying what was waited for and how things stand.
        """
        try:
            async with asyncio.timeout(deadline_s):
                while not (result := condition()):
                    self._changed.clear()
                    await self._changed.wait()
                return result
        except TimeoutError:
            raise WaitFailedError(
                f'{what}: not within {deadline_s:g} s (state: {self.state or "unknown"})'
            ) from None
