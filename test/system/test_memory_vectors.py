# SPDX-License-Identifier: Apache-2.0
"""Facts and the vectors by which they are found: made late, made anew, and never mixed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from database import fetch, memory_on
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.embedders.local import LocalEmbedder
from prot_ros.engines.embedders.voyage import VoyageEmbedder
from prot_ros.engines.failover.embedder import FailoverEmbedder
from prot_ros.memory.retrieval import vectors
from prot_ros.memory.store import Memory
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.embeddings import KEY, EmbeddingsSimulator

SETTLE_S = 10.0
TOLD = ('I live in Seoul', 'I like jazz', 'my name is Alice', 'I have a cat')
LOCAL, VOYAGE = 'local-1/256', 'voyage:voyage-4/1024'


@asynccontextmanager
async def embeddings(sim: EmbeddingsSimulator) -> AsyncIterator[FailoverEmbedder]:
    limits = Limits(connect_s=0.5, first_response_s=1.0, retries=0)
    service = VoyageEmbedder(KEY, base_url=sim.url, limits=limits)
    embedder = FailoverEmbedder(service, limits)
    await embedder.open()
    try:
        yield embedder
    finally:
        await embedder.close()


async def tell(memory: Memory, *texts: str, first: int = 1) -> None:
    for number, text in enumerate(texts, first):
        await memory.record_utterance(Stamp(number), text, 'hear')
    assert await memory.settled(SETTLE_S)


async def complete(memory: Memory, url: str, space: str) -> None:
    """Wait until each turn and each entity but the user has a vector of the space."""
    lacking = f"""
        SELECT 'turn', id FROM prot.turn WHERE id NOT IN (
            SELECT turn FROM prot.turn_vector v JOIN prot.space s ON s.id = v.space
            WHERE s.name = '{space}')
        UNION ALL
        SELECT 'entity', id FROM prot.entity WHERE kind <> 'user' AND id NOT IN (
            SELECT entity FROM prot.entity_vector v JOIN prot.space s ON s.id = v.space
            WHERE s.name = '{space}')
    """
    deadline = time.monotonic() + SETTLE_S
    while rows := await fetch(url, lacking):
        assert time.monotonic() < deadline, f'these have no vectors: {rows}'
        await asyncio.sleep(0.01)


def test_a_turn_gets_the_vector_of_a_service_after_its_facts_are_known(fresh_url: str) -> None:
    async def story() -> None:
        async with EmbeddingsSimulator() as sim, embeddings(sim) as embedder:
            sim.plan.rule = Behaviour(first_s=0.3)
            async with memory_on(fresh_url, embedder=embedder) as memory:
                await memory.record_utterance(Stamp(1), 'I live in Seoul', 'hear')
                began = time.monotonic()
                assert await memory.settled(SETTLE_S)
                assert time.monotonic() - began < 0.3, 'a fact does not wait for its vector'
                sim.plan.rule = Behaviour()
                await complete(memory, fresh_url, VOYAGE)
                found = (await memory.recall('Seoul', 5)).facts
                assert [fact.object for fact in found] == ['Seoul']

    asyncio.run(story())


def test_another_embedder_gets_vectors_of_its_own_and_the_old_ones_stay(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, *TOLD)
            await complete(memory, fresh_url, LOCAL)
        async with EmbeddingsSimulator() as sim, embeddings(sim) as embedder:
            async with memory_on(fresh_url, embedder=embedder) as memory:
                await complete(memory, fresh_url, VOYAGE)
                await tell(memory, 'I like tea', first=10)
                await complete(memory, fresh_url, VOYAGE)
            sizes = await fetch(
                fresh_url,
                'SELECT DISTINCT s.name, vector_dims(vector) AS size '
                'FROM prot.turn_vector v JOIN prot.space s ON s.id = v.space',
            )
            assert {(row['name'], row['size']) for row in sizes} == {(LOCAL, 256), (VOYAGE, 1024)}
        async with memory_on(fresh_url) as memory:  # and back
            await complete(memory, fresh_url, LOCAL)

    asyncio.run(story())


def test_vectors_of_another_space_are_never_compared(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, *TOLD)
        async with EmbeddingsSimulator() as sim, embeddings(sim) as embedder:
            # Vectors of the query come, those of facts do not: comparing them with the local ones
            # would be an error of the database.
            embedder.online.embed = only_queries(embedder.online)
            async with memory_on(fresh_url, embedder=embedder) as memory:
                found = (await memory.recall('which jazz', 5)).facts
                assert found[0].object == 'jazz'
                assert memory.stats()['memory recalls without vector'] == 0

    def only_queries(service):
        embed = service.embed

        async def one(texts):
            return await embed(texts) if len(texts) == 1 else [[0.0] * 1024 for _ in texts]

        return one

    asyncio.run(story())


def test_a_service_that_is_away_costs_vectors_and_nothing_else(fresh_url: str) -> None:
    async def story() -> None:
        async with EmbeddingsSimulator() as sim, embeddings(sim) as embedder:
            async with memory_on(fresh_url, embedder=embedder) as memory:
                await sim.refuse()
                await tell(memory, *TOLD)
                found = (await memory.recall('which jazz', 5)).facts
                assert found[0].object == 'jazz'
                assert memory.stats()['memory recalls without vector'] == 1
                await sim.listen()
                embedder.mended()
                await complete(memory, fresh_url, VOYAGE)

    asyncio.run(story())


@pytest.mark.parametrize('foreseen', [False, True], ids=['asked', 'foreseen'])
def test_what_was_told_while_the_service_was_away_gets_its_vectors_with_the_next_turn(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch, foreseen: bool
) -> None:
    monkeypatch.setattr(vectors, '_PAUSES_S', (600.0,))

    async def story() -> None:
        async with EmbeddingsSimulator() as sim, embeddings(sim) as embedder:
            async with memory_on(fresh_url, embedder=embedder) as memory:
                await sim.refuse()
                await tell(memory, *TOLD)
                await until(lambda: embedder.failure, what='a failure')
                await sim.listen()
                embedder.mended()
                if foreseen:
                    memory.expect('which jazz', 5)
                else:
                    await memory.recall('which jazz', 5)
                await complete(memory, fresh_url, VOYAGE)

    asyncio.run(story())


def test_recalling_waits_for_a_vector_no_longer_than_it_may(fresh_url: str) -> None:
    async def story() -> None:
        async with EmbeddingsSimulator() as sim, embeddings(sim) as embedder:
            async with memory_on(fresh_url, embedder=embedder) as memory:
                await tell(memory, *TOLD)
                await complete(memory, fresh_url, VOYAGE)
                sim.plan.rule = Behaviour(Fault.STALL)
                began = time.monotonic()
                found = (await memory.recall('which jazz', 5, patience_s=0.05)).facts
                assert time.monotonic() - began < 0.3
                assert found[0].object == 'jazz'

    asyncio.run(story())


def test_facts_without_a_direction_are_not_asked_for_again_and_again(fresh_url: str) -> None:
    class Aimless(LocalEmbedder):
        """Finds no direction in anything."""

        asked = 0

        async def embed(self, texts):
            self.asked += len(texts)
            return [[0.0] * self.dimensions for _ in texts]

    async def story() -> None:
        embedder = Aimless()
        async with memory_on(fresh_url, embedder=embedder) as memory:
            await tell(memory, 'I like jazz')
            deadline = time.monotonic() + SETTLE_S
            while not (embedder.asked > 1 and memory.stats()['memory vectors complete']):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            asked = embedder.asked
            await memory.recall('jazz', 5)
            assert embedder.asked == asked + 1

    asyncio.run(story())
