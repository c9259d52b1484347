# SPDX-License-Identifier: Apache-2.0
"""What Claude is asked to read a turn with: the same bytes first, then words as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.facts import NOTE, Kind, Standing
from prot_ros.core.offline.facts_told import facts_told
from prot_ros.engines.claude.extraction_answer import read
from prot_ros.engines.claude.extraction_examples import EXAMPLES
from prot_ros.engines.claude.extraction_request import (
    INSTRUCTIONS,
    MOST_BEFORE,
    MOST_BEFORE_TEXT,
    MOST_NAME,
    MOST_NAMES,
    MOST_SAID,
    MOST_TOKENS,
    PREDICATES,
    SCHEMA,
    extraction_request,
)
from prot_ros.engines.claude.request import ClaudeSettings
from prot_ros.engines.kinds import Message, Reading
from prot_ros.simulators.claude_schema import complaint, fits

TOLD_AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
HAIKU = ClaudeSettings()


def reading(text='I like jazz.', before=(), known=()):
    return Reading(text, TOLD_AT, tuple(before), tuple(known))


def shown(body):
    (message,) = body['messages']
    (block,) = message['content']
    opening, inside, closing = block['text'].split('\n')
    assert (opening, closing) == ('<turn>', '</turn>')
    return json.loads(inside)


def prefix(body):
    """Return what comes before the turn, in bytes."""
    body = {name: value for name, value in body.items() if name != 'messages'}
    return json.dumps(body, ensure_ascii=False).encode()


@given(st.text(), st.text(), st.text(), st.datetimes(timezones=st.just(UTC)))
def test_all_but_the_turn_is_the_same_to_the_byte(text, before, name, told_at):
    other = Reading(text, told_at, (Message('user', before),), (name,))
    assert prefix(extraction_request(other, HAIKU)) == prefix(extraction_request(reading(), HAIKU))


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_said_can_end_its_block(text, before, name):
    body = extraction_request(reading(text, [Message('robot', before)], [name]), HAIKU)
    assert body['messages'][0]['content'][0]['text'].count('<') == 2
    turn = shown(body)
    assert turn == {
        'told': 'Monday 2026-11-23 14:05 +0000',
        'before': [{'robot': before[-MOST_BEFORE_TEXT:]}],
        'names': [name[:MOST_NAME]],
        'said': text[:MOST_SAID],
    }
    json.dumps(body, ensure_ascii=False).encode()


def test_half_characters_do_not_keep_a_turn_from_being_sent():
    body = extraction_request(reading('jazz \ud83d'), HAIKU)
    assert shown(body)['said'] == 'jazz ?'


def test_a_request_is_bounded_whatever_was_said():
    before = [Message('user', f'{n} ' + 'x' * 9_999 + f' {n}') for n in range(50)]
    body = extraction_request(reading('a' * 99_999, before, ['n' * 999] * 999), HAIKU)
    turn = shown(body)
    assert len(turn['said']) == MOST_SAID
    assert len(turn['before']) == MOST_BEFORE
    assert turn['before'][-1]['user'].endswith('x 49')
    assert {len(name) for name in turn['names']} == {MOST_NAME}
    assert len(turn['names']) == MOST_NAMES
    assert len(body['messages'][0]['content'][0]['text']) < 25_000


def test_only_the_instructions_are_marked_for_the_cache():
    body = extraction_request(reading(), HAIKU)
    assert body['system'] == [
        {'type': 'text', 'text': INSTRUCTIONS, 'cache_control': {'type': 'ephemeral'}}
    ]
    assert 'cache_control' not in body['messages'][0]['content'][0]


@pytest.mark.parametrize(
    ('model', 'config', 'most'),
    [
        ('claude-haiku-5-5', {'effort', 'format'}, MOST_TOKENS),
        ('claude-opus-5-5', {'effort', 'format'}, MOST_TOKENS),
        ('claude-3-5-haiku', None, MOST_TOKENS),
        ('qwen3-8b', None, 2_048),
    ],
)
def test_a_model_is_asked_for_what_it_knows(model, config, most):
    body = extraction_request(reading(), ClaudeSettings(model=model, max_tokens=100))
    assert (set(body['output_config']) if 'output_config' in body else None) == config
    assert body['max_tokens'] == most
    assert ('cache_control' in body['system'][0]) == model.startswith('claude')


def test_the_schema_is_one_that_the_service_takes():
    assert complaint(SCHEMA) == ''
    fields = SCHEMA['properties']['facts']['items']
    assert set(fields['required']) == set(fields['properties'])


@pytest.mark.parametrize('example', EXAMPLES, ids=lambda example: example.turn['said'][:20])
def test_the_examples_keep_the_rules_that_they_are_to_show(example):
    answer = {'facts': list(example.facts)}
    assert fits(answer, SCHEMA)
    found = read(json.dumps(answer), 'end_turn', TOLD_AT)
    assert (len(found.facts), found.left_out) == (len(example.facts), 0)
    assert set(example.turn) == {'told', 'before', 'names', 'said'}
    assert all(fact.predicate in PREDICATES for fact in found.facts)
    # Values are in the words of the turn.
    words = example.turn['said'].casefold()
    assert all(fact.object.casefold() in words for fact in found.facts if fact.object != '강아지')


def test_the_instructions_name_every_kind_and_standing():
    for word in (*Kind, *Standing, NOTE, *PREDICATES):
        assert word in INSTRUCTIONS


def test_what_the_offline_rules_read_is_named_as_the_instructions_name_it():
    told = facts_told(
        'my name is alice and i live in busan. i come from seoul. i work at samsung as an '
        'engineer. i study physics. i am thirty years old. my birthday is on may third. i like '
        'jazz and i hate tea. i have a dog called rex. my sister is called mina. i speak '
        'korean. i play chess. my favorite color is blue. remember that the key is here.'
    )
    assert len({fact.predicate for fact in told}) >= 14
    assert {fact.predicate for fact in told} <= set(PREDICATES)
