# SPDX-License-Identifier: Apache-2.0
"""Requests to speak: the most important first, none for ever, never more than the bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.announcements import BOUND, Announcements, Request
from prot_ros.core.stamps import SECOND, Stamp


def request(at: float, priority: int = 0, max_age_s: float = 0.0) -> Request:
    stamp = Stamp(round(at * SECOND))
    return Request(stamp, f'at {at}', 'say', priority=priority, max_age_s=max_age_s)


def test_higher_priorities_go_first_and_equals_in_the_order_they_came():
    queue = Announcements()
    for made in (request(1), request(2, priority=5), request(3, priority=5), request(4)):
        assert queue.add(made) is None
    order = []
    while (first := queue.first()) is not None:
        order.append(first.text)
        queue.remove(first)
    assert order == ['at 2', 'at 3', 'at 1', 'at 4']


def test_what_waited_too_long_is_dropped_and_told():
    queue = Announcements()
    queue.add(request(1, max_age_s=2.0))
    queue.add(request(1.5))
    assert queue.expire(Stamp(3 * SECOND)) == []
    assert [late.text for late in queue.expire(Stamp(3 * SECOND + 1))] == ['at 1']
    assert queue.expire(Stamp(3 * SECOND + 1)) == []
    assert len(queue) == 1


def test_a_full_queue_drops_the_least_important_and_of_equals_the_oldest():
    queue = Announcements(bound=2)
    queue.add(request(1))
    queue.add(request(2, priority=1))
    assert queue.add(request(3)).text == 'at 1'
    assert queue.add(request(4, priority=2)).text == 'at 3'
    late = request(5)
    assert queue.add(late) is late


def test_an_interrupt_voids_what_arrived_before_it():
    queue = Announcements()
    for at in (1, 2, 3):
        queue.add(request(at))
    assert queue.void(Stamp(2 * SECOND)) == 2
    assert queue.first().text == 'at 3'


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 9)), max_size=40))
def test_it_never_holds_more_than_its_bound_nor_loses_one_untold(made):
    queue = Announcements()
    gone = [queue.add(request(at, priority)) for at, priority in made]
    assert len(queue) <= BOUND
    assert len(queue) + sum(one is not None for one in gone) == len(made)
