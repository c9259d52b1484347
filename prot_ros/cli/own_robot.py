# SPDX-License-Identifier: Apache-2.0
"""A robot for one conversation: all nodes in one child process, gone when the block ends."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from prot_ros.cli.failure import CommandError
from prot_ros.cli.participant import NodeReport, Participant
from prot_ros.cli.processes import NodeProcesses, describe
from prot_ros.cli.readiness import all_active
from prot_ros.run import COMPOSED

TAIL_LINES = 12


class OwnRobot:
    """Starts `composed` as a child; its log is shown only if it fails."""

    def __init__(self, ros_arguments: Sequence[str], inherit: Sequence[int]) -> None:
        self._arguments = ros_arguments
        self._inherit = inherit
        self._nodes: dict[str, NodeReport] = {}
        self._stack = AsyncExitStack()
        self._processes: NodeProcesses

    async def __aenter__(self) -> OwnRobot:
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='prot-talk-'))
            processes = NodeProcesses(
                self._arguments,
                inherit=self._inherit,
                executables=(COMPOSED,),
                log_folder=Path(folder),
            )
            self._processes = await stack.enter_async_context(processes)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        for words in self._processes.complaints():
            print(f'the robot: {words}', file=sys.stderr)

    async def ready(self, participant: Participant, deadline_s: float) -> None:
        """Wait until all nodes are active; CommandError, with the log's end, if they are not."""
        ended = asyncio.create_task(self._processes.next_end())
        active = asyncio.create_task(self._all_active(participant))
        try:
            await asyncio.wait(
                {ended, active}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not active.done():
                what = 'ended' if ended.done() else f'was not ready within {deadline_s:g} s'
                raise CommandError(f'the robot {what}; the end of its log:\n{self._tail()}')
            active.result()
        finally:
            for task in (ended, active):
                task.cancel()
            await asyncio.wait({ended, active})

    async def outlive(self) -> None:
        """Raise CommandError when the robot ends before it is told to."""
        _, code = await self._processes.next_end()
        raise CommandError(
            f'the robot ended {describe(code)}; the end of its log:\n{self._tail()}'
        )

    async def _all_active(self, participant: Participant) -> None:
        async for report in participant.reports:
            self._nodes[report.name] = report
            if all_active(self._nodes):
                return

    def engine_of(self, node: str) -> str:
        """Return which engine a node uses, as its diagnostics say; '' when they do not."""
        return self._nodes[node].values.get('engine', '') if node in self._nodes else ''

    def _tail(self) -> str:
        lines = (
            self._processes.log_path(COMPOSED)
            .read_text(errors='replace')
            .splitlines()[-TAIL_LINES:]
        )
        return '\n'.join(f'  {line}' for line in lines)
