# SPDX-License-Identifier: Apache-2.0
"""Every fault of every online service, while the robot is idle, listens, thinks and speaks.

Real nodes hold a conversation through the simulated services. In each case a turn in which the
service fails is answered all the same, aloud and in time, the next turn is the service's again,
and the report says what happened.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import Peer, Ros
from test_stt import utterance
from voice_checks import ramp
from waiting import until

from prot_ros import graph
from prot_ros.core.wire import TurnReport
from prot_ros.engines import keys
from prot_ros.engines.failover import failover
from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer
from prot_ros.nodes.dialog import DialogNode
from prot_ros.nodes.speaker import SpeakerNode
from prot_ros.nodes.stt import SttNode
from prot_ros.nodes.tts import TtsNode
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator, says
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.scribe import ScribeSimulator

KEY = 'sk-planted-0123456789'
HELLO = 'hello robot'
"""What PocketSphinx understands, too."""
THANKS = 'thank you'
"""What is answered shortly, also offline."""
ANSWERED_S = 20.0
"""The longest limits of this test together and a reply take 4; the rest is for a busy machine."""
LIMITS = {
    'online.connect_s': 0.4, 'online.first_response_s': 0.6, 'online.stall_s': 0.3,
    'online.rest_s': 0.1,
}  # fmt: skip
FAULTS = [
    Behaviour(fault)
    for fault in Fault
    if fault not in (Fault.NONE, Fault.REFUSE, Fault.ERROR, Fault.ERROR_MIDWAY)
]
BEARABLE = (Fault.SLOW_DRIP, Fault.WRONG_ORDER, Fault.DUPLICATE)
"""Some engine makes sense of each of these."""
ERRORS = {
    'stt': ('auth_error', 'quota_exceeded', 'rate_limited', 'transcriber_error'),
    'dialog': ('authentication_error', 'billing_error', 'rate_limit_error', 'overloaded_error'),
    'tts': ('invalid_api_key', 'quota_exceeded', 'voice_not_found', 'system_busy'),
}


@dataclass
class Robot:
    """The nodes, the services, and somebody who speaks."""

    peer: Peer
    nodes: dict[str, Any]
    ears: ScribeSimulator
    mind: ClaudeSimulator
    voice: ElevenLabsVoiceSimulator
    reports: list[TurnReport]
    line: str
    """What is said to it."""
    numbers: Any = field(default_factory=itertools.count)

    @property
    def services(self) -> dict[str, Any]:
        return {'stt': self.ears, 'dialog': self.mind, 'tts': self.voice}

    async def turn(self) -> TurnReport:
        """Say thanks, and return the report when the answer has been heard."""
        # No two alike, because what was said before is not asked for again.
        self.mind.scripts.clear()
        self.mind.scripts.append(says(f'Here {next(self.numbers)}.'))
        turn = self.nodes['stt'].now()
        await self.peer.say(graph.UTTERANCE, *utterance(turn, self.line))
        found = await until(
            lambda: [report for report in self.reports if report.turn == turn],
            within=ANSWERED_S,
            what='an answer',
        )
        report: TurnReport = found[0]
        assert report.utterance == self.line
        assert report.heard, report
        assert report.cut is None
        return report

    async def comes_back(self, name: str) -> None:
        """The next turn is the service's again, once its rest is over."""
        engine = self.nodes[name].engine
        if float(engine._circuit.retry_at) > engine.now() + 2:
            failover.mended(engine)  # what a person has to mend rests for long
        # On a machine that is busier than the limits of this test allow for, the one after that.
        for _ in range(3):
            if engine.degraded:
                await until(lambda: engine._circuit.retry_at <= engine.now(), what='the rest')
            before = engine.fallbacks
            report = await self.turn()
            if report.failure is None and engine.fallbacks == before:
                break
        assert report.failure is None
        assert report.reply.startswith('Here')
        assert engine.fallbacks == before
        assert engine.concern() == ''

    def forget_session(self) -> None:
        """Let the next utterance need a new session, as sessions are what ears' plan is of."""
        for session in self.ears.sessions:
            session.reset()


