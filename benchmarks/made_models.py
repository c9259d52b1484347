# SPDX-License-Identifier: Apache-2.0
"""Models of the kinds that a user may bring, made of MiniLM's weights, so none is downloaded.

    python benchmarks/made_models.py FOLDER

makes a static model for English, for `embedding.engine: static` and `embedding.model: FOLDER`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from prot_ros.engines.embedders import minilm
from prot_ros.engines.embedders.model_files import TOKENIZER

SIF = 1e-4
DISTILLED = 256
"""Dimensions."""
_AT_ONCE = 64
_CLS, _SEP = 101, 102

Floats = NDArray[np.float32]


def distilled(folder: Path) -> Path:
    """Make a static model: what MiniLM makes of each of its tokens alone.

    The way of Model2Vec (Tulkens and van Dongen, 2024): principal components of the tokens'
    vectors, each weighted by SIF (Arora et al., ICLR 2017) with frequencies by Zipf's law, since
    the vocabulary is in the order of frequency.
    """
    source = minilm.folder()
    network = minilm.MiniLm(source)._bert
    ids = range(minilm.SHAPE.vocabulary)
    found = np.concatenate(
        [
            network.means([[_CLS, number, _SEP] for number in ids[at : at + _AT_ONCE]])
            for at in range(0, len(ids), _AT_ONCE)
        ]
    )
    centred = found - found.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    frequency = 1 / np.arange(2, len(found) + 2)
    weight = SIF / (SIF + frequency / frequency.sum())
    matrix = centred @ axes[:, ::-1][:, :DISTILLED] * weight[:, None]
    folder.mkdir(parents=True, exist_ok=True)
    save_file({'embeddings': matrix.astype(np.float32)}, folder / 'model.safetensors')
    shutil.copy(source / TOKENIZER, folder)
    return folder


def exported(folder: Path) -> Path:
    """Write MiniLM as an ONNX model, for one text at a time."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    source = minilm.folder()
    with safe_open(source / minilm.WEIGHTS, 'np') as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    shape = minilm.SHAPE
    nodes: list[onnx.NodeProto] = []
    initializers: list[onnx.TensorProto] = []

    def constant(name: str, value: NDArray[np.generic]) -> str:
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, *inputs: str, name: str = '', **attributes: object) -> str:
        output = name or f'{kind}_{len(nodes)}'
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(at: str, value: str) -> str:
        weight = constant(f'{at}.weight', tensors[f'{at}.weight'].T)
        product = node('MatMul', value, weight)
        return node('Add', product, constant(f'{at}.bias', tensors[f'{at}.bias']))

    def norm(at: str, value: str, name: str = '') -> str:
        scale = constant(f'{at}.weight', tensors[f'{at}.weight'])
        bias = constant(f'{at}.bias', tensors[f'{at}.bias'])
        return node('LayerNormalization', value, scale, bias, name=name, axis=-1, epsilon=1e-12)

    def heads(value: str, order: list[int]) -> str:
        return node('Transpose', node('Reshape', value, split), perm=order)

    size = shape.width // shape.heads
    split = constant('split', np.array([0, 0, shape.heads, size]))
    joined = constant('joined', np.array([0, 0, shape.width]))
    scale = constant('scale', np.array(size**-0.5, np.float32))
    root = constant('root', np.array(0.5**0.5, np.float32))
    one, half = (constant(str(each), np.array(each, np.float32)) for each in (1.0, 0.5))
    words = constant('words', tensors['embeddings.word_embeddings.weight'])
    places = constant(
        'places',
        tensors['embeddings.position_embeddings.weight']
        + tensors['embeddings.token_type_embeddings.weight'][0],
    )
    zero, axis = constant('zero', np.array([0])), constant('axis', np.array([0]))
    length = node('Shape', 'input_ids', start=1, end=2)
    placed = node('Slice', places, zero, length, axis)
    state = norm('embeddings.LayerNorm', node('Add', node('Gather', words, 'input_ids'), placed))
    for number in range(shape.layers):
        at = f'encoder.layer.{number}'
        query = heads(linear(f'{at}.attention.self.query', state), [0, 2, 1, 3])
        key = heads(linear(f'{at}.attention.self.key', state), [0, 2, 3, 1])
        value = heads(linear(f'{at}.attention.self.value', state), [0, 2, 1, 3])
        scores = node('Softmax', node('Mul', node('MatMul', query, key), scale), axis=-1)
        seen = node('Transpose', node('MatMul', scores, value), perm=[0, 2, 1, 3])
        seen = linear(f'{at}.attention.output.dense', node('Reshape', seen, joined))
        state = norm(f'{at}.attention.output.LayerNorm', node('Add', state, seen))
        inner = linear(f'{at}.intermediate.dense', state)
        erf = node('Add', node('Erf', node('Mul', inner, root)), one)
        inner = node('Mul', node('Mul', inner, erf), half)
        last = node('Add', state, linear(f'{at}.output.dense', inner))
        name = 'last_hidden_state' if number == shape.layers - 1 else ''
        state = norm(f'{at}.output.LayerNorm', last, name)
    graph = helper.make_graph(
        nodes,
        'minilm',
        [helper.make_tensor_value_info('input_ids', TensorProto.INT64, ['batch', 'tokens'])],
        [
            helper.make_tensor_value_info(
                state, TensorProto.FLOAT, ['batch', 'tokens', shape.width]
            )
        ],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / 'model.onnx')
    shutil.copy(source / TOKENIZER, folder)
    return folder


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f'embedding.model: {distilled(Path(sys.argv[1]))}')
