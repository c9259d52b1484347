# SPDX-License-Identifier: Apache-2.0
"""What somebody is saying is recalled for while they say it, on a real database."""

from __future__ import annotations

import asyncio

from database import memory_on

from prot_ros.core.stamps import Stamp
from prot_ros.memory.store import Memory

SETTLE_S = 10.0
QUESTION = 'Where do I live?'


async def foreseen(memory: Memory, times: int) -> None:
    """Ask until the answer was there before, and fail when it never is."""
    async with asyncio.timeout(10):
        while memory.stats()['memory recalls foreseen'] != times:
            memory.expect('where do i live', 20)
            await asyncio.sleep(0.02)
            found = (await memory.recall(QUESTION, 20)).facts
            assert found[0].object == 'Seoul'


def test_words_that_came_true_are_not_looked_up_again_until_something_was_told(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'I live in Seoul', 'stt')
            assert await memory.settled(SETTLE_S)
            await foreseen(memory, 1)
            await memory.record_utterance(Stamp(2), 'I live in Busan', 'stt')
            # What is being written may change the answer, and what has been written has.
            for _ in range(2):
                await memory.recall(QUESTION, 20)
                assert await memory.settled(SETTLE_S)
            assert memory.stats()['memory recalls foreseen'] == 1
            assert (await memory.recall(QUESTION, 20)).facts[0].object == 'Busan'

    asyncio.run(story())
