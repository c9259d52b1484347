# SPDX-License-Identifier: Apache-2.0
"""Somebody speaks over the robot, through all nodes as processes: who yields, and to what."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_graph import RunningGraph, synthesise

from prot_ros import graph
from prot_ros.core.interruption import Policy
from prot_ros.core.wire import Announcement, PlaybackState

THREE = 'The first sentence is a rather long one. Here comes the second. And this is the third.'


@pytest.fixture(scope='module')
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGraph]:
    """One robot for all tests that leave it as they found it."""
    with RunningGraph(tmp_path_factory.mktemp('robot')) as running:
        yield running


@pytest.fixture
def robot(shared: RunningGraph) -> Iterator[RunningGraph]:
    """The robot, at rest before and after."""
    settle(shared)
    yield shared
    settle(shared)


def settle(robot: RunningGraph) -> None:
    """Wait until nobody speaks."""
    robot.observer.wait_for(
        lambda: (
            robot.observer.of(graph.STATE)[-1:] == ['idle']
            and robot.observer.of(graph.SPEECH)[-1:] in ([], [False])
        ),
        within=30,
        what='a robot at rest',
    )


def audible(robot: RunningGraph, began: float, ms: float = 300) -> None:
    """Wait until the robot has been speaking for so long."""
    robot.observer.wait(graph.PLAYBACK, lambda p: p.turn_played_ms > ms, within=20, since=began)


def heard_out(robot: RunningGraph, began: float) -> None:
    """Wait until the microphone has heard somebody, and then silence for half a second."""

    def over() -> bool:
        frames = [any(chunk.pcm) for chunk in robot.observer.of(graph.MIC_AUDIO, began)]
        return any(frames) and not any(frames[-25:])

    robot.observer.wait_for(over, within=10, what='the end of what was said')


def states(robot: RunningGraph, began: float) -> list[str]:
    """Return the states of playback, each once where it repeats."""
    seen = [p.state for p in robot.observer.of(graph.PLAYBACK, began)]
    return [s for at, s in enumerate(seen) if at == 0 or seen[at - 1] != s]


@pytest.mark.parametrize('sound', ['okay', 'ah'], ids=['agreement', 'no words'])
def test_a_listening_noise_makes_the_robot_pause_and_go_on(robot, sound):
    began = time.monotonic()
    robot.observer.publish(graph.SAY, THREE)
    audible(robot, began)
    robot.speak(synthesise(sound, 'rms' if sound == 'okay' else 'slt')).join()
    report = robot.observer.wait(graph.TURN, within=30, since=began)
    assert (report.cut, report.heard) == (None, THREE)
    seen = states(robot, began)
    assert PlaybackState.HELD in seen, 'it fell silent'
    after = seen[seen.index(PlaybackState.HELD) :]
    assert PlaybackState.PROGRESS in after, 'and went on'
    said = [s for s in robot.observer.of(graph.STATE, began) if s != 'thinking']
    assert said[-3:] == ['listening', 'speaking', 'idle']


def test_what_is_played_after_a_pause_follows_what_was_played_before_it(robot):
    began = time.monotonic()
    robot.observer.publish(graph.SAY, THREE)
    audible(robot, began)
    robot.speak(synthesise('okay')).join()
    report = robot.observer.wait(graph.TURN, within=30, since=began)
    played = [p.turn_played_ms for p in robot.observer.of(graph.PLAYBACK, began)]
    assert report.cut is None, robot.observer.of(graph.TRANSCRIPT, began)
    assert played == sorted(played)
    audio = robot.observer.of(graph.SPEECH_AUDIO, began)
    assert played[-1] == pytest.approx(sum(c.milliseconds for c in audio), abs=40)


def test_a_lone_stop_is_heard(robot):
    began = time.monotonic()
    robot.observer.publish(graph.SAY, THREE)
    audible(robot, began)
    robot.speak(synthesise('stop')).join()
    cut = robot.observer.wait(graph.TURN, within=10, since=began)
    assert cut.cut == 'barge_in'
    assert THREE.startswith(cut.heard)
    assert cut.latency_ms['barge_in'] < 1000
    answer = robot.observer.wait(
        graph.TURN, lambda r: r.source == 'speech', within=20, since=began
    )
    assert answer.utterance == 'stop'


def test_a17_history_keeps_what_was_heard_before_the_pause_and_no_more(robot):
    began = time.monotonic()
    robot.observer.publish(graph.HEAR, 'tell me a long story')
    audible(robot, began, 1500)
    robot.speak(synthesise('what time is it')).join()
    cut = robot.observer.wait(graph.TURN, within=10, since=began)
    held = robot.observer.wait(
        graph.PLAYBACK, lambda p: p.state == PlaybackState.HELD, within=1, since=began
    )
    last = [p for p in robot.observer.of(graph.PLAYBACK, began) if p.turn == cut.turn][-1]
    assert last.state == PlaybackState.CUT
    assert last.turn_played_ms == pytest.approx(held.turn_played_ms, abs=1), 'the pause counts'
    assert cut.reply.startswith(cut.heard)
    # No piece of it is announced to sound after the silence.
    late = [c for c in robot.observer.of(graph.REFERENCE, began)
            if c.turn == cut.turn and c.stamp > held.stamp + 120_000_000]  # fmt: skip
    assert late == []


def test_a_sentence_that_may_be_finished_is_and_then_the_user_is_answered(robot):
    began = time.monotonic()
    robot.observer.publish(graph.ANNOUNCE, Announcement(THREE, Policy.FINISH_SENTENCE))
    audible(robot, began)
    robot.speak(synthesise('what time is it')).join()
    cut = robot.observer.wait(graph.TURN, within=20, since=began)
    assert (cut.source, cut.cut) == ('announce', 'barge_in')
    assert cut.heard == 'The first sentence is a rather long one.'
    answer = robot.observer.wait(
        graph.TURN, lambda r: r.source == 'speech', within=20, since=began
    )
    assert answer.heard


def test_what_must_be_heard_is_heard_and_then_the_user_is_answered(robot):
    began = time.monotonic()
    robot.observer.publish(graph.ANNOUNCE, Announcement(THREE, Policy.NEVER, priority=9))
    audible(robot, began)
    robot.speak(synthesise('what time is it')).join()
    report = robot.observer.wait(graph.TURN, within=20, since=began)
    assert (report.cut, report.heard) == (None, THREE)
    assert PlaybackState.HELD not in states(robot, began)
    answer = robot.observer.wait(
        graph.TURN, lambda r: r.source == 'speech', within=20, since=began
    )
    assert answer.heard
    assert answer.turn > report.turn


def test_what_is_more_important_ends_what_is_less_and_the_rest_waits_by_priority(robot):
    began = time.monotonic()
    robot.observer.publish(graph.SAY, THREE)
    audible(robot, began)
    for text, priority, age in (('Low.', 1, 0.0), ('High.', 5, 0.0), ('Stale.', 1, 0.1)):
        robot.observer.publish(
            graph.ANNOUNCE, Announcement(text, priority=priority, max_age_s=age)
        )
    robot.observer.wait(
        graph.TURN, lambda r: r.reply == 'Low.' and not r.cut, within=30, since=began
    )
    reports = robot.observer.of(graph.TURN, began)
    assert reports[0].reply == THREE
    assert reports[0].cut == 'announcement'
    done = [r.heard for r in reports if r.cut is None]
    assert 'Stale.' not in done
    assert 'High.' in done


def test_what_is_said_while_the_robot_thinks_belongs_to_the_question(robot):
    began = time.monotonic()
    # A voice that is stopped gives no sound, so the robot goes on thinking.
    tts = robot.processes['tts']
    tts.send_signal(signal.SIGSTOP)
    try:
        robot.speak(synthesise('my name is alice')).join()
        robot.observer.wait(graph.SENTENCE, within=10, since=began)
        robot.speak(synthesise('what time is it')).join()
        robot.observer.wait(graph.TURN, within=10, since=began)
    finally:
        tts.send_signal(signal.SIGCONT)
    answer = robot.observer.wait(graph.TURN, lambda r: r.cut is None, within=20, since=began)
    assert 'alice' in answer.utterance
    assert answer.utterance.endswith('what time is it')


def test_a_cough_while_the_robot_thinks_costs_no_answer(robot):
    began = time.monotonic()
    tts = robot.processes['tts']
    tts.send_signal(signal.SIGSTOP)
    try:
        robot.observer.publish(graph.HEAR, 'what time is it')
        robot.observer.wait(graph.SENTENCE, within=10, since=began)
        robot.speak(synthesise('ah', 'slt')).join()
        robot.observer.wait(graph.TRANSCRIPT, within=10, since=began)
    finally:
        tts.send_signal(signal.SIGCONT)
    report = robot.observer.wait(graph.TURN, within=20, since=began)
    assert (report.source, report.cut) == ('hear', None)
    assert report.heard


def test_speech_counts_while_the_button_is_pressed_and_only_then(tmp_path: Path):
    with RunningGraph(tmp_path, {'vad': {'listen': 'push_to_talk'}}) as robot:
        began = time.monotonic()
        robot.speak(synthesise('my name is alice')).join()
        heard_out(robot, began)
        robot.observer.publish(graph.PUSH_TO_TALK, True)
        pressed = time.monotonic()
        robot.speak(synthesise('what time is it')).join()
        heard_out(robot, pressed)
        robot.observer.publish(graph.PUSH_TO_TALK, False)
        report = robot.observer.wait(graph.TURN, within=20, since=began)
        assert report.utterance == 'what time is it'
        assert robot.observer.of(graph.SPEECH, began) == [True, False]
