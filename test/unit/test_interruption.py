# SPDX-License-Identifier: Apache-2.0
"""What becomes of a reply that somebody speaks over."""

from __future__ import annotations

import pytest

from prot_ros.core.backchannel import is_backchannel
from prot_ros.core.interruption import Overlap, wants_the_floor
from prot_ros.core.stamps import NEVER, Stamp

SPOKEN = Stamp(7)


def overlap() -> Overlap:
    made = Overlap()
    made.begin(SPOKEN)
    return made


def test_words_that_last_take_the_floor_whichever_is_known_first():
    first = overlap()
    assert not first.partial(SPOKEN, 'stop please', asked=False)
    assert first.sustain(SPOKEN)
    second = overlap()
    assert not second.sustain(SPOKEN)
    assert second.partial(SPOKEN, 'stop please', asked=False)


def test_noise_however_long_and_a_long_hum_do_not():
    made = overlap()
    made.sustain(SPOKEN)
    assert not made.partial(SPOKEN, '', asked=False)
    assert not made.partial(SPOKEN, 'mm hm', asked=False)


def test_words_that_were_taken_back_do_not_count():
    made = overlap()
    made.partial(SPOKEN, 'the', asked=False)
    made.partial(SPOKEN, '', asked=False)
    assert not made.sustain(SPOKEN)


def test_what_belongs_to_another_utterance_changes_nothing():
    made = overlap()
    for other in (Stamp(6), Stamp(8)):
        assert not made.sustain(other)
        assert not made.partial(other, 'stop', asked=False)
    assert not made.partial(SPOKEN, 'stop', asked=False)


def test_an_older_utterance_does_not_take_the_place_of_a_newer_one():
    made = overlap()
    made.begin(Stamp(3))
    assert made.turn == SPOKEN


def test_an_utterance_that_is_over_takes_nothing_and_an_older_end_ends_no_newer():
    made = overlap()
    made.sustain(SPOKEN)
    made.end(Stamp(5))
    assert made.turn == SPOKEN
    made.end(SPOKEN)
    assert made.turn == NEVER
    assert not made.partial(SPOKEN, 'stop', asked=False)
    assert not Overlap().sustain(NEVER)


@pytest.mark.parametrize('text', ['stop', '멈춰', 'what time is it', 'no', 'yeah but why'])
def test_words_want_the_floor(text):
    assert wants_the_floor(text, asked=False)


@pytest.mark.parametrize('text', ['', '  ', 'mm-hm', 'Uh-huh.', '음', '네네', '응응', 'yeah yeah'])
def test_silence_and_listening_noises_do_not(text):
    assert not wants_the_floor(text, asked=False)


@pytest.mark.parametrize('text', ['yes', '네', 'okay', '그래'])
def test_agreement_is_an_answer_where_something_was_asked(text):
    assert wants_the_floor(text, asked=True)
    assert is_backchannel(text, asked=False)
