# SPDX-License-Identifier: Apache-2.0
"""What is derived is made anew from the turns, in place, and comes out the same."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

from database import fetch, memory_on
from memory_processes import child, eventually, lines
from readers import Reads

from prot_ros.core.facts import USER, Fact
from prot_ros.core.stamps import Stamp
from prot_ros.memory.inspection import correction
from prot_ros.memory.long_work import connected
from prot_ros.memory.moving import rebuilding
from prot_ros.memory.store import Memory

SETTLE_S = 120.0
ALL = """
SELECT t.subject, t.predicate, t.object, t.text, f.valid_from, f.valid_to, f.learnt_at, f.ended_at,
       f.live, f.told
FROM prot.fact AS f JOIN prot.telling AS t ON t.id = f.telling
ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
WHO = """
SELECT kind, name, mentions, array(
    SELECT DISTINCT a.name FROM prot.alias AS a WHERE a.entity = e.id ORDER BY 1) AS names
FROM prot.entity AS e ORDER BY 1, 2, 3, 4
"""
PLACES = ('Seoul', 'Busan', 'Paris', 'Jeju')
LIKED = ('tea', 'coffee', 'jazz', 'kimchi')
NAMES = ('Bora', 'Minsu', 'Tom', 'Kim Jisu')
SAYINGS = (
    'I live in {place}', 'I like {liked}', "I don't like {liked}", 'my sister is called {name}',
    '{name} lives in {place}', 'my brother {name} likes {liked}', 'I used to live in {place}',
    'my name is {name}', '내 여동생 지수는 {place}에 살아', '나는 {liked}를 좋아해', 'hello',
    'my dog is called {name}', 'no, my sister is not called {name}', 'I moved to {place}',
    '지수는 {liked}를 좋아해', 'my friend {name} works at {place}', "{name} is my mother's name",
)  # fmt: skip


def sayings(seed: int, count: int) -> list[str]:
    """What somebody may tell a robot in `count` turns."""
    chance = random.Random(seed)
    return [
        chance.choice(SAYINGS).format(
            place=chance.choice(PLACES), liked=chance.choice(LIKED), name=chance.choice(NAMES)
        )
        for _ in range(count)
    ]


async def tell(memory: Memory, *texts: str, first: int = 1) -> None:
    for number, text in enumerate(texts, first):
        await memory.record_utterance(Stamp(number), text, 'stt')
    assert await memory.settled(SETTLE_S)


async def rebuild(url: str, memory: Memory | None = None, **which: object) -> int:
    """Let the worker of an open memory, or of a new one, read all again."""
    async with connected(url) as connection:
        scope = await connection.fetchval('SELECT min(id) FROM scope')
        async with connection.transaction():
            turns = await rebuilding.begin(connection, scope, **which)  # type: ignore[arg-type]
        if memory is None:
            async with memory_on(url) as worker:
                assert await worker.settled(SETTLE_S)
                await finished(url)
        else:
            assert memory._extraction is not None
            memory._extraction.wake()
            assert await memory.settled(SETTLE_S)
            await finished(url)
    return turns


async def finished(url: str) -> None:
    """Wait until the worker has applied again what people decided."""

    async def over() -> bool:
        return not await fetch(url, 'SELECT FROM prot.rebuilding')

    await eventually(over)


def test_a_long_conversation_read_again_comes_to_the_same_and_again(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, *sayings(5, 300))
            facts, who = await fetch(fresh_url, ALL), await fetch(fresh_url, WHO)
            assert len(facts) > 40
            for _ in range(2):
                assert await rebuild(fresh_url, memory) == 300
                again = await fetch(fresh_url, ALL)
                assert [row for row in again if row['live']] == [r for r in facts if r['live']]
                assert again == facts
                assert await fetch(fresh_url, WHO) == who
            assert await rebuild(fresh_url, memory, afresh=True) == 300
            assert await fetch(fresh_url, ALL) == facts
            assert await fetch(fresh_url, WHO) == who

    asyncio.run(story())


