# SPDX-License-Identifier: Apache-2.0
"""Which earlier turns matter to what was just said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.memory.retrieval.turn_ranking import REACH, TALK_NS, WEIGHTS, Candidate, rank

SECOND = 10**9
QUESTION = 'where does the cat sleep'


def at(year: int, month: int) -> int:
    return int(datetime(year, month, 15, tzinfo=UTC).timestamp()) * SECOND


def talk(
    matches: dict[int, float], *, of: int = 9, apart: int = 10 * SECOND, began: int = 0
) -> list[Candidate]:
    """One talk of turns 1 to `of`, those in `matches` found by their words."""
    turns = range(1, of + 1)
    return [
        Candidate(
            turn=turn,
            stamp=began + turn * apart,
            speaker='',
            text='so it is',
            words=matches.get(turn, 0.0),
            found=turn in matches,
            before=tuple(other for other in range(turn - 1, turn - 1 - REACH, -1) if other > 0),
            after=tuple(range(turn + 1, min(turn + REACH, of) + 1)),
        )
        for turn in turns
    ]


def order(candidates: list[Candidate], question: str = QUESTION, limit: int = 10) -> list[int]:
    return [entry.candidate.turn for entry in rank(candidates, question, limit)]


def alone(turn: int, words: float = 1.0, **more: object) -> Candidate:
    fields = {'stamp': turn * 10 * TALK_NS, 'speaker': '', 'text': 'so it is', **more}
    return Candidate(turn=turn, words=words, **fields)  # type: ignore[arg-type]


def test_the_answer_after_a_question_is_found_though_it_shares_no_word() -> None:
    assert order(talk({5: 10.0}), limit=2) == [5, 6]


def test_what_is_nearer_counts_more_and_what_follows_more_than_what_leads_up() -> None:
    assert order(talk({5: 10.0})) == [5, 6, 7, 4, 3]


def test_what_stands_between_two_matches_gets_from_both() -> None:
    assert order(talk({3: 8.0, 5: 8.0}))[2] == 4


def test_nothing_is_said_across_the_silence_between_two_talks() -> None:
    assert order(talk({5: 10.0}, apart=TALK_NS + SECOND)) == [5]


def test_the_first_words_of_a_talk_lose_less_for_having_nobody_before_them() -> None:
    first, middle = talk({1: 10.0})[0], talk({5: 10.0})[4]
    scores = {
        entry.candidate.turn: entry.score
        for candidates in (talk({1: 10.0}), talk({5: 10.0}))
        for entry in rank(candidates, QUESTION, 1)
    }
    assert scores[first.turn] > scores[middle.turn]


def test_a_turn_of_who_is_named_comes_before_the_same_of_another() -> None:
    told = [alone(1, speaker='Jisu'), alone(2, speaker='Alice')]
    assert order(told, 'where does Jisu live') == [1, 2]
    assert order(told, '지수는 어디 살아?') == [1, 2]
    assert order(told, 'where do you live') == [2, 1]


@pytest.mark.parametrize('question', ['what did I do in July', '7월에 뭐 했지'])
def test_a_turn_of_the_month_that_is_asked_for_comes_first_then_one_of_the_next(
    question: str,
) -> None:
    told = [
        alone(1, stamp=at(2023, 7)),
        alone(2, stamp=at(2023, 8)),
        alone(3, stamp=at(2023, 9)),
    ]
    assert order(told, question) == [1, 2, 3]


def test_the_year_counts_where_it_is_said_and_december_is_told_of_in_january() -> None:
    told = [
        alone(1, stamp=at(2024, 1)),
        alone(2, stamp=at(2022, 12)),
        alone(3, stamp=at(2023, 12)),
        alone(4, stamp=at(2025, 1)),
    ]
    assert order(told, 'what happened in December 2023') == [3, 1, 4, 2]


def test_of_two_that_share_the_same_words_the_one_that_asks_knows_less() -> None:
    assert order([alone(1), alone(2, text='Is it so?')]) == [1, 2]
    assert order([alone(1), alone(2, text='그래요？')]) == [1, 2]


def test_a_vector_finds_what_words_do_not() -> None:
    assert order([alone(1, words=0.0, similarity=0.4), alone(2, words=0.0)]) == [1]


def test_among_equals_the_newest_comes_first_and_the_limit_holds() -> None:
    assert order([alone(1), alone(2), alone(3)], limit=2) == [3, 2]


def test_nothing_is_found_where_nothing_speaks_for_it() -> None:
    assert order([alone(1, words=0.0, speaker='Jisu')], 'where is Jisu') == []
    assert rank([], QUESTION, 10) == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.floats(0, 50), st.floats(-1, 1)), min_size=1, max_size=30
    )
)
def test_each_turn_knows_the_best_of_its_talk(told: list[tuple[int, float, float]]) -> None:
    candidates = [
        Candidate(turn, minutes * TALK_NS // 3, '', '.', words, similarity)
        for turn, (minutes, words, similarity) in enumerate(told)
    ]
    ranked = rank(candidates, QUESTION, len(told))
    for entry in ranked:
        best = max(
            other.own + other.context
            for other in ranked
            if abs(other.candidate.stamp - entry.candidate.stamp) <= TALK_NS
        )
        assert entry.score == pytest.approx(entry.own + entry.context + WEIGHTS.talk * best)
