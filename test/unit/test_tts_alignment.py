# SPDX-License-Identifier: Apache-2.0
"""Marks from the times of characters, also where the service's text is not quite the one given."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.engines.elevenlabs.voice_alignment import Aligner, CharacterTimes
from prot_ros.engines.kinds import Mark

quiet = settings(derandomize=True, max_examples=50, database=None, deadline=None)


def times(characters: str, step: float = 100.0) -> CharacterTimes:
    starts = [step * at for at in range(len(characters))]
    return CharacterTimes(list(characters), starts, [start + step for start in starts])


def test_a_word_begins_after_its_pause_and_not_where_the_last_one_ended():
    marks = Aligner('a b').push(times('a b'), 1000.0)
    assert marks == [Mark(0, 1000.0), Mark(1, 1100.0), Mark(2, 1200.0), Mark(3, 1300.0)]


def test_pieces_follow_each_other():
    alignment = Aligner('abcd')
    assert alignment.push(times('ab'), 0.0)[-1] == Mark(2, 200.0)
    assert alignment.push(times('cd'), 250.0)[-1] == Mark(4, 450.0)


def test_korean_and_symbols_are_counted_as_they_were_given():
    text = '안녕 👋 하세요'
    assert Aligner(text).push(times(text), 0.0)[-1].characters == len(text)


def test_what_the_service_leaves_out_or_adds_does_not_lead_astray():
    text = 'It  costs 12 won.'
    marks = Aligner(text).push(times(' It costs twelve won.'), 0.0)
    assert marks[-1] == Mark(len(text), 2100.0)


@given(st.text(max_size=30), st.lists(st.tuples(st.text(max_size=20), st.floats(0, 9e3))))
@quiet
def test_marks_only_rise_whatever_comes(text, pieces):
    alignment = Aligner(text)
    marks = [mark for said, offset in pieces for mark in alignment.push(times(said), offset)]
    assert all(0 <= mark.characters <= len(text) for mark in marks)
    for one, other in pairwise(marks):
        assert one.characters <= other.characters
        assert one.milliseconds <= other.milliseconds
