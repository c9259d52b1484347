# SPDX-License-Identifier: Apache-2.0
"""Static models of a user's own: the mean of the vectors of the words that are known."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import numpy as np
import pytest
from embedding_models import MATRIX, WORDS, static, tokenizer

from prot_ros.engines.embedders.static import StaticEmbedder
from prot_ros.engines.kinds import EngineError

pytest.importorskip('tokenizers', reason='pip install tokenizers')
numbers = pytest.importorskip('safetensors.numpy', reason='pip install safetensors')


def embedded(path: Path, texts: list[str]) -> tuple[str, int, list[list[float]]]:
    async def run() -> tuple[str, int, list[list[float]]]:
        one = StaticEmbedder(str(path))
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


def test_a_text_is_the_mean_of_its_known_words_at_unit_length(tmp_path: Path) -> None:
    name, dimensions, vectors = embedded(
        static(tmp_path / 'tiny'), ['Sister dog', 'sister', 'dog rhinoceros', 'rhinoceros', '']
    )
    assert name.startswith('static:tiny@')
    assert dimensions == 3
    half = math.sqrt(0.5)
    expected = [[half, half, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(vectors, expected, atol=1e-7)


def test_korean_and_english_are_near_where_the_model_says_so(tmp_path: Path) -> None:
    _, _, (english, korean, other) = embedded(static(tmp_path), ['sister', '여동생', 'dog'])
    assert np.dot(english, korean) == pytest.approx(0.8, abs=1e-6)
    assert np.dot(english, other) == 0.0


@pytest.mark.parametrize('kind', [np.float16, np.float64, np.int8])
def test_other_numbers_than_float32_do_as_well(tmp_path: Path, kind: type) -> None:
    matrix = (10 * MATRIX).astype(kind)
    _, _, vectors = embedded(static(tmp_path, {'embedding.weight': matrix}), ['여동생', 'dog'])
    np.testing.assert_allclose(vectors, [[0.8, 0, 0.6], [0, 1, 0]], atol=1e-3)


def test_a_single_numpy_file_does_with_its_tokenizer_beside_it(tmp_path: Path) -> None:
    tokenizer(tmp_path)
    np.save(tmp_path / 'mine.npy', MATRIX)
    assert embedded(tmp_path / 'mine.npy', ['dog'])[2] == [[0, 1, 0]]


def test_rows_and_weights_of_their_own_are_used(tmp_path: Path) -> None:
    folder = static(
        tmp_path,
        {
            'embeddings': np.array([[1, 0], [0, 1]], np.float32),
            'mapping': np.array([0, 0, 1, 1, 1]),
            'weights': np.array([0, 3, 4, 1, 1], np.float32),
        },
    )
    np.testing.assert_allclose(embedded(folder, ['sister dog'])[2], [[0.6, 0.8]], atol=1e-7)


def test_a_unigram_model_has_its_unknown_word_left_out(tmp_path: Path) -> None:
    static(tmp_path)
    tokenizer(tmp_path, 'Unigram')
    assert embedded(tmp_path, ['dog 猫'])[2] == [[0, 1, 0]]


def test_another_model_by_the_same_path_has_another_space(tmp_path: Path) -> None:
    before = embedded(static(tmp_path), [])[0]
    assert embedded(tmp_path, [])[0] == before
    assert embedded(static(tmp_path, {'embeddings': MATRIX + 1}), [])[0] != before


def test_what_is_wrong_is_said_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r'embedding\.model is empty, expected the path'):
        StaticEmbedder('')
    assert 'which is not there' in refusal(tmp_path / 'nowhere')
    assert 'has no static model, expected model.safetensors' in refusal(tmp_path)
    (tmp_path / 'text.txt').write_text('hello')
    assert 'expected a .npy or .safetensors file' in refusal(tmp_path / 'text.txt')

    lacking = tmp_path / 'lacking'
    static(lacking)
    (lacking / 'tokenizer.json').unlink()
    assert f'there is no {lacking}/tokenizer.json' in refusal(lacking)
    (lacking / 'tokenizer.json').write_text('{"version": "1.0"}')
    assert 'is no tokenizer.json' in refusal(lacking)

    broken = static(tmp_path / 'broken')
    (broken / 'model.safetensors').write_bytes(b'\xff' * 100)
    assert 'is no .safetensors file' in refusal(broken)
    (broken / 'model.npy').write_bytes(b'\x93NUMPY')
    assert 'is no .npy file with one matrix' in refusal(broken / 'model.npy')
    np.save(broken / 'model.npy', np.array([{}]), allow_pickle=True)
    assert 'is no .npy file with one matrix' in refusal(broken / 'model.npy')


@pytest.mark.parametrize(
    ('tensors', 'words'),
    [
        ({'embeddings': MATRIX[:3]}, f'has 3 vectors, too few for the {len(WORDS)} tokens'),
        ({'embeddings': MATRIX[0]}, 'a matrix of shape (3,), expected (tokens, dimensions)'),
        ({'embeddings': MATRIX > 1}, 'a matrix of bool, expected numbers'),
        ({'a': MATRIX, 'b': MATRIX}, "has the tensors ['a', 'b'], expected 'embeddings'"),
        ({'embeddings': MATRIX, 'weights': np.ones(2)}, 'weights is of shape (2,), expected (5,)'),
        ({'embeddings': MATRIX, 'mapping': np.ones(5)}, 'mapping is of float64, expected whole'),
        ({'embeddings': MATRIX, 'mapping': np.arange(5) - 1}, 'has 5 vectors, too few'),
        ({'embeddings': MATRIX, 'mapping': np.arange(5) + 1}, 'has 5 vectors, too few'),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(
    tmp_path: Path, tensors: dict[str, np.ndarray], words: str
) -> None:
    assert words in refusal(static(tmp_path, tensors))


def test_a_model_with_numbers_that_are_none_is_refused(tmp_path: Path) -> None:
    matrix = MATRIX.copy()
    matrix[2] = np.nan
    with pytest.raises(EngineError, match='made no vectors of 3 finite numbers'):
        embedded(static(tmp_path, {'embeddings': matrix}), ['dog'])
