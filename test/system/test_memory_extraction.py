# SPDX-License-Identifier: Apache-2.0
"""Facts are extracted once, whatever fails, and whoever is killed in between."""

from __future__ import annotations

import asyncio

from database import FACTS, execute, fetch, memory_on
from memory_child import likes
from memory_processes import (
    child,
    lines,
)
from readers import Reads

from prot_ros.core.facts import USER, Fact
from prot_ros.core.stamps import Stamp

SETTLE_S = 10.0


def test_a_failing_extractor_is_asked_again_and_keeps_nobody_waiting(fresh_url: str) -> None:
    calls: list[str] = []

    async def flaky(text: str) -> tuple[Fact, ...]:
        calls.append(text)
        if calls.count('tea') == 1 and text == 'tea':
            raise RuntimeError('the model is away')
        return likes(text)

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(flaky)) as memory:
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            await memory.record_utterance(Stamp(2), 'jazz', 'stt')
            assert await memory.settled(SETTLE_S), 'a failed one is not waited for'
            assert [fact.object for fact in (await memory.recall('x', 5)).facts] == ['jazz']
            assert memory.stats()['memory extractions failed'] == 1
            assert memory.stats()['memory extractions waiting'] == 1
            (row,) = await fetch(
                fresh_url, 'SELECT * FROM prot.extraction WHERE extracted_at IS NULL'
            )
            assert row['failure'] == 'RuntimeError: the model is away'
            await execute(fresh_url, 'UPDATE prot.extraction SET retry_at = now()')
        async with memory_on(fresh_url, reader=Reads(flaky)) as memory:
            assert await memory.settled(SETTLE_S)
            assert len((await memory.recall('x', 5)).facts) == 2

    asyncio.run(story())


def test_several_workers_extract_each_turn_once(fresh_url: str) -> None:
    extracted: list[str] = []

    async def slow(text: str) -> tuple[Fact, ...]:
        extracted.append(text)
        await asyncio.sleep(0)
        return (Fact(USER, 'lives in', text, f'I live in {text}'),)

    async def story() -> None:
        async with memory_on(fresh_url) as memory:  # makes the schema
            pass
        memories = [memory_on(fresh_url, reader=Reads(slow)) for _ in range(4)]
        async with asyncio.TaskGroup() as tasks:
            for memory in memories:
                tasks.create_task(memory.open())
        for number in range(40):
            await memories[number % 4].record_utterance(Stamp(number + 1), f'{number}', 'stt')
        for memory in memories:
            assert await memory.settled(SETTLE_S)
        async with asyncio.TaskGroup() as tasks:
            for memory in memories:
                tasks.create_task(memory.close())
        assert sorted(extracted, key=int) == [f'{number}' for number in range(40)]
        live = await fetch(
            fresh_url,
            f'{FACTS} WHERE f.live',
        )
        assert [row['object'] for row in live] == ['39'], 'the last told, in whatever order'

    asyncio.run(story())


def test_a_kill_between_commit_and_extraction_loses_and_doubles_nothing(fresh_url: str) -> None:
    with child('tell', fresh_url, 'tea', 'jazz') as process:
        lines(process, 'committed', 2)
        process.kill()
        process.wait()

    async def story() -> None:
        for _ in range(2):
            async with memory_on(fresh_url, reader=Reads(likes)) as memory:
                assert await memory.settled(SETTLE_S)
                facts = (await memory.recall('x', 5)).facts
                assert sorted(fact.object for fact in facts) == ['jazz', 'tea']
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.fact')) == 2

    asyncio.run(story())


def test_kills_at_any_moment_leave_every_committed_turn_and_its_fact_once(fresh_url: str) -> None:
    committed: set[int] = set()
    for start, count in ((0, 3), (20_000, 25), (40_000, 60)):
        with child('talk', fresh_url, start) as process:
            committed |= {int(words[1]) for words in lines(process, 'committed', count)}

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            assert await memory.settled(SETTLE_S)
        stamps = [row['stamp'] for row in await fetch(fresh_url, 'SELECT stamp FROM prot.turn')]
        assert committed <= set(stamps)
        objects = [
            row['object']
            for row in await fetch(
                fresh_url,
                FACTS,
            )
        ]
        assert sorted(objects) == sorted(f'thing {stamp}' for stamp in stamps)

    asyncio.run(story())