@asynccontextmanager
async def robot(ros: Ros, line: str = THANKS) -> AsyncIterator[Robot]:
    async with AsyncExitStack() as held:
        ears = await held.enter_async_context(ScribeSimulator(texts=[line] * 1000, key=KEY))
        mind = await held.enter_async_context(ClaudeSimulator(key=KEY))
        voice = await held.enter_async_context(ElevenLabsVoiceSimulator(key=KEY, speech=ramp))
        places: dict[str, tuple[type[Any], dict[str, Any]]] = {
            'speaker': (SpeakerNode, {'engine': 'null'}),
            'tts': (TtsNode, {'elevenlabs.url': voice.url, **LIMITS}),
            'dialog': (DialogNode, {'database': 'none', 'base_url': mind.url, **LIMITS}),
            'stt': (SttNode, {'elevenlabs.url': ears.url, **LIMITS}),
        }
        nodes: dict[str, Any] = {}
        for name, (cls, parameters) in places.items():
            nodes[name] = await held.enter_async_context(ros.node(cls, name, **parameters))
        peer = await held.enter_async_context(ros.peer())
        for node in nodes.values():
            await ros.bring_up(node)
        reports = await peer.hear(graph.TURN)
        yield Robot(peer, nodes, ears, mind, voice, reports, line)


@pytest.fixture(autouse=True)
def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (keys.ELEVENLABS, keys.ANTHROPIC):
        monkeypatch.setenv(variable, KEY)
    for variable in (keys.VOYAGE, keys.OPENAI):
        monkeypatch.delenv(variable, raising=False)
    # This is not about how quick the offline ears are on a busy machine.
    monkeypatch.setattr(PocketSphinxRecognizer.__init__, '__defaults__', (15.0,))


async def fail_and_come_back(at: Robot, name: str, behaviour: Behaviour) -> None:
    at.forget_session()
    at.services[name].plan.rule = behaviour
    engine = at.nodes[name].engine
    engine.failure = ''
    await at.turn()
    if behaviour.fault not in BEARABLE:
        assert engine.failure, 'nobody is told what happened'
        assert at.nodes[name].status()['online failure'] == engine.failure
    at.services[name].plan.rule = Behaviour()
    at.forget_session()
    await at.comes_back(name)


def held() -> dict[str, int]:
    import os

    return {'tasks': len(asyncio.all_tasks()), 'files': len(os.listdir('/proc/self/fd'))}


def every(name: str) -> list[Behaviour]:
    """Return all that can go wrong with a service."""
    return [
        *FAULTS,
        *(Behaviour(Fault.ERROR, error) for error in ERRORS[name]),
        *(Behaviour(Fault.ERROR_MIDWAY, error) for error in ERRORS[name][-1:]),
        Behaviour(Fault.ERROR, ERRORS[name][-1], retry_after='1'),
        Behaviour(Fault.ERROR, ERRORS[name][-1], retry_after='3600'),
    ]


def some(name: str) -> list[Behaviour]:
    """Return one that passes, and one that a person has to mend."""
    return [Behaviour(Fault.RESET_MIDWAY), Behaviour(Fault.ERROR, ERRORS[name][0])]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    'faults', [some, pytest.param(every, marks=pytest.mark.campaign)], ids=['some', 'every']
)
@pytest.mark.parametrize('name', ['stt', 'dialog', 'tts'])
def test_after_a_fault_of_a_service_the_turn_is_answered_and_the_next_is_its_own(
    ros, name, faults
):
    cases = faults(name)

    async def scenario() -> None:
        async with robot(ros, HELLO if name == 'stt' else THANKS) as at:
            await at.turn()
            await at.comes_back(name)
            before = held()

            for behaviour in cases:
                try:
                    await fail_and_come_back(at, name, behaviour)
                except AssertionError as err:
                    raise AssertionError(f'{name}, {behaviour}: {err}') from err
            assert at.voice.connected <= 1
            assert sum(session.open for session in at.ears.sessions) <= 1
            assert at.mind.http.connected <= 2
            after = held()
            assert after['tasks'] <= before['tasks'] + 2
            assert after['files'] <= before['files'] + 6

    ros.run(scenario, within=280)


@pytest.mark.timeout(300)
def test_services_that_go_while_the_robot_is_idle_are_done_without_until_they_are_back(ros):
    async def away(at: Robot) -> None:
        at.ears.stop_listening()
        at.forget_session()
        await at.mind.http.refuse()
        await at.voice.refuse()

    async def back(at: Robot) -> None:
        await at.ears.listen()
        await at.mind.http.listen()
        await at.voice.listen()

    async def scenario() -> None:
        async with robot(ros, HELLO) as at:
            await at.turn()
            await away(at)
            report = await at.turn()
            assert report.failure is None
            assert 'Hello' in report.reply  # of the offline mind
            for name in at.services:
                assert at.nodes[name].engine.fallbacks
            await back(at)
            for name in at.services:
                await at.comes_back(name)

    ros.run(scenario, within=280)
