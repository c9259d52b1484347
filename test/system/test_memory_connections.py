# SPDX-License-Identifier: Apache-2.0
"""How connections are used while everything that a memory does is done at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from database import execute, fetch, memory_on
from embedding_models import static
from memory_processes import eventually
from test_memory_rebuilding import sayings
from waiting import until
from watched_connections import Watch

from prot_ros.core.stamps import Stamp
from prot_ros.engines.embedders import static as static_models
from prot_ros.engines.embedders.shared_model import residents
from prot_ros.engines.embedders.static import StaticEmbedder
from prot_ros.memory.database import POOL
from prot_ros.memory.forgetting.erasure import Wish
from prot_ros.memory.inspection import correction
from prot_ros.memory.long_work import connected, transaction
from prot_ros.memory.moving import rebuilding
from prot_ros.memory.moving.exporting import export
from prot_ros.memory.moving.importing import load
from prot_ros.memory.store import Memory

SETTLE_S = 60.0
OURS = (
    'SELECT pid, backend_start FROM pg_stat_activity '
    "WHERE application_name = 'prot' AND datname = current_database()"
)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Watches the connections of a test."""
    watch = Watch()
    watch.install(monkeypatch)
    return watch


def test_c07_one_transaction_has_one_connection_and_one_task(
    fresh_url: str, watch: Watch, tmp_path: Path
) -> None:
    async def talk(memory: Memory, first: int, count: int) -> None:
        for number, text in enumerate(sayings(first, count), first):
            await memory.record_utterance(Stamp(number), text, 'stt')
            await memory.recall(text, 20)
            await memory.record_reply(Stamp(number), 'I see.', 'I', True)
            await memory.recent(20)

    async def look_after(memory: Memory) -> None:
        for number in (1005, 1015, 1025):
            await memory.unsummarized(Stamp(number))
            await memory.write_summary(number, 'They talk.')
            await memory.forget(Wish(stamps=(number,)))

    async def old_ones_gone() -> bool:
        return not await fetch(fresh_url, 'SELECT FROM prot.turn WHERE stamp < 5')

    async def move(url: str) -> None:
        await eventually(old_ones_gone)
        async with connected(url) as connection:
            path = tmp_path / 'memory.export'
            await export(connection, [1], path, derived=True)
            await transaction(connection, lambda: rebuilding.begin(connection, 1))
            await load(connection, path)

    async def decide(url: str) -> None:
        async with connected(url) as connection:
            rows = await connection.fetch(
                "SELECT id FROM entity WHERE scope = 1 AND kind = 'person' ORDER BY id LIMIT 2"
            )
            ours, theirs = (row['id'] for row in rows)
            await transaction(connection, lambda: correction.merge(connection, 1, ours, theirs))

    async def story() -> None:
        old = datetime.now(UTC) - timedelta(days=40)
        async with memory_on(fresh_url, retention_days=30) as memory:
            await talk(memory, 1, 30)
            assert await memory.settled(SETTLE_S)
        await execute(
            fresh_url, f"UPDATE prot.turn SET created_at = '{old.isoformat()}' WHERE stamp < 5"
        )
        async with memory_on(fresh_url, retention_days=30) as memory:
            async with asyncio.TaskGroup() as tasks:
                for first in (1000, 2000, 3000):
                    tasks.create_task(talk(memory, first, 40))
                tasks.create_task(look_after(memory))
                tasks.create_task(move(fresh_url))
                tasks.create_task(decide(fresh_url))
            assert await memory.settled(SETTLE_S)
            await until(lambda: memory.stats()['memory vectors complete'], within=SETTLE_S)
        assert watch.transactions > 150
        assert watch.complaints == []

    asyncio.run(story())


def test_c07_what_would_break_the_rule_is_seen(fresh_url: str, watch: Watch) -> None:
    async def story() -> None:
        connection = await asyncpg.connect(fresh_url)
        try:
            async with connection.transaction():
                async with connection.transaction():
                    await connection.fetchval('SELECT 1')
                assert watch.complaints.pop().startswith('a transaction within another: SAVEPOINT')
                assert watch.complaints == []
                await asyncio.create_task(connection.fetchval('SELECT 2'), name='another')
                assert "'another'" in watch.complaints.pop(0)
        finally:
            await connection.close()

    asyncio.run(story())


def test_c09_one_model_and_one_pool_serve_every_search(
    fresh_url: str, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Path] = []

    class Counted(static_models.StaticModel):
        def __init__(self, path: Path) -> None:
            loaded.append(path)
            super().__init__(path)

    pytest.importorskip('safetensors', reason='pip install safetensors')
    pytest.importorskip('tokenizers', reason='pip install tokenizers')
    monkeypatch.setattr(static_models, 'StaticModel', Counted)
    folder = static(tmp_path / 'model')

    async def story() -> None:
        embedders = [StaticEmbedder(str(folder)) for _ in range(2)]
        for each in embedders:
            await each.open()
        try:
            async with (
                memory_on(fresh_url, 'ann', embedder=embedders[0]) as ann,
                memory_on(fresh_url, 'bob', embedder=embedders[1]) as bob,
            ):
                both = (ann, bob)
                for memory in both:
                    await memory.record_utterance(Stamp(1), 'the dog is called Rex', 'stt')
                    assert await memory.settled(SETTLE_S)
                # As many at once as make each pool as large as it will be.
                await asyncio.gather(*(m.recall('dog', 20) for m in both for _ in range(2 * POOL)))
                await until(lambda: all(m.stats()['memory vectors complete'] for m in both))
                there, made = await fetch(fresh_url, OURS), watch.made
                assert len(there) <= 2 * POOL
                for number in range(50):
                    for memory in both:
                        found = await memory.recall(f'sister dog {number}', 20)
                        assert found.turns
                assert await fetch(fresh_url, OURS) == there
                assert watch.made == made + 1, 'the one that looked here'
            assert loaded == [folder]
            assert list(residents().values()) == [2]
        finally:
            for each in embedders:
                await each.close()
        assert residents() == {}

    asyncio.run(story())
