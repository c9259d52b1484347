# SPDX-License-Identifier: Apache-2.0
"""What a hypothesis recalls is there for the utterance, unless something has changed since."""

from __future__ import annotations

import asyncio

import pytest

from prot_ros.core.facts import Fact
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.retrieval import foresight
from prot_ros.memory.retrieval.foresight import Foresight
from prot_ros.memory.retrieval.recollection import Recall


class Known:
    """What is in the memory, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.turns: int | None = 1
        self.forgettings = 0
        self.away = False
        self.foresight = Foresight(self.look_up, self.state)

    async def state(self) -> tuple[int, ...] | None:
        if self.away:
            raise EngineError('away', retryable=True)
        return None if self.turns is None else (self.turns, self.forgettings)

    async def look_up(self, text: str, vector: list[float], limit: int) -> Recall:
        self.asked.append(text)
        if self.away:
            raise EngineError('away', retryable=True)
        return Recall((Fact('user', 'likes', str(len(self.asked)), text),))


async def found(known: Known, text: str, limit: int = 20) -> Recall | None:
    return await known.foresight.found(text, limit)


@pytest.mark.parametrize(
    ('partial', 'final'),
    [('where do i live', 'Where do I live?'), ('내가 어디 살아', '내가 어디 살아?')],
)
def test_the_same_words_need_not_be_looked_up_again(partial, final):
    async def scenario() -> None:
        known = Known()
        await known.foresight.look(partial, [1.0], 20)
        recall = await found(known, final)
        assert recall is not None
        assert recall.facts[0].text == partial
        assert known.foresight.hits == 1

    asyncio.run(scenario())


def test_other_words_another_number_of_facts_and_new_facts_need_another_look():
    async def scenario() -> None:
        known = Known()
        assert await found(known, '') is None
        await known.foresight.look('where do i live', [1.0], 20)
        assert await found(known, 'where do i live now') is None
        assert await found(known, 'where do i live', 5) is None
        known.forgettings = 1
        assert await found(known, 'where do i live') is None
        known.forgettings, known.turns = 0, 2
        assert await found(known, 'where do i live') is None
        known.turns = None
        assert await found(known, 'where do i live') is None
        assert known.foresight.hits == 0

    asyncio.run(scenario())


def test_while_facts_are_being_written_nothing_is_foreseen():
    async def scenario() -> None:
        known = Known()
        known.turns = None
        await known.foresight.look('where do i live', [1.0], 20)
        assert known.asked == []
        known.turns = 1
        assert await found(known, 'where do i live') is None

    asyncio.run(scenario())


def test_what_is_forgotten_while_it_is_looked_up_is_not_foreseen():
    class Forgetful(Known):
        async def look_up(self, text: str, vector: list[float], limit: int) -> Recall:
            found = await super().look_up(text, vector, limit)
            self.forgettings += 1
            return found

    async def scenario() -> None:
        known = Forgetful()
        await known.foresight.look('where do i live', [1.0], 20)
        assert known.asked
        assert await found(known, 'where do i live') is None

    asyncio.run(scenario())


def test_a_database_that_is_away_foresees_nothing():
    async def scenario() -> None:
        known = Known()
        await known.foresight.look('where do i live', [1.0], 20)
        known.away = True
        assert await found(known, 'where do i live') is None
        known.away = False
        assert await found(known, 'where do i live') is not None

    asyncio.run(scenario())


def test_what_was_found_long_ago_and_what_failed_is_not_taken(monkeypatch):
    async def scenario() -> None:
        known = Known()
        known.away = True
        await known.foresight.look('where do i live', [1.0], 20)
        assert await found(known, 'where do i live') is None
        known.away = False
        monkeypatch.setattr(foresight, 'KEPT_S', -1.0)
        await known.foresight.look('where do i live', [1.0], 20)
        assert await found(known, 'where do i live') is None

    asyncio.run(scenario())
