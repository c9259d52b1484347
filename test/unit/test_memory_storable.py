# SPDX-License-Identifier: Apache-2.0
"""What people say becomes something that PostgreSQL takes and that two spellings agree on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prot_ros.memory.storable import MOST, key, storable

# Surrogates included: JSON and terminals can deliver them.
ANYTHING = st.text(st.characters(codec=None), max_size=300)


@given(ANYTHING)
def test_whatever_is_said_can_be_encoded_and_has_no_nul(text: str) -> None:
    kept = storable(text)
    kept.encode('utf-8')
    assert '\0' not in kept


@given(st.text(st.characters(exclude_categories=('Cs',), exclude_characters='\0'), max_size=300))
def test_text_that_can_be_stored_is_not_changed(text: str) -> None:
    assert storable(text) == text


def test_nul_is_taken_out_half_characters_are_replaced_and_length_is_bounded() -> None:
    assert storable('a\0b') == 'ab'
    assert storable('a\ud800b') == 'a\ufffdb'
    assert len(storable('x' * (MOST + 1))) == MOST


def test_spellings_of_one_name_have_one_key() -> None:
    assert key(' New  York ') == key('new york') == key('ＮＥＷ ＹＯＲＫ')
    assert key('서울') == key('서울'), 'composed and not'
    assert key('Seoul') != key('Busan')


@given(st.text(st.characters(exclude_categories=('Cs',)), max_size=400))
def test_a_key_fits_into_an_index_and_contains_no_separator(text: str) -> None:
    assert len(key(storable(text))) <= 100
    assert '\x1f' not in key(storable(text))


def test_long_texts_that_differ_only_at_their_ends_have_different_keys() -> None:
    assert key('x' * 5000 + 'a') != key('x' * 5000 + 'b')
