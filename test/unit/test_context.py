# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.context import Estimate, History, estimate, history_tokens
from prot_ros.core.language_models import OLDER_CLAUDE, UNKNOWN, traits


@dataclass(frozen=True)
class Said:
    speaker: str
    text: str


def talk(count: int, text: str = 'x' * 30) -> list[Said]:
    return [Said('user' if number % 2 == 0 else 'robot', text) for number in range(count)]


def filled(history: History[Said], messages: list[Said]) -> History[Said]:
    for message in messages:
        history.add(message)
    return history


@pytest.mark.parametrize(
    ('text', 'counted'),
    [
        # As counted by common tokenizers, of which newer ones need fewer.
        ('The quick brown fox jumps over the lazy dog.', 10),
        ('안녕하세요, 오늘 날씨가 참 좋네요. 산책하러 갈까요?', 28),
    ],
)
def test_an_estimate_is_above_what_is_counted_and_not_by_far(text, counted):
    assert counted <= estimate(text) <= 2.5 * counted


def test_what_the_service_counts_corrects_the_estimate_upwards_at_once():
    guess = Estimate()
    before = guess.tokens(['x' * 300])
    guess.correct(before, round(2 * before))
    assert guess.tokens(['x' * 300]) == pytest.approx(2 * before, rel=0.02)
    guess.correct(2 * before, round(before))
    assert before < guess.tokens(['x' * 300]) < 2 * before


def test_a_count_that_cannot_be_is_bounded_or_left_out():
    guess = Estimate()
    guess.correct(100, 0)
    guess.correct(0, 100)
    assert guess.factor == 1.0
    guess.correct(1, 10**9)
    assert guess.factor == 4.0


def test_c10_the_budget_follows_the_model():
    small = history_tokens(traits('llama-3').context_tokens, 1024, '')
    large = history_tokens(traits('claude-haiku-5-5').context_tokens, 1024, '')
    assert small < 8_192 - 1024
    assert large > 10 * small
    assert history_tokens(100, 1024, 'x' * 9_000) > 0


def test_a_model_is_known_by_the_beginning_of_its_name_behind_any_vendor():
    assert traits('anthropic/claude-haiku-5-5-20261101') == traits('claude-haiku-5-5')
    assert traits('claude-3-opus') == OLDER_CLAUDE
    assert traits('qwen3:8b') == UNKNOWN


def test_messages_leave_in_blocks_so_that_the_beginning_seldom_changes():
    history: History[Said] = History(20, 10**6, Estimate())
    beginnings = []
    for message in talk(200):
        history.add(message)
        beginnings.append(id(history.messages[0]))
        assert len(history.messages) <= 20
    changes = sum(a != b for a, b in itertools.pairwise(beginnings))
    assert changes <= 200 / 10


def test_a_block_ends_before_a_word_of_the_user():
    history = filled(History(100, 10**6, Estimate()), talk(41))
    rest = history.messages[len(history.older_half()) :]
    assert rest[0].speaker == 'user'
    assert 18 <= len(rest) <= 22


def test_it_should_shrink_before_it_must():
    history = filled(History(20, 10**6, Estimate()), talk(15))
    assert not history.should_shrink
    history.add(Said('robot', 'one more'))
    assert history.should_shrink
    assert len(history.messages) == 16
    history.drop(len(history.older_half()))
    assert not history.should_shrink


def test_tokens_count_as_well_as_messages():
    history: History[Said] = History(10**6, 1_000, Estimate())
    filled(history, talk(50, '가' * 100))
    assert 0 < len(history.messages) <= 6
    assert history.tokens <= 1_000


def test_no_history_is_no_history():
    assert filled(History(0, 1_000, Estimate()), talk(5)).messages == ()


@given(
    st.lists(st.tuples(st.sampled_from(['user', 'robot']), st.text(max_size=400)), max_size=60),
    st.integers(0, 30),
    st.integers(1, 2_000),
)
def test_whatever_is_said_the_newest_that_fits_stays(messages, most_messages, most_tokens):
    guess = Estimate()
    said = [Said(speaker, text) for speaker, text in messages]
    history = filled(History(most_messages, most_tokens, guess), said)
    assert len(history.messages) <= most_messages
    assert history.tokens <= most_tokens
    kept = len(history.messages)
    assert list(history.messages) == (said[-kept:] if kept else [])
