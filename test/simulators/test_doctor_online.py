# SPDX-License-Identifier: Apache-2.0
"""`prot doctor --online` asks each service for a word, and says in a sentence what it found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from prot_ros.cli.doctor import report, services
from prot_ros.cli.doctor.finding import Finding, Level
from prot_ros.engines import keys
from prot_ros.nodes import dialog, stt, tts
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.embeddings import EmbeddingsSimulator
from prot_ros.simulators.scribe import ScribeSimulator

KEY = 'sk-planted-0123456789'


class Services:
    """All of them, and the parameters that point at them."""

    def __init__(self, scribe: Any, claude: Any, voice: Any, embeddings: Any) -> None:
        self.scribe, self.claude, self.voice, self.embeddings = scribe, claude, voice, embeddings
        self.parameters = {
            'stt': stt.Params(elevenlabs_url=scribe.url),
            'dialog': dialog.Params(base_url=claude.url, embedding_base_url=embeddings.url),
            'tts': tts.Params(elevenlabs_url=voice.url),
        }

    async def look(self) -> dict[str, Finding]:
        return {one.name: one for one in await services.services(self.parameters)}


@asynccontextmanager
async def running() -> AsyncIterator[Services]:
    async with (
        ScribeSimulator(texts=['hello'], key=KEY) as scribe,
        ClaudeSimulator(key=KEY) as claude,
        ElevenLabsVoiceSimulator(key=KEY) as voice,
        EmbeddingsSimulator(key=KEY) as embeddings,
    ):
        yield Services(scribe, claude, voice, embeddings)


@pytest.fixture(autouse=True)
def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in keys.VARIABLES:
        monkeypatch.setenv(variable, KEY)


def test_services_that_work_are_said_to_work() -> None:
    async def scenario() -> None:
        async with running() as at:
            found = await at.look()
        assert [one.level for one in found.values()] == [Level.OK] * 4, found
        assert 'elevenlabs takes the key and listens' in found['stt'].detail
        assert 'claude takes the key and answers' in found['dialog'].detail
        assert 'voyage:voyage-4 takes the key' in found['embeddings'].detail
        assert 'elevenlabs takes the key and speaks' in found['tts'].detail

    asyncio.run(scenario())


def test_a_wrong_key_is_named_by_its_variable_and_not_by_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = 'sk-wrong-and-secret'
    for variable in keys.VARIABLES:
        monkeypatch.setenv(variable, wrong)

    async def scenario() -> None:
        async with running() as at:
            found = await at.look()
        assert {one.level for one in found.values()} == {Level.DEGRADED}, found
        assert 'set ELEVENLABS_API_KEY' in found['stt'].detail
        assert 'set ANTHROPIC_API_KEY' in found['dialog'].detail
        assert 'set VOYAGE_API_KEY' in found['embeddings'].detail
        assert 'set ELEVENLABS_API_KEY' in found['tts'].detail
        assert wrong not in report.as_json({'online': list(found.values())})

    asyncio.run(scenario())


def test_a_voice_or_a_model_that_is_not_there_is_named_by_its_parameter() -> None:
    async def scenario() -> None:
        async with running() as at:
            at.parameters['dialog'] = replace(
                at.parameters['dialog'], model='claude-nobody', embedding_model='voyage-0'
            )
            at.voice.plan.rule = Behaviour(Fault.ERROR, 'voice_not_found')
            found = await at.look()
        assert 'set the parameter model' in found['dialog'].detail
        assert 'set embedding.model' in found['embeddings'].detail
        assert 'set elevenlabs.voice' in found['tts'].detail
        assert found['stt'].level is Level.OK

    asyncio.run(scenario())


def test_a_node_whose_service_is_away_and_that_has_no_stand_in_has_failed() -> None:
    async def scenario() -> None:
        async with running() as at:
            at.parameters['stt'] = replace(at.parameters['stt'], online_stand_in=False)
            at.scribe.plan.rule = Behaviour(Fault.ACCEPT_THEN_CLOSE)
            found = await at.look()
        assert found['stt'].level is Level.FAILED

    asyncio.run(scenario())


def test_without_keys_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in keys.VARIABLES:
        monkeypatch.delenv(variable)

    async def scenario() -> None:
        async with running() as at:
            found = await at.look()
            assert not at.claude.requests
            assert not at.embeddings.requests
        assert {one.level for one in found.values()} == {Level.NOTE}
        assert 'ELEVENLABS_API_KEY is not set' in found['tts'].detail
        assert json.loads(report.as_json({'online': list(found.values())}))['conversation']

    asyncio.run(scenario())
