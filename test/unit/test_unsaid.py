# SPDX-License-Identifier: Apache-2.0
"""Where a sentence goes on in another voice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.unsaid import resume_at

TEXT = 'Hello there, my friend.'
MARKS = [(count, 100.0 * count) for count in range(1, len(TEXT) + 1)]


@pytest.mark.parametrize(
    ('given_ms', 'rest'),
    [
        (0, TEXT),
        (300, TEXT),  # half of "Hello" is no word
        (500, ' there, my friend.'),
        (599, ' there, my friend.'),
        (600, 'there, my friend.'),
        (850, 'there, my friend.'),
        (2100, 'friend.'),
        (2200, ''),  # what is left is a full stop
        (9999, ''),
    ],
)
def test_the_word_in_which_it_stopped_is_said_again(given_ms, rest):
    assert TEXT[resume_at(TEXT, MARKS, given_ms) :] == rest


def test_without_marks_all_is_said():
    assert resume_at(TEXT, [], 700.0) == 0


def test_korean_goes_on_with_the_word_and_chinese_with_the_character():
    korean = '오늘은 날씨가 좋아요.'
    assert korean[resume_at(korean, [(6, 500.0)], 600.0) :] == '날씨가 좋아요.'
    chinese = '今天天气很好。'
    assert chinese[resume_at(chinese, [(4, 500.0)], 600.0) :] == '很好。'


def test_marks_beyond_the_text_are_no_harm():
    assert resume_at('Hi.', [(99, 10.0)], 20.0) == 3
    assert resume_at('Hi.', [(-5, 10.0)], 20.0) == 0
    assert resume_at('', [(1, 1.0)], 5.0) == 0


@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.integers(0, 80), st.floats(0, 1000)), max_size=20),
    st.floats(0, 1000),
)
def test_nothing_that_was_not_said_is_left_out(text, marks, given_ms):
    at = resume_at(text, marks, given_ms)
    said = max((count for count, ms in marks if ms <= given_ms + 0.5), default=0)
    assert not any(map(str.isalnum, text[said:at]))
