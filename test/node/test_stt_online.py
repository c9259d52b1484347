# SPDX-License-Identifier: Apache-2.0
"""The stt node with ElevenLabs' ears, against the simulated service: it stays up, and hears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Peer, Ros
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from test_stt import utterance
from utterances import spoken
from waiting import until

from prot_ros import graph
from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.core.wire import Names, Transcript
from prot_ros.engines import keys
from prot_ros.nodes.stt import SttNode
from prot_ros.simulators.scribe import ScribeSimulator

KEY = 'sk_planted_0123456789'
HELLO = 'hello robot'


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv(keys.ELEVENLABS, KEY)


@dataclass
class Talk:
    """A user before a robot that hears by ElevenLabs."""

    node: SttNode
    peer: Peer
    transcripts: list[Transcript]
    turn: Stamp

    async def say(self, sentence: str) -> str:
        """Say a sentence and return what was understood."""
        before = len(self.transcripts)
        await self.peer.say(graph.UTTERANCE, *self.chunks(sentence))
        await until(lambda: len(self.transcripts) > before, what='a transcript')
        return self.transcripts[-1].text

    def chunks(self, sentence: str) -> list[Any]:
        self.turn = Stamp(self.turn + 10 * SECOND)
        return utterance(self.turn, sentence)

    async def set(self, name: str, value: Any) -> Any:
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        return (await self.peer.call(SetParameters, 'stt/set_parameters', request)).results[0]


@asynccontextmanager
async def talking(ros: Ros, sim: ScribeSimulator, **params: Any) -> AsyncIterator[Talk]:
    async with (
        ros.node(SttNode, 'stt', **{'elevenlabs.url': sim.url, **params}) as node,
        ros.peer() as peer,
    ):
        await ros.bring_up(node)
        yield Talk(node, peer, await peer.hear(graph.TRANSCRIPT), node.now())


def test_with_a_key_the_node_hears_by_elevenlabs_in_any_language(ros):
    async def scenario() -> None:
        async with ScribeSimulator(texts=['지금 몇 시예요?', 'Und jetzt?'], key=KEY) as sim:
            async with talking(ros, sim) as talk:
                assert await talk.say(HELLO) == '지금 몇 시예요?'
                assert await talk.say(HELLO) == 'Und jetzt?'
                assert bytes(sim.sessions[0].audio) == 2 * spoken(HELLO)
                assert len(sim.sessions) == 1
            await until(lambda: not sim.sessions[0].open)

    ros.run(scenario)


def test_d15_a_connection_that_is_lost_is_made_again_while_the_node_stays_active(ros):
    async def scenario() -> None:
        async with (
            ScribeSimulator(texts=['one', 'two'], key=KEY) as sim,
            talking(ros, sim) as talk,
        ):
            chunks = talk.chunks(HELLO)
            await talk.peer.say(graph.UTTERANCE, *chunks[:30])
            await until(lambda: sim.sessions and sim.sessions[0].audio)
            sim.sessions[0].reset()
            await talk.peer.say(graph.UTTERANCE, *chunks[30:])
            await until(lambda: talk.transcripts)
            assert talk.transcripts[0].text == 'one'
            assert bytes(sim.sessions[1].audio) == spoken(HELLO)
            assert await talk.say(HELLO) == 'two'
            assert talk.node.status()['fallbacks'] == 0

    ros.run(scenario)


def test_where_the_service_is_gone_the_utterance_is_understood_offline(ros):
    async def scenario() -> None:
        async with (
            ScribeSimulator(texts=['one', 'two'], key=KEY) as sim,
            talking(ros, sim) as talk,
        ):
            chunks = talk.chunks('what is my name')
            await talk.peer.say(graph.UTTERANCE, *chunks[:30])
            await until(lambda: sim.sessions and sim.sessions[0].audio)
            sim.stop_listening()
            sim.sessions[0].reset()
            await talk.peer.say(graph.UTTERANCE, *chunks[30:])
            await until(lambda: talk.transcripts)
            assert talk.transcripts[0].text == 'what is my name'
            await sim.listen()
            assert await talk.say(HELLO) == 'one'

    ros.run(scenario)


def test_a_wrong_key_is_said_once_and_the_node_hears_offline(ros):
    async def scenario() -> None:
        async with (
            ScribeSimulator(texts=['never'], key='another') as sim,
            talking(ros, sim) as talk,
        ):
            assert await talk.say(HELLO) == HELLO
            report = await until(
                lambda: (
                    (found := talk.peer.report('stt'))
                    and found['level'] == DiagnosticStatus.WARN
                    and found
                )
            )
            assert 'set ELEVENLABS_API_KEY to a valid one' in report['message']
            assert KEY not in str(report)

    ros.run(scenario)


def test_without_a_key_the_node_hears_offline(ros, monkeypatch):
    monkeypatch.delenv(keys.ELEVENLABS)

    async def scenario() -> None:
        async with ros.node(SttNode, 'stt') as node:
            await ros.bring_up(node)
            assert node.engine.name == 'pocketsphinx'

    ros.run(scenario)


def test_the_language_can_be_set_while_the_node_listens(ros):
    async def scenario() -> None:
        async with (
            ScribeSimulator(texts=['one', '둘', '셋'], key=KEY) as sim,
            talking(ros, sim) as talk,
        ):
            assert await talk.say(HELLO) == 'one'
            assert (await talk.set('language', 'ko')).successful
            refused = await talk.set('language', 'ko-KR')
            assert not refused.successful
            assert 'without a region' in refused.reason
            assert not (await talk.set('keyterms', 'x' * 21)).successful
            assert (await talk.set('keyterms', 'prot, 미나')).successful
            await until(lambda: talk.node.params.keyterms)
            assert await talk.say(HELLO) == '둘'
            query = sim.handshakes[-1].query
            assert query['language_code'] == ['ko']
            assert query['keyterms'] == ['prot', '미나']
            assert len(sim.handshakes) == 2

    ros.run(scenario)


def test_whom_the_robot_remembers_is_expected_in_the_next_utterance(ros):
    async def scenario() -> None:
        async with (
            ScribeSimulator(texts=['one', 'two', 'three', 'four'], key=KEY) as sim,
            talking(ros, sim, keyterms='prot, 미나') as talk,
        ):
            assert await talk.say(HELLO) == 'one'
            await talk.peer.say(graph.NAMES, Names(('지수', '미나', 'Bartholomew of the Marches')))
            await until(lambda: talk.node._known, 'the names')
            assert await talk.say(HELLO) == 'two'
            assert sim.handshakes[-1].query['keyterms'] == ['prot', '미나', '지수']
            await talk.peer.say(graph.NAMES, Names(('민준', '\u202e', '')))
            await until(lambda: '민준' in talk.node._known, 'other names')
            assert await talk.say(HELLO) == 'three'
            assert sim.handshakes[-1].query['keyterms'] == ['prot', '미나', '민준'], (
                'one is forgotten'
            )
            assert (await talk.set('keyterms_from_memory', False)).successful
            await until(lambda: not talk.node.params.keyterms_from_memory)
            assert await talk.say(HELLO) == 'four'
            assert sim.handshakes[-1].query['keyterms'] == ['prot', '미나']

    ros.run(scenario)
