# SPDX-License-Identifier: Apache-2.0
"""prot talk, from a pipe and at a terminal, with a robot that runs and with one of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import DEADLINE_S, QUIET, Place, command, prot
from running_graph import RunningGraph

from prot_ros import graph


@pytest.fixture(scope='module')
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGraph]:
    with RunningGraph(tmp_path_factory.mktemp('robot'), composed=True) as running:
        yield running


@pytest.fixture
def place() -> Iterator[Place]:
    held = Place()
    yield held
    held.close()


def idle(robot: RunningGraph) -> None:
    robot.observer.wait_for(
        lambda: robot.observer.of(graph.STATE)[-1:] == ['idle'], within=20, what='idle'
    )


def test_talk_from_a_pipe_says_line_after_line(robot: RunningGraph) -> None:
    idle(robot)
    done = prot(robot.environment, 'talk', stdin='my name is Carol\n\nwhat is my name')
    assert (done.returncode, done.stderr) == (0, '')
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line]
    spoken = [words for words in lines if words[0] in ('You:', 'Robot:')]
    assert [who for who, _ in spoken] == ['You:', 'Robot:', 'You:', 'Robot:']
    assert 'Carol' in spoken[3][1]
    assert 'to the first sound' in done.stdout


class Typist:
    """Sits at a terminal of its own, in front of a command."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self.shown = ''
        self.screen, side = pty.openpty()
        self.process = subprocess.Popen(
            command(*words), env={**environment, 'TERM': 'xterm'}, start_new_session=True,
            stdin=side, stdout=side, stderr=side, preexec_fn=lambda: _take_terminal(side),
        )  # fmt: skip
        self.side = side

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def see(self, text: str, within: float = DEADLINE_S) -> None:
        """Wait until a text has been shown since the last call."""
        deadline = time.monotonic() + within
        while text not in self.shown:
            left = deadline - time.monotonic()
            assert left > 0, f'{text!r} is not shown, but {self.shown!r}'
            if select.select([self.screen], [], [], left)[0]:
                self.shown += os.read(self.screen, 65536).decode(errors='replace')
        self.shown = self.shown.partition(text)[2]

    def hang_up(self) -> None:
        """Close the terminal, as its window does."""
        os.close(self.side)
        os.close(self.screen)
        self.process.wait(30)

    def leave(self) -> int:
        """Wait for the end; return the exit code."""
        drain = threading.Thread(target=self._drain)
        drain.start()
        try:
            return self.process.wait(30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            os.close(self.side)
            drain.join()
            os.close(self.screen)

    def _drain(self) -> None:
        with contextlib.suppress(OSError):  # the last one on the other side has gone
            while piece := os.read(self.screen, 65536):
                self.shown += piece.decode(errors='replace')


def _take_terminal(side: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(side, termios.TIOCSCTTY, 0)


@pytest.fixture
def sit_down() -> Iterator[Callable[..., Typist]]:
    seated: list[Typist] = []

    def one(environment: dict[str, str], *words: str) -> Typist:
        seated.append(Typist(environment, *words))
        return seated[-1]

    yield one
    for typist in seated:
        if typist.process.poll() is None:  # the test has failed
            typist.hang_up()


@pytest.mark.parametrize(('key', 'name'), [('\x04', 'Ctrl-D'), ('\x03', 'Ctrl-C')])
def test_talk_at_a_terminal_until_a_key_ends_it(
    robot: RunningGraph, sit_down: Callable[..., Typist], key: str, name: str
) -> None:
    import termios

    idle(robot)
    typist = sit_down(robot.environment, 'talk')
    before = termios.tcgetattr(typist.side)
    typist.see('Talking with the robot in /prot.')
    typist.see('> ')
    typist.type('what time is it\n')
    typist.see('Robot:')
    typist.see('It is')
    typist.see('· idle')
    after = None
    typist.type(key)
    typist.process.wait(20)
    after = termios.tcgetattr(typist.side)
    assert typist.leave() == 0, f'{name}: {typist.shown}'
    assert 'Traceback' not in typist.shown
    assert after == before


def test_talk_without_a_robot_starts_one_and_leaves_nothing(place: Place) -> None:
    done = prot(place.environment, 'talk', *QUIET, stdin='hello\n', within=100)
    assert (done.returncode, done.stderr) == (0, '')
    assert 'No robot is running in /prot; starting one' in done.stdout
    assert 'There is no microphone: type.' in done.stdout
    assert re.search(r'^Robot: +Hello', done.stdout, re.MULTILINE)
    assert place.alive() == []


def test_a_closed_terminal_ends_the_robot_of_the_talk_and_leaves_nothing(
    place: Place, sit_down: Callable[..., Typist], tmp_path: Path
) -> None:
    typist = sit_down({**place.environment, 'TMPDIR': str(tmp_path)}, 'talk', *QUIET)
    typist.see('It is ready.')
    assert list(tmp_path.iterdir())
    typist.hang_up()
    assert place.alive() == []
    assert list(tmp_path.iterdir()) == []


def test_talk_shows_why_its_robot_does_not_come_up(place: Place) -> None:
    done = prot(
        place.environment, 'talk', *QUIET, '-p', 'mic.engine=wav', '-p', 'mic.file=/nowhere.wav',
        within=100,
    )  # fmt: skip
    assert done.returncode == 1
    assert 'the robot' in done.stderr
    assert '/nowhere.wav' in done.stderr
    assert place.alive() == []
