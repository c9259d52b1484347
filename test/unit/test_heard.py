# SPDX-License-Identifier: Apache-2.0
"""What was heard of a reply."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.heard import SpokenSentence, heard, syllables

STORY = 'Once upon a time there was a little robot.'


@pytest.mark.parametrize(
    ('word', 'count'),
    [
        ('a', 1), ('robot', 2), ('time', 1), ('little', 2), ('interrupted', 4), ('hmm', 1),
        ('see', 1), ('안녕하세요', 5), ('서울에', 3), ('こんにちは', 5), ('12', 4), ('...', 0),
        ('', 0),
    ],
)  # fmt: skip
def test_syllables(word, count):
    assert syllables(word) == count


def test_finished_sentences_are_heard_whole():
    spoken = [SpokenSentence('Hello.', 400, 400), SpokenSentence('How are you?', 700, 700)]
    assert heard(spoken).text == 'Hello. How are you?'
    assert not heard(spoken).cut


def test_a17_a_cut_sentence_is_heard_up_to_the_word_that_was_played_half():
    spoken = [SpokenSentence('Hello.', 400, 400), SpokenSentence(STORY, 1000, 2000)]
    assert heard(spoken).text == 'Hello. Once upon a time there'
    assert heard(spoken).cut


def test_a17_nothing_of_a_sentence_that_never_began():
    spoken = [SpokenSentence('Hello.', 400, 400), SpokenSentence(STORY, 0, None)]
    assert heard(spoken).text == 'Hello.'
    assert heard(spoken).cut


def test_nothing_at_all_is_heard_of_a_reply_that_never_sounded():
    assert heard([SpokenSentence(STORY, 0, None)]).text == ''
    assert heard([]).text == ''
    assert not heard([]).cut


def test_korean_is_cut_by_its_syllable_blocks():
    assert heard([SpokenSentence('저는 서울에 살고 있어요.', 500, 1000)]).text == '저는 서울에'


def test_an_unknown_length_is_estimated_from_the_speaking_rate():
    text = heard([SpokenSentence(STORY, 1000, None)]).text
    assert text == 'Once upon a time'


sentences = st.lists(
    st.tuples(st.text(alphabet='abe .가나1', max_size=30), st.integers(1, 5000)), max_size=5
)


@given(sentences, st.integers(0, 20_000), st.integers(0, 2000))
@settings(derandomize=True, database=None, deadline=None)
def test_what_is_heard_is_a_prefix_and_only_grows(parts, played, more):
    def at(ms: int) -> str:
        out = []
        for text, total in parts:
            out.append(SpokenSentence(text, min(ms, total), total))
            ms = max(0, ms - total)
        return ''.join(heard(out).text.split())

    whole = ''.join(''.join(text for text, _ in parts).split())
    assert whole.startswith(at(played))
    assert at(played + more).startswith(at(played))
