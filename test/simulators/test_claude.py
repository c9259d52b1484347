# SPDX-License-Identifier: Apache-2.0
"""The simulated Messages API, as the vendor's own library sees it."""

from __future__ import annotations

import asyncio

import anthropic
import httpx2
import pytest

from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator, Script, says

MODEL = 'claude-haiku-5-5'
HELLO = [{'role': 'user', 'content': 'Hello!'}]


def _run(use, **settings):
    async def main():
        async with asyncio.timeout(10), ClaudeSimulator(key='sk-right') as sim:
            async with anthropic.AsyncAnthropic(
                api_key='sk-right', base_url=sim.url, max_retries=0, **settings
            ) as client:
                await use(sim, client)

    asyncio.run(main())


def test_a_streamed_message_is_put_together_by_the_library():
    async def use(sim, client):
        sim.scripts.append(says('안녕하세요! 저는 로봇이에요. 🤖'))
        async with client.messages.stream(model=MODEL, max_tokens=99, messages=HELLO) as stream:
            text = ''.join([piece async for piece in stream.text_stream])
            message = await stream.get_final_message()
        assert text == message.content[0].text == '안녕하세요! 저는 로봇이에요. 🤖'
        assert message.stop_reason == 'end_turn'
        assert message.usage.output_tokens > 1

    _run(use)


def test_a_character_may_be_split_between_two_chunks():
    async def use(sim, client):
        sim.scripts.append(says('안녕하세요 세계'))
        sim.chunk_bytes = 1
        async with client.messages.stream(model=MODEL, max_tokens=99, messages=HELLO) as stream:
            assert await stream.get_final_text() == '안녕하세요 세계'

    _run(use)


def test_a_tool_is_asked_for_and_its_result_taken():
    tool = {'name': 'recall', 'description': 'x', 'input_schema': {'type': 'object'}}
    asking = {'type': 'tool_use', 'name': 'recall', 'input': {'query': '고양이', 'n': 3}}

    async def use(sim, client):
        sim.scripts.append(
            Script(({'type': 'thinking', 'thinking': 'hm'}, asking), stop_reason='tool_use')
        )
        first = await client.messages.create(
            model=MODEL, max_tokens=99, messages=HELLO, tools=[tool]
        )
        used = first.content[1]
        assert (used.name, used.input) == ('recall', {'query': '고양이', 'n': 3})
        result = {'type': 'tool_result', 'tool_use_id': used.id, 'content': 'Nabi'}
        going_on = [
            *HELLO,
            {'role': 'assistant', 'content': first.content},
            {'role': 'user', 'content': [result]},
        ]
        second = await client.messages.create(
            model=MODEL, max_tokens=99, messages=going_on, tools=[tool]
        )
        assert second.stop_reason == 'end_turn'
        with pytest.raises(anthropic.BadRequestError, match='without a match'):
            await client.messages.create(model=MODEL, max_tokens=9, messages=going_on[:2] + HELLO)

    _run(use)


def test_without_a_script_it_holds_a_sensible_conversation():
    async def use(sim, client):
        said = [
            *HELLO,
            {'role': 'assistant', 'content': 'Hello!'},
            {'role': 'user', 'content': 'My name is Alice.'},
            {'role': 'assistant', 'content': 'Nice to meet you, Alice.'},
            {'role': 'user', 'content': '<context>\n- My name is Alice.\n</context>'},
            {'role': 'user', 'content': 'What is my name?'},
        ]
        message = await client.messages.create(model=MODEL, max_tokens=99, messages=said)
        assert 'Alice' in message.content[0].text

    _run(use)


