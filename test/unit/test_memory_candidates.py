# SPDX-License-Identifier: Apache-2.0
"""How far an index over vectors is searched."""

from __future__ import annotations

import pytest

from prot_ros.memory.database import candidates


@pytest.mark.parametrize(
    ('vectors', 'expected'), [(-1, 60), (0, 60), (500, 60), (100_000, 60), (1_000_000, 150)]
)
def test_as_many_candidates_as_find_99_of_100(vectors, expected):
    assert candidates(vectors) == expected


def test_more_vectors_want_more_candidates_but_no_search_is_endless():
    found = [candidates(10**tenth * 1.0) for tenth in range(5, 12)]
    assert found == sorted(found)
    assert max(found) <= 200
