# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.offline.scripts import next_unit, sentences

STORY = sentences(
    'Once there was a small lighthouse by the sea. A keeper lived in it with a cat.\n\n'
    'One night the fog came in. She heard a bell, far out in the white.'
)


def test_text_is_the_sum_of_its_sentences():
    assert len(STORY) == 4
    assert STORY[1] == 'A keeper lived in it with a cat.\n\n'


@given(st.text(alphabet='ab .!?"\n…다', max_size=200))
def test_no_character_is_lost(text):
    assert ''.join(sentences(text)) == text


@pytest.mark.parametrize(
    ('heard', 'unit'),
    [
        ('Once there was a small lighthouse by the sea.', 1),
        ('Once there was', 0),
        ('Once there was a small lighthouse by the sea. A keeper lived in', 1),
        ('Once there was a small lighthouse by the sea. A keeper li', 1),
        ('I will go on. A keeper lived in it with a cat. One night', 2),
        ('I will go on. A keeper lived in it with a cat.', 2),
        (''.join(STORY), 4),
        ('It is three in the afternoon.', None),
        ('', None),
    ],
)
def test_story_goes_on_with_the_sentence_that_was_not_heard_in_full(heard, unit):
    assert next_unit(STORY, heard) == unit


def test_count_goes_on_with_the_next_number():
    count = ['One, ', 'two, ', 'three, ', 'twenty-one. ']
    assert next_unit(count, 'One, two,') == 2
    assert next_unit(count, 'One, two, three, twenty-') == 3
