# SPDX-License-Identifier: Apache-2.0
"""prot say, hear and interrupt, with a robot that runs, and with none."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from command_line import Place, command, prot
from running_graph import RunningGraph

from prot_ros import graph
from prot_ros.core.wire import PlaybackState


@pytest.fixture(scope='module')
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGraph]:
    with RunningGraph(tmp_path_factory.mktemp('robot'), composed=True) as running:
        yield running


@pytest.fixture
def place() -> Iterator[Place]:
    held = Place()
    yield held
    held.close()


def test_hear_with_wait_prints_the_reply(robot: RunningGraph) -> None:
    done = prot(robot.environment, 'hear', '--wait', 'hello', 'robot')
    assert (done.returncode, done.stderr) == (0, '')
    assert 'hello' in done.stdout.lower()


def test_hear_takes_korean(robot: RunningGraph) -> None:
    done = prot(robot.environment, 'hear', '--wait', '안녕')
    assert done.returncode == 0, done.stderr
    assert re.search('[가-힣]', done.stdout)


def test_say_with_wait_prints_what_was_heard(robot: RunningGraph) -> None:
    done = prot(robot.environment, 'say', '--wait', 'The door is open.')
    assert (done.returncode, done.stdout, done.stderr) == (0, 'The door is open.\n', '')


def test_say_is_not_lost_although_its_sender_leaves_at_once(robot: RunningGraph) -> None:
    began = time.monotonic()
    done = prot(robot.environment, 'say', '--', '-5 degrees outside.')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    robot.observer.wait(
        graph.SAID, lambda text: text == '-5 degrees outside.', within=10, since=began
    )


def test_hear_with_wait_gives_up_at_its_deadline(robot: RunningGraph) -> None:
    done = prot(robot.environment, 'hear', '--wait', '--timeout', '0.5', 'tell me a long story')
    prot(robot.environment, 'interrupt')
    assert done.returncode == 1
    assert done.stderr == 'error: the reply did not end within 0.5 s\n'


def test_interrupt_silences_the_robot_and_hear_says_who_did(robot: RunningGraph) -> None:
    began = time.monotonic()
    with subprocess.Popen(
        command('hear', '--wait', 'tell', 'me', 'a', 'long', 'story'), env=robot.environment,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as story:  # fmt: skip
        robot.observer.wait(
            graph.PLAYBACK, lambda report: report.turn_played_ms > 1500, within=30, since=began
        )
        done = prot(robot.environment, 'interrupt', '--source', 'estop')
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
        out, err = story.communicate(timeout=30)
    assert (story.returncode, err) == (0, '(interrupted by estop)\n')
    report = robot.observer.wait(
        graph.TURN, lambda report: report.cut == 'estop', within=10, since=began
    )
    assert out == f'{report.heard}\n'
    assert report.reply.startswith(report.heard)
    assert robot.observer.of(graph.PLAYBACK)[-1].state == PlaybackState.CUT


def test_mute_closes_the_microphone_and_off_opens_it_again(robot: RunningGraph) -> None:
    frames = lambda since: robot.observer.of(graph.MIC_AUDIO, since)  # noqa: E731
    for words, heard in ((['mute'], False), (['mute', '--off'], True)):
        done = prot(robot.environment, *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
        robot.observer.wait_for(
            lambda heard=heard: bool(frames(time.monotonic() - 0.2)) is heard,
            within=5, what=f'frames: {heard}',
        )  # fmt: skip
    assert robot.pipe.exists()


def test_say_takes_a_policy_and_a_priority(robot: RunningGraph) -> None:
    done = prot(robot.environment, 'say', '--wait', '--policy', 'never', '--priority', '9', 'Hot.')
    assert (done.returncode, done.stdout, done.stderr) == (0, 'Hot.\n', '')
    assert robot.observer.of(graph.TURN)[-1].source == 'announce'


@pytest.mark.parametrize('words', [['say', 'x'], ['hear', 'x'], ['interrupt']])
def test_nobody_there_gets_one_sentence(place: Place, words: list[str]) -> None:
    done = prot(place.environment, *words, within=20)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == (
        'error: no dialog node found in namespace /prot: is prot running? '
        'start it with `prot up`\n'
    )


def test_a_robot_in_another_namespace_is_pointed_out(robot: RunningGraph) -> None:
    done = prot(robot.environment, 'say', '--namespace', 'house', 'x', within=20)
    assert done.returncode == 1
    assert '(there is one in /prot: use --namespace)' in done.stderr
