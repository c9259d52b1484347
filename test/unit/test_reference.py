# SPDX-License-Identifier: Apache-2.0
"""The microphone's time, and what the loudspeaker sounds laid out on it."""

from __future__ import annotations

import numpy as np
import pytest

from prot_ros.core.reference import CaptureClock, ReferenceOrder, ReferenceTimeline
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp

RATE = 16000
FRAME = RATE // 50
BEGAN = Stamp(1_700_000_000 * SECOND)


def at(ms: float) -> Stamp:
    return Stamp(BEGAN + round(ms * MILLISECOND))


def ramp(count: int, first: int = 1) -> np.ndarray:
    return np.arange(first, first + count).astype(np.int16)


def test_frames_that_arrive_in_bursts_are_captured_evenly():
    clock = CaptureClock(RATE, FRAME)
    random = np.random.default_rng(5)
    lateness = np.where(random.random(500) < 0.2, random.uniform(0, 50, 500), 0)
    times = [clock.time(at(20 * n + late), quiet=False) for n, late in enumerate(lateness)]
    assert set(np.diff(times[60:])) == {20 * MILLISECOND}
    assert times[-1] == at(20 * 499)


def test_a_sound_card_whose_clock_is_slow_is_followed_sample_by_sample():
    clock = CaptureClock(RATE, FRAME)
    period = 20.002  # 100 ppm
    times = [clock.time(at(period * n), quiet=False) for n in range(5000)]
    steps = np.diff(times) - 20 * MILLISECOND
    assert set(steps) <= {0, SECOND // RATE}
    assert abs(times[-1] - at(period * 4999)) < 2 * MILLISECOND


def test_while_the_robot_is_silent_the_clock_is_set_right_at_once():
    clock = CaptureClock(RATE, FRAME)
    clock.time(at(40), quiet=True)  # the first one came 40 ms late
    assert clock.time(at(20), quiet=True) == at(20)


@pytest.mark.parametrize('jump_ms', [300, -300, 3_600_000, -3_600_000])
def test_lost_audio_and_a_clock_that_is_set_are_followed_within_a_fraction_of_a_second(jump_ms):
    clock = CaptureClock(RATE, FRAME)
    for n in range(100):
        clock.time(at(20 * n), quiet=False)
    for n in range(100, 120):
        time = clock.time(at(20 * n + jump_ms), quiet=False)
    assert time == at(20 * 119 + jump_ms)


def test_what_is_announced_is_audible_then_and_silence_around_it():
    timeline = ReferenceTimeline(RATE)
    timeline.begin(at(100))
    timeline.extend(ramp(160))
    start = timeline.position(at(95))
    samples, known = timeline.take(start, 320)
    assert known
    assert np.array_equal(samples, np.concatenate((np.zeros(80), ramp(160), np.zeros(80))))
    for far in (start - 10 * RATE, start + 10 * RATE):
        samples, known = timeline.take(far, 320)
        assert known
        assert not samples.any()


def test_what_is_told_anew_replaces_what_was_told_before_and_nothing_else():
    timeline = ReferenceTimeline(RATE)
    timeline.begin(at(0))
    timeline.extend(ramp(1600))
    timeline.begin(at(40))
    timeline.extend(np.full(160, -7, np.int16))
    samples, _ = timeline.take(timeline.position(at(30)), 960)
    assert np.array_equal(samples[:160], ramp(160, 481))
    assert (samples[160:320] == -7).all()
    assert np.array_equal(samples[320:], ramp(640, 801))


def test_a_lost_piece_leaves_a_hole_that_is_known_as_one():
    timeline = ReferenceTimeline(RATE)
    timeline.begin(at(0))
    timeline.extend(ramp(320))
    timeline.begin(at(60), after_loss=True)
    timeline.extend(ramp(320))
    assert timeline.take(timeline.position(at(0)), 320)[1]
    assert not timeline.take(timeline.position(at(15)), 320)[1]
    assert not timeline.take(timeline.position(at(45)), 320)[1]
    assert timeline.take(timeline.position(at(60)), 320)[1]


def test_a_clock_that_is_set_back_an_hour_deafens_nothing():
    timeline = ReferenceTimeline(RATE)
    timeline.begin(at(3_600_000))
    timeline.extend(ramp(320))
    timeline.begin(at(0))
    timeline.extend(ramp(320, 5))
    assert np.array_equal(timeline.take(timeline.position(at(0)), 320)[0], ramp(320, 5))


def test_hours_of_speech_keep_only_the_last_seconds():
    timeline = ReferenceTimeline(RATE)
    timeline.begin(at(0))
    for n in range(400):
        timeline.extend(np.full(RATE, n + 1, np.int16))
    assert (timeline.take(timeline.position(at(399_500)), 320)[0] == 400).all()
    assert not timeline.take(timeline.position(at(1000)), 320)[0].any()


def place(order: ReferenceOrder, seq: int, ms: float, now: float = 0) -> str:
    return order.place(seq, at(ms), 320, RATE, at(now or ms))


def test_pieces_that_follow_join_though_their_stamps_shake():
    order = ReferenceOrder()
    assert place(order, 0, 0) == ReferenceOrder.BEGINS
    for n in range(1, 200):
        assert place(order, n, 20 * n + (-1) ** n * 2) == ReferenceOrder.FOLLOWS


def test_stamps_that_creep_away_are_not_joined_for_ever():
    order = ReferenceOrder()
    hows = [place(order, n, 20.5 * n) for n in range(100)]
    assert hows.count(ReferenceOrder.BEGINS) in range(8, 12)


def test_a_piece_that_came_twice_late_or_from_the_future_does_not_count():
    order = ReferenceOrder()
    for n in range(5):
        place(order, n, 20 * n)
    assert place(order, 4, 80) == ReferenceOrder.STALE
    assert place(order, 2, 40) == ReferenceOrder.STALE
    assert place(order, 5, 60_000, now=100) == ReferenceOrder.STALE
    assert order.stale == 3
    assert place(order, 5, 100) == ReferenceOrder.FOLLOWS
    assert order.lost == 0


def test_lost_pieces_are_counted_and_a_new_speaker_node_begins_anew():
    order = ReferenceOrder()
    place(order, 0, 0)
    assert place(order, 3, 60) == ReferenceOrder.AFTER_LOSS
    assert order.lost == 2
    assert place(order, 0, 5000) == ReferenceOrder.BEGINS
    assert order.lost == 2
