# SPDX-License-Identifier: Apache-2.0
"""Which months a text names, in both languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.memory.retrieval.months import Month, months


@pytest.mark.parametrize(
    ('text', 'named'),
    [
        ('What did I do in July?', [Month(7)]),
        ('where was I on 8 May, 2023', [Month(5, 2023)]),
        ('where was I on May 8th, 2023', [Month(5, 2023)]),
        ('what happened in march', [Month(3)]),
        ('between June and August of 2024', [Month(6), Month(8, 2024)]),
        ('December 2022', [Month(12, 2022)]),
        ('7월에 뭐 했지?', [Month(7)]),
        ('2023년 12월에 어디 갔어?', [Month(12, 2023)]),
        ('7월 3일하고 10월', [Month(7), Month(10)]),
        ('\uff17월', [Month(7)]),
    ],
)
def test_a_month_is_found_with_its_year_where_it_has_one(text: str, named: list[Month]) -> None:
    assert list(months(text)) == named


@pytest.mark.parametrize(
    'text',
    [
        '',
        'may I ask you something',
        'the soldiers march home',
        'Where May works',
        '월요일에 만나',
        '13월',
        '0월',
        '세월',
        'decembers',
    ],
)
def test_what_is_no_month_names_none(text: str) -> None:
    assert months(text) == ()


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert all(1 <= month.month <= 12 for month in months(text))
