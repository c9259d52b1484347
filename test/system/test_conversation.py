# SPDX-License-Identifier: Apache-2.0
"""Whole conversations through all nodes as processes, on real speech, with a real database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from database import fetch
from running_graph import RunningGraph, synthesise

from prot_ros import graph
from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import ForgetRequest, PlaybackState, RecallRequest, TurnReport
from prot_ros.memory.server.postgres import EmbeddedPostgres


@pytest.fixture
def robot(tmp_path: Path, data_folder: Path) -> Iterator[RunningGraph]:
    """A robot of its own, one process for each node, with an empty memory."""
    memory = {'database': 'embedded', 'data_folder': str(data_folder)}
    with RunningGraph(tmp_path, {'dialog': memory}) as running:
        yield running


def ask(robot: RunningGraph, text: str, *, within: float = 30.0):
    """Say something and return the report on the turn that answered it."""
    began = time.monotonic()
    robot.speak(synthesise(text)).join()
    return robot.observer.wait(graph.TURN, lambda r: r.source == 'speech', within=within,
                               since=began)  # fmt: skip


def idle(robot: RunningGraph) -> None:
    """Wait until the robot's last state is idle."""
    robot.observer.wait_for(
        lambda: robot.observer.of(graph.STATE)[-1:] == ['idle'], within=20, what='state idle'
    )


def test_what_is_told_is_remembered_and_a_reply_is_measured(robot):
    report = ask(robot, 'hello robot')
    assert report.heard
    assert report.cut is None
    told = ask(robot, 'my name is alice and i live in seoul')
    assert 'Alice' in told.heard
    asked = ask(robot, 'where do i live')
    assert 'Seoul' in asked.heard
    assert asked.memory >= 1
    stages = asked.latency_ms
    assert set(stages) == {
        'endpoint', 'stt', 'commit', 'memory', 'first_token', 'first_sentence', 'first_audio',
        'audible', 'voice_to_voice',
    }  # fmt: skip
    parts = sum(ms for stage, ms in stages.items() if stage not in ('voice_to_voice', 'commit'))
    assert parts == pytest.approx(stages['voice_to_voice'], abs=1.0)
    assert robot.observer.of(graph.HEARD)[-1] == asked.utterance
    assert robot.observer.of(graph.SAID)[-1] == asked.heard
    idle(robot)
    states = robot.observer.of(graph.STATE)
    assert states[-4:] == ['listening', 'thinking', 'speaking', 'idle']


def test_barge_in_ends_the_story_and_the_new_utterance_is_answered(robot):
    began = time.monotonic()
    robot.speak(synthesise('tell me a long story')).join()
    robot.observer.wait(graph.STATE, lambda s: s == 'speaking', within=20, since=began)
    robot.observer.wait(graph.PLAYBACK, lambda p: p.turn_played_ms > 4000, within=20, since=began)
    voice = robot.speak(synthesise('stop please i want to ask something else'))
    story = robot.observer.wait(graph.TURN, within=20, since=began)
    assert story.cut == 'barge_in'
    # History keeps what was heard, and nothing else.
    assert story.heard
    assert story.reply.startswith(story.heard)
    assert len(story.heard) < len(story.reply) / 2
    answer = robot.observer.wait(graph.TURN, lambda r: r.turn > story.turn, within=30, since=began)
    voice.join()
    assert answer.cut is None
    assert answer.heard
    idle(robot)
    # No sample of the void turn is played once it was cut.
    reports = [p for p in robot.observer.of(graph.PLAYBACK, began) if p.turn == story.turn]
    assert [p.state for p in reports].count(PlaybackState.CUT) == 1
    assert reports[-1].state == PlaybackState.CUT
    # And every queue of the void turn is empty.
    robot.observer.wait_for(
        lambda: all(
            value.value.startswith('0/')
            for status in robot.observer.diagnostics.values()
            for value in status.values
            if value.key.startswith('queue ')
        ),
        within=5,
        what='empty queues in the diagnostics',
    )


def test_hear_and_say_work_without_any_sound_and_say_waits_its_turn(tmp_path):
    silent = {'mic': {'engine': 'none'}, 'speaker': {'engine': 'null'}}
    with RunningGraph(tmp_path, silent) as robot:
        robot.observer.publish(graph.HEAR, 'what time is it')
        robot.observer.publish(graph.SAY, 'The door is open.')
        first = robot.observer.wait(graph.TURN, within=20)
        assert (first.source, first.cut) == ('hear', None)
        second = robot.observer.wait(graph.TURN, lambda r: r.source == 'say', within=20)
        assert second.heard == 'The door is open.'
        robot.observer.publish(graph.HEAR, '제 이름은 앨리스예요')
        third = robot.observer.wait(graph.TURN, lambda r: '앨리스' in r.utterance, within=30)
        assert third.heard
        assert any('가' <= char <= '힣' for char in third.heard), 'Korean is answered in Korean'


