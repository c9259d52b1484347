# SPDX-License-Identifier: Apache-2.0
"""Asking the robot for one turn from a terminal, and following that turn to its end."""

from __future__ import annotations

import asyncio
import sys

from prot_ros import graph
from prot_ros.cli.failure import CommandError
from prot_ros.cli.participant import Participant, participating
from prot_ros.cli.screen import printable
from prot_ros.core.wire import Announcement, TurnReport


async def make(
    topic: graph.Topic,
    asked: str | Announcement,
    namespace: str,
    wait: bool,
    timeout_s: float,
) -> int:
    """Send it on `say`, `announce` or `hear`; with `wait`, print what was heard of the reply.

    Returns the exit code: 1 when the reply failed. Raises CommandError when nobody is there or
    no reply ends in time.
    """
    follow = [graph.TURN] if wait else []
    async with participating(namespace, follow=follow, advertise=[topic]) as participant:
        await participant.reach(topic)
        participant.publish(topic, asked)
        if not wait:
            await participant.acknowledged(topic)
            return 0
        try:
            async with asyncio.timeout(timeout_s):
                text = asked if isinstance(asked, str) else asked.text
                report = await report_on(participant, topic, text)
        except TimeoutError:
            raise CommandError(f'the reply did not end within {timeout_s:g} s') from None
    return show(report)


async def report_on(participant: Participant, topic: graph.Topic, text: str) -> TurnReport:
    """Wait for the report on the turn that a request began."""
    async for seen in participant.events:
        if seen.topic == graph.TURN.name and is_about(seen.value, topic, text):
            return seen.value  # type: ignore[no-any-return]
    raise AssertionError('a mailbox never ends')


def is_about(report: TurnReport, topic: graph.Topic, text: str) -> bool:
    """Tell whether a report is on the turn of this request.

    The turn's name is the time at which the robot took it, which nobody else knows. What the user
    said before and got no answer to is put before the text.
    """
    return report.source == topic.name and report.utterance.endswith(text.strip())


def show(report: TurnReport) -> int:
    """Print what was heard, and on stderr why it was not all; return the exit code."""
    if report.heard:
        print(printable(report.heard))
    if report.failure is not None:
        print(f'error: the turn failed: {printable(report.failure)}', file=sys.stderr)
        return 1
    if report.cut is not None:
        print(f'(interrupted by {printable(report.cut)})', file=sys.stderr)
    return 0
