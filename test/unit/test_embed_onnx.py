# SPDX-License-Identifier: Apache-2.0
"""Sentence-transformers of a user's own as ONNX files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from embedding_models import network, tokenizer

from prot_ros.engines.embedders.onnx import OnnxEmbedder
from prot_ros.engines.kinds import EngineError

for package in ('tokenizers', 'onnxruntime', 'onnx'):
    pytest.importorskip(package, reason=f'pip install {package}')

# Of 'sister dog', whose tokens are [1, 0, 0] and [0, 1, 0], and of '여동생', [0.8, 0, 0.6].
MEANS = [[0.5**0.5, 0.5**0.5, 0], [0.8, 0, 0.6], [0, 0, 0]]
TEXTS = ['sister dog', '여동생', '']


def embedded(path: Path, texts: list[str]) -> tuple[str, int, list[list[float]]]:
    async def run() -> tuple[str, int, list[list[float]]]:
        one = OnnxEmbedder(str(path))
        await one.open()
        try:
            return one.name, one.dimensions, await one.embed(texts)
        finally:
            await one.close()

    return asyncio.run(run())


def refusal(path: Path) -> str:
    with pytest.raises(EngineError) as caught:
        embedded(path, [])
    return str(caught.value)


def test_a_text_is_the_mean_of_the_last_hidden_states(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    network(tmp_path / 'model.onnx')
    name, dimensions, vectors = embedded(tmp_path, TEXTS)
    assert name.startswith(f'onnx:{tmp_path.name}@')
    assert dimensions == 3
    np.testing.assert_allclose(vectors, MEANS, atol=1e-6)


def test_a_folder_as_it_is_published_and_a_single_file_do_as_well(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    file = network(tmp_path / 'onnx' / 'model.onnx', more_inputs=(), output='token_embeddings')
    for path in (tmp_path, file):
        np.testing.assert_allclose(embedded(path, TEXTS)[2], MEANS, atol=1e-6)


def test_a_network_that_pools_by_itself_is_believed(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    network(tmp_path / 'model.onnx', output='sentence_embedding', pooled=True)
    np.testing.assert_allclose(embedded(tmp_path, TEXTS)[2], MEANS, atol=1e-6)


def test_the_first_token_is_taken_where_the_model_says_so(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    network(tmp_path / 'model.onnx')
    pooling = tmp_path / '1_Pooling' / 'config.json'
    pooling.parent.mkdir()
    pooling.write_text(json.dumps({'pooling_mode_cls_token': True, 'word_embedding_dimension': 3}))
    assert embedded(tmp_path, ['sister dog'])[2] == [[1, 0, 0]]
    pooling.write_text(json.dumps({'pooling_mode_max_tokens': True}))
    assert "asks for ['max_tokens'], expected mean_tokens or cls_token" in refusal(tmp_path)
    pooling.write_text('[]')
    assert 'config.json cannot be read' in refusal(tmp_path)


def test_another_model_by_the_same_path_has_another_space(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    network(tmp_path / 'model.onnx')
    before = embedded(tmp_path, [])[0]
    assert embedded(tmp_path, [])[0] == before
    network(tmp_path / 'model.onnx', more_inputs=())
    assert embedded(tmp_path, [])[0] != before


def test_what_is_wrong_is_said_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r'embedding\.model is empty, expected the path'):
        OnnxEmbedder('')
    assert 'which is not there' in refusal(tmp_path / 'nowhere')
    assert 'has no ONNX model, expected model.onnx or onnx/model.onnx' in refusal(tmp_path)
    network(tmp_path / 'model.onnx')
    assert f'there is no {tmp_path}/tokenizer.json' in refusal(tmp_path)
    tokenizer(tmp_path)
    network(tmp_path / 'model.onnx', more_inputs=('pixel_values',))
    assert 'wants the input pixel_values of tensor(int64), expected no others' in refusal(tmp_path)
    network(tmp_path / 'model.onnx', output='logits')
    assert 'gives logits, expected sentence_embedding or last_hidden_state' in refusal(tmp_path)
    network(tmp_path / 'model.onnx', pooled=True)
    assert 'last_hidden_state is of shape (1, 3), expected (1, 1, ' in refusal(tmp_path)
    (tmp_path / 'model.onnx').write_bytes(b'\xff' * 100)
    assert 'is no ONNX model that can be run' in refusal(tmp_path)
