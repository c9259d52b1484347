# SPDX-License-Identifier: Apache-2.0
"""Vectors of what is being said are there when it has been said."""

from __future__ import annotations

import asyncio

import pytest
from waiting import until

from prot_ros.engines.kinds import EngineError
from prot_ros.memory.retrieval import anticipation
from prot_ros.memory.retrieval.anticipation import Anticipation


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(anticipation, 'EVERY_S', 0.02)


class Service:
    """Embeds when its gate is open; a vector says which text it is of."""

    name = 'service'
    dimensions = 1

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.fails = False

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def embed(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        await self.gate.wait()
        if self.fails:
            raise EngineError('away', retryable=True)
        return [[float(len(text))] for text in texts]


async def settle(ahead: Anticipation) -> None:
    await until(lambda: not ahead._asking.busy)


def test_the_latest_hypothesis_stands_for_an_utterance_whose_vector_is_late():
    async def scenario() -> None:
        service = Service()
        ahead = Anticipation(service)
        ahead.expect('where does')
        await asyncio.sleep(0)
        ahead.expect('where does my')
        ahead.expect('where does my brother')
        service.gate.set()
        await settle(ahead)
        assert service.asked == ['where does', 'where does my brother']
        service.gate.clear()
        assert await ahead.vector('Where does my brother live?', 0.01) == [21.0]
        assert await ahead.vector('what is the time', 0.01) == []
        assert await ahead.vector('where does my brother live and what does he do', 0.01) == []
        assert ahead.late == 2

    asyncio.run(scenario())


def test_a_hypothesis_that_came_true_is_not_asked_for_again():
    async def scenario() -> None:
        service = Service()
        service.gate.set()
        ahead = Anticipation(service)
        ahead.expect('hello')
        await settle(ahead)
        assert await ahead.vector('hello', 0.01) == [5.0]
        assert await ahead.vector('hello you', 0.5) == [9.0]
        assert service.asked == ['hello', 'hello you']

    asyncio.run(scenario())


def test_a_service_that_fails_is_asked_for_the_next_hypothesis():
    async def scenario() -> None:
        service = Service()
        service.fails = True
        service.gate.set()
        ahead = Anticipation(service)
        ahead.expect('hello')
        await settle(ahead)
        assert await ahead.vector('hello', 0.01) == []
        service.fails = False
        ahead.expect('hello')
        await settle(ahead)
        assert await ahead.vector('hello', 0.01) == [5.0]

    asyncio.run(scenario())


def test_stopping_ends_what_is_under_way():
    async def scenario() -> None:
        ahead = Anticipation(Service())
        ahead.expect('hello')
        await asyncio.sleep(0)
        await ahead.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_requests_keep_a_distance_and_the_last_hypothesis_is_asked_for():
    async def scenario() -> None:
        service = Service()
        service.gate.set()
        ahead = Anticipation(service)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for count in range(1, 6):
            ahead.expect('word ' * count)
            await asyncio.sleep(0.005)
        await settle(ahead)
        assert service.asked[-1] == 'word ' * 5
        assert len(service.asked) <= 1 + (loop.time() - began) / 0.02

    asyncio.run(scenario())
