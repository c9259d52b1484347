# SPDX-License-Identifier: Apache-2.0
"""Windows and gauges."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.flow import Gauge, Window


def test_a_window_closes_at_its_limit_and_opens_with_what_was_played():
    window = Window(100)
    window.published(60)
    assert window.may_publish()
    window.published(60)
    assert not window.may_publish()
    window.played_total(21)
    assert window.may_publish()
    assert window.under_way == 99


def test_old_and_repeated_reports_do_no_harm():
    window = Window(100)
    window.published(150)
    window.played_total(80)
    window.played_total(80)
    window.played_total(10)
    assert window.under_way == 70


def test_a_report_of_more_than_was_published_gives_no_credit():
    window = Window(100)
    window.published(50)
    window.played_total(10**9)
    window.published(100)
    assert not window.may_publish()


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1000)), max_size=60))
@settings(derandomize=True, database=None, deadline=None)
def test_never_more_than_the_limit_and_one_item_is_under_way(steps):
    window = Window(500)
    published = 0.0
    for is_report, amount in steps:
        if is_report:
            window.played_total(min(amount, published))
        elif window.may_publish():
            window.published(amount)
            published += amount
        assert window.under_way <= 500 + 1000


def test_a26_a_queue_is_high_from_three_quarters_until_it_is_half_empty():
    gauge = Gauge('queue', 100)
    gauge.update(74)
    assert not gauge.high
    gauge.update(75)
    assert gauge.high
    gauge.update(51)
    assert gauge.high, 'one item more or less must not make it flap'
    gauge.update(50)
    assert not gauge.high
    assert gauge.peak == 75


def test_a26_a_crossing_is_told_once():
    gauge = Gauge('queue', 100)
    sizes = [74, 75, 90, 60, 80, 50, 75]
    assert [gauge.update(size) for size in sizes] == [False, True, *[False] * 4, True]


def test_a26_the_only_place_of_a_queue_is_there_to_be_taken():
    gauge = Gauge('dialog/names', bound=1)
    assert not gauge.update(1)
    assert not gauge.high
    assert gauge.peak == 1


def test_a_gauge_has_one_line_for_a_person():
    gauge = Gauge('queue', 100)
    gauge.update(75)
    gauge.update(50)
    assert gauge.summary() == '50/100, peak 75, dropped 0, flushed 0'
