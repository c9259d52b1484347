# SPDX-License-Identifier: Apache-2.0
"""The manager where nodes are processes, which come and go as they like."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nothing_left
import pytest
from domains import Domain

from prot_ros import graph, run

PROGRAM = Path(__file__).with_name('small_graph.py')
NODES = ('first', 'second', 'third')
ALL = (*NODES, graph.MANAGER.name)
LISTENING = 'prot is listening'


class Processes:
    """A small graph of processes, and what they print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.domain = Domain()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, **parameters: object) -> None:
        """Start a process for each name; its log begins anew."""
        for name in names:
            settings = [w for key, value in parameters.items() for w in ('-p', f'{key}:={value}')]
            with (self.folder / f'{name}.log').open('wb') as log:
                self.running[name] = subprocess.Popen(
                    [
                        sys.executable, str(PROGRAM), *NODES, '--', name,
                        '--ros-args', '-r', '__ns:=/prot', *settings,
                    ],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.domain.environment,
                )  # fmt: skip

    def log(self, name: str) -> str:
        return (self.folder / f'{name}.log').read_text()

    def logs(self) -> str:
        return '\n'.join(self.log(name) for name in self.running)

    def wait_for(self, text: str, *, of: str = 'manager', within: float = 40.0) -> None:
        deadline = time.monotonic() + within
        while text not in self.log(of):
            assert time.monotonic() < deadline, f'no {text!r} of {of}:\n{self.logs()}'
            assert self.running[of].poll() is None, f'{of} ended:\n{self.logs()}'
            time.sleep(0.02)

    def signal(self, number: int, *names: str) -> None:
        for name in names or self.running:
            self.running[name].send_signal(number)

    def ends(self, *names: str, within: float = 5.0) -> dict[str, int]:
        """Wait for processes to end; return their exit codes."""
        deadline = time.monotonic() + within
        codes = {}
        for name in names or tuple(self.running):
            process = self.running.pop(name)
            try:
                codes[name] = process.wait(max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(
                    f'{name} lives after {within:g} s:\n{self.log(name)}'
                ) from None
        return codes

    def transitions(self, name: str, verb: str = '') -> list[str]:
        """Return in order who did what, from one process's log."""
        found = re.findall(r'\[prot\.(\w+)\]: (\w+ing(?: \w+)?)$', self.log(name), re.MULTILINE)
        return [f'{node} {what}' for node, what in found if what.startswith(verb)]

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()
        self.domain.close()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    before = nothing_left.things()
    made = Processes(tmp_path)
    try:
        yield made
    finally:
        made.close()
        # What is killed, as some tests do, cannot tidy up after itself.
        for thing in nothing_left.things() - before:
            if thing.startswith('/dev/shm/') and not nothing_left.held(thing):
                Path(thing).unlink(missing_ok=True)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a22_one_process_with_all_nodes_takes_them_down_in_order_and_ends(processes, number):
    processes.start(run.COMPOSED)
    processes.wait_for(LISTENING, of=run.COMPOSED)
    processes.signal(number)
    assert processes.ends() == {run.COMPOSED: 0}
    assert processes.transitions(run.COMPOSED)[8:] == [
        'third Deactivating', 'second Deactivating', 'first Deactivating',
        'third Cleaning up', 'second Cleaning up', 'first Cleaning up',
        'manager Shutting down', 'third Shutting down', 'second Shutting down',
        'first Shutting down',
    ]  # fmt: skip
    for trouble in ('ERROR', 'WARN', 'Traceback'):
        assert trouble not in processes.log(run.COMPOSED)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a22_processes_that_all_get_the_signal_end_without_noise_or_delay(processes, number):
    processes.start(*ALL)
    processes.wait_for(LISTENING)
    logs = {name: (processes.folder / f'{name}.log') for name in ALL}
    began = time.monotonic()
    processes.signal(number)
    assert processes.ends() == dict.fromkeys(ALL, 0)
    assert time.monotonic() - began < 2.5  # nobody waits for who has left
    said = '\n'.join(path.read_text() for path in logs.values())
    for trouble in ('ERROR', 'WARN', 'Traceback', 'Unable to start'):
        assert trouble not in said, said


def test_a_signal_before_the_nodes_are_there_ends_the_manager_at_once(processes):
    processes.start('manager')
    processes.wait_for('Activating')
    processes.signal(signal.SIGINT)
    assert processes.ends(within=3.0) == {'manager': 0}


def test_the_manager_takes_the_others_down_when_it_alone_ends_and_a_new_one_brings_them_up(
    processes,
):
    processes.start(*ALL)
    processes.wait_for(LISTENING)
    processes.signal(signal.SIGTERM, 'manager')
    assert processes.ends('manager') == {'manager': 0}
    for name in NODES:
        assert processes.transitions(name) == [
            f'{name} {what}'
            for what in ('Configuring', 'Activating', 'Deactivating', 'Cleaning up')
        ]
    processes.start('manager')
    processes.wait_for(LISTENING)


def test_a_killed_manager_is_replaced_without_a_break(processes):
    processes.start(*ALL)
    processes.wait_for(LISTENING)
    processes.signal(signal.SIGKILL, 'manager')
    assert processes.ends('manager') == {'manager': -signal.SIGKILL}
    processes.start('manager')
    processes.wait_for(LISTENING)
    for name in NODES:
        assert processes.transitions(name) == [f'{name} Configuring', f'{name} Activating']


def test_a_killed_node_that_is_started_again_is_brought_back_alone(processes):
    processes.start(*ALL)
    processes.wait_for(LISTENING)
    processes.signal(signal.SIGKILL, 'second')
    processes.ends('second')
    processes.start('second')
    processes.wait_for('second is back (', within=30)
    assert processes.transitions('second') == ['second Configuring', 'second Activating']
    for name in ('first', 'third'):
        assert processes.transitions(name) == [f'{name} Configuring', f'{name} Activating']
    processes.signal(signal.SIGINT)
    assert set(processes.ends().values()) == {0}


def test_a_node_that_is_stopped_for_good_ends_in_one_error_that_says_what_to_do(processes):
    processes.start(*ALL[:3])
    processes.start('manager', retries=1, appear_timeout_s=4.0, restarts=0)
    processes.wait_for(LISTENING)
    processes.signal(signal.SIGTERM, 'second')
    assert processes.ends('second') == {'second': 0}
    processes.wait_for('giving up', within=30)
    processes.wait_for('Cleaning up', of='first')
    errors = [line for line in processes.log('manager').splitlines() if '[ERROR]' in line]
    assert len(errors) == 1, errors
    assert 'is its process running?' in errors[0]
    assert 'ros2 service call /prot/manager/startup' in errors[0]


def test_parameters_that_contradict_end_the_process_with_one_sentence(processes):
    processes.start('manager', beat_timeout_s=0.5)
    assert processes.ends(within=20) == {'manager': 2}
    last = processes.log('manager').splitlines()[-1]
    assert last.startswith('error: manager: beat_timeout_s is 0.5, expected 0 or at least 2 s')
    assert 'Traceback' not in processes.log('manager')