@pytest.mark.parametrize(
    ('kind', 'error'),
    [
        ('invalid_request_error', anthropic.BadRequestError),
        ('authentication_error', anthropic.AuthenticationError),
        ('permission_error', anthropic.PermissionDeniedError),
        ('not_found_error', anthropic.NotFoundError),
        ('rate_limit_error', anthropic.RateLimitError),
        ('api_error', anthropic.InternalServerError),
        ('overloaded_error', anthropic.InternalServerError),
    ],
)
def test_each_error_is_the_one_the_library_knows(kind, error):
    async def use(sim, client):
        sim.plan.coming.append(Behaviour(Fault.ERROR, error=kind, retry_after='7'))
        with pytest.raises(error) as caught:
            await client.messages.create(model=MODEL, max_tokens=9, messages=HELLO)
        assert caught.value.type == kind
        assert caught.value.request_id
        assert caught.value.response.headers['retry-after'] == '7'

    _run(use)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'extra_body': {'temperature': 1.0}}, 'temperature'),
        ({'extra_body': {'colour': 'red'}}, 'colour'),
        ({'extra_headers': {'anthropic-version': '2023-06-01'}}, 'anthropic-version'),
        ({'max_tokens': 0}, 'max_tokens'),
        ({'messages': [{'role': 'user', 'content': ' '}]}, 'non-empty'),
        ({'messages': [*HELLO, {'role': 'assistant', 'content': 'I'}]}, 'prefill'),
        ({'model': 'claude-sonnet-5-5', 'thinking': {'type': 'disabled'}}, 'thinking'),
        ({'output_config': {'effort': 'a lot'}}, 'effort'),
        ({'tools': [{'name': 'two words', 'input_schema': {'type': 'object'}}]}, 'name'),
    ],
)
def test_what_the_service_does_not_take_is_refused(change, words):
    async def use(sim, client):
        with pytest.raises(anthropic.BadRequestError, match=words):
            await client.messages.create(
                **{'model': MODEL, 'max_tokens': 9, 'messages': HELLO, **change}
            )
        assert not sim.requests

    _run(use)


def test_a_wrong_key_and_an_unknown_model_are_refused():
    async def use(sim, client):
        with pytest.raises(anthropic.AuthenticationError):
            await client.with_options(api_key='sk-wrong').models.retrieve(MODEL)
        with pytest.raises(anthropic.NotFoundError):
            await client.messages.create(model='gpt', max_tokens=9, messages=HELLO)
        assert (await client.models.retrieve(MODEL)).id == MODEL

    _run(use)


def test_trap_2_the_library_says_nothing_of_a_stream_that_just_ends():
    async def use(sim, client):
        sim.plan.coming.append(Behaviour(Fault.EOF_MIDWAY))
        async with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
            assert (await stream.get_final_message()).stop_reason is None

    _run(use)


@pytest.mark.parametrize(
    ('fault', 'error'),
    [
        (Fault.ERROR_MIDWAY, anthropic.APIStatusError),
        (Fault.RESET_MIDWAY, httpx2.TransportError),
        (Fault.STALL_MIDWAY, httpx2.ReadTimeout),
        (Fault.REFUSE, anthropic.APIConnectionError),
        (Fault.ACCEPT_THEN_CLOSE, anthropic.APIConnectionError),
        (Fault.STALL, anthropic.APITimeoutError),
    ],
)
def test_trap_2_failures_reach_the_library_in_three_shapes(fault, error):
    async def use(sim, client):
        sim.plan.coming.append(Behaviour(fault))
        with pytest.raises(error) as caught:
            async with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
                await stream.get_final_message()
        if fault is Fault.ERROR_MIDWAY:
            assert (caught.value.status_code, caught.value.type) == (200, 'overloaded_error')

    _run(use, timeout=0.2)


def test_the_cache_finds_what_begins_with_the_same_bytes():
    long = [{'type': 'text', 'text': 'You are a robot. ' * 300, 'cache_control': {}}]
    long[0]['cache_control'] = {'type': 'ephemeral'}

    async def use(sim, client):
        async def usage(system, text):
            message = await client.messages.create(
                model=MODEL,
                max_tokens=9,
                system=system,
                messages=[{'role': 'user', 'content': text}],
            )
            return message.usage

        first = await usage(long, 'one')
        assert first.cache_creation_input_tokens > 1_000
        second = await usage(long, 'two')
        assert second.cache_read_input_tokens == first.cache_creation_input_tokens
        assert second.cache_creation_input_tokens == 0
        changed = [{**long[0], 'text': long[0]['text'] + '.'}]
        assert (await usage(changed, 'two')).cache_read_input_tokens == 0

    _run(use)
