# SPDX-License-Identifier: Apache-2.0
"""The whole graph as processes, as `ros2 launch` runs it, with a voice to speak to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from domains import Domain
from observer import Observer

from prot_ros import graph

SHUTDOWN_S = 5.0
"""What the project promises: every process has ended this long after SIGINT or SIGTERM."""


class RunningGraph:
    """Starts prot, one process for each node or one for all, and ends it."""

    def __init__(
        self,
        folder: Path,
        parameters: dict[str, dict[str, Any]] | None = None,
        *,
        composed: bool = False,
        environment: dict[str, str] | None = None,
        observed: Collection[graph.Topic] = graph.TOPICS,
    ) -> None:
        self.folder = folder
        self.pipe = folder / 'microphone'
        self.domain = Domain()
        self.environment = {**self.domain.environment, **(environment or {})}
        self.composed = composed
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.observer = Observer(self.domain.id, topics=observed)
        self._parameters = {
            'mic': {'engine': 'pipe', 'file': str(self.pipe)},
            'speaker': {'engine': 'null'},
            'dialog': {'database': 'none'},
        }
        for name, values in (parameters or {}).items():
            self._parameters.setdefault(name, {}).update(values)

    def __enter__(self) -> RunningGraph:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def parameter_file(self) -> Path:
        """The parameters as a file that ROS reads."""
        path = self.folder / 'parameters.yaml'
        sections = {
            f'/**/{name}': {'ros__parameters': values} for name, values in self._parameters.items()
        }
        # At once: a node that is starting may be reading it.
        whole = path.with_suffix('.new')
        whole.write_text(yaml.safe_dump(sections))
        return whole.replace(path)

    def start(self) -> None:
        """Start every process; return when all nodes are active."""
        names = ['composed'] if self.composed else [spec.name for spec in graph.ALL_NODES]
        for name in names:
            self.start_process(name)
        self.wait_active()

    def start_process(self, name: str) -> subprocess.Popen[bytes]:
        """Start one executable, its output into a file of its own."""
        log = (self.folder / f'{name}.log').open('ab')
        command = [
            sys.executable, '-m', 'prot_ros.run', name,
            '--ros-args', '-r', f'__ns:=/{graph.NAMESPACE}', '--params-file',
            str(self.parameter_file),
        ]  # fmt: skip
        with log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment
            )
        self.processes[name] = process
        return process

    def wait_active(self, within: float = 90.0) -> None:
        """Wait until every node says that it is active."""
        wanted = {spec.name: 'active' for spec in graph.ALL_NODES}

        def all_active() -> bool:
            states = self.observer.node_states()
            for name, process in self.processes.items():
                assert process.poll() is None, f'{name} ended:\n{self.log(name)}'
            return {name: states.get(name) for name in wanted} == wanted

        try:
            self.observer.wait_for(all_active, within=within, what='all nodes active')
        except AssertionError as err:
            logs = '\n'.join(self.log(name) for name in self.processes)
            raise AssertionError(f'{self.observer.node_states()}\n{err}\n{logs}') from None

    def log(self, name: str) -> str:
        """Return what a process has printed."""
        return (self.folder / f'{name}.log').read_text(errors='replace')

    def speak(self, pcm: bytes) -> threading.Thread:
        """Say something into the microphone, in real time; return the thread that does."""

        def write() -> None:
            # The robot may end while somebody speaks to it.
            with contextlib.suppress(BrokenPipeError), self.pipe.open('wb', buffering=0) as pipe:
                left = memoryview(pcm)
                while left:
                    left = left[pipe.write(left) :]

        thread = threading.Thread(target=write, name='user')
        thread.start()
        return thread

    def stop(self, sig: int = signal.SIGINT) -> dict[str, int]:
        """Send every process a signal; return the exit codes; fail when one takes too long."""
        began = time.monotonic()
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(sig)
        codes: dict[str, int] = {}
        for name, process in self.processes.items():
            left = SHUTDOWN_S - (time.monotonic() - began)
            try:
                codes[name] = process.wait(max(0.0, left))
            except subprocess.TimeoutExpired:
                raise AssertionError(
                    f'{name} has not ended {SHUTDOWN_S:g} s after signal {sig}:\n{self.log(name)}'
                ) from None
        return codes

    def close(self) -> None:
        """End what is left, by force where it must be."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            try:
                process.wait(SHUTDOWN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.observer.close()
        self.domain.close()


def synthesise(text: str, voice: str = 'rms', rate: int = 16000) -> bytes:
    """Return a sentence in a user's voice as S16 mono PCM, with a little silence around it."""
    with open(os.devnull, 'rb') as nothing:
        made = subprocess.run(
            ['flite', '-voice', voice, '-t', text, '-o', '/dev/stdout'],
            stdin=nothing, capture_output=True, check=True, timeout=30,
        )  # fmt: skip
    at = made.stdout.index(b'data') + 8
    silence = bytes(2 * rate // 5)
    pcm = made.stdout[at:]
    return silence + pcm[: len(pcm) // 2 * 2] + silence
