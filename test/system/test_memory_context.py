# SPDX-License-Identifier: Apache-2.0
"""Talk that leaves the context of the language model is summed up, on a real database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from database import fetch
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError, Message
from prot_ros.memory import context as context_module
from prot_ros.memory.context import ConversationContext
from prot_ros.memory.in_time import NOTHING, MemoryInTime
from prot_ros.memory.recall_tool import RecallTool
from prot_ros.nodes.dialog import Params

MOST_MESSAGES = 16


SETTINGS = Params(database='url', memory_budget_ms=2_000)


class Notes:
    """Sums up by naming the numbers of the turns it was shown, and can be out of order."""

    name = 'notes'

    def __init__(self) -> None:
        self.works = True
        self.asked: list[list[str]] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def summarize(self, earlier: str, messages: Sequence[Message]) -> str:
        if not self.works:
            raise EngineError('no service', retryable=True)
        said = [message.text for message in messages if message.speaker == 'user']
        self.asked.append(said)
        return ' '.join([*earlier.split(), *said])


@pytest.fixture
def talking(fresh_url, monkeypatch):
    monkeypatch.setenv('PROT_DATABASE_URL', fresh_url)
    monkeypatch.setattr(context_module, 'RETRY_S', (0.05,))

    @asynccontextmanager
    async def begin(
        notes: Notes | None,
    ) -> AsyncIterator[tuple[ConversationContext, MemoryInTime]]:
        async with MemoryInTime(SETTINGS, logging.getLogger('test')) as memory:
            talk = ConversationContext('You are Robi.', memory, notes, MOST_MESSAGES, 10**6)
            await talk.open()
            try:
                yield talk, memory
            finally:
                await talk.close()

    return begin


async def say(talk: ConversationContext, memory: MemoryInTime, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await memory.record_utterance(Stamp(number), f'u{number}', 'hear')
        talk.add(Message('user', f'u{number}', turn=Stamp(number)))
        talk.add(Message('robot', f'r{number}', turn=Stamp(number)))
        await memory.record_reply(Stamp(number), f'r{number}', f'r{number}', False)


def shown(talk: ConversationContext) -> tuple[list[str], list[str]]:
    """Return what the next prompt has of earlier talk in short, and word by word."""
    prompt = talk.prompt('?', NOTHING, datetime.now(UTC))
    return prompt.earlier.split(), [m.text for m in prompt.history if m.speaker == 'user']


def numbers(first: int, last: int) -> list[str]:
    return [f'u{number}' for number in range(first, last + 1)]


def test_c10_what_leaves_the_window_is_in_the_summary_and_nothing_is_lost(talking) -> None:
    async def story() -> None:
        notes = Notes()
        async with talking(notes) as (talk, memory):
            for last in range(1, 41):
                await say(talk, memory, last, last)
                await until(lambda: len(talk._history.messages) <= 0.75 * MOST_MESSAGES)
                earlier, history = shown(talk)
                assert earlier + history == numbers(1, last)
            assert talk.summaries >= 4

    asyncio.run(story())


def test_c10_while_nothing_can_sum_up_the_turns_wait_in_the_database(talking, fresh_url) -> None:
    async def story() -> None:
        notes = Notes()
        notes.works = False
        async with talking(notes) as (talk, memory):
            await say(talk, memory, 1, 30)
            await until(lambda: talk.failed > 0)
            earlier, history = shown(talk)
            assert earlier == []
            assert history == numbers(30 - len(history) + 1, 30)
            rows = await fetch(fresh_url, 'SELECT count(*) AS turns FROM prot.turn')
            assert rows[0]['turns'] == 30
            notes.works = True
            await until(lambda: talk.summaries > 0)
            await until(lambda: set(numbers(1, 30)) == {*shown(talk)[0], *shown(talk)[1]})

    asyncio.run(story())


def test_c10_a_restart_finds_the_summary_and_sums_up_what_has_none(talking, fresh_url) -> None:
    async def story() -> None:
        async with talking(None) as (talk, memory):
            await say(talk, memory, 1, 20)
        notes = Notes()
        async with talking(notes) as (talk, memory):
            await until(lambda: shown(talk)[0] + shown(talk)[1] == numbers(1, 20))
            earlier, _ = shown(talk)
        async with talking(notes) as (talk, memory):
            assert shown(talk)[0] == earlier
        rows = await fetch(fresh_url, 'SELECT count(*) AS made FROM prot.summary')
        assert rows[0]['made'] == len(notes.asked)

    asyncio.run(story())


def test_c10_long_ago_is_summed_up_in_bounded_portions(talking, monkeypatch) -> None:
    from prot_ros.memory import summaries

    monkeypatch.setattr(summaries, 'MOST_TURNS', 10)
    monkeypatch.setattr(summaries, 'OLDEST', 25)

    async def story() -> None:
        async with talking(None) as (talk, memory):
            await say(talk, memory, 1, 50)
        notes = Notes()
        async with talking(notes) as (talk, memory):
            await until(lambda: shown(talk)[0] and shown(talk)[0][-1] == 'u46')
            assert all(len(said) <= 10 for said in notes.asked)
            earlier, history = shown(talk)
            assert earlier + history == numbers(22, 50)

    asyncio.run(story())


def test_the_model_can_search_the_memory_by_itself(talking) -> None:
    async def story() -> None:
        async with talking(None) as (_, memory):
            await memory.record_utterance(Stamp(1), 'my cat is called Nabi', 'hear')
            tool = RecallTool(memory)
            async with asyncio.timeout(10):  # the fact is read out in the background
                while 'Nabi' not in await tool.use({'query': 'cat'}):  # noqa: ASYNC110 - by a worker
                    await asyncio.sleep(0.01)
            for wrong in ({}, {'query': ' '}, {'query': 3}, {'query': None}):
                with pytest.raises(ValueError, match='words to search for'):
                    await tool.use(wrong)

    asyncio.run(story())
