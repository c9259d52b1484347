# SPDX-License-Identifier: Apache-2.0
"""Speech that got no answer is joined to what follows."""

from __future__ import annotations

from prot_ros.core.pending import LIMIT, UnansweredSpeech


def test_it_is_joined_in_the_order_of_the_turns():
    unanswered = UnansweredSpeech()
    unanswered.add(2, 'in the kitchen')
    unanswered.add(1, 'where is the cup')
    assert unanswered.take('the red one') == 'where is the cup in the kitchen the red one'
    assert unanswered.take('next') == 'next', 'what was taken is not kept'


def test_the_same_turn_counts_once():
    unanswered = UnansweredSpeech()
    unanswered.add(1, 'hello')
    unanswered.add(1, 'hello there')
    assert unanswered.take('') == 'hello there'


def test_a_cough_after_a_question_leaves_the_question():
    unanswered = UnansweredSpeech()
    unanswered.add(1, 'what time is it')
    unanswered.add(2, '  ')
    assert unanswered.take('') == 'what time is it'


def test_it_is_bounded_and_the_newest_words_stay():
    unanswered = UnansweredSpeech()
    for turn in range(1, 100):
        unanswered.add(turn, f'{turn} ' + 'x' * 100)
    text = unanswered.take('')
    assert len(text) <= LIMIT + 100
    assert '99 ' in text
    assert unanswered.dropped > 5000


def test_what_was_answered_audibly_is_forgotten():
    unanswered = UnansweredSpeech()
    unanswered.add(1, 'what time is it')
    unanswered.clear()
    assert unanswered.take('thanks') == 'thanks'
