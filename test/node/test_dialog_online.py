# SPDX-License-Identifier: Apache-2.0
"""The dialog node with Claude behind it, at the simulated service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from conftest import Peer, Ros
from waiting import until

from prot_ros import graph
from prot_ros.core.endings import FAILURE, LENGTH, REFUSAL, ending
from prot_ros.core.wire import Playback, PlaybackState, TurnReport
from prot_ros.nodes.dialog import DialogNode
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator, says

KEY = 'sk-ant-planted-5ecret'


class Talk:
    """Somebody who types, and a loudspeaker that plays everything at once."""

    def __init__(self, node: DialogNode, peer: Peer, seen: dict[str, list[Any]]) -> None:
        self.node = node
        self.peer = peer
        self.seen = seen

    async def ask(self, text: str) -> TurnReport:
        """Say something and return the report of the turn, when its reply has been heard."""
        sentences, reports = self.seen['dialog/sentence'], self.seen['turn']
        begin, before = len(sentences), len(reports)
        await self.peer.say(graph.HEAR, text)
        await until(lambda: sentences[begin:] and sentences[-1].final, what='a whole reply')
        last = sentences[-1]
        spoken = [sentence for sentence in sentences[begin:] if sentence.text]
        now = self.node.now()
        for seq in range(len(spoken)):
            state = PlaybackState.SENTENCE
            played = Playback(last.turn, seq, state, 500.0, 500.0, 500.0, started=now, stamp=now)
            await self.peer.say(graph.PLAYBACK, played)
        end = Playback(
            last.turn, last.seq, PlaybackState.FINISHED, 0.0, 0.0, 500.0, started=now, stamp=now
        )
        await self.peer.say(graph.PLAYBACK, end)
        await until(lambda: len(reports) > before, what='a report')
        report: TurnReport = reports[-1]
        return report


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ANTHROPIC_API_KEY', KEY)


@asynccontextmanager
async def talking(ros: Ros, sim: ClaudeSimulator, **params: Any) -> AsyncIterator[Talk]:
    settings = {'database': 'none', 'base_url': sim.url, **params}
    async with ros.node(DialogNode, 'dialog', **settings) as node, ros.peer() as peer:
        seen = {
            topic.name: await peer.hear(topic)
            for topic in (graph.SENTENCE, graph.TURN, graph.STATE)
        }
        await ros.bring_up(node)
        yield Talk(node, peer, seen)


def run(ros: Ros, use: Any, **params: Any) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30), ClaudeSimulator(key=KEY) as sim:
            sim.cache.least_tokens = 0
            async with talking(ros, sim, **params) as talk:
                await use(sim, talk)

    ros.run(scenario)


@pytest.mark.usefixtures('with_key')
def test_a_turn_reports_what_it_read_from_the_cache(ros):
    async def use(sim, talk):
        first = await talk.ask('Hello!')
        second = await talk.ask('My name is Alice.')
        third = await talk.ask('What is my name?')
        assert first.failure is None
        assert first.tokens['output'] > 0
        assert second.tokens['cache_read'] >= first.tokens['cache_written'] > 0
        assert third.tokens['cache_read'] > second.tokens['cache_read']
        assert 'Alice' in third.reply
        system = sim.requests[-1]['system'][0]['text']
        assert 'Robi' in system

    run(ros, use)


@pytest.mark.usefixtures('with_key')
@pytest.mark.parametrize(('stop', 'reason'), [('max_tokens', LENGTH), ('refusal', REFUSAL)])
@pytest.mark.parametrize(
    ('whole', 'half', 'asked'),
    [
        ('First you take the bread.', 'Then you', 'how?'),
        ('먼저 빵을 준비해요.', '그 다음에는 빵을', '어떻게 해?'),
    ],
)
def test_half_a_sentence_is_dropped_and_the_reply_ended_in_its_language(
    ros, stop, reason, whole, half, asked
):
    async def use(sim, talk):
        sim.scripts.append(says(f'{whole} {half}', stop))
        report = await talk.ask(asked)
        closing = ending(reason, whole, asked)
        assert report.reply == f'{whole} {closing}'
        assert report.heard == report.reply
        assert report.failure
        assert (await talk.ask('Hello!')).failure is None

    run(ros, use)


@pytest.mark.usefixtures('with_key')
@pytest.mark.parametrize(
    'fault', [Fault.EOF_MIDWAY, Fault.RESET_MIDWAY, Fault.STALL_MIDWAY, Fault.ERROR_MIDWAY]
)
def test_a_service_that_dies_in_the_middle_is_excused_and_not_silence(ros, fault):
    async def use(sim, talk):
        sim.scripts.append(says('One is done. Two is under way. Three is to come. Four is far.'))
        sim.plan.coming.append(Behaviour(fault))
        report = await talk.ask('count')
        closing = ending(FAILURE, 'One is done.', 'count')
        assert report.reply.startswith('One is done.')
        assert report.reply.endswith(closing)
        assert report.failure
        sim.scripts.append(says('Yes.'))
        assert (await talk.ask('Are you back?')).reply == 'Yes.'

    run(ros, use, **{'online.stall_s': 0.3})


@pytest.mark.usefixtures('with_key')
@pytest.mark.parametrize('fault', [Fault.ERROR, Fault.REFUSE, Fault.STALL])
def test_a_service_that_is_away_is_stood_in_for(ros, fault):
    async def use(sim, talk):
        sim.plan.rule = Behaviour(fault, error='overloaded_error')
        report = await talk.ask('My name is Alice.')
        assert 'Alice' in report.reply
        assert report.tokens == {}

    run(ros, use, **{'online.first_response_s': 0.3, 'online.connect_s': 0.3})


@pytest.mark.usefixtures('with_key')
def test_a_wrong_key_is_named_and_not_shown(ros, capfd):
    async def use(sim, talk):
        sim.key = 'another'
        report = await talk.ask('My name is Alice.')
        assert 'Alice' in report.reply
        reports = talk.peer.reports
        await until(lambda: any('ANTHROPIC_API_KEY' in status.message for status in reports))
        shown = repr([report, reports, talk.seen])
        values = [talk.node.get_parameter(name).value for name in talk.node._parameters]
        assert KEY not in shown + repr(values)

    run(ros, use)
    out, err = capfd.readouterr()
    assert KEY not in out + err


def test_without_a_key_the_offline_one_answers(ros, monkeypatch):
    monkeypatch.delenv('ANTHROPIC_API_KEY', raising=False)

    async def use(sim, talk):
        assert 'Alice' in (await talk.ask('My name is Alice.')).reply
        assert not sim.headers

    run(ros, use)


def test_a_server_of_the_robots_own_needs_no_key(ros, monkeypatch):
    monkeypatch.delenv('ANTHROPIC_API_KEY', raising=False)

    async def use(sim, talk):
        sim.key_header = None
        sim.scripts.append(says('I think here.'))
        assert (await talk.ask('Where do you think?')).reply == 'I think here.'

    run(ros, use, engine='claude')
