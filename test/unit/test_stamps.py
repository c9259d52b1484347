# SPDX-License-Identifier: Apache-2.0
"""Stamps: exact, and refused when no message could carry them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core import stamps


@given(st.integers(0, 2**32 * stamps.SECOND - 1))
@settings(derandomize=True, database=None, deadline=None)
def test_stamps_survive_json_and_parts_exactly(value):
    assert stamps.from_json(stamps.to_json(value)) == value
    assert stamps.from_parts(*stamps.to_parts(value)) == value


@pytest.mark.parametrize(
    'value',
    [
        None,
        5,
        '1.5',
        {},
        {'sec': 1},
        {'sec': 1, 'nanosec': 1.0},
        {'sec': True, 'nanosec': 0},
        {'sec': -1, 'nanosec': 0},
        {'sec': 1, 'nanosec': 10**9},
        {'sec': 2**32, 'nanosec': 0},
    ],
)
def test_what_is_no_stamp_is_refused_with_a_sentence(value):
    with pytest.raises(ValueError, match='expected'):
        stamps.from_json(value)


def test_milliseconds_are_negative_when_the_clock_was_stepped_back():
    assert stamps.milliseconds(stamps.Stamp(2_000_000), stamps.Stamp(500_000)) == -1.5
