# SPDX-License-Identifier: Apache-2.0
"""When a fact ends another."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from prot_ros.memory.succession import Live, Outcome, settle, slot

from prot_ros.core.facts import USER, Fact
from prot_ros.memory.storable import key


def fact(predicate: str, value: str, subject: str = USER) -> Fact:
    return Fact(subject, predicate, value, f'{subject} {predicate} {value}')


def live(of: Fact, turn: int) -> Live:
    return Live(key(of.predicate), key(of.object), turn)


def test_a_person_lives_in_one_place_and_likes_many_things() -> None:
    assert slot(fact('lives in', 'Seoul')) == slot(fact('lives in', 'Busan'))
    assert slot(fact('likes', 'tea')) != slot(fact('likes', 'coffee'))
    assert slot(fact('favorite color', 'red')) == slot(fact('favorite color', 'blue'))


def test_two_people_do_not_end_each_others_facts() -> None:
    assert slot(fact('lives in', 'Seoul')) != slot(fact('lives in', 'Seoul', 'Jisu'))


def test_subjects_and_predicates_cannot_be_mixed_up_by_what_is_in_them() -> None:
    assert slot(fact('likes', 'b c', 'a')) != slot(fact('likes', 'c', 'a b'))


def test_disliking_ends_liking_the_same_thing_only() -> None:
    tea = fact('likes', 'tea')
    assert slot(tea) == slot(fact('dislikes', 'Tea'))
    assert settle(fact('dislikes', 'tea'), 2, live(tea, 1)) is Outcome.REPLACES
    assert slot(tea) != slot(fact('dislikes', 'coffee'))


def test_what_was_told_later_replaces_and_what_was_told_earlier_is_past() -> None:
    busan = fact('lives in', 'Busan')
    assert settle(busan, 5, None) is Outcome.OPENS
    assert settle(fact('lives in', 'busan'), 6, live(busan, 5)) is Outcome.CONFIRMS
    assert settle(fact('lives in', 'Seoul'), 6, live(busan, 5)) is Outcome.REPLACES
    assert settle(fact('lives in', 'Seoul'), 3, live(busan, 5)) is Outcome.IS_PAST


def test_a_correction_within_one_turn_counts() -> None:
    first = fact('name', 'Alice')
    assert settle(fact('name', 'Alicia'), 5, live(first, 5)) is Outcome.REPLACES


@given(
    st.lists(st.sampled_from(['Seoul', 'Busan', 'Daegu']), min_size=1, max_size=12), st.randoms()
)
def test_the_order_of_extraction_does_not_change_what_is_true(
    homes: list[str], shuffle: random.Random
) -> None:
    told = [(turn, fact('lives in', home)) for turn, home in enumerate(homes)]
    shuffle.shuffle(told)
    current: Live | None = None
    for turn, home in told:
        outcome = settle(home, turn, current)
        if outcome in (Outcome.OPENS, Outcome.REPLACES):
            current = live(home, turn)
        elif outcome is Outcome.CONFIRMS:
            assert current is not None
            current = live(home, max(turn, current.confirmed_by))
    assert current is not None
    assert current.object_key == key(homes[-1])
