# SPDX-License-Identifier: Apache-2.0
"""The tts node with ElevenLabs' voice: alignment, settings at run time, and its failures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Peer, Ros
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from voice_checks import KEY, ramp
from waiting import until

from prot_ros import graph
from prot_ros.core.stamps import Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import Alignment, AudioChunk, Playback, PlaybackState, Sentence
from prot_ros.nodes.dialog import DialogNode
from prot_ros.nodes.tts import TtsNode
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator

TEXT = 'One two three four five six seven eight nine ten.'


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ELEVENLABS_API_KEY', KEY)


@dataclass
class Online:
    node: TtsNode
    peer: Peer
    sim: ElevenLabsVoiceSimulator
    audio: list[AudioChunk]
    alignments: list[Alignment]

    async def say(self, text: str, *, seq: int = 0) -> bytes:
        """Say a whole reply and return its sound."""
        turn = self.node.now()
        await self.peer.say(graph.SENTENCE, Sentence(turn, seq, text, final=True))
        await until(lambda: any(c.turn == turn and c.final for c in self.audio))
        return b''.join(c.pcm for c in self.audio if c.turn == turn)


@asynccontextmanager
async def online(ros: Ros, **parameters: Any) -> AsyncIterator[Online]:
    async with ElevenLabsVoiceSimulator(key=KEY, speech=ramp) as sim:
        parameters = {'elevenlabs.url': sim.url, 'online.stall_s': 0.3, **parameters}
        async with ros.node(TtsNode, 'tts', **parameters) as node, ros.peer() as peer:
            audio = await peer.hear(graph.SPEECH_AUDIO)
            alignments = await peer.hear(graph.ALIGNMENT)
            await ros.bring_up(node)
            yield Online(node, peer, sim, audio, alignments)


def test_auto_takes_the_online_voice_where_there_is_a_key_and_tells_when_words_sound(ros):
    async def scenario():
        async with online(ros) as on:
            # Short enough for the window, as nobody plays it.
            text = 'How are you today?'
            assert await on.say(text) == await ramp(text, '', 24_000)
            marks = [mark for alignment in on.alignments for mark in alignment.marks]
            assert marks[-1][0] == len(text)
            assert marks == sorted(marks)
            assert {a.turn for a in on.alignments} == {on.audio[0].turn}

    ros.run(scenario)


def test_a_voice_that_is_set_at_run_time_speaks_the_next_sentence(ros):
    async def scenario():
        async with online(ros) as on:
            await on.say('Before.')
            request = SetParametersAtomically.Request(
                parameters=[
                    Parameter(name, value=value).to_parameter_msg()
                    for name, value in (
                        ('elevenlabs.voice', 'pNInz6obpgDQGcFmaJgB'),
                        ('elevenlabs.speed', 1.2),
                    )
                ]
            )
            response = await on.peer.call(
                SetParametersAtomically, 'tts/set_parameters_atomically', request
            )
            assert response.result.successful
            await until(lambda: on.node.params.elevenlabs.speed == 1.2)
            await on.say('Before.')
            assert on.sim.connections == 2
            assert on.sim.ear.messages[-3]['voice_settings'] == {'speed': 1.2}

    ros.run(scenario)


def test_c03_a_phrase_is_asked_of_the_service_once(ros):
    async def scenario():
        async with online(ros) as on:
            first = await on.say('한 번만.')
            assert await on.say('한 번만.') == first
            asked = [m for m in on.sim.ear.messages if '한' in str(m.get('text'))]
            assert len(asked) == 1
            assert len(on.alignments) == 2

    ros.run(scenario)


def test_a07_an_interrupt_ends_a_sentence_that_the_service_is_still_saying(ros):
    async def scenario():
        async with online(ros) as on:
            on.sim.plan.coming.append(Behaviour(first_s=0.2))
            old = on.node.now()
            await on.peer.say(graph.SENTENCE, Sentence(old, 0, 'The old turn.', final=True))
            await until(lambda: any('old' in str(m.get('text')) for m in on.sim.ear.messages))
            await on.peer.say(graph.INTERRUPT, Interrupt(on.node.now(), 'operator'))
            assert await on.say('New.') == await ramp('New.', '', 24_000)
            assert not any(chunk.turn == old for chunk in on.audio)
            assert on.sim.connections == 1

    ros.run(scenario)


def test_the_voice_connects_while_the_user_is_speaking(ros):
    async def scenario():
        async with online(ros) as on:
            await on.sim.refuse()
            await on.sim.listen()
            await on.peer.say(graph.SPEECH, True)
            await until(lambda: on.sim.connections == 2)
            await on.say('Ready.')
            assert on.sim.connections == 2

    ros.run(scenario)


def test_a_sentence_whose_service_dies_is_finished_by_the_offline_voice(ros):
    async def scenario():
        async with online(ros) as on:
            on.sim.plan.rule = Behaviour(Fault.EOF_MIDWAY)
            sound = await on.say('It breaks off here.')
            online_part = await ramp('It breaks off here.', '', 24_000)
            assert len(sound) > len(online_part) // 2
            assert on.node._failed == 0

    ros.run(scenario)


def test_a_wrong_voice_is_named_in_the_diagnostics_with_the_parameter_and_no_key(ros):
    async def scenario():
        async with online(ros, **{'elevenlabs.voice': 'NoSuchVoice'}) as on:
            assert await on.say('Still heard.')
            report = await until(
                lambda: (r := on.peer.report('tts')) and 'elevenlabs.voice' in str(r) and r
            )
            assert 'NoSuchVoice' in report['message']
            assert KEY not in str(on.peer.reports)

    ros.run(scenario)


def test_what_was_heard_of_a_cut_reply_follows_the_alignment(ros):
    async def scenario():
        async with (
            ros.node(DialogNode, 'dialog', database='none', engine='offline') as node,
            ros.peer() as peer,
        ):
            sentences = await peer.hear(graph.SENTENCE)
            reports = await peer.hear(graph.TURN)
            await ros.bring_up(node)
            await peer.say(graph.SAY, TEXT)
            await until(lambda: sentences)
            turn = Stamp(sentences[0].turn)
            # "One two three" takes four seconds, and the rest one.
            marks = ((0, 0.0), (13, 4_000.0), (14, 4_000.0), (len(TEXT), 5_000.0))
            await peer.say(graph.ALIGNMENT, Alignment(turn, 0, marks))
            await until(lambda: node._reply is not None and node._reply._alignment)
            progress = Playback(
                turn, 0, PlaybackState.PROGRESS, 4_010.0, 5_200.0, 4_010.0, started=node.now()
            )
            await peer.say(graph.PLAYBACK, progress)
            await until(lambda: node._reply is not None and node._reply.audible)
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
            await until(lambda: reports)
            assert reports[0].heard == 'One two three'

    ros.run(scenario)
