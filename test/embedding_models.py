# SPDX-License-Identifier: Apache-2.0
"""Tiny models of the kinds that people bring, made where a test wants them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

WORDS = {'[UNK]': 0, 'sister': 1, 'dog': 2, '여동생': 3, 'the': 4}
MATRIX = np.array(
    [[9, 9, 9], [1, 0, 0], [0, 1, 0], [0.8, 0, 0.6], [0, 0, 2]],
    np.float32,
)
"""A vector for each word; that of what is unknown is not to be used."""


def tokenizer(folder: Path, kind: str = 'WordLevel') -> None:
    """Write a tokenizer.json that splits at white space."""
    model = {'type': 'WordLevel', 'vocab': WORDS, 'unk_token': '[UNK]'}
    if kind == 'Unigram':
        model = {'type': 'Unigram', 'unk_id': 0, 'vocab': [[word, -1.0] for word in WORDS]}
    written = {
        'version': '1.0',
        'truncation': None,
        # As many models come: every text as long as the longest would be.
        'padding': {
            'strategy': {'Fixed': 16},
            'direction': 'Right',
            'pad_to_multiple_of': None,
            'pad_id': 4,
            'pad_type_id': 0,
            'pad_token': 'the',
        },
        'added_tokens': [],
        'normalizer': {'type': 'Lowercase'},
        'pre_tokenizer': {'type': 'WhitespaceSplit'},
        'post_processor': None,
        'decoder': None,
        'model': model,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'tokenizer.json').write_text(json.dumps(written), encoding='utf-8')


def static(folder: Path, tensors: dict[str, np.ndarray] | None = None) -> Path:
    """Write a static model as Model2Vec does."""
    from safetensors.numpy import save_file

    tokenizer(folder)
    save_file(tensors or {'embeddings': MATRIX}, folder / 'model.safetensors')
    return folder


def network(
    file: Path,
    *,
    output: str = 'last_hidden_state',
    pooled: bool = False,
    more_inputs: tuple[str, ...] = ('attention_mask', 'token_type_ids'),
    matrix: np.ndarray = MATRIX,
) -> Path:
    """Write an ONNX model that looks up a matrix: each token, or the sum of all where pooled."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    width = matrix.shape[1]
    shape = ['batch', width] if pooled else ['batch', 'tokens', width]
    looked = 'looked' if pooled else output
    nodes = [helper.make_node('Gather', ['matrix', 'input_ids'], [looked])]
    initializers = [numpy_helper.from_array(matrix, 'matrix')]
    if pooled:
        initializers.append(numpy_helper.from_array(np.array([1]), 'axes'))
        nodes.append(helper.make_node('ReduceSum', [looked, 'axes'], [output], keepdims=0))
    graph = helper.make_graph(
        nodes,
        'lookup',
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ['batch', 'tokens'])
            for name in ('input_ids', *more_inputs)
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        initializers,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    # Versions that a runtime of some years ago can read.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.save(model, file)
    return file
