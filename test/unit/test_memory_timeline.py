# SPDX-License-Identifier: Apache-2.0
"""When what was told is true."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.facts import USER, Fact, Standing
from prot_ros.memory.knowledge.timeline import Span, Telling, slot, spans, value

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + number * DAY


def told(turn: int, what: str, standing: Standing = Standing.HOLDS, **when: datetime) -> Telling:
    return Telling(turn, turn, 0, what, day(turn), standing=standing, **when)


def fact(predicate: str, what: str, subject: str = USER) -> Fact:
    return Fact(subject, predicate, what, f'{subject} {predicate} {what}')


def live(of: list[Span]) -> list[str]:
    return [span.value for span in of if span.valid_to is None]


def test_a_person_lives_in_one_place_and_likes_many_things() -> None:
    assert slot(1, fact('lives in', 'Seoul')) == slot(1, fact('lives in', 'Busan'))
    assert slot(1, fact('likes', 'tea')) != slot(1, fact('likes', 'coffee'))
    assert slot(1, fact('favorite color', 'red')) == slot(1, fact('favorite color', 'blue'))


def test_two_people_do_not_end_each_others_facts() -> None:
    assert slot(1, fact('lives in', 'Seoul')) != slot(2, fact('lives in', 'Seoul'))
    assert slot(1, fact('x', '2')) != slot(11, fact('x', '2'))


def test_disliking_ends_liking_the_same_thing_only() -> None:
    tea = fact('likes', 'tea')
    assert slot(1, tea) == slot(1, fact('dislikes', 'Tea'))
    assert slot(1, tea) != slot(1, fact('dislikes', 'coffee'))
    assert value('likes', 'tea') != value('dislikes', 'tea')


def test_moving_house_ends_one_home_and_begins_another() -> None:
    seoul, busan = spans([told(1, 'Seoul'), told(5, 'Busan')])
    assert (seoul.valid_from, seoul.valid_to) == (day(1), day(5))
    assert (busan.valid_from, busan.valid_to) == (day(5), None)
    assert seoul.ended_at == day(5)


def test_when_it_was_said_when_it_began_that_counts() -> None:
    seoul, busan = spans([told(1, 'Seoul'), told(9, 'Busan', since=day(4))])
    assert seoul.valid_to == busan.valid_from == day(4)
    assert busan.learnt_at == seoul.ended_at == day(9)


def test_saying_it_again_confirms_it() -> None:
    (span,) = spans([told(1, 'Seoul'), told(3, 'Seoul'), told(7, 'Seoul')])
    assert (span.told, span.last_turn, span.telling) == (3, 7, 7)
    assert (span.valid_from, span.learnt_at, span.valid_to) == (day(1), day(1), None)


def test_moving_back_is_a_new_span() -> None:
    found = spans([told(1, 'Seoul'), told(2, 'Busan'), told(3, 'Seoul')])
    assert [span.value for span in found] == ['Seoul', 'Busan', 'Seoul']
    assert live(found) == ['Seoul']


def test_what_is_no_longer_so_ends_and_nothing_takes_its_place() -> None:
    (span,) = spans([told(1, 'coffee'), told(8, 'coffee', Standing.CEASED, until=day(6))])
    assert (span.valid_from, span.valid_to, span.ended_at) == (day(1), day(6), day(8))


def test_what_was_once_so_does_not_touch_what_is() -> None:
    found = spans([told(1, 'Seoul'), told(2, 'Paris', Standing.CEASED)])
    assert live(found) == ['Seoul']
    assert found[1].valid_to == day(2)
    (paris,) = spans([told(2, 'Paris', Standing.CEASED, since=day(-900), until=day(-400))])
    assert (paris.valid_from, paris.valid_to) == (day(-900), day(-400))


def test_what_never_was_is_true_at_no_time_and_what_it_had_ended_goes_on() -> None:
    found = spans([told(1, 'Seoul'), told(2, 'Busan'), told(3, 'Busan', Standing.DENIED)])
    assert live(found) == ['Seoul']
    seoul, busan = found
    assert seoul.valid_to is None
    assert busan.valid_from == busan.valid_to == day(2)
    assert (busan.learnt_at, busan.ended_at) == (day(2), day(3))


def test_who_denies_and_then_says_it_again_is_believed() -> None:
    story = [told(1, 'Bora'), told(2, 'Bora', Standing.DENIED), told(3, 'Bora')]
    assert live(spans(story)) == ['Bora']


def test_an_end_in_the_future_leaves_it_true_until_then() -> None:
    (span,) = spans([told(1, 'Busan', until=day(30))])
    assert span.is_open(day(29))
    assert not span.is_open(day(30))


tellings = st.lists(
    st.builds(
        Telling,
        number=st.integers(1, 10**6),
        turn=st.integers(1, 12),
        nth=st.integers(0, 3),
        value=st.sampled_from(['Seoul', 'Busan', 'Paris']),
        told_at=st.integers(0, 40).map(day),
        since=st.none() | st.integers(-40, 40).map(day),
        until=st.none() | st.integers(-40, 60).map(day),
        standing=st.sampled_from(Standing),
    ),
    max_size=14,
    unique_by=lambda telling: (telling.turn, telling.nth),
)


@given(tellings, st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_nothing(story: list[Telling], dice: random.Random) -> None:
    shuffled = list(story)
    dice.shuffle(shuffled)
    assert spans(shuffled) == spans(story)


@given(tellings)
def test_at_most_one_has_no_end_and_none_ends_before_it_begins(story: list[Telling]) -> None:
    found = spans(story)
    assert len(live(found)) <= 1
    assert all(span.valid_to is None or span.valid_from <= span.valid_to for span in found)
    assert all(span.told >= 1 for span in found)


@given(tellings)
def test_nothing_that_was_told_is_overwritten(story: list[Telling]) -> None:
    """Every value that was told as true, now or once, has a span of its own."""
    found = {span.value for span in spans(story)}
    assert {telling.value for telling in story if telling.standing is not Standing.DENIED} == found


@given(tellings)
def test_what_was_said_last_is_so(story: list[Telling]) -> None:
    plain = [t for t in story if t.since is None and t.until is None]
    last = max(plain, key=lambda t: (t.turn, t.nth), default=None)
    if last is not None and last.standing is Standing.HOLDS:
        assert live(spans(plain)) == [last.value]
    elif last is not None:
        assert last.value not in live(spans(plain))


@pytest.mark.parametrize('values', [1, 2, 4_000])
def test_time_to_fold_grows_with_the_tellings_and_not_with_their_square(values: int) -> None:
    def took(count: int) -> float:
        tellings = [told(number, str(number % values)) for number in range(count)]
        began = time.process_time()
        spans(tellings)
        return time.process_time() - began

    few = min(took(500) for _ in range(5))
    many = min(took(4_000) for _ in range(3))
    assert many < 20 * few, 'eight times as many tellings'
