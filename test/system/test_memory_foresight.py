# SPDX-License-Identifier: Apache-2.0
"""What somebody is saying is recalled for while they say it, on a real database."""

from __future__ import annotations

import asyncio
import os

import pytest
from command_line import command
from database import memory_on
from installation import ROOT

from prot_ros.core.stamps import Stamp
from prot_ros.memory.forgetting.erasure import Wish
from prot_ros.memory.store import Memory

SETTLE_S = 10.0
QUESTION = 'Where do I live?'


async def forget_elsewhere(url: str, name: str, person: str) -> None:
    """Let a name be forgotten as somebody does in a terminal, while the robot talks."""
    process = await asyncio.create_subprocess_exec(
        *command('memory', 'forget', name, '--yes', '--person', person),
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'PROT_DATABASE_URL': url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            said, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors
    assert b'forgotten: 1 turn' in said


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


@pytest.mark.parametrize('whose', ['ours', 'shared'])
def test_what_was_forgotten_elsewhere_is_recalled_no_more_though_it_was_foreseen(
    fresh_url: str, whose: str
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, 'ann', shared=True) as ann, memory_on(fresh_url) as bob:
            teller = bob if whose == 'ours' else ann
            await teller.record_utterance(Stamp(1), 'I live in Seoul', 'stt')
            assert await teller.settled(SETTLE_S)
        async with memory_on(fresh_url) as bob:
            assert await bob.settled(SETTLE_S)
            await foreseen(bob, 1)
            # What is in mind now stays there for 30 s, unless something changes.
            bob.expect('where do i live', 20)
            before = bob.forgettings
            await forget_elsewhere(fresh_url, 'Seoul', 'someone' if whose == 'ours' else 'ann')
            found = await bob.recall(QUESTION, 20)
            assert found.facts == ()
            assert found.turns == ()
            assert bob.stats()['memory recalls foreseen'] == 1
            assert (bob.forgettings != before) == (whose == 'ours')

    asyncio.run(story())


def test_a_turn_told_in_place_of_one_forgotten_is_no_reason_to_believe_the_old(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'I live in Seoul', 'stt')
            assert await memory.settled(SETTLE_S)
            await foreseen(memory, 1)
            await memory.forget(Wish(stamps=(1,)))
            await memory.record_utterance(Stamp(2), 'hello', 'stt')
            assert await memory.settled(SETTLE_S)
            # As many turns as when it was foreseen.
            assert (await memory.recall(QUESTION, 20)).facts == ()

    asyncio.run(story())
