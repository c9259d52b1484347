# SPDX-License-Identifier: Apache-2.0
"""The conversation of `prot talk`: what is typed goes to `hear`, what happens is narrated."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack

from prot_ros import graph
from prot_ros.cli import request
from prot_ros.cli.failure import CommandError
from prot_ros.cli.narrator import FOLLOWED, MARGIN, Narrator
from prot_ros.cli.own_robot import OwnRobot
from prot_ros.cli.participant import Participant, participating
from prot_ros.cli.screen import Screen, printable
from prot_ros.cli.typed_lines import TypedLines
from prot_ros.core.wire import TEXT_LIMIT
from prot_ros.signals import ending_signals
from prot_ros.tenure import root_cause

LOOK_S = 7.0
"""How long a running robot is looked for. What its node is called is told again every 3 s;
two tellings may be lost before a second robot is started beside the first."""
READY_S = 90.0
"""A first initdb and a speech model on a small board."""


async def talk(
    namespace: str, ros_arguments: Sequence[str], inherit: Sequence[int], timeout_s: float
) -> int:
    """Talk until the input ends; return the exit code."""
    loop = asyncio.get_running_loop()
    current = asyncio.current_task()
    assert current is not None
    left_by: list[int] = []

    def leave(number: int) -> None:
        # Only the first: what follows is the release of what is held.
        if not left_by:
            left_by.append(number)
            current.cancel()

    for number in ending_signals():
        loop.add_signal_handler(number, leave, number)
    try:
        return await _talk(namespace, ros_arguments, inherit, timeout_s)
    except asyncio.CancelledError:
        if not left_by:
            raise
        print()
        return 0


async def _talk(
    namespace: str, ros_arguments: Sequence[str], inherit: Sequence[int], timeout_s: float
) -> int:
    typed = TypedLines(asyncio.get_running_loop())
    screen = Screen(sys.stdout, typing=typed.bottom if typed.interactive else None)
    async with AsyncExitStack() as stack:
        participant = await stack.enter_async_context(
            participating(namespace, follow=FOLLOWED, advertise=[graph.HEAR], diagnostics=True)
        )
        robot = await _join(participant, screen, stack, namespace, ros_arguments, inherit)
        conversation = _Conversation(participant, screen, typed, timeout_s)
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = [tasks.create_task(conversation.watch())]
                if robot is not None:
                    watching.append(tasks.create_task(robot.outlive()))
                await conversation.hold()
                for task in watching:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise root_cause(group) from None
    return 0


async def _join(
    participant: Participant,
    screen: Screen,
    stack: AsyncExitStack,
    namespace: str,
    ros_arguments: Sequence[str],
    inherit: Sequence[int],
) -> OwnRobot | None:
    """Find the robot, or bring up one of our own, which is returned then."""
    found = await participant.found(graph.HEAR, LOOK_S)
    if found or participant.exists():
        if '--params-file' in ros_arguments:
            raise CommandError(
                'a robot is running already; parameters can only be given to one that is started '
                'here. Leave them away, or take another --namespace'
            )
        if not found:
            screen.line(f'The robot in /{namespace} is not ready; waiting for it.')
            if not await participant.found(graph.HEAR, READY_S):
                raise CommandError(participant.nobody_there())
        screen.line(f'Talking with the robot in /{namespace}.')
        return None
    screen.line(f'No robot is running in /{namespace}; starting one for this conversation ...')
    robot = await stack.enter_async_context(OwnRobot(ros_arguments, inherit))
    await robot.ready(participant, READY_S)
    mic = robot.engine_of('mic')
    if mic in ('', 'none'):
        screen.line('It is ready. There is no microphone: type.')
    else:
        screen.line(f'It is ready. Speak (microphone: {mic}) or type.')
    return robot


class _Conversation:
    """Lines in, narration out."""

    def __init__(
        self, participant: Participant, screen: Screen, typed: TypedLines, timeout_s: float
    ) -> None:
        self._participant = participant
        self._screen = screen
        self._typed = typed
        self._timeout_s = timeout_s
        self._echoed: deque[str] = deque(maxlen=16)
        """Typed lines, which the terminal has shown already."""
        self._awaited = ''
        self._answered = asyncio.Event()

    async def watch(self) -> None:
        """Narrate what happens, until cancelled."""
        narrator = Narrator(self._screen, heard=self._words_heard)
        async for seen in self._participant.events:
            narrator.see(seen)
            is_report = seen.topic == graph.TURN.name and self._awaited
            if is_report and request.is_about(seen.value, graph.HEAR, self._awaited):
                self._awaited = ''
                self._answered.set()

    def _words_heard(self, text: str) -> str | None:
        if text in self._echoed:
            self._echoed.remove(text)
            return None
        name = 'You:'.ljust(len(MARGIN))
        return self._screen.style('user', name) + printable(text)

    async def hold(self) -> None:
        """Say line after line, until there are no more."""
        async for line in self._typed.lines():
            text = line.strip()[:TEXT_LIMIT]
            if not text:
                continue
            if self._typed.interactive:
                self._echoed.append(text)
            else:
                self._awaited = text
                self._answered.clear()
            await self._participant.reach(graph.HEAR)
            self._participant.publish(graph.HEAR, text)
            if not self._typed.interactive:
                await self._reply_to(text)

    async def _reply_to(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._answered.wait()
        except TimeoutError:
            raise CommandError(
                f'the reply to {text[:60]!r} did not end within {self._timeout_s:g} s'
            ) from None
