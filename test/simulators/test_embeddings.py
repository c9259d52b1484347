# SPDX-License-Identifier: Apache-2.0
"""Embeddings of Voyage and of OpenAI's protocol, against the simulated services."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest
from waiting import until

from prot_ros.core.survival import Limits
from prot_ros.engines.embedders.http import HttpEmbedder
from prot_ros.engines.embedders.openai import OpenAiEmbedder
from prot_ros.engines.embedders.voyage import ATLAS_URL, VoyageEmbedder
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.embeddings import EmbeddingsSimulator

KEY = 'pa-planted-0123456789'
QUICK = Limits(connect_s=0.3, first_response_s=0.5, stall_s=0.3, retries=0)
PATIENT = Limits(connect_s=5.0, first_response_s=10.0, stall_s=10.0, retries=0)
BOTH = pytest.mark.parametrize('make', [VoyageEmbedder, OpenAiEmbedder])

Make = Callable[..., HttpEmbedder]


@asynccontextmanager
async def using(
    make: Make, key: str = KEY, limits: Limits = PATIENT, **kwargs: Any
) -> AsyncIterator[tuple[EmbeddingsSimulator, HttpEmbedder]]:
    async with EmbeddingsSimulator(key=KEY) as sim:
        engine = make(key, base_url=sim.url, limits=limits, **kwargs)
        try:
            yield sim, engine
        finally:
            await engine.close()
            await engine.close()
            await until(lambda: not sim.connected)


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


@BOTH
def test_texts_become_unit_vectors_in_order(make):
    async def scenario() -> None:
        async with using(make) as (sim, engine):
            await engine.open()
            texts = [
                'I live in Seoul',
                '저는 서울에 살아요',
                '',
                'I like jazz',
                'I live in Seoul!',
            ]
            vectors = await engine.embed(texts)
            assert [len(vector) for vector in vectors] == [engine.dimensions] * 5
            assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1, 1, 0, 1, 1])
            assert cosine(vectors[0], vectors[4]) > 0.95 > cosine(vectors[0], vectors[3])
            # What is empty is refused by the services, so it is not sent.
            assert all('' not in request['input'] for request in sim.requests)

    asyncio.run(scenario())


@BOTH
def test_a_text_that_is_too_long_for_the_model_keeps_no_other_from_its_vector(make):
    async def scenario() -> None:
        async with using(make) as (_, engine):
            await engine.open()
            long = '저는 서울에 살아요. ' * 700
            texts = ['I live in Seoul', *(f'number {n}' for n in range(9)), long, 'I like jazz']
            vectors = await engine.embed(texts)
            assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1] * len(texts))
            assert vectors[0] == (await engine.embed(texts[:1]))[0]
            assert vectors[-1] == (await engine.embed(texts[-1:]))[0]
            # Its beginning is better than nothing.
            assert cosine(vectors[-2], (await engine.embed(['저는 서울에 살아요.']))[0]) > 0.9

    asyncio.run(scenario())


def test_what_is_refused_of_every_text_is_the_fault_of_none():
    async def scenario() -> None:
        async with using(OpenAiEmbedder) as (sim, engine):
            await engine.open()
            engine._body = lambda texts: {'input': texts, 'model': engine.model, 'unknown': 1}  # type: ignore[method-assign]
            before = len(sim.requests)
            with pytest.raises(EngineError, match='refuses what is asked'):
                await engine.embed(['one', 'two'])
            assert len(sim.requests) - before == 2, 'asked, and tried with another text'

    asyncio.run(scenario())


@BOTH
def test_vectors_are_put_in_order_by_their_index(make):
    async def scenario() -> None:
        async with using(make) as (sim, engine):
            await engine.open()
            texts = ['one', 'two', 'three']
            vectors = await engine.embed(texts)
            sim.plan.coming.append(Behaviour(Fault.WRONG_ORDER))
            assert await engine.embed(texts) == vectors

    asyncio.run(scenario())


@BOTH
def test_a13_at_most_five_requests_are_under_way(make):
    async def scenario() -> None:
        async with using(make, dimensions=256) as (sim, engine):
            await engine.open()
            # Long enough for all that may be under way to be so, on a busy machine, too.
            sim.plan.rule = Behaviour(first_s=0.2)
            texts = [f'fact {number}' for number in range(10 * 32)]
            await asyncio.gather(engine.embed(texts[:160]), engine.embed(texts[160:]))
            assert len(sim.requests) == 11
            assert sim.most_at_once == 5

    asyncio.run(scenario())


def test_a13_the_bound_is_a_parameter():
    async def scenario() -> None:
        async with using(VoyageEmbedder, in_flight=2) as (sim, engine):
            await engine.open()
            sim.plan.rule = Behaviour(first_s=0.01)
            await asyncio.gather(*(engine.embed([f'fact {number}']) for number in range(10)))
            assert sim.most_at_once == 2

    asyncio.run(scenario())


@BOTH
def test_b06_fifty_rounds_leave_no_memory_thread_file_or_task(make):
    process = psutil.Process()

    def held() -> tuple[int, int, int]:
        return process.num_threads(), process.num_fds(), len(asyncio.all_tasks())

    async def rounds(sim: EmbeddingsSimulator, count: int) -> None:
        for number in range(count):
            engine = make(KEY, base_url=sim.url, limits=PATIENT)
            await engine.open()
            assert any((await engine.embed([f'text {number}']))[0])
            await engine.close()
        await until(lambda: not sim.connected)

    async def scenario() -> None:
        async with EmbeddingsSimulator(key=KEY) as sim:
            # Threads that the loop keeps for blocking calls, as many as it will ever have.
            await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.05) for _ in range(40)))
            await rounds(sim, 10)
            gc.collect()
            before, size = held(), process.memory_info().rss
            await rounds(sim, 50)
            gc.collect()
            assert held() == before
            # A client holds its certificates, 1 MB.
            assert process.memory_info().rss - size < 20_000_000

    asyncio.run(scenario())


@BOTH
@pytest.mark.parametrize(
    ('behaviour', 'retryable', 'words'),
    [
        (Behaviour(Fault.ERROR, 'authentication_error'), False, '_API_KEY to a valid one'),
        (Behaviour(Fault.ERROR, 'payment_required'), False, 'account of'),
        (Behaviour(Fault.ERROR, 'not_found_error'), False, 'set embedding.model'),
        (Behaviour(Fault.ERROR, 'rate_limit_error', retry_after='7'), True, '429'),
        (Behaviour(Fault.ERROR, 'server_error'), True, '500'),
        (Behaviour(Fault.ACCEPT_THEN_CLOSE), True, 'cannot be reached'),
        (Behaviour(Fault.STALL), True, 'within'),
        (Behaviour(Fault.STALL_MIDWAY), True, 'within'),
        (Behaviour(Fault.SLOW_DRIP), True, 'within'),
        (Behaviour(Fault.EOF_MIDWAY), True, 'sends no embeddings'),
        (Behaviour(Fault.RESET_MIDWAY), True, 'cannot be reached'),
        (Behaviour(Fault.MALFORMED), True, 'sends no embeddings'),
        (Behaviour(Fault.OVERSIZED), True, 'sends more than'),
        (Behaviour(Fault.DUPLICATE), None, ''),
    ],
    ids=lambda value: str(value.fault) if isinstance(value, Behaviour) else None,
)
def test_a_fault_is_one_clear_error_and_the_next_request_works(make, behaviour, retryable, words):
    async def scenario() -> None:
        async with using(make, limits=QUICK) as (sim, engine):
            await engine.open()
            sim.plan.coming.append(behaviour)
            if retryable is None:
                assert len(await engine.embed(['one', 'two'])) == 2
            else:
                with pytest.raises(EngineError) as caught:
                    await engine.embed(['one', 'two'])
                assert words in str(caught.value)
                assert caught.value.retryable is retryable
                assert caught.value.retry_after_s == (7 if behaviour.retry_after else None)
            assert engine.asked_at_once == 0
            assert len(await engine.embed(['one'])) == 1

    asyncio.run(scenario())


@BOTH
def test_after_a_fault_a_deadline_of_whoever_asked_is_still_one(make):
    async def scenario() -> None:
        async with using(make) as (sim, engine):
            await engine.open()
            sim.plan.coming.append(Behaviour(Fault.ERROR, 'server_error'))
            with pytest.raises(TimeoutError):
                await asked_again(engine)

    async def asked_again(engine: HttpEmbedder) -> None:
        async with asyncio.timeout(None) as patience:
            with pytest.raises(EngineError):
                await engine.embed(['one'])
            patience.reschedule(asyncio.get_running_loop().time())
            await asyncio.Event().wait()  # until it is tried again

    asyncio.run(scenario())


@BOTH
def test_the_wrong_dimensions_are_noticed_at_the_start(make):
    async def scenario() -> None:
        async with using(make) as (_, engine):
            given = engine.dimensions
            engine.dimensions = 999
            if isinstance(engine, VoyageEmbedder):
                engine._body = lambda texts: {'input': texts, 'model': engine.model}  # type: ignore[method-assign]
            else:
                engine.model = 'text-embedding-ada-002'
            with pytest.raises(EngineError, match=f'set embedding.dimensions to {given}'):
                await engine.open()

    asyncio.run(scenario())


def test_fewer_dimensions_are_asked_for_where_there_are_such():
    async def scenario() -> None:
        async with using(VoyageEmbedder, dimensions=256) as (sim, engine):
            await engine.open()
            assert sim.requests[-1]['output_dimension'] == 256
        async with using(OpenAiEmbedder, dimensions=512) as (sim, engine):
            await engine.open()
            assert sim.requests[-1]['dimensions'] == 512
        async with using(OpenAiEmbedder) as (sim, engine):
            await engine.open()
            assert 'dimensions' not in sim.requests[-1]
            assert sim.requests[-1]['encoding_format'] == 'float'

    asyncio.run(scenario())


@BOTH
def test_a_wrong_key_is_said_without_showing_it(make, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = 'sk-wrong-and-secret'

    async def scenario() -> None:
        async with using(make, key=wrong) as (_, engine):
            with pytest.raises(EngineError, match='_API_KEY to a valid one') as caught:
                await engine.open()
            told = ''.join(traceback.format_exception(caught.value))
            assert wrong not in told + repr(engine) + repr(vars(caught.value))

    asyncio.run(scenario())
    assert wrong not in caplog.text


@BOTH
@pytest.mark.parametrize(
    ('key', 'words'),
    [
        ('', 'there is no key'),
        ('sk secret', 'characters that no key has'),
        ('비밀', 'that no key'),
    ],
)
def test_a_key_that_is_none_is_refused_before_it_is_sent(make, key, words):
    async def scenario() -> None:
        with pytest.raises(EngineError, match=words) as caught:
            await make(key, limits=QUICK).open()
        assert not key or key not in str(caught.value)

    asyncio.run(scenario())


@BOTH
def test_a_service_that_is_away_is_a_retryable_error(make):
    async def scenario() -> None:
        with socket.create_server(('127.0.0.1', 0)) as unused:
            port = unused.getsockname()[1]
        engine = make(KEY, base_url=f'http://127.0.0.1:{port}/v1', limits=QUICK)
        with pytest.raises(EngineError, match='cannot be reached') as caught:
            await engine.open()
        assert caught.value.retryable

    asyncio.run(scenario())


def test_a_cancelled_request_leaves_nothing_under_way():
    async def scenario() -> None:
        async with using(VoyageEmbedder) as (sim, engine):
            await engine.open()
            sim.plan.rule = Behaviour(Fault.STALL)
            asking = asyncio.ensure_future(engine.embed(['one']))
            await until(lambda: engine.asked_at_once)
            asking.cancel()
            await asyncio.wait({asking})
            assert asking.cancelled()
            assert engine.asked_at_once == 0

    asyncio.run(scenario())


def test_models_that_share_a_space_share_its_name_and_others_do_not():
    assert VoyageEmbedder(KEY, 'voyage-4-large').name == VoyageEmbedder(KEY, 'voyage-4').name
    assert VoyageEmbedder(KEY, 'voyage-3.5').name != VoyageEmbedder(KEY, 'voyage-4').name
    here = OpenAiEmbedder('', 'nomic-embed-text', 768, 'http://localhost:11434/v1')
    there = OpenAiEmbedder('', 'nomic-embed-text', 768, 'http://robot2:11434/v1')
    assert here.name == 'openai@localhost:11434:nomic-embed-text'
    assert here.name != there.name
    assert OpenAiEmbedder(KEY).name == 'openai:text-embedding-3-small'


def test_keys_of_atlas_go_to_atlas():
    assert VoyageEmbedder('al-123')._base_url == ATLAS_URL


def test_a_model_of_unknown_dimensions_needs_to_be_told():
    with pytest.raises(EngineError, match=r'set embedding\.dimensions'):
        OpenAiEmbedder(KEY, 'nomic-embed-text')
    with pytest.raises(EngineError, match='Voyage gives'):
        VoyageEmbedder(KEY, dimensions=300)
