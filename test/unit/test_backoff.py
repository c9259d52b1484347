# SPDX-License-Identifier: Apache-2.0
"""How long to wait before something is tried again."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.backoff import Backoff

BACKOFF = Backoff(first_s=0.2, most_s=3.0)


@given(st.integers(1, 10_000), st.integers(0, 2**32))
def test_a_pause_is_between_half_and_whole_of_what_doubles_up_to_the_cap(failures, seed):
    whole = min(3.0, 0.2 * 2.0 ** min(failures - 1, 60))
    assert whole / 2 <= BACKOFF.pause_s(failures, Random(seed)) <= whole


def test_pauses_of_many_robots_differ():
    pauses = {BACKOFF.pause_s(1, Random(seed)) for seed in range(50)}
    assert len(pauses) == 50


@given(st.floats(0, 3.0), st.integers(0, 2**32))
def test_a_pause_that_is_asked_for_is_kept(asked_s, seed):
    pause_s = BACKOFF.honoured_s(1, asked_s, Random(seed))
    assert pause_s is not None
    assert asked_s <= pause_s <= 3.0


def test_a_pause_beyond_the_cap_is_none_between_two_tries():
    assert BACKOFF.honoured_s(1, 3.1, Random(1)) is None
    assert BACKOFF.honoured_s(1, None, Random(1)) == BACKOFF.pause_s(1, Random(1))


@pytest.mark.parametrize('bad', [(0.0, 1.0, 2.0), (2.0, 1.0, 2.0), (1.0, 2.0, 0.5)])
def test_pauses_that_would_not_grow_or_end_are_refused(bad):
    with pytest.raises(ValueError, match='expected 0 < first'):
        Backoff(*bad)


def test_no_pause_without_a_failure():
    with pytest.raises(ValueError, match='0 failures'):
        BACKOFF.pause_s(0, Random(1))
