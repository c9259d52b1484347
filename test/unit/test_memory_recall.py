# SPDX-License-Identifier: Apache-2.0
"""What of that which was found fits into a budget."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.facts import USER, Fact
from prot_ros.memory.retrieval.recall import EarlierTurn, Recall, earlier, packed
from prot_ros.memory.retrieval.turn_ranking import Candidate, rank

AT = datetime(2026, 5, 3, tzinfo=UTC)


def found(facts: list[str], turns: list[str]) -> Recall:
    return Recall(
        tuple(Fact(USER, 'likes', text, text) for text in facts),
        ('words',) * len(facts),
        tuple(EarlierTurn(text, AT, 'words') for text in turns),
    )


def texts(recall: Recall) -> tuple[list[str], list[str]]:
    return [fact.text for fact in recall.facts], [turn.text for turn in recall.turns]


def test_all_is_told_where_there_is_room() -> None:
    assert texts(packed(found(['a' * 5, 'b' * 5], ['c' * 5]), 15, len)) == (
        ['aaaaa', 'bbbbb'],
        ['ccccc'],
    )


def test_what_matters_most_stays_and_turns_have_a_share_of_their_own() -> None:
    recall = found(['a' * 5, 'b' * 5, 'c' * 5], ['d' * 4, 'e' * 4])
    assert texts(packed(recall, 10, len)) == (['aaaaa'], ['dddd'])


def test_what_turns_leave_over_is_for_facts_and_the_other_way_round() -> None:
    assert texts(packed(found(['a' * 5, 'b' * 5], []), 10, len))[0] == ['aaaaa', 'bbbbb']
    assert texts(packed(found([], ['a' * 5, 'b' * 5]), 10, len))[1] == ['aaaaa', 'bbbbb']


def test_a_turn_whose_words_are_a_fact_is_not_told_twice() -> None:
    assert texts(packed(found(['I like tea'], ['i like  TEA', 'so there']), 99, len)) == (
        ['I like tea'],
        ['so there'],
    )


@given(
    st.lists(st.text(max_size=9), max_size=9),
    st.lists(st.text(max_size=9), max_size=9),
    st.integers(0, 60),
)
def test_the_budget_holds_and_reasons_go_with_their_facts(
    facts: list[str], turns: list[str], budget: int
) -> None:
    kept = packed(found(facts, turns), budget, len)
    told = texts(kept)
    assert sum(map(len, (*told[0], *told[1]))) <= budget
    assert len(kept.reasons) == len(kept.facts)
    assert told[0] == facts[: len(told[0])]


def test_an_earlier_turn_says_how_it_was_found_and_when_it_was_said() -> None:
    at = int(AT.timestamp() * 1e9)
    turns = [
        Candidate(1, at, '', 'about the garden', words=2.0, after=(2,)),
        Candidate(2, at + 1, '', 'it is green', found=False, before=(1,)),
        Candidate(3, at + 10**14, '', 'flowers', similarity=0.9),
        Candidate(4, at + 10**15, '', '', words=2.0),
    ]
    told = {turn.turn: turn for turn in earlier(rank(turns, 'garden', 9))}
    assert {number: turn.reason for number, turn in told.items()} == {
        1: 'words', 2: 'beside', 3: 'near',
    }  # fmt: skip
    assert told[1].at == AT
    assert told[1].score > told[2].score
