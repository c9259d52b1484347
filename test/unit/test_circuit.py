# SPDX-License-Identifier: Apache-2.0
"""When a failing service is left alone, for how long, and how it comes back."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.circuit import Admission, Circuit, CircuitLimits, State

THROUGH, PROBE, REFUSED = Admission.THROUGH, Admission.PROBE, Admission.REFUSED
LIMITS = CircuitLimits(
    failures=2, rest_s=4.0, rest_most_s=16.0, refused_s=20.0, refused_most_s=100.0
)


def circuit(seed: int = 1) -> Circuit:
    return Circuit(LIMITS, Random(seed))


def opened(now: float = 0.0) -> Circuit:
    made = circuit()
    made.failed(now, THROUGH)
    assert made.failed(now, THROUGH)
    return made


def test_a_single_failure_opens_nothing():
    made = circuit()
    assert not made.failed(0.0, THROUGH)
    assert made.admit(0.0) is THROUGH


def test_only_failures_in_a_row_open():
    made = circuit()
    for now in range(10):
        assert not made.failed(now, THROUGH)
        assert not made.succeeded(THROUGH)
    assert made.state is State.CLOSED


def test_an_open_circuit_lets_one_probe_through_after_its_rest():
    made = opened()
    assert made.state is State.OPEN
    assert 2.0 <= made.retry_at <= 4.0
    assert made.admit(made.retry_at - 0.001) is REFUSED
    assert made.admit(made.retry_at) is PROBE
    assert made.admit(1e9) is REFUSED  # while the probe is under way


def test_a_probe_that_succeeds_closes_and_forgets():
    made = opened()
    probe = made.admit(10.0)
    assert made.succeeded(probe)
    assert not made.failed(11.0, made.admit(11.0))
    assert made.state is State.CLOSED


def test_each_probe_that_fails_doubles_the_rest_up_to_the_cap():
    made = opened()
    now, whole = 0.0, 4.0
    for _ in range(8):
        rest = made.retry_at - now
        assert whole / 2 <= rest <= whole
        now = made.retry_at
        assert not made.failed(now, made.admit(now))
        whole = min(16.0, 2 * whole)


def test_what_a_person_must_mend_opens_at_once_and_long():
    made = circuit()
    assert made.failed(0.0, THROUGH, retryable=False)
    now, whole = 0.0, 20.0
    for _ in range(5):
        assert whole / 2 <= made.retry_at - now <= whole
        now, whole = made.retry_at, min(100.0, 2 * whole)
        made.failed(now, made.admit(now), retryable=False)


def test_a_service_that_asks_to_be_left_alone_is_within_reason():
    made = circuit()
    assert made.failed(0.0, THROUGH, rest_s=30.0)
    assert made.retry_at == 30.0
    made = circuit()
    made.failed(0.0, THROUGH, rest_s=1e9)
    assert made.retry_at == LIMITS.refused_most_s


def test_a_probe_that_was_given_up_lets_the_next_request_probe():
    made = opened()
    probe = made.admit(10.0)
    made.abandoned(10.5, probe)
    assert made.admit(10.5) is PROBE


def test_late_outcomes_of_requests_from_before_tell_nothing():
    made = opened()
    retry_at = made.retry_at
    assert not made.failed(1.0, THROUGH)
    assert not made.succeeded(THROUGH)
    made.abandoned(1.0, THROUGH)
    assert (made.state, made.retry_at) == (State.OPEN, retry_at)
    made.admit(10.0)
    assert not made.succeeded(THROUGH)
    assert made.state is State.HALF_OPEN


def test_a_reset_lets_requests_through_at_once():
    made = circuit()
    made.failed(0.0, THROUGH, retryable=False)
    made.reset()
    assert made.admit(0.0) is THROUGH


def test_the_same_seed_gives_the_same_rests():
    rests = []
    for _ in range(2):
        made = opened()
        rests.append(made.retry_at)
    assert rests[0] == rests[1]
    assert Circuit(LIMITS, Random(2)).failed(0.0, THROUGH, retryable=False)


def test_limits_that_never_open_are_refused():
    with pytest.raises(ValueError, match='failures is 0'):
        Circuit(CircuitLimits(failures=0), Random(1))


@given(
    st.lists(
        st.sampled_from(['answer', 'fail', 'refuse', 'ask', 'cancel']),
        max_size=60,
    ),
    st.integers(0, 2**32),
)
def test_at_every_moment_it_is_known_when_the_service_is_tried_again(outcomes, seed):
    made = circuit(seed)
    now = 0.0
    for outcome in outcomes:
        admission = made.admit(now)
        if admission is REFUSED:
            assert made.state is State.OPEN
            assert now < made.retry_at <= now + LIMITS.refused_most_s
            now = made.retry_at
            admission = made.admit(now)
            assert admission is PROBE
        if outcome == 'answer':
            made.succeeded(admission)
            assert made.state is State.CLOSED
        elif outcome == 'cancel':
            made.abandoned(now, admission)
        else:
            rest_s = 7.0 if outcome == 'ask' else None
            made.failed(now, admission, retryable=outcome != 'refuse', rest_s=rest_s)
        assert made.state is not State.HALF_OPEN
