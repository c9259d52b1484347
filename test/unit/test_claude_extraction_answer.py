# SPDX-License-Identifier: Apache-2.0
"""Facts out of what a model answers, which may be anything."""

from __future__ import annotations

import contextlib
import json
import time
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.facts import Fact, Kind, Standing
from prot_ros.engines.claude.extraction_answer import (
    FIRST_YEAR,
    LAST_YEAR,
    MOST_ANSWER,
    MOST_PREDICATE,
    MOST_SUBJECT,
    MOST_TEXT,
    read,
)
from prot_ros.engines.claude.extraction_request import MOST_FACTS
from prot_ros.engines.kinds import EngineError

SEOUL = timezone(timedelta(hours=9))
TOLD_AT = datetime(2026, 11, 23, 14, 5, tzinfo=SEOUL)
WHOLE = {
    'subject': "user's sister",
    'predicate': 'lives in',
    'object': '부산',
    'text': '제 언니는 부산에 살아요.',
    'since': '2019-03-01',
    'until': None,
    'standing': 'holds',
    'subject_kind': 'person',
    'object_kind': 'place',
}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    LEAVES, lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside), max_leaves=20
)
WORDS = st.text() | st.sampled_from(
    [
        'user',
        "user's sister",
        'robot',
        'lives in',
        'likes',
        'a' * 99,
        'a' * 5_000,
        '가' * 999,
        "' ",
    ]
)
DATES = st.sampled_from(
    ['2019-03-01', '2019', '2019-13-01', '0001-01-01', '9999-12-31', '2999-12-31', '１９９９', '']
) | st.dates().map(str)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        'subject': WORDS | JSON,
        'predicate': WORDS | JSON,
        'object': WORDS | JSON,
        'text': WORDS | JSON,
        'since': DATES | JSON,
        'until': DATES | JSON,
        'standing': st.sampled_from([*map(str, Standing), 'x']) | JSON,
        'subject_kind': st.sampled_from([*map(str, Kind), 'x']) | JSON,
        'object_kind': st.sampled_from([*map(str, Kind), 'x']) | JSON,
    },
)


def facts(*entries, stop_reason='end_turn'):
    return read(json.dumps({'facts': entries}), stop_reason, TOLD_AT).facts


def one(**fields):
    found = facts({**WHOLE, **fields})
    return found[0] if found else None


def check(fact):
    """Fail for a fact that could harm whatever keeps it."""
    for text, most in (
        (fact.subject, MOST_SUBJECT),
        (fact.predicate, MOST_PREDICATE),
        (fact.object, MOST_TEXT),
        (fact.text, MOST_TEXT),
    ):
        assert 0 < len(text) <= most
        assert text == text.strip()
        assert not any(unicodedata.category(character)[0] == 'C' for character in text)
        text.encode()
    assert fact.predicate.isascii()
    assert fact.predicate == fact.predicate.lower()
    assert fact.subject.casefold() not in ('robot', 'assistant', 'you')
    for at in (fact.since, fact.until):
        assert at is None or FIRST_YEAR <= at.year <= LAST_YEAR
        assert at is None or at.astimezone(UTC)
    assert not (fact.since and fact.until and fact.since > fact.until)
    assert isinstance(fact.standing, Standing)
    assert fact.subject_kind is None or isinstance(fact.subject_kind, Kind)
    assert (fact.subject_kind is Kind.USER) == (fact.subject == 'user')
    assert fact.object_kind is None or isinstance(fact.object_kind, Kind)
    assert fact.object_kind is not Kind.USER


@settings(deadline=None)
@given(st.text() | JSON.map(json.dumps))
def test_whatever_a_model_writes_is_facts_or_a_failure(text):
    found = ()
    with contextlib.suppress(EngineError):
        found = read(text, 'end_turn', TOLD_AT).facts
    for fact in found:
        check(fact)


@settings(deadline=None)
@given(st.lists(NEARLY | JSON, max_size=MOST_FACTS + 5), st.sampled_from([UTC, SEOUL]))
def test_no_fact_is_beyond_measure(entries, zone):
    text = json.dumps({'facts': entries})
    found = read(text, 'end_turn', TOLD_AT.astimezone(zone))
    assert len(found.facts) <= MOST_FACTS
    assert len(found.facts) + found.left_out == len(entries)
    assert len(set(found.facts)) == len(found.facts)
    for fact in found.facts:
        check(fact)


@settings(deadline=None)
@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in WHOLE.items()}))
def test_each_field_may_be_anything(entry):
    for fact in facts(entry):
        check(fact)


def test_a_fact_comes_through_as_it_was_told():
    assert one() == Fact(
        "user's sister",
        'lives in',
        '부산',
        '제 언니는 부산에 살아요.',
        datetime(2019, 3, 1, tzinfo=SEOUL),
        None,
        Standing.HOLDS,
        Kind.PERSON,
        Kind.PLACE,
    )


@pytest.mark.parametrize(
    ('said', 'understood'),
    [
        ('user', 'user'),
        (' The User ', 'user'),
        ('User’s Sister', "user's sister"),
        ("the user's older sister", "user's older sister"),
        ('Mina', 'Mina'),
        ("민수's girlfriend", "민수's girlfriend"),
        ('O’Brien', "O'Brien"),
        ('robot', None),
        ('The Robot', None),
        ("robot's battery", None),
        ("user's robot", "user's robot"),
        ('you', None),
        ('로봇', None),
        ('Youssef', 'Youssef'),
        ('', None),
        ('   ', None),
        ('x' * 101, None),
        (None, None),
        (['user'], None),
    ],
)
def test_whom_a_fact_is_about(said, understood):
    fact = one(subject=said)
    assert (fact.subject if fact else None) == understood


