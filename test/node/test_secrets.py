# SPDX-License-Identifier: Apache-2.0
"""A key is seen by its service and by nobody else, whether the service takes it or not."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import Any

import pytest
from conftest import Peer
from rcl_interfaces.srv import GetParameters, ListParameters
from test_stt import utterance
from voice_checks import ramp
from waiting import until

from prot_ros import graph
from prot_ros.engines import keys
from prot_ros.nodes.dialog import DialogNode
from prot_ros.nodes.speaker import SpeakerNode
from prot_ros.nodes.stt import SttNode
from prot_ros.nodes.tts import TtsNode
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.scribe import ScribeSimulator

PLANTED = {
    variable: f'sk-planted-{number}-c0ffee' for number, variable in enumerate(keys.VARIABLES)
}
THANKS = 'thank you'
"""What is answered shortly."""
LIMITS = {'online.connect_s': 0.5, 'online.first_response_s': 0.5, 'online.retries': 0}
HEARD = (graph.PARTIAL, graph.TRANSCRIPT, graph.SENTENCE, graph.TURN, graph.HEARD, graph.SAID)


@pytest.fixture(autouse=True)
def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, key in PLANTED.items():
        monkeypatch.setenv(variable, key)
    monkeypatch.setenv(
        'PROT_DATABASE_URL', 'postgresql://robot:sk-planted-db-c0ffee@127.0.0.1:1/x'
    )


async def parameters(peer: Peer, node: str) -> str:
    names = (await peer.call(ListParameters, f'{node}/list_parameters')).result.names
    request = GetParameters.Request(names=names)
    return str((await peer.call(GetParameters, f'{node}/get_parameters', request)).values)


@pytest.mark.parametrize('taken', [True, False], ids=['taken', 'refused'])
def test_no_key_is_in_a_log_a_parameter_a_topic_the_diagnostics_or_an_error(
    ros, capfd, caplog, taken
):
    caplog.set_level(logging.INFO)
    told: list[str] = []

    def takes(variable: str) -> str:
        return PLANTED[variable] if taken else 'another'

    async def scenario() -> None:
        async with AsyncExitStack() as held:
            ears = await held.enter_async_context(
                ScribeSimulator(texts=[THANKS] * 9, key=takes(keys.ELEVENLABS))
            )
            voice = await held.enter_async_context(
                ElevenLabsVoiceSimulator(key=takes(keys.ELEVENLABS), speech=ramp)
            )
            mind = await held.enter_async_context(ClaudeSimulator(key=takes(keys.ANTHROPIC)))
            places: dict[str, tuple[type[Any], dict[str, Any]]] = {
                'speaker': (SpeakerNode, {'engine': 'null'}),
                'tts': (TtsNode, {'elevenlabs.url': voice.url, **LIMITS}),
                'dialog': (DialogNode, {'database': 'none', 'base_url': mind.url, **LIMITS}),
                'stt': (SttNode, {'elevenlabs.url': ears.url, **LIMITS}),
            }
            nodes: dict[str, Any] = {}
            for name, (cls, values) in places.items():
                nodes[name] = await held.enter_async_context(ros.node(cls, name, **values))
            peer = await held.enter_async_context(ros.peer())
            for node in nodes.values():
                await ros.bring_up(node)
            topics = [await peer.hear(topic) for topic in HEARD]
            reports = topics[HEARD.index(graph.TURN)]
            for fault in (Fault.NONE, Fault.ERROR, Fault.RESET_MIDWAY, Fault.MALFORMED):
                for service in (ears, voice, mind):
                    service.plan.rule = Behaviour(fault)
                before = len(reports)
                await peer.say(graph.UTTERANCE, *utterance(nodes['stt'].now(), THANKS))
                await until(lambda: len(reports) > before, within=20, what='a turn')  # noqa: B023
            await until(lambda: all(peer.report(name) for name in nodes))
            told.extend(map(str, peer.reports))
            told.extend(map(str, topics))
            for name in nodes:
                told.append(await parameters(peer, name))
                told.append(repr(nodes[name].engine) if name != 'speaker' else '')
                told.append(str(nodes[name].status()))

    ros.run(scenario, within=100)
    captured = capfd.readouterr()
    everything = '\n'.join([*told, captured.out, captured.err, caplog.text])
    assert 'online failure' in everything
    if not taken:
        assert 'set ELEVENLABS_API_KEY' in everything
        assert 'set ANTHROPIC_API_KEY' in everything
    assert 'c0ffee' not in everything
