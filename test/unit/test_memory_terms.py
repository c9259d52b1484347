# SPDX-License-Identifier: Apache-2.0
"""What of a text can be looked up, in both languages and between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.memory.retrieval.terms import MOST_TERMS, terms


def meet(said: str, told: str) -> set[str]:
    return set(terms(said)) & set(terms(told))


@pytest.mark.parametrize(
    ('asked', 'told'),
    [
        ('서울에 가 본 적 있어?', '서울'),
        ('지수는 어디 살아?', '지수'),
        ('where do I live', 'lives in'),
        ("my sister's dog", 'sister'),
        ('José', 'jose'),
        ('where does Jisu live?', '지수는'),
        ('서울이 어때?', 'Seoul'),
        ('東京に行く', '東京'),
        ('room 7', '7'),
    ],
)
def test_a_question_meets_what_was_told(asked: str, told: str) -> None:
    assert meet(asked, told)


@pytest.mark.parametrize(('asked', 'told'), [('Seoul', 'Busan'), ('서울', '부산'), ('I', 'I am')])
def test_what_has_nothing_in_common_does_not_meet(asked: str, told: str) -> None:
    assert not meet(asked, told)


@given(st.text(st.characters(codec=None), max_size=3000))
def test_terms_are_bounded_and_without_repetition(text: str) -> None:
    found = terms(text)
    assert len(found) <= MOST_TERMS
    assert len(set(found)) == len(found)