def test_another_reader_replaces_what_the_first_had_read(fresh_url: str) -> None:
    def one(text: str) -> tuple[Fact, ...]:
        return (Fact(USER, 'likes', text, text),)

    def other(text: str) -> tuple[Fact, ...]:
        return (Fact(USER, 'owns', text, text),)

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(one, 'one-1')) as memory:
            await tell(memory, 'tea', 'milk')
        async with memory_on(fresh_url, reader=Reads(other, 'other-1')) as memory:
            await tell(memory, 'salt', first=3)
            assert await rebuild(fresh_url, memory, unless='other-1') == 2
        rows = await fetch(fresh_url, ALL)
        assert [(row['predicate'], row['object']) for row in rows] == [
            ('owns', 'milk'), ('owns', 'salt'), ('owns', 'tea'),
        ]  # fmt: skip

    asyncio.run(story())


def test_only_turns_since_a_time_are_read_again(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I like tea', 'I like milk')
            old = 'UPDATE prot.turn SET created_at = $1 WHERE stamp = 1 RETURNING id'
            await fetch(fresh_url, old, datetime.now(UTC) - timedelta(days=3))
            since = datetime.now(UTC) - timedelta(days=1)
            assert await rebuild(fresh_url, memory, since=since) == 1

    asyncio.run(story())


def test_what_people_decided_is_decided_again(fresh_url: str) -> None:
    readings = 0

    def told(text: str) -> tuple[Fact, ...]:
        name, predicate, value = text.split(' ')
        return (Fact(name, predicate, value, f'{text}, read {readings} times'),)

    async def story() -> None:
        nonlocal readings
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await tell(
                memory, 'Minsu likes tea', 'Minsu likes milk', 'Minsu plays chess',
                'Bob likes jam', 'Robert likes rum',
            )  # fmt: skip
            async with connected(fresh_url) as connection:
                scope = await connection.fetchval('SELECT id FROM scope')
                named = 'SELECT id FROM entity WHERE name = $1'
                minsu, bob, robert = [
                    await connection.fetchval(named, name) for name in ('Minsu', 'Bob', 'Robert')
                ]
                turn = await connection.fetchval('SELECT id FROM turn WHERE stamp = 2')
                async with connection.transaction():
                    await correction.split(connection, scope, minsu, [turn])
                async with connection.transaction():
                    await correction.merge(connection, scope, bob, robert)
            circles = (
                'SELECT array_agg(object ORDER BY object) AS told FROM prot.telling '
                'GROUP BY subject_entity ORDER BY 1'
            )
            expected = [['chess', 'tea'], ['jam', 'rum'], ['milk']]
            assert [row['told'] for row in await fetch(fresh_url, circles)] == expected
            for how in ({}, {}, {'afresh': True}):
                readings += 1
                await rebuild(fresh_url, memory, **how)
                assert [row['told'] for row in await fetch(fresh_url, circles)] == expected
            decided = 'SELECT FROM prot.resolution WHERE undone_at IS NULL'
            assert len(await fetch(fresh_url, decided)) == 2

    asyncio.run(story())


def test_a_killed_rebuilding_has_lost_nothing_and_goes_on(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, *sayings(6, 150))
            facts = await fetch(fresh_url, ALL)
        async with connected(fresh_url) as connection:
            scope = await connection.fetchval('SELECT id FROM scope')
            async with connection.transaction():
                await rebuilding.begin(connection, scope)
            for _ in range(3):
                before = (await rebuilding.progress(connection, scope)).unread
                with child('read', fresh_url) as reader:
                    lines(reader, 'open', 1)

                    async def some(before: int = before) -> bool:
                        now = await rebuilding.progress(connection, scope)
                        return now.unread < before - 10

                    await eventually(some)
                    reader.kill()
                there = await fetch(fresh_url, ALL)
                assert [row['object'] for row in there if row['live']] == [
                    row['object'] for row in facts if row['live']
                ]
            async with connection.transaction():
                assert not await rebuilding.finish(connection, scope)
            assert (await rebuilding.progress(connection, scope)).unread > 0
        async with memory_on(fresh_url) as memory:
            assert await memory.settled(SETTLE_S)
            await finished(fresh_url)
        assert await fetch(fresh_url, ALL) == facts

    asyncio.run(story())
