# SPDX-License-Identifier: Apache-2.0
"""Hashed character n-grams, in both languages."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.engines.embedders.local import DIMENSIONS, LocalEmbedder, vector


def cosine(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(vector(one), vector(other), strict=True))


@given(st.text(st.characters(codec=None), max_size=200))
def test_a_vector_has_unit_length_or_is_all_zeros(text: str) -> None:
    length = math.sqrt(sum(value * value for value in vector(text)))
    assert len(vector(text)) == DIMENSIONS
    assert length == pytest.approx(1.0) or length == 0.0


@pytest.mark.parametrize('text', ['', '   ', '?!', '\0', '\ud800', '…'])
def test_a_text_without_words_has_no_direction(text: str) -> None:
    assert not any(vector(text))


@pytest.mark.parametrize(
    ('said', 'near', 'far'),
    [
        ('where do I live', 'I live in Seoul', 'my dog is called Rex'),
        ('my favourite colour', 'favorite color', 'a long story'),
        ('여동생은 어디 살아?', '내 여동생은 부산에 살아', '나는 커피를 좋아해'),
        ('고양이 이름이 뭐야', '우리 고양이 이름은 나비야', '오늘 날씨가 좋네'),
    ],
)
def test_what_shares_parts_of_words_is_nearer(said: str, near: str, far: str) -> None:
    assert cosine(said, near) > cosine(said, far) + 0.1


def test_the_same_text_has_the_same_vector_for_good() -> None:
    # Vectors are kept for years under the embedder's name; one made otherwise needs another name.
    values = vector('Seoul 서울')
    assert LocalEmbedder().name == 'local-1'
    assert [at for at in range(DIMENSIONS) if values[at] > 0] == [
        4,
        126,
        161,
        169,
        207,
        225,
        246,
        254,
    ]
    assert [at for at in range(DIMENSIONS) if values[at] < 0] == [2, 39, 48, 240, 242, 248]


def test_texts_are_embedded_in_order() -> None:
    texts = [f'text number {n}' for n in range(40)]
    assert asyncio.run(LocalEmbedder().embed(texts)) == [vector(text) for text in texts]
