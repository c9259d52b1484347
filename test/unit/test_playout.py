# SPDX-License-Identifier: Apache-2.0
"""Samples played -> sentence and position."""

from __future__ import annotations

from prot_ros.core.playout import Playout, Position

LOUD = b'\x00\x10'
PAUSE = bytes(2)


def two_sentences() -> Playout:
    playout = Playout(rate=1000)
    playout.write(0, LOUD * 100, complete=False)
    playout.write(0, PAUSE * 50, complete=True)
    playout.write(1, LOUD * 80, complete=False)
    return playout


def test_before_the_first_sample_nothing_has_been_played():
    assert Playout(1000).position(0) == Position(0, 0.0, None)
    assert two_sentences().position(0) == Position(0, 0.0, 150.0, 0.0, 100.0)


def test_the_position_names_the_sentence_and_how_far_into_it():
    playout = two_sentences()
    assert playout.position(120) == Position(0, 120.0, 150.0, 100.0, 100.0)
    assert playout.position(150) == Position(0, 150.0, 150.0, 100.0, 100.0)
    assert playout.position(151) == Position(1, 1.0, None, 0.0, None)


def test_the_position_never_exceeds_what_was_written():
    assert two_sentences().position(10_000) == Position(1, 80.0, None, 80.0, None)


def test_each_finished_sentence_is_told_once_and_in_order():
    playout = two_sentences()
    assert playout.finished(149) == []
    assert playout.finished(150) == [Position(0, 150.0, 150.0, 100.0, 100.0)]
    assert playout.finished(200) == []
    playout.write(1, b'', complete=True)
    playout.write(2, LOUD * 10, complete=True)
    assert [p.sentence for p in playout.finished(240)] == [1, 2]


def test_an_empty_sentence_is_finished_when_it_is_reached():
    playout = Playout(1000)
    playout.write(0, b'', complete=True)
    assert [p.sentence for p in playout.finished(0)] == [0]


def test_pauses_are_told_apart_from_sound_whatever_the_size_of_the_pieces():
    pcm = LOUD * 30 + PAUSE * 40 + LOUD * 30
    for size in (2, 6, 14, 200):
        playout = Playout(1000)
        for at in range(0, len(pcm), size):
            playout.write(0, pcm[at : at + size], complete=at + size >= len(pcm))
        assert playout.position(70).sounding_ms == 30.0
        assert playout.position(100).sounding_ms == 60.0
        assert playout.position(100).sounding_total_ms == 60.0
