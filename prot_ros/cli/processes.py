# SPDX-License-Identifier: Apache-2.0
"""The nodes as children of this process, one each or all in one: started, watched, ended."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from prot_ros import graph
from prot_ros.run import COMPOSED
from prot_ros.signals import ending_signals

MANAGER_S = 12.0
"""For the manager to take all nodes down in reverse, while their processes still answer."""
NODE_S = 6.0
"""For the others after that. Each promises 5 s."""
KILL_S = 5.0
"""For the kernel to end a killed process that writes to a slow disk."""
ONE_EACH = tuple(spec.name for spec in graph.ALL_NODES)
KILLED = 'had to be killed'


class NodeProcesses:
    """The processes of the graph. Used as `async with`: whatever is alive at the end is ended.

    Children are in process groups of their own, so that the terminal's Ctrl-C reaches only this
    process, which then takes them down in order; and the kernel ends them if this process is
    killed.
    """

    def __init__(
        self,
        ros_arguments: Sequence[str],
        *,
        inherit: Sequence[int] = (),
        executables: Sequence[str] = ONE_EACH,
        environment: Mapping[str, str] | None = None,
        log_folder: Path | None = None,
    ) -> None:
        """Prepare; `log_folder` takes each one's output as `NAME.log`, else it is ours."""
        self.alive: dict[str, asyncio.subprocess.Process] = {}
        self.codes: dict[str, int] = {}
        """Exit codes of those that have ended; negative for a signal."""
        self.killed: list[str] = []
        """Those that had to be killed."""
        self._executables = executables
        self._arguments = list(ros_arguments)
        self._inherit = tuple(inherit)
        self._environment = dict(os.environ if environment is None else environment)
        self._log_folder = log_folder

    async def __aenter__(self) -> NodeProcesses:
        try:
            for name in self._executables:
                await self._start(name)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _start(self, name: str) -> None:
        command = [sys.executable, '-m', 'prot_ros.run', name, *self._arguments]
        setpriv = shutil.which('setpriv')
        if setpriv is not None:
            command = [setpriv, '--pdeathsig', 'INT', '--', *command]
        log = (
            os.open(self.log_path(name), os.O_WRONLY | os.O_CREAT, 0o644)
            if self._log_folder
            else None
        )
        try:
            self.alive[name] = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                pass_fds=self._inherit,
                process_group=0,
            )
        finally:
            if log is not None:
                os.close(log)

    def log_path(self, name: str) -> Path:
        """Return where a node's output goes, when there is a log folder."""
        assert self._log_folder is not None
        return self._log_folder / f'{name}.log'

    async def next_end(self) -> tuple[str, int]:
        """Wait until one of them ends; return its name and exit code."""
        waits = {
            asyncio.create_task(process.wait(), name=name) for name, process in self.alive.items()
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            first = next(iter(done))
            self._ended(first.get_name(), first.result())
            return first.get_name(), first.result()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)

    async def stop(self) -> None:
        """End all: the manager first, which takes the others down in reverse; then these.

        Afterwards none is alive, and `codes` has each one's exit code. Not cut short by a
        cancellation: what is under way has deadlines of its own.
        """
        ending = asyncio.ensure_future(self._stop())
        cancelled = False
        while not ending.done():
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                cancelled = True
        ending.result()
        if cancelled:
            raise asyncio.CancelledError

    async def _stop(self) -> None:
        first = [name for name in self.alive if name in (graph.MANAGER.name, COMPOSED)]
        await self._end(first, MANAGER_S)
        await self._end(list(self.alive), NODE_S)

    async def _end(self, names: Sequence[str], deadline_s: float) -> None:
        processes = {name: self.alive[name] for name in names}
        if not processes:
            return
        _signal(processes, signal.SIGINT)
        if not await _all_ended(processes, deadline_s):
            late = {n: p for n, p in processes.items() if p.returncode is None}
            self.killed += late
            _signal(late, signal.SIGKILL)
            await _all_ended(late, KILL_S)
        for name, process in processes.items():
            if process.returncode is not None:
                self._ended(name, process.returncode)

    def _ended(self, name: str, code: int) -> None:
        self.codes[name] = code
        self.alive.pop(name, None)

    def complaints(self) -> list[str]:
        """Return how each process ended that did not end as it should, in words."""
        words = [f'{name} {KILLED}' for name in self.killed]
        for name, code in self.codes.items():
            if code != 0 and name not in self.killed:
                words.append(f'{name} ended {describe(code)}')
        return words


async def serve(ros_arguments: Sequence[str], inherit: Sequence[int]) -> int:
    """Run a process for each node until a signal ends it; return the exit code for them all."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        # A second signal changes nothing: the end is under way and has its own deadlines.
        loop.add_signal_handler(number, stop.set)
    async with NodeProcesses(ros_arguments, inherit=inherit) as processes:
        await _watch(processes, stop)
    for words in processes.complaints():
        print(f'error: {words}', file=sys.stderr)
    # A parameter that a node refuses is bad input here as it is there.
    if 2 in processes.codes.values():
        return 2
    return 1 if processes.complaints() else 0


async def _watch(processes: NodeProcesses, stop: asyncio.Event) -> None:
    """Say which process ends; return at `stop`, or when the rest would run in vain."""
    stopped = asyncio.create_task(stop.wait())
    try:
        while processes.alive and not stopped.done():
            end = asyncio.create_task(processes.next_end())
            await asyncio.wait({end, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not end.done():
                end.cancel()
                await asyncio.wait({end})
                return
            name, code = end.result()
            print(f'prot: the process of {name} ended {describe(code)}', file=sys.stderr)
            if code == 2:
                return
    finally:
        stopped.cancel()
        await asyncio.wait({stopped})


def describe(code: int) -> str:
    """Return an exit code in words."""
    if code >= 0:
        return f'with exit code {code}'
    try:
        return f'by {signal.Signals(-code).name}'
    except ValueError:
        return f'by signal {-code}'


def _signal(processes: Mapping[str, asyncio.subprocess.Process], number: int) -> None:
    for process in processes.values():
        if process.returncode is None:
            process.send_signal(number)


async def _all_ended(
    processes: Mapping[str, asyncio.subprocess.Process], deadline_s: float
) -> bool:
    if not processes:
        return True
    waits = [asyncio.ensure_future(process.wait()) for process in processes.values()]
    try:
        _, pending = await asyncio.wait(waits, timeout=deadline_s)
        return not pending
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
