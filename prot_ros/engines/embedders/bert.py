# SPDX-License-Identifier: Apache-2.0
"""The encoder of BERT, forwards only, in numpy.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (NAACL 2019), with layer
norms after the sums. The tokens of all texts lie side by side, so the large products are made once
for all of them, and only attention goes text by text: there is no padding and no mask. Each token
is a column: weights times states takes a quarter less time than states times transposed weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_EPSILON = np.float32(1e-12)


@dataclass(frozen=True)
class Shape:
    """How large the network is."""

    vocabulary: int
    positions: int
    """Most tokens of a text."""
    width: int
    """Numbers for each token."""
    inner: int
    """Numbers for each token between the two halves of a feed-forward part."""
    heads: int
    layers: int


@dataclass(frozen=True)
class _Linear:
    weight: Floats
    """(outputs, inputs)"""
    bias: Floats
    """(outputs, 1)"""

    def __call__(self, states: Floats) -> Floats:
        """Take (inputs, tokens), return (outputs, tokens)."""
        out: Floats = self.weight @ states
        out += self.bias
        return out


@dataclass(frozen=True)
class _Norm:
    weight: Floats
    """(width, 1)"""
    bias: Floats

    def __call__(self, states: Floats) -> Floats:
        """Take and return (width, tokens)."""
        centred = states - states.mean(axis=0)
        variance = np.square(centred).mean(axis=0)
        out: Floats = centred / np.sqrt(variance + _EPSILON) * self.weight + self.bias
        return out


@dataclass(frozen=True)
class _Layer:
    look: _Linear
    """To queries, keys and values: one product instead of three."""
    seen: _Linear
    seen_norm: _Norm
    up: _Linear
    down: _Linear
    norm: _Norm


class Bert:
    """A network with its weights."""

    def __init__(self, tensors: Mapping[str, Floats], shape: Shape) -> None:
        """Take float32 tensors by the names of Hugging Face's BertModel.

        Raises ValueError where one is missing or is not of the shape.
        """
        self.shape = shape
        width, inner = shape.width, shape.inner

        def tensor(name: str, *expected: int) -> Floats:
            found = tensors.get(name)
            if found is None:
                raise ValueError(f'there is no tensor {name}, expected one of shape {expected}')
            if found.shape != expected:
                raise ValueError(f'{name} is of shape {found.shape}, expected {expected}')
            return found

        def linear(outputs: int, inputs: int, *names: str) -> _Linear:
            weights = [tensor(f'{name}.weight', outputs, inputs) for name in names]
            biases = [tensor(f'{name}.bias', outputs) for name in names]
            # One alone is not copied.
            weight = weights[0] if len(weights) == 1 else np.concatenate(weights)
            return _Linear(weight, np.concatenate(biases)[:, None])

        def norm(name: str) -> _Norm:
            weight, bias = tensor(f'{name}.weight', width), tensor(f'{name}.bias', width)
            return _Norm(weight[:, None], bias[:, None])

        self._words = tensor('embeddings.word_embeddings.weight', shape.vocabulary, width)
        # No text here has a second part, so all tokens are of the first type.
        self._places = (
            tensor('embeddings.position_embeddings.weight', shape.positions, width)
            + tensor('embeddings.token_type_embeddings.weight', 2, width)[0]
        )
        self._norm = norm('embeddings.LayerNorm')
        self._layers = []
        for number in range(shape.layers):
            at = f'encoder.layer.{number}'
            parts = [f'{at}.attention.self.{part}' for part in ('query', 'key', 'value')]
            self._layers.append(
                _Layer(
                    linear(width, width, *parts),
                    linear(width, width, f'{at}.attention.output.dense'),
                    norm(f'{at}.attention.output.LayerNorm'),
                    linear(inner, width, f'{at}.intermediate.dense'),
                    linear(width, inner, f'{at}.output.dense'),
                    norm(f'{at}.output.LayerNorm'),
                )
            )

    def means(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Return the mean of each text's last hidden states, of shape (texts, width).

        A text is 1 to `positions` token numbers, [CLS] and [SEP] among them.
        """
        ends = np.cumsum([len(text) for text in texts]).tolist()
        spans = [slice(end - len(text), end) for end, text in zip(ends, texts, strict=True)]
        words = np.concatenate([self._words[text] + self._places[: len(text)] for text in texts])
        states = self._norm(np.ascontiguousarray(words.T))
        for layer in self._layers:
            states = layer.seen_norm(
                states + layer.seen(self._attended(layer.look(states), spans))
            )
            states = layer.norm(states + layer.down(_gelu(layer.up(states))))
        return np.stack([states[:, span].mean(axis=1) for span in spans])

    def _attended(self, looked: Floats, spans: Sequence[slice]) -> Floats:
        """Let each token look at the tokens of its own text; return (width, tokens)."""
        width, heads = self.shape.width, self.shape.heads
        size = width // heads
        out = np.empty((width, looked.shape[1]), np.float32)
        for span in spans:
            query, key, value = looked[:, span].reshape(3, heads, size, -1)
            scores = query.transpose(0, 2, 1) @ key * np.float32(1 / np.sqrt(size))
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
            out[:, span] = (value @ scores.transpose(0, 2, 1)).reshape(width, -1)
        return out


def _gelu(values: Floats) -> Floats:
    """Return x * P(normal <= x).

    The error function is that of Abramowitz and Stegun, 7.1.26, wrong by at most 1.5e-7.
    """
    scaled = np.abs(values) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = np.float32(1.061405429) * t + np.float32(-1.453152027)
    for coefficient in (1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(coefficient)
    tail = series * t * np.exp(-scaled * scaled)  # 1 - erf of what is positive
    out: Floats = np.where(values >= 0, values * (1 - tail / 2), values * (tail / 2))
    return out
