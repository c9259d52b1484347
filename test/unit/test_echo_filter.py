# SPDX-License-Identifier: Apache-2.0
"""The linear filter: how much of an echo it takes out, how soon, and what it leaves alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from prot_ros.core.echo_filter import SPAN_S, EchoFilter

RATE = 8000
BLOCK = RATE // 50
SECONDS = 5


def voice(seed: int, seconds: float = SECONDS) -> np.ndarray:
    """Return noise that comes and goes three times a second, as syllables do."""
    count = int(seconds * RATE)
    noise = np.random.default_rng(seed).standard_normal(count) * 3000
    return noise * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * np.arange(count) / RATE))


def way(delay_ms: float, seed: int = 7) -> np.ndarray:
    """Return an impulse response of half the energy, with 60 ms of reverberation."""
    delay, tail = int(delay_ms * RATE / 1000), int(0.06 * RATE)
    decay = np.random.default_rng(seed).standard_normal(tail) * 10 ** (-3 * np.arange(tail) / tail)
    decay /= math.sqrt(np.sum(decay**2))
    return np.concatenate((np.zeros(delay), [0.6], 0.37 * decay))


def filtered(microphone: np.ndarray, reference: np.ndarray) -> np.ndarray:
    echo_filter = EchoFilter(RATE, BLOCK)
    blocks = range(0, microphone.size - BLOCK + 1, BLOCK)
    out = [echo_filter.push(microphone[b : b + BLOCK], reference[b : b + BLOCK]) for b in blocks]
    return np.concatenate(out)


def loss_db(before: np.ndarray, after: np.ndarray, start_s: float, stop_s: float) -> float:
    part = slice(int(start_s * RATE), int(stop_s * RATE))
    return float(10 * np.log10(np.mean(before[part] ** 2) / np.mean(after[part] ** 2)))


@pytest.mark.parametrize('delay_ms', [0, 80, 300])
def test_an_echo_is_20_db_down_after_three_seconds_whatever_its_delay(delay_ms):
    robot = voice(1)
    microphone = np.convolve(robot, way(delay_ms))[: robot.size]
    assert loss_db(microphone, filtered(microphone, robot), 3, 4) > 20


def test_an_echo_that_comes_after_its_span_is_left():
    robot = voice(1)
    microphone = np.convolve(robot, way(1000 * SPAN_S + 40))[: robot.size]
    assert abs(loss_db(microphone, filtered(microphone, robot), 2, 3)) < 1


def test_somebody_who_speaks_over_the_echo_is_kept_and_unlearns_nothing():
    robot, other = voice(1), voice(2)
    other[: 3 * RATE] = other[4 * RATE :] = 0
    echo = np.convolve(robot, way(80))[: robot.size]
    out = filtered(echo + other, robot)
    left = out - other[: out.size]
    assert loss_db(echo, left, 3.1, 4) > 14, 'the echo below a voice as loud as it'
    assert loss_db(echo, out, 4.05, 5) > 18, 'and at once afterwards'


def test_where_the_loudspeaker_is_silent_nothing_is_changed():
    microphone = voice(2, 1)
    assert np.array_equal(filtered(microphone, np.zeros(RATE)), microphone)


def test_it_never_makes_louder_what_has_no_echo():
    robot, other = voice(1), voice(2)
    assert loss_db(other, filtered(other, robot), 0.5, 3) > -0.5


def test_a_pause_after_the_robot_stays_as_quiet_as_it_is():
    robot = voice(1)
    robot[3 * RATE :] = 0
    echo = np.convolve(robot, way(80))[: robot.size]
    # What is left of the echo in the reverberation that it has learned wrongly.
    echo[int(3.1 * RATE) :] = 0
    assert not filtered(echo, robot)[int(3.1 * RATE) :].any()


def test_a_way_that_changes_is_learned_anew():
    robot = voice(1, 12)
    first = np.convolve(robot, way(80))[: robot.size]
    second = np.convolve(robot, way(160, seed=9))[: robot.size]
    microphone = np.where(np.arange(robot.size) < 3 * RATE, first, second)
    out = filtered(microphone, robot)
    assert loss_db(microphone, out, 2.5, 3) > 15
    assert loss_db(microphone, out, 3, 3.5) > -1, 'no louder than without it, meanwhile'
    assert loss_db(microphone, out, 10, 12) > 10
