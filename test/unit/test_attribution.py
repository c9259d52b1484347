# SPDX-License-Identifier: Apache-2.0
"""What a recognition service says is taken for the utterance that it is of, and for no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.attribution import COPY_S, RESIDUE_S, Attribution, Verdict, plain


def after(text: str, *partials: str) -> Attribution:
    """Return the judge of a connection whose last utterance was this, in its next one."""
    judge = Attribution()
    judge.begin()
    judge.sent(1.0)
    for partial in partials:
        judge.partial(partial)
    judge.ask()
    assert judge.commit(text) is Verdict.ANSWER
    judge.begin()
    return judge


def test_a_hypothesis_is_taken_once():
    judge = Attribution()
    judge.begin()
    assert [judge.partial(text) for text in ('hello', 'hello', 'Hello.', 'hello you', '')] == [
        True, False, False, True, False,
    ]  # fmt: skip


def test_nothing_is_taken_between_utterances():
    judge = Attribution()
    assert not judge.partial('hello')
    judge.begin()
    assert not judge.partial('hello')


@pytest.mark.parametrize('stale', ['Hello you.', 'hello you', 'hello', 'hell', 'HELLO  YOU!'])
def test_trap_7_what_was_said_before_is_stale(stale):
    assert not after('Hello you.', 'hell', 'hello you').partial(stale)


def test_trap_7_a_revised_hypothesis_of_the_utterance_before_is_stale():
    assert not after('Hello you.', 'yellow', 'hello').partial('yellow')


def test_trap_7_a_hypothesis_that_came_late_stays_stale():
    judge = Attribution()
    judge.begin()
    judge.ask()
    judge.commit('one')
    judge.partial('never seen before')
    judge.begin()
    assert not judge.partial('never seen before')


def test_what_grows_from_fresh_words_is_fresh_even_if_it_was_said_before():
    judge = after('stop it')
    assert not judge.partial('stop')
    assert judge.partial('no')
    assert not judge.partial('stop it')
    assert judge.partial('no stop it')


def test_only_the_utterance_before_is_remembered():
    judge = after('one')
    judge.ask()
    judge.commit('two')
    judge.begin()
    assert judge.partial('one')
    assert not judge.partial('two')


def test_trap_7_a_copy_of_a_commit_is_no_commit():
    judge = after('yes')
    assert judge.commit('yes') is Verdict.STALE
    judge.ask()
    assert judge.commit('no') is Verdict.ANSWER


def test_the_same_words_again_may_be_a_copy_until_it_was_seen():
    judge = after('yes')
    judge.commit('yes')
    judge.ask()
    assert judge.commit('yes') is Verdict.ANSWER
    # The copy of this one is late, as those on this connection may be.
    judge.begin()
    judge.ask()
    assert judge.commit('Yes.') is Verdict.ANSWER_OR_COPY
    assert judge.asked
    assert judge.commit('yes') is Verdict.ANSWER


def test_the_same_words_again_are_an_answer_where_no_copies_come():
    judge = after('yes')
    judge.ask()
    assert judge.commit('yes') is Verdict.ANSWER


def test_the_same_words_much_later_are_no_copy():
    judge = after('yes')
    judge.commit('yes')
    judge.ask()
    assert judge.commit('yes') is Verdict.ANSWER
    judge.begin()
    judge.sent(COPY_S)
    judge.ask()
    assert judge.commit('yes') is Verdict.ANSWER


def test_a_silent_utterance_after_a_silent_one_is_answered_at_once():
    judge = after('')
    judge.ask()
    assert judge.commit('') is Verdict.ANSWER


def test_trap_7_residue_is_dropped_and_a_long_beginning_is_kept():
    judge = after('one')
    judge.sent(RESIDUE_S - 0.1)
    assert judge.commit('residue') is Verdict.STALE
    judge.sent(0.1)
    assert judge.commit('a long beginning') is Verdict.OWN
    assert judge.commit('a long beginning') is Verdict.STALE
    assert not judge.partial('a long beginning')
    assert judge.partial('its end')
    judge.ask()
    assert judge.commit('its end') is Verdict.ANSWER


def test_what_comes_after_the_end_belongs_to_nobody():
    judge = after('one')
    judge.sent(100.0)
    judge.end()
    assert judge.commit('two') is Verdict.STALE
    assert not judge.partial('two')


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('Hello, you!', 'hello you'),
        ('네.', '네'),
        ('Ｈｅｌｌｏ', 'hello'),
        ('한국', '한국'),
        ('Straße', 'STRASSE'),
    ],
)
def test_texts_that_differ_in_form_only_are_alike(one, other):
    assert plain(one) == plain(other) != ''


def test_texts_of_signs_have_no_words():
    assert plain(' ...?! — 👋 ') == ''


TEXTS = st.sampled_from(['', 'yes', 'Yes.', 'no', 'yes please', '네', '네 맞아요', 'n'])
EVENTS = st.lists(
    st.one_of(
        TEXTS.map(lambda text: ('partial', text)),
        TEXTS.map(lambda text: ('commit', text)),
        st.floats(0.0, 40.0).map(lambda seconds: ('sent', seconds)),
        st.just(('ask', None)),
    ),
    max_size=30,
)


@given(EVENTS)
def test_whatever_came_before_no_old_word_is_shown_first(events):
    judge = Attribution()
    judge.begin()
    for kind, value in events:
        getattr(judge, kind)(*([] if value is None else [value]))
    judge.begin()
    judge.sent(1.0)
    judge.ask()
    while judge.asked:
        judge.commit('the last one')
    judge.begin()
    assert not any(judge.partial(copy) for copy in ('the last one', 'The last'))
    assert judge.partial('fresh words')


@given(EVENTS)
def test_each_wish_for_a_commit_is_answered_by_the_second_text_at_the_latest(events):
    judge = Attribution()
    judge.begin()
    for kind, value in events:
        getattr(judge, kind)(*([] if value is None else [value]))
    judge.begin()
    judge.ask()
    first = judge.commit('yes')
    assert first in (Verdict.ANSWER, Verdict.ANSWER_OR_COPY)
    if first is Verdict.ANSWER_OR_COPY:
        assert judge.commit('whatever') is Verdict.ANSWER
    assert not judge.asked
