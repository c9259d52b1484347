# SPDX-License-Identifier: Apache-2.0
"""What was heard of a reply."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.heard import Heard, SpokenSentence, heard, syllables

STORY = 'Once upon a time there was a little robot.'


@pytest.mark.parametrize(
    ('word', 'count'),
    [
        ('a', 1), ('robot', 2), ('time', 1), ('little', 2), ('interrupted', 4), ('hmm', 1),
        ('see', 1), ('안녕하세요', 5), ('서울에', 3), ('こんにちは', 5), ('12', 4), ('...', 0),
        ('', 0), ('きょう', 2), ('ロボット', 4), ('東京へ', 3), ('Alice예요', 4), ('привет', 2),
        ('καλημέρα', 4), ('שלום', 2), ('two words', 2),
    ],
)  # fmt: skip
def test_syllables(word, count):
    assert syllables(word) == count


def test_finished_sentences_are_heard_whole():
    spoken = [SpokenSentence('Hello.', 400, 400), SpokenSentence('How are you?', 700, 700)]
    assert heard(spoken).text == 'Hello. How are you?'
    assert not heard(spoken).cut


def test_a17_a_cut_sentence_is_heard_up_to_where_it_was_played():
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


@pytest.mark.parametrize(
    ('text', 'half'),
    [
        ('私は東京に住んでいます。', '私は東京に'),
        ('我住在首尔，你呢？', '我住在'),
        ('私のロボットです。', '私のロボット'),
        ('「はい。」と言った。', '「はい。」と'),
        ('Я живу в Сеуле.', 'Я живу'),
    ],
)
def test_text_without_spaces_is_cut_too_but_not_within_a_katakana_word(text, half):
    assert heard([SpokenSentence(text, 420, 1000)]).text == half


def test_a_pause_is_no_time_for_words():
    told = SpokenSentence(STORY, 1000, 2000, sounding_ms=500, sounding_total_ms=2000)
    assert heard([told]).text == heard([SpokenSentence(STORY, 500, 2000)]).text
    silent = SpokenSentence(STORY, 300, 2000, sounding_ms=0, sounding_total_ms=1500)
    assert heard([silent]).text == ''


def test_an_unknown_length_is_estimated_from_the_speaking_rate():
    assert heard([SpokenSentence(STORY, 800, None)]).text == 'Once upon a time'


def test_an_unknown_length_is_estimated_from_the_pace_of_what_was_heard_before():
    slow = SpokenSentence('Hello there my friend.', 2500, 2500)
    assert heard([slow, SpokenSentence(STORY, 1100, None)]).text.endswith('friend. Once upon')


def test_a_sentence_that_sounds_proves_that_those_before_it_were_heard():
    spoken = [SpokenSentence('Hello.', 0, None), SpokenSentence('How are you?', 700, 700)]
    assert heard(spoken) == Heard('Hello. How are you?', cut=False)


def test_a17_words_that_gave_no_sound_were_not_heard():
    assert heard([SpokenSentence('Hello.', 0, 0)]) == Heard('', cut=True)
    smile = [SpokenSentence('Hello.', 400, 400), SpokenSentence(':-)', 0, 0)]
    assert heard(smile) == Heard('Hello. :-)', cut=False)


def test_marks_before_the_first_word_are_not_heard_alone():
    assert heard([SpokenSentence('- item', 1, 1000)]).text == ''


sentences = st.lists(
    st.tuples(st.text(alphabet='abe .가나1はロッゃ我-', max_size=30), st.integers(1, 5000)),
    max_size=5,
)


@given(sentences, st.integers(0, 20_000), st.integers(0, 2000), st.booleans())
@settings(derandomize=True, database=None, deadline=None)
def test_what_is_heard_is_a_prefix_and_only_grows(parts, played, more, known):
    def at(ms: int) -> str:
        out = []
        for text, total in parts:
            # The end of what is being played has often not been synthesised yet.
            out.append(
                SpokenSentence(text, min(ms, total), total if known or ms > total else None)
            )
            ms = max(0, ms - total)
        return ''.join(heard(out).text.split())

    whole = ''.join(''.join(text for text, _ in parts).split())
    assert whole.startswith(at(played))
    assert at(played + more).startswith(at(played))
