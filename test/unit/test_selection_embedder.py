# SPDX-License-Identifier: Apache-2.0
"""Which engine makes vectors, and why."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines import keys
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.selection_embedder import embedder, service
from prot_ros.online_params import EmbeddingParams


class Settings(EmbeddingParams):
    limits = Limits(connect_s=0.05, first_response_s=0.05, retries=0)
    circuit = CircuitLimits()


# Nobody listens there.
AWAY = Settings(embedding_base_url='http://127.0.0.1:9/v1', embedding_model='m')


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for variable in keys.VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def test_without_a_key_vectors_are_made_here():
    choice = asyncio.run(embedder(Settings()))
    assert choice.engine.name == 'local-1'
    assert 'VOYAGE_API_KEY or OPENAI_API_KEY would have to be set' in choice.why


@pytest.mark.parametrize(
    ('variables', 'name'),
    [
        ([keys.VOYAGE], 'voyage:m'),
        ([keys.OPENAI], 'openai@127.0.0.1:9:m'),
        ([keys.VOYAGE, keys.OPENAI], 'voyage:m'),
    ],
)
def test_with_a_key_they_are_made_by_its_service_which_may_be_away(monkeypatch, variables, name):
    async def scenario() -> None:
        for variable in variables:
            monkeypatch.setenv(variable, 'sk-planted')
        choice = await embedder(replace(AWAY, embedding_dimensions=1024))
        assert choice.engine.name == name
        assert choice.why == f'{variables[0]} is set'
        assert 'found by their words alone' in choice.engine.concern()
        assert 'cannot be reached at http://127.0.0.1:9/v1' in choice.engine.concern()
        with pytest.raises(EngineError):
            await choice.engine.embed(['text'])
        await choice.engine.close()

    asyncio.run(scenario())


def test_what_cannot_be_asked_for_is_said():
    with pytest.raises(EngineError, match=r'set embedding\.dimensions'):
        service('openai', AWAY)


def test_no_key_where_one_is_asked_for_is_a_concern_and_no_failure():
    async def scenario() -> None:
        choice = await embedder(replace(Settings(), embedding_engine='voyage'))
        assert 'set VOYAGE_API_KEY' in choice.engine.concern()
        await choice.engine.close()

    asyncio.run(scenario())
