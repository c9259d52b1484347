# SPDX-License-Identifier: Apache-2.0
"""Samples played -> sentence and position."""

from __future__ import annotations

from prot_ros.core.playout import Playout, Position


def two_sentences() -> Playout:
    playout = Playout(rate=1000)
    playout.write(0, 100, complete=False)
    playout.write(0, 50, complete=True)
    playout.write(1, 80, complete=False)
    return playout


def test_before_the_first_sample_nothing_has_been_played():
    assert Playout(1000).position(0) == Position(0, 0.0, None)
    assert two_sentences().position(0) == Position(0, 0.0, 150.0)


def test_the_position_names_the_sentence_and_how_far_into_it():
    playout = two_sentences()
    assert playout.position(120) == Position(0, 120.0, 150.0)
    assert playout.position(150) == Position(0, 150.0, 150.0)
    assert playout.position(151) == Position(1, 1.0, None)


def test_the_position_never_exceeds_what_was_written():
    assert two_sentences().position(10_000) == Position(1, 80.0, None)


def test_each_finished_sentence_is_told_once_and_in_order():
    playout = two_sentences()
    assert playout.finished(149) == []
    assert playout.finished(150) == [Position(0, 150.0, 150.0)]
    assert playout.finished(200) == []
    playout.write(1, 0, complete=True)
    playout.write(2, 10, complete=True)
    assert [p.sentence for p in playout.finished(240)] == [1, 2]


def test_an_empty_sentence_is_finished_when_it_is_reached():
    playout = Playout(1000)
    playout.write(0, 0, complete=True)
    assert [p.sentence for p in playout.finished(0)] == [0]