def test_anyone_can_silence_the_robot_and_a_future_interrupt_does_no_harm(robot):
    robot.observer.publish(graph.SAY, 'This is a rather long announcement. ' * 10)
    robot.observer.wait(graph.STATE, lambda s: s == 'speaking', within=20)
    now = Stamp(time.time_ns())
    robot.observer.publish(graph.INTERRUPT, Interrupt(Stamp(now + 60 * SECOND), 'forged'))
    robot.observer.publish(graph.INTERRUPT, Interrupt(Stamp(now - 60 * SECOND), 'stale'))
    assert robot.observer.of(graph.TURN) == [], 'neither ends anything'
    robot.observer.publish(graph.INTERRUPT, Interrupt(Stamp(time.time_ns()), 'operator'))
    report = robot.observer.wait(graph.TURN, within=5)
    assert report.cut == 'operator'
    idle(robot)
    robot.observer.publish(graph.SAY, 'Done.')
    after = robot.observer.wait(graph.TURN, lambda r: r.reply == 'Done.', within=20)
    assert after.heard == 'Done.', 'nothing is deaf afterwards'


def test_facts_told_are_known_in_the_next_conversation_in_new_processes(tmp_path, data_folder):
    memory = {'database': 'embedded', 'data_folder': str(data_folder)}
    told = ('Seoul', 'Alice')
    for conversation in ('first', 'second'):
        folder = tmp_path / conversation
        folder.mkdir()
        with RunningGraph(folder, {'dialog': memory}, composed=True) as robot:
            if conversation == 'first':
                robot.observer.publish(graph.HEAR, 'my name is Alice and I live in Seoul')
                robot.observer.wait(graph.TURN, within=20)
                robot.observer.wait(graph.NAMES, lambda n: n.names == told, within=20)
            else:
                robot.observer.wait(graph.NAMES, lambda n: n.names == told, within=20)
                robot.observer.publish(graph.HEAR, 'hello')
                greeting = robot.observer.wait(graph.TURN, within=20)
                assert 'Alice' in greeting.heard
                robot.observer.publish(graph.HEAR, 'where do I live?')
                place = robot.observer.wait(
                    graph.TURN, lambda r: r.utterance == 'where do I live?', within=20
                )
                assert 'Seoul' in place.heard
            assert set(robot.stop().values()) == {0}


@pytest.mark.parametrize('composed', [True, False], ids=['composed', 'processes'])
def test_what_is_said_the_moment_all_are_active_is_heard(composed, tmp_path):
    with RunningGraph(tmp_path, {'mic': {'engine': 'none'}}, composed=composed) as robot:
        robot.observer.publish(graph.SAY, 'Good morning.')
        report = robot.observer.wait(graph.TURN, within=10)
        assert (report.heard, report.failure) == ('Good morning.', None)


def test_what_the_user_wants_forgotten_is_gone_and_neither_said_nor_known(tmp_path, data_folder):
    memory = {'database': 'embedded', 'data_folder': str(data_folder)}
    with RunningGraph(tmp_path, {'dialog': memory}, composed=True) as robot:

        def say(text: str) -> TurnReport:
            robot.observer.publish(graph.HEAR, text)
            return robot.observer.wait(graph.TURN, lambda r: r.utterance == text, within=20)

        say('my name is Alice')
        say('I live in Seoul')
        robot.observer.wait(graph.NAMES, lambda n: 'Seoul' in n.names, within=20)
        assert 'forgotten' in say('please forget that').heard
        robot.observer.wait(graph.NAMES, lambda n: n.names == ('Alice',), within=20)
        assert 'Seoul' not in say('where do I live?').heard
        assert 'Alice' in say('what is my name?').heard

        say('my sister Bora lives in Busan')
        robot.observer.publish(graph.RECALL, RecallRequest('Bora', 'mine'))
        known = robot.observer.wait(graph.RECALLED, within=20)
        assert known.request == 'mine'
        assert any('Busan' in fact for fact in known.facts), known
        robot.observer.publish(graph.FORGET, ForgetRequest('Bora'))
        gone = robot.observer.wait(graph.FORGOTTEN, within=20)
        assert gone.turns >= 1, gone
        robot.observer.publish(graph.RECALL, RecallRequest('Bora', 'again'))
        known = robot.observer.wait(graph.RECALLED, lambda r: r.request == 'again', within=20)
        assert 'Busan' not in str(known), known
        assert 'Busan' not in say('where does Bora live?').heard, 'nor of what is still in mind'
        assert 'Alice' in say('who am I?').heard, 'the rest of the talk is'
        assert set(robot.stop().values()) == {0}

    async def kept() -> str:
        async with EmbeddedPostgres(data_folder) as postgres:
            rows = await fetch(postgres.url, 'SELECT utterance, said, heard FROM prot.turn')
            return ' '.join(str(tuple(row.values())) for row in rows)

    said = asyncio.run(kept())
    assert 'Alice' in said
    assert 'Seoul' not in said
    assert 'Busan' not in said
    assert 'forget' not in said, 'nor that anybody asked'
