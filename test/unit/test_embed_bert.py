# SPDX-License-Identifier: Apache-2.0
"""BERT in numpy does what the same network does when it is written out number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from prot_ros.engines.embedders.bert import Bert, Shape

SHAPE = Shape(vocabulary=11, positions=6, width=8, inner=12, heads=2, layers=2)
TEXTS = [[1, 4, 7, 2], [1, 2], [1, 9, 9, 3, 10, 2]]

Vector = list[float]


def tensors(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    width, inner = SHAPE.width, SHAPE.inner

    def linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
        return {f'{name}.weight': (outputs, inputs), f'{name}.bias': (outputs,)}

    def norm(name: str) -> dict[str, tuple[int, ...]]:
        return {f'{name}.weight': (width,), f'{name}.bias': (width,)}

    shapes: dict[str, tuple[int, ...]] = {
        'embeddings.word_embeddings.weight': (SHAPE.vocabulary, width),
        'embeddings.position_embeddings.weight': (SHAPE.positions, width),
        'embeddings.token_type_embeddings.weight': (2, width),
        **norm('embeddings.LayerNorm'),
    }
    for at in [f'encoder.layer.{number}' for number in range(SHAPE.layers)]:
        for part in ('query', 'key', 'value'):
            shapes |= linear(f'{at}.attention.self.{part}', width, width)
        shapes |= linear(f'{at}.attention.output.dense', width, width)
        shapes |= norm(f'{at}.attention.output.LayerNorm')
        shapes |= linear(f'{at}.intermediate.dense', inner, width)
        shapes |= linear(f'{at}.output.dense', width, inner)
        shapes |= norm(f'{at}.output.LayerNorm')
    return {
        name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()
    }


class Slow:
    """The same network for one text, with lists and loops, as the paper describes it."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self._weights = {name: tensor.astype(float).tolist() for name, tensor in weights.items()}

    def mean(self, text: list[int]) -> Vector:
        tables = [self._weights[f'embeddings.{each}_embeddings.weight'] for each in
                  ('word', 'position', 'token_type')]  # fmt: skip
        states = [
            self._norm(
                'embeddings.LayerNorm',
                [sum(parts) for parts in zip(
                    tables[0][token], tables[1][place], tables[2][0], strict=True
                )],
            )
            for place, token in enumerate(text)
        ]  # fmt: skip
        for number in range(SHAPE.layers):
            states = self._layer(f'encoder.layer.{number}', states)
        return [sum(column) / len(states) for column in zip(*states, strict=True)]

    def _layer(self, at: str, states: list[Vector]) -> list[Vector]:
        query, key, value = (
            [self._linear(f'{at}.attention.self.{part}', state) for state in states]
            for part in ('query', 'key', 'value')
        )
        size = SHAPE.width // SHAPE.heads
        out = []
        for place, state in enumerate(states):
            seen: Vector = []
            for head in range(SHAPE.heads):
                own = slice(head * size, (head + 1) * size)
                scores = [
                    math.exp(
                        sum(a * b for a, b in zip(query[place][own], each[own], strict=True))
                        / math.sqrt(size)
                    )
                    for each in key
                ]
                for dimension in range(head * size, (head + 1) * size):
                    weighted = sum(
                        score * each[dimension] for score, each in zip(scores, value, strict=True)
                    )
                    seen.append(weighted / sum(scores))
            attended = self._linear(f'{at}.attention.output.dense', seen)
            middle = self._norm(f'{at}.attention.output.LayerNorm', added(state, attended))
            inner = [
                x * (1 + math.erf(x / math.sqrt(2))) / 2
                for x in self._linear(f'{at}.intermediate.dense', middle)
            ]
            last = self._linear(f'{at}.output.dense', inner)
            out.append(self._norm(f'{at}.output.LayerNorm', added(middle, last)))
        return out

    def _linear(self, name: str, vector: Vector) -> Vector:
        rows, biases = self._weights[f'{name}.weight'], self._weights[f'{name}.bias']
        return [
            bias + sum(a * b for a, b in zip(row, vector, strict=True))
            for row, bias in zip(rows, biases, strict=True)
        ]

    def _norm(self, name: str, vector: Vector) -> Vector:
        mean = sum(vector) / len(vector)
        deviation = math.sqrt(sum((x - mean) ** 2 for x in vector) / len(vector) + 1e-12)
        weights, biases = self._weights[f'{name}.weight'], self._weights[f'{name}.bias']
        return [
            (x - mean) / deviation * weight + bias
            for x, weight, bias in zip(vector, weights, biases, strict=True)
        ]


def added(one: Vector, other: Vector) -> Vector:
    return [a + b for a, b in zip(one, other, strict=True)]


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_it_computes_what_the_network_is_defined_to_compute(seed: int) -> None:
    weights = tensors(seed)
    found = Bert(weights, SHAPE).means(TEXTS)
    expected = [Slow(weights).mean(text) for text in TEXTS]
    assert found.shape == (3, SHAPE.width)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_texts_have_no_influence_on_each_other() -> None:
    network = Bert(tensors(), SHAPE)
    alone = np.concatenate([network.means([text]) for text in TEXTS])
    np.testing.assert_allclose(network.means(TEXTS), alone, atol=1e-6)


def test_a_missing_tensor_and_one_of_another_shape_are_named() -> None:
    weights = tensors()
    name = 'encoder.layer.1.output.dense.bias'
    taken = weights.pop(name)
    with pytest.raises(ValueError, match=f'there is no tensor {name}, expected one of shape'):
        Bert(weights, SHAPE)
    with pytest.raises(ValueError, match=r'is of shape \(3,\), expected \(8,\)'):
        Bert(weights | {name: taken[:3]}, SHAPE)
