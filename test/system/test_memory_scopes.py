# SPDX-License-Identifier: Apache-2.0
"""Whose memory it is, who else hears of it, and whom a circle brings to mind; on a database."""

from __future__ import annotations

import asyncio

from database import fetch, memory_on

from prot_ros.core.stamps import Stamp
from prot_ros.memory.store import Memory

SETTLE_S = 60.0
PEOPLE = 'SELECT count(*) AS n FROM prot.entity WHERE name = $1'


async def tell(memory: Memory, *texts: str) -> None:
    for number, text in enumerate(texts, 1):
        await memory.record_utterance(Stamp(number), text, 'stt')
    assert await memory.settled(SETTLE_S)


async def recalled(memory: Memory, text: str, most: int = 10) -> list[str]:
    return [fact.text for fact in (await memory.recall(text, most)).facts]


def test_what_is_shared_is_heard_by_others_by_name_and_what_is_not_by_nobody(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, 'Ann', robot='hall', shared=True) as memory:
            await tell(memory, 'my dog is called Rex')
        async with memory_on(fresh_url, 'Carl', robot='hall') as memory:
            await tell(memory, 'my dog is called Waldo')
            assert (await recalled(memory, 'who is Waldo?'))[0] == (
                "The user's dog is called Waldo."
            )
        async with memory_on(fresh_url, 'Bob', robot='hall') as memory:
            recall = await memory.recall('who is Rex?', 10)
            assert [fact.text for fact in recall.facts] == ["Ann told: Ann's dog is called Rex."]
            assert recall.facts[0].subject == "Ann's dog"
            assert not any('Waldo' in text for text in await recalled(memory, 'who is Waldo?'))
        async with memory_on(fresh_url, 'Bob', robot='kitchen') as memory:
            assert await recalled(memory, 'who is Rex?') == []

    asyncio.run(story())


def test_what_is_no_longer_shared_is_no_longer_heard(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, 'Ann', robot='hall', shared=True) as memory:
            await tell(memory, 'my dog is called Rex')
        async with memory_on(fresh_url, 'Ann', robot='hall', shared=False):
            pass
        async with memory_on(fresh_url, 'Bob', robot='hall') as memory:
            assert await recalled(memory, 'who is Rex?') == []

    asyncio.run(story())


def test_two_robots_on_one_database_at_the_same_time_keep_to_themselves(fresh_url: str) -> None:
    """Each has two workers of its own; the same person tells them different things."""
    names = [f'{first}{second}' for first in ('Ba', 'Mi', 'To') for second in 'drnslk']

    async def listen(robot: str, mine: list[str]) -> None:
        async with (
            memory_on(fresh_url, 'Ann', robot=robot) as memory,
            memory_on(fresh_url, 'Ann', robot=robot) as second,
        ):
            await tell(memory, *(f'my friend {name} lives in {robot}town' for name in mine))
            assert await second.settled(SETTLE_S)
            for name in names:
                found = [
                    text for text in await recalled(second, f'who is {name}?') if name in text
                ]
                assert bool(found) == (name in mine), (robot, name, found)

    async def story() -> None:
        async with memory_on(fresh_url):  # makes the schema
            pass
        await asyncio.gather(listen('hall', names[::2]), listen('kitchen', names[1::2]))
        for name in names:
            (row,) = await fetch(fresh_url, PEOPLE, name)
            assert row['n'] == 1

    asyncio.run(story())


def test_who_asks_for_a_circle_is_told_of_all_in_it_and_of_nobody_else(fresh_url: str) -> None:
    family = {"The user's sister is called Bora.", "The user's father lives in Busan."}
    told = (
        'my sister is called Bora', 'my dog is called Rex', 'my father lives in Busan',
        'my colleague Tom likes tea',
        *(f'my friend {name} likes jazz' for name in ('Uma', 'Vera', 'Wim', 'Xaver', 'Yun')),
    )  # fmt: skip

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, *told)
            for question in ('what do you know about my family?', '우리 가족에 대해 뭐 알아?'):
                recall = await memory.recall(question, 10)
                by_circle = {
                    fact.text
                    for fact, reason in zip(recall.facts, recall.reasons, strict=True)
                    if reason == 'circle'
                }
                assert by_circle == family
                assert {fact.text for fact in recall.facts[:2]} == family
            assert 'Tom' in (await recalled(memory, 'who are my colleagues?', 1))[0]

    asyncio.run(story())
