# SPDX-License-Identifier: Apache-2.0
"""How long turns are kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prot_ros.memory.forgetting.retention import MOST_DAYS, kept_since

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_nothing_is_let_go_of_where_all_is_kept_for_ever() -> None:
    assert kept_since(NOW, 0) is None


def test_turns_are_kept_for_as_many_days_as_are_wanted() -> None:
    assert kept_since(NOW, 1) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert kept_since(NOW, MOST_DAYS) is not None


@pytest.mark.parametrize('days', [-1, MOST_DAYS + 1])
def test_days_that_cannot_be_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match='expected 0'):
        kept_since(NOW, days)
