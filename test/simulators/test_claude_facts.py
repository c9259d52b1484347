# SPDX-License-Identifier: Apache-2.0
"""The simulated service, held to a schema: as strict as the real one, and by the turn alone."""

from __future__ import annotations

import asyncio
import json

import anthropic
import pytest

from prot_ros.engines.claude.extraction_request import SCHEMA
from prot_ros.simulators.claude import ClaudeSimulator
from prot_ros.simulators.claude_schema import complaint, fits

MODEL = 'claude-haiku-5-5'
TEXT = {'type': 'string'}


def turn(said, **more):
    return f'<turn>{json.dumps({"said": said, **more}, ensure_ascii=False)}</turn>'


def closed(**properties):
    return {
        'type': 'object',
        'properties': properties,
        'required': list(properties),
        'additionalProperties': False,
    }


def listed(**properties):
    return closed(facts={'type': 'array', 'items': closed(**properties)})


def run(use):
    async def main():
        async with asyncio.timeout(10), ClaudeSimulator() as sim:
            async with anthropic.AsyncAnthropic(
                api_key='sk-any', base_url=sim.url, max_retries=0
            ) as client:

                async def ask(content, schema, max_tokens=1_000):
                    return await client.messages.create(
                        model=MODEL,
                        max_tokens=max_tokens,
                        messages=[{'role': 'user', 'content': content}],
                        output_config={'format': {'type': 'json_schema', 'schema': schema}},
                    )

                await use(ask)

    asyncio.run(main())


@pytest.mark.parametrize('said', ['I live in Busan.', '저는 부산에 살아요.'])
def test_it_reads_the_turn_and_gives_what_the_schema_asks_for(said):
    async def use(ask):
        message = await ask(turn(said), SCHEMA)
        answer = json.loads(message.content[0].text)
        assert fits(answer, SCHEMA)
        assert [(fact['subject'], fact['predicate']) for fact in answer['facts']] == [
            ('user', 'lives in')
        ]
        message = await ask(turn(said), listed(predicate=TEXT))
        assert json.loads(message.content[0].text) == {'facts': [{'predicate': 'lives in'}]}

    run(use)


@pytest.mark.parametrize(
    'content',
    [
        turn('What is my name?'),
        turn(7),
        'I live in Busan.',
        '<turn>I live in Busan.</turn>',
        '<turn>[]</turn>',
        turn('I live in Busan.') + turn('I live in Paris.'),
        turn('', before=[{'user': 'I live in Busan.'}]),
    ],
)
def test_it_finds_nothing_where_no_turn_says_anything(content):
    async def use(ask):
        message = await ask(content, SCHEMA)
        assert json.loads(message.content[0].text) == {'facts': []}

    run(use)


def test_an_answer_that_is_longer_than_was_asked_for_is_cut():
    async def use(ask):
        message = await ask(turn('I like jazz and tea. I live in Busan.'), SCHEMA, max_tokens=50)
        assert message.stop_reason == 'max_tokens'
        with pytest.raises(ValueError, match=r'Unterminated|Expecting'):
            json.loads(message.content[0].text)

    run(use)


@pytest.mark.parametrize(
    ('schema', 'words'),
    [
        (listed(text={'type': 'string', 'maxLength': 9}), 'maxLength'),
        (closed(facts={'type': 'array', 'items': TEXT, 'maxItems': 9}), 'maxItems'),
        (closed(facts={'type': 'array', 'items': TEXT, 'minItems': 2}), 'minItems'),
        (closed(age={'type': 'integer', 'minimum': 0}), 'minimum'),
        ({'type': 'object', 'properties': {}}, 'additionalProperties'),
        ({**closed(), 'required': ['facts']}, 'required'),
        (closed(at={'type': 'string', 'format': 'year'}), 'format'),
        (closed(kind={'type': ['string', 'null']}), 'type'),
        (closed(kind={'enum': [['a']]}), 'enum'),
        (closed(kind={}), 'Field required'),
        (closed(kind='string'), 'expected an object'),
        ({'anyOf': [{'type': 'string', 'pattern': '.'}]}, 'pattern'),
        (None, 'expected an object'),
    ],
)
def test_what_the_service_does_not_take_is_refused(schema, words):
    assert words in complaint(schema)

    async def use(ask):
        with pytest.raises(anthropic.BadRequestError, match=words):
            await ask(turn('I live in Busan.'), schema)

    run(use)


def test_it_does_not_pretend_to_fill_in_what_it_does_not_know():
    async def use(ask):
        with pytest.raises(anthropic.InternalServerError, match='only how to fill in facts'):
            await ask(turn('I live in Busan.'), closed(weather=TEXT))

    run(use)


@pytest.mark.parametrize(
    ('value', 'schema', 'right'),
    [
        ('x', TEXT, True),
        (1, TEXT, False),
        (True, {'type': 'integer'}, False),
        (1.5, {'type': 'number'}, True),
        (None, {'enum': ['a', None]}, True),
        (0, {'enum': [False]}, False),
        ('b', {'const': 'a'}, False),
        (None, {'anyOf': [TEXT, {'type': 'null'}]}, True),
        (1, {'anyOf': [TEXT, {'type': 'null'}]}, False),
        ('x', {'allOf': [TEXT, {'enum': ['y']}]}, False),
        ('2026-11-23', {'type': 'string', 'format': 'date'}, True),
        ('today', {'type': 'string', 'format': 'date'}, False),
        ({'facts': []}, listed(text=TEXT), True),
        ({'facts': [{}]}, listed(text=TEXT), False),
        ({'facts': [{'text': 'x', 'more': 'y'}]}, listed(text=TEXT), False),
        ({}, listed(text=TEXT), False),
        ([], {'type': 'array', 'items': TEXT, 'minItems': 1}, False),
    ],
)
def test_a_value_fits_a_schema_or_not(value, schema, right):
    assert complaint(schema) == ''
    assert fits(value, schema) is right
