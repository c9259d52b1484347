# SPDX-License-Identifier: Apache-2.0
"""Hostile text stays data, and every schema that cannot be used is refused with a sentence."""

from __future__ import annotations

import asyncio

import pytest
from database import execute, fetch, memory_on
from memory_child import likes
from readers import Reads
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.schema import migrations

SETTLE_S = 10.0


HOSTILE = [
    "Robert'); DROP TABLE prot.turn; --",
    '"; SELECT pg_sleep(10); --',
    '%s %(name)s {0} $1 \\x00 \\',
    'nul\0nul',
    'half \ud83d of a character',
    '🤖' * 2000,
    'x' * 100_000,
    '한' * 100_000,
    '\u202e\u200b\ufeff\x1b[31m',
    '',
    ' ',
    "'" * 5000,
]


def test_hostile_text_is_kept_as_data(fresh_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes), person="O'Neil \0; --") as memory:
            for number, text in enumerate(HOSTILE, 1):
                await memory.record_utterance(Stamp(number), text, text)
                await memory.record_reply(Stamp(number), text, text, False)
                await memory.recall(text, 20)
            assert await memory.settled(SETTLE_S)
            assert len(await memory.recent(100)) == 2 * len(HOSTILE) - 2
        rows = await fetch(fresh_url, 'SELECT utterance FROM prot.turn ORDER BY stamp')
        assert [row['utterance'] for row in rows] == [
            text.replace('\0', '').replace('\ud83d', '\ufffd') for text in HOSTILE
        ]
        facts = await fetch(fresh_url, 'SELECT 1 FROM prot.fact')
        assert len(facts) == len([text for text in HOSTILE if text.strip()])

    asyncio.run(story())
    assert 'characters that cannot be stored were taken out' in caplog.text


def test_text_beyond_every_bound_is_cut_and_said(
    fresh_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            await memory.record_utterance(Stamp(1), 'x' * 1_000_000, 'stt')
            assert await memory.settled(SETTLE_S)

    asyncio.run(story())
    assert '100000 of 1000000 are kept' in caplog.text


def test_a_stamp_or_person_that_cannot_be_is_refused_with_a_sentence(fresh_url: str) -> None:
    for person in ('', ' ', '\0', 'x' * 101):
        with pytest.raises(EngineError, match='expected 1 to 100'):
            memory_on(fresh_url, person)

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            with pytest.raises(ValueError, match='expected nanoseconds'):
                await memory.record_utterance(Stamp(2**63), 'x', 'stt')

    asyncio.run(story())


def test_a_newer_schema_is_refused_in_one_sentence_and_not_touched(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url):
            pass
        await execute(fresh_url, "INSERT INTO prot.migration VALUES (999, 'from the future')")
        with pytest.raises(EngineError, match=r'written by a newer prot .*update prot'):
            await memory_on(fresh_url).open()

    asyncio.run(story())


def test_processes_that_start_together_migrate_once(fresh_url: str) -> None:
    async def story() -> None:
        memories = [memory_on(fresh_url, str(number)) for number in range(4)]
        async with asyncio.TaskGroup() as tasks:
            for memory in memories:
                tasks.create_task(memory.open())
        for memory in memories:
            await memory.close()
        rows = await fetch(fresh_url, 'SELECT number FROM prot.migration ORDER BY number')
        assert [row['number'] for row in rows] == [step.number for step in migrations()]

    asyncio.run(story())


def test_the_extension_may_lie_in_any_schema(fresh_url: str) -> None:
    async def story() -> None:
        await execute(
            fresh_url, 'CREATE SCHEMA "ext""ra"', 'CREATE EXTENSION vector SCHEMA "ext""ra"'
        )
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(SETTLE_S)
            assert (await memory.recall('tea', 5)).facts
            await until(lambda: memory.stats()['memory vectors complete'])
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.turn_vector')) == 1

    asyncio.run(story())


def test_a_user_who_may_not_enable_vectors_is_told_what_to_run(
    fresh_url: str, server: str
) -> None:
    async def story() -> None:
        name = fresh_url.partition('?')[0].rpartition('/')[2]
        await execute(
            server, 'CREATE ROLE guest LOGIN', f'GRANT CREATE ON DATABASE {name} TO guest'
        )
        try:
            with pytest.raises(EngineError, match='CREATE EXTENSION vector; there'):
                await memory_on(fresh_url.replace('postgres@', 'guest@')).open()
        finally:
            await execute(server, f'REVOKE ALL ON DATABASE {name} FROM guest', 'DROP ROLE guest')

    asyncio.run(story())
