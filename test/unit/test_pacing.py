# SPDX-License-Identifier: Apache-2.0
"""The clock of a loudspeaker, with time as an argument."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.engines.playback.pacing import PlayoutClock


def test_audio_is_heard_at_the_speed_of_time():
    clock = PlayoutClock(1000)
    clock.write(100, now=5.0)
    assert [clock.played(5.0 + t) for t in (0, 0.0305, 0.1005, 9)] == [0, 30, 100, 100]
    assert clock.unplayed(5.0305) == 70


def test_a_write_that_comes_in_time_follows_without_a_gap():
    clock = PlayoutClock(1000)
    clock.write(100, now=0.0)
    clock.write(100, now=0.09)
    assert clock.played(0.1505) == 150


def test_a_write_that_comes_late_begins_when_it_comes():
    clock = PlayoutClock(1000)
    clock.write(100, now=0.0)
    clock.write(100, now=1.0)
    assert clock.played(0.9) == 100
    assert clock.played(1.0205) == 120


def test_the_way_to_the_ear_delays_what_follows_silence_and_nothing_else():
    clock = PlayoutClock(1000, start_delay_s=0.05)
    clock.write(100, now=0.0)
    assert clock.played(0.05) == 0
    assert clock.played(0.1005) == 50
    clock.write(100, now=0.12)
    assert clock.played(0.2005) == 150


def test_stopping_forgets_what_was_not_heard():
    clock = PlayoutClock(1000)
    clock.write(500, now=0.0)
    assert clock.stop(0.1005) == 100
    assert clock.played(9.0) == clock.written == 100
    clock.write(50, now=9.0)
    assert clock.played(9.0205) == 120


def test_an_empty_write_moves_nothing():
    clock = PlayoutClock(1000)
    clock.write(100, now=0.0)
    clock.write(0, now=2.0)
    clock.write(10, now=2.005)
    assert clock.played(2.0105) == 105


@pytest.mark.parametrize('rate', [8000, 16000, 22050, 24000, 44100])
@given(unplayed=st.integers(0, 4000), now=st.floats(0, 1e6), ahead=st.integers(1, 4000))
def test_who_sleeps_as_long_as_told_finds_room_and_not_much_more(rate, unplayed, now, ahead):
    clock = PlayoutClock(rate)
    clock.write(unplayed + ahead, now)
    wait = clock.seconds_until(unplayed, now)
    assert clock.unplayed(now + wait) <= unplayed
    assert clock.unplayed(now + wait) >= unplayed - 1
    assert clock.seconds_until(unplayed, now + wait) == 0


def test_a_correction_moves_what_is_still_to_come():
    clock = PlayoutClock(1000)
    clock.write(500, now=0.0)
    clock.observe(150, at=0.1, now=0.11)
    assert clock.played(0.2005) == 250
    assert clock.next_heard_at(0.2) == pytest.approx(0.45)
    assert clock.heard_at(300) == pytest.approx(0.25)


def test_a_correction_backwards_makes_the_position_wait():
    clock = PlayoutClock(1000)
    clock.write(500, now=0.0)
    assert clock.played(0.1005) == 100
    clock.observe(20, at=0.1, now=0.1005)
    assert [clock.played(t) for t in (0.11, 0.1505, 0.1905)] == [100, 100, 110]
    assert clock.seconds_until(380, 0.15) == pytest.approx(0.05, abs=0.001)


def test_a_clock_that_stands_still_goes_on_when_it_is_observed_or_begins_anew():
    clock = PlayoutClock(1000)
    clock.write(500, now=0.0)
    clock.stand_still(0.1005)
    assert clock.played(5.0) == 100
    assert clock.seconds_until(300, 5.0) == math.inf
    clock.write(100, now=5.0)
    assert clock.played(6.0) == 100
    clock.observe(110, at=6.0, now=6.0)
    assert clock.played(6.1005) == 210
    clock.stand_still(6.2)
    clock.stop(7.0)
    clock.write(50, now=7.0)
    assert clock.played(8.0) == clock.written


def test_what_a_device_says_counts_only_as_far_as_it_was_written():
    clock = PlayoutClock(1000)
    clock.write(50, now=0.0)
    clock.observe(900, at=0.01, now=0.01)
    assert clock.played(0.02) == 50


@given(
    st.lists(
        st.tuples(
            st.sampled_from(['write', 'stop', 'look', 'observe', 'stand still']),
            st.integers(0, 500),
            st.floats(0, 1),
        ),
        max_size=30,
    )
)
def test_the_position_never_goes_back_and_never_exceeds_what_was_written(steps):
    clock, now, before, written = PlayoutClock(1000, start_delay_s=0.02), 0.0, 0, 0
    for what, amount, wait in steps:
        now += wait
        if what == 'write':
            clock.write(amount, now)
            written += amount
        elif what == 'stop':
            clock.stop(now)
        elif what == 'observe':
            clock.observe(amount, now - wait / 2, now)
        elif what == 'stand still':
            clock.stand_still(now)
        played = clock.played(now)
        assert before <= played <= clock.written <= written
        assert clock.seconds_until(0, now) >= 0
        before = played