@pytest.mark.parametrize(
    ('said', 'understood'),
    [
        ('lives in', 'lives in'),
        ('Lives_In', 'lives in'),
        (' favorite  2nd color ', 'favorite 2nd color'),
        ('좋아한다', None),
        ("'; DROP TABLE fact; --", None),
        ('likes\x00', 'likes'),
        ('l' * 61, None),
        ('', None),
        (7, None),
    ],
)
def test_a_predicate_is_plain_english(said, understood):
    fact = one(predicate=said)
    assert (fact.predicate if fact else None) == understood


@pytest.mark.parametrize('name', ['object', 'text'])
@pytest.mark.parametrize(
    ('said', 'understood'),
    [
        ('  C++ and\n\tRust ', 'C++ and Rust'),
        ('부산', '부산'),
        ('부산'.encode().decode(), '부산'),
        (unicodedata.normalize('NFD', '부산'), '부산'),
        ('a\u202eb\u0000c\u200bd\ud800', 'ab cd'),
        ('x' * 1_000, 'x' * 1_000),
        ('x' * 1_001, None),
        (unicodedata.normalize('NFD', '한' * 400), '한' * 400),
        ('\u200b\n', None),
        (5, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_words_are_bounded_and_visible(name, said, understood):
    fact = one(**{name: said})
    assert (getattr(fact, name) if fact else None) == understood


@pytest.mark.parametrize(
    ('said', 'understood'),
    [
        ('2019-03-01', (2019, 3, 1)),
        ('2019-03', (2019, 3, 1)),
        ('2019', (2019, 1, 1)),
        ('2024-02-29', (2024, 2, 29)),
        ('2023-02-29', None),
        ('2019-13-01', None),
        ('0999-01-01', None),
        ('3000-01-01', None),
        ('0000-00-00', None),
        ('yesterday', None),
        ('2019-03-01T10:00:00Z', None),
        ('２０１９', None),
        (20190301, None),
        ('', None),
    ],
)
def test_a_date_is_a_day_in_the_place_where_it_was_told(said, understood):
    fact = one(since=said)
    assert fact is not None
    assert fact.since == (datetime(*understood, tzinfo=SEOUL) if understood else None)


def test_what_ends_before_it_begins_has_no_dates():
    fact = one(since='2020-01-01', until='2019-01-01')
    assert (fact.since, fact.until) == (None, None)


@pytest.mark.parametrize('standing', ['perhaps', None, 7, ['holds'], {}])
def test_an_unknown_standing_is_no_fact(standing):
    assert one(standing=standing) is None


def test_a_server_that_knows_no_schema_may_leave_out_what_can_be_left_out():
    entry = {name: WHOLE[name] for name in ('subject', 'predicate', 'object', 'text')}
    assert facts(entry) == (Fact(*entry.values()),)


@pytest.mark.parametrize('kind', ['spaceship', 'user', 7, {}, ['place']])
def test_an_unknown_kind_is_judged_by_the_predicate(kind):
    fact = one(subject_kind=kind, object_kind=kind)
    assert (fact.subject_kind, fact.object_kind) == (None, None)


def test_there_is_one_user():
    assert one(subject='user', subject_kind='place').subject_kind is Kind.USER


def test_the_same_is_told_once_but_not_its_denial():
    found = read(
        json.dumps(
            {'facts': [WHOLE, {**WHOLE, 'standing': 'denied'}, {**WHOLE, 'text': 'again'}]}
        ),
        'end_turn',
        TOLD_AT,
    )
    assert [fact.standing for fact in found.facts] == [Standing.HOLDS, Standing.DENIED]
    assert found.left_out == 1


@pytest.mark.parametrize(
    ('stop_reason', 'retryable'),
    [
        ('refusal', False),
        ('max_tokens', False),
        ('model_context_window_exceeded', False),
        (None, True),
    ],
)
def test_an_answer_that_did_not_end_is_none_however_good_it_looks(stop_reason, retryable):
    with pytest.raises(EngineError) as caught:
        facts(WHOLE, stop_reason=stop_reason)
    assert caught.value.retryable is retryable


@pytest.mark.parametrize('stop_reason', ['end_turn', 'stop_sequence', 'something_new'])
def test_an_answer_that_ended_in_any_other_way_is_read(stop_reason):
    assert len(facts(WHOLE, stop_reason=stop_reason)) == 1


@pytest.mark.parametrize(
    'text',
    [
        '', 'null', '{', '{}', '[]', '{"facts": null}', '{"facts": "x"}', '{"facts": {}}',
        '{"facts": [}', '[' * 50_000, '{"a":' * 9_999 + '1' + '}' * 9_999,
        '{"facts": [1' + '0' * 5_000 + ']}', 'Sorry, I cannot.',
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_list_of_facts_may_be_one_the_next_time(text):
    with pytest.raises(EngineError, match='no list of facts') as caught:
        read(text, 'end_turn', TOLD_AT)
    assert caught.value.retryable
    assert text[:10] not in str(caught.value) or len(text) < 10


@pytest.mark.parametrize('marks', ['\u0327\u0301', '\u0301\u0327'])
def test_an_answer_of_accents_is_read_in_bounded_time(marks):
    entry = {**WHOLE, 'text': 'a' + marks * 999, 'object': 'a' + marks * 999}
    text = json.dumps({'facts': [entry] * 23}, ensure_ascii=False)
    start = time.process_time()
    assert len(read(text, 'end_turn', TOLD_AT).facts) == 1
    # 9 ms were measured; composing all of them takes 150 ms.
    assert time.process_time() - start < 0.07


def test_an_answer_beyond_measure_is_not_even_read():
    with pytest.raises(EngineError, match='more than 100,000'):
        read('{"facts": []}' + ' ' * MOST_ANSWER, 'end_turn', TOLD_AT)
