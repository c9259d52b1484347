# SPDX-License-Identifier: Apache-2.0
"""Which facts matter to what was just said."""

from __future__ import annotations

from collections.abc import Iterable

from prot_ros.core.facts import USER, Fact
from prot_ros.memory.retrieval import ranking
from prot_ros.memory.retrieval.ranking import Candidate

NAME = Fact(USER, 'name', 'Alice', 'my name is Alice')
HOME = Fact(USER, 'lives in', 'Seoul', 'I live in Seoul')
TEA = Fact(USER, 'likes', 'tea', 'I like tea')
JISU = Fact('Jisu', 'lives in', 'Busan', 'Jisu lives in Busan')


def found(fact: Fact, number: int = 1, words: float = 0.0, similarity: float = 0.0) -> Candidate:
    of_user, identity = fact.subject == USER, fact in (NAME, HOME)
    return Candidate(number, fact, words, similarity, of_user=of_user, identity=identity)


def rank(candidates: Iterable[Candidate], limit: int) -> tuple[Fact, ...]:
    return tuple(each.fact for each in ranking.rank(candidates, limit))


def test_what_shares_words_with_the_question_comes_first() -> None:
    ranked = rank([found(NAME), found(HOME), found(JISU, words=1.0)], 20)
    assert ranked[0] == JISU


def test_a_greeting_finds_who_the_user_is_before_what_they_like() -> None:
    ranked = rank([found(TEA, 9), found(NAME, 1), found(HOME, 2)], 20)
    assert ranked == (HOME, NAME, TEA)


def test_others_are_left_out_where_nothing_speaks_for_them() -> None:
    assert rank([found(JISU, similarity=0.1)], 20) == ()


def test_a_vector_alone_is_enough_when_it_is_near() -> None:
    assert rank([found(JISU, similarity=0.6)], 20) == (JISU,)


def test_among_equals_the_newest_comes_first_and_the_limit_holds() -> None:
    coffee = Fact(USER, 'likes', 'coffee', 'I like coffee')
    assert rank([found(TEA, 1), found(coffee, 2)], 1) == (coffee,)


def test_who_the_user_is_keeps_a_place_however_much_else_is_relevant() -> None:
    songs = [
        found(Fact(USER, 'likes', f'song {n}', f'I like song {n}'), n, words=1.0) for n in range(9)
    ]
    ranked = rank([*songs, found(NAME), found(HOME)], 6)
    assert len(ranked) == 6
    assert set(ranked[-2:]) == {NAME, HOME}
    assert ranked[0] == songs[8].fact
    assert rank([*songs, found(NAME)], 1) == (songs[8].fact,)


def test_nothing_known_is_nothing_recalled() -> None:
    assert rank([], 20) == ()


def test_whoever_is_named_is_told_of_before_those_they_are_linked_to() -> None:
    tom = Fact('Tom', 'lives in', 'Busan', 'Tom lives in Busan')
    story = [Candidate(1, JISU, name=1.0), Candidate(9, tom, further=1.0), found(TEA)]
    first, second, *_ = ranking.rank(story, 20)
    assert (first.fact, first.reason) == (JISU, 'name')
    assert (second.fact, second.reason) == (tom, 'link')


def test_a_circle_that_was_spoken_of_brings_those_of_it() -> None:
    (jisu,) = ranking.rank([Candidate(1, JISU, circle=True)], 20)
    assert jisu.reason == 'circle'


def test_what_another_told_of_themselves_is_no_fact_about_who_is_speaking() -> None:
    assert rank([Candidate(1, HOME)], 20) == ()
