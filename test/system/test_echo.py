# SPDX-License-Identifier: Apache-2.0
"""The robot hears itself, as with a loudspeaker beside the microphone, and minds only the user."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from audio_server import AudioServer
from coupling import couple
from recordings import word_overlap
from room import Room, active_level, pcm, samples
from running_graph import RunningGraph, synthesise

from prot_ros import graph
from prot_ros.core.wire import BargeInStage

USER = Room()
"""Only the level of its user counts here: the server is the room."""
ECHO_DB = -6.0
SOUND = {'mic': {'engine': 'pyaudio'}, 'speaker': {'engine': 'paplay'}}
ALONE_MS = 8000
WORDS = 'stop please i want to ask something else'


@pytest.fixture
def server() -> Iterator[AudioServer]:
    with AudioServer() as server:
        yield server


@pytest.mark.campaign
@pytest.mark.parametrize('mode', ['reference', 'system'])
def test_a_robot_that_hears_itself_tells_its_story_until_a_user_speaks(server, tmp_path, mode):
    if mode == 'system':
        set_up = server.run(
            sys.executable, '-m', 'prot_ros.cli.main', 'audio', 'setup', '--source', 'room.monitor'
        )
        assert set_up.returncode == 0, set_up.stderr.decode()
    user = USER.user(samples(synthesise(WORDS)))
    robot_level = active_level(samples(synthesise('Once there was a small lighthouse.', 'slt')))
    couple(server, ECHO_DB + 20 * math.log10(active_level(user) / robot_level))
    with ExitStack() as held:
        sound = {**SOUND, 'mic': {**SOUND['mic'], 'echo.mode': mode}}
        robot = held.enter_context(RunningGraph(tmp_path, sound, environment=server.environment))
        room = server.record('room.monitor')
        held.callback(room.stop)
        began = time.monotonic()
        robot.observer.publish(graph.HEAR, 'tell me a long story')
        robot.observer.wait(graph.PLAYBACK, lambda p: p.turn_played_ms > ALONE_MS, within=30)
        echo = active_level(samples(room.stop()))
        stages = [one.stage for one in robot.observer.of(graph.BARGE_IN, began)]

        spoke = time.monotonic()
        voice = server.play(pcm(user))
        story = robot.observer.wait(graph.TURN, within=20, since=began)
        heard = robot.observer.wait(graph.TRANSCRIPT, within=20, since=spoke)
        assert voice.wait(10) == 0
        assert set(robot.stop().values()) == {0}
    assert 20 * math.log10(echo / active_level(user)) == pytest.approx(ECHO_DB, abs=3)
    assert BargeInStage.CONFIRMED not in stages, 'it does not interrupt itself'
    assert (story.source, story.cut) == ('hear', 'barge_in')
    assert word_overlap(heard.text, WORDS) >= 0.5, heard.text
    told = {word.strip('.,').lower() for word in story.reply.split()}
    assert not told & {word for word in heard.text.split() if word not in WORDS and len(word) > 3}
