# SPDX-License-Identifier: Apache-2.0
"""What is told is kept, found again, and kept once."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from database import FACTS, fetch, memory_on
from memory_child import likes
from readers import Reads
from waiting import until

from prot_ros.core.facts import USER, Fact
from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import Message
from prot_ros.memory.retrieval.recollection import recall
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.scopes import Scope

SETTLE_S = 10.0


def test_facts_told_are_found_by_a_new_memory(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'my name is Alice', 'stt')
            await memory.record_utterance(Stamp(2), 'I live in Seoul', 'stt')
            await memory.record_utterance(Stamp(3), '내 여동생 지수는 부산에 살아', 'stt')
            assert await memory.settled(SETTLE_S)
        async with memory_on(fresh_url) as memory:
            greeted = (await memory.recall('hello', 20)).facts
            home = (await memory.recall('where do I live?', 20)).facts
            sister = (await memory.recall('지수는 어디에 살아?', 20)).facts
            asked_in_english = (await memory.recall('where does Jisu live?', 20)).facts
        assert ('name', 'Alice') in [(fact.predicate, fact.object) for fact in greeted]
        assert (home[0].subject, home[0].predicate, home[0].object) == (USER, 'lives in', 'Seoul')
        assert '부산' in sister[0].object
        assert '부산' in asked_in_english[0].object

    asyncio.run(story())


def test_whom_it_knows_is_told_when_that_changes_latest_first(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            assert await memory.names(9) == ()
            memory.grown.clear()
            await memory.record_utterance(Stamp(1), 'my name is Alice', 'stt')
            await memory.record_utterance(Stamp(2), '내 여동생 지수는 부산에 살아', 'stt')
            await memory.record_utterance(Stamp(3), 'my brother Tom likes tea', 'stt')
            await memory.record_utterance(Stamp(4), 'I like coffee', 'stt')
            assert await memory.settled(SETTLE_S)
            assert memory.grown.is_set()
            assert await memory.names(9) == ('Tom', '지수', '부산', 'Alice')
            assert await memory.names(2) == ('Tom', '지수')

    asyncio.run(story())


def test_moving_house_ends_the_old_home_and_keeps_it(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'I live in Seoul', 'stt')
            await memory.record_utterance(Stamp(2), 'I live in Busan', 'stt')
            await memory.record_utterance(Stamp(3), 'I live in Busan', 'stt')
            assert await memory.settled(SETTLE_S)
            homes = [fact.object for fact in (await memory.recall('home', 20)).facts]
            assert homes == ['Busan']
        rows = await fetch(
            fresh_url,
            f'{FACTS} ORDER BY f.id',
        )
        assert [row['object'] for row in rows] == ['Seoul', 'Busan']
        assert rows[0]['valid_to'] == rows[1]['valid_from']
        assert rows[1]['valid_to'] is None
        assert rows[1]['last_turn'] == 3

    asyncio.run(story())


def test_somebody_is_found_by_what_they_are_to_the_user(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        if 'sister' in text:
            return (Fact("user's sister", 'is called', 'Jisu', 'my sister is called Jisu'),)
        return (Fact('Jisu', 'works as', 'doctor', 'Jisu works as a doctor'),)

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await memory.record_utterance(Stamp(1), 'my sister is called Jisu', 'stt')
            await memory.record_utterance(Stamp(2), 'Jisu is a doctor', 'stt')
            assert await memory.settled(SETTLE_S)
            facts = (await memory.recall('what does my sister do?', 20)).facts
            assert [fact.predicate for fact in facts] == ['is called', 'works as']

    asyncio.run(story())


def test_a_common_word_does_not_push_out_what_is_asked_for(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        many = [
            Fact(f'friend {n}', 'likes', f'thing {n}', f'friend {n} likes the thing {n} a lot')
            for n in range(400)
        ]
        return (*many, Fact('Minji', 'plays', 'the cello', 'Minji plays the cello a lot'))

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await memory.record_utterance(Stamp(1), 'all at once', 'stt')
            assert await memory.settled(SETTLE_S)
            facts = (await memory.recall('what is the thing that Minji plays a lot?', 5)).facts
            assert facts[0].subject == 'Minji'
        # A word that is everywhere says nothing by itself, least of all that the newest are meant.
        names = {'search_path': 'prot, public'}
        connection = await asyncpg.connect(fresh_url, server_settings=names)
        no_vector = [0.0] * 256
        for said, found in (('lot', 0), ('cello lot', 1)):
            recalled = await recall(
                connection, Scope(1, 1, (1,)), said, no_vector, Space(1, 256), 20
            )
            assert len(recalled.facts) == found, said
        await connection.close()

    asyncio.run(story())


def test_who_the_user_is_is_not_buried_under_what_they_told_since(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        if text == 'name':
            return (Fact(USER, 'name', 'Alice', 'my name is Alice'),)
        return tuple(Fact(USER, 'likes', f'song {n}', f'I like song {n}') for n in range(300))

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await memory.record_utterance(Stamp(1), 'name', 'stt')
            await memory.record_utterance(Stamp(2), 'songs', 'stt')
            assert await memory.settled(SETTLE_S)
            for said in ('hello', 'song', ''):
                facts = (await memory.recall(said, 20)).facts
                assert len(facts) == 20
                assert 'Alice' in [fact.object for fact in facts], said

    asyncio.run(story())


def test_a_person_of_whom_little_is_known_is_found_in_a_crowd(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        return tuple(
            Fact(f'robot {n}', 'likes', text, f'robot {n} likes {text}') for n in range(300)
        )

    def one(text: str) -> tuple[Fact, ...]:
        return (Fact('the library', 'opens at', 'nine', 'the library opens at nine'),)

    async def story() -> None:
        async with (
            memory_on(fresh_url, 'alice', reader=Reads(told)) as alice,
            memory_on(fresh_url, 'bob', reader=Reads(one)) as bob,
        ):
            await alice.record_utterance(Stamp(1), 'libraries at nine', 'stt')
            await bob.record_utterance(Stamp(1), 'library', 'stt')
            assert await alice.settled(SETTLE_S)
            assert await bob.settled(SETTLE_S)
            for said in ('the library at nine', 'ibrary'):
                facts = (await bob.recall(said, 20)).facts
                assert [fact.subject for fact in facts] == ['the library'], said

    asyncio.run(story())


def test_a_misspelt_name_is_found_by_its_vector(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        return (Fact('the Bundang library', 'opens at', 'nine', 'it opens at nine'),)

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await memory.record_utterance(Stamp(1), 'about the library', 'stt')
            assert await memory.settled(SETTLE_S)
            await until(lambda: memory.stats()['memory vectors complete'])
            # No word and no beginning of a word is the same.
            assert (await memory.recall('ibrary undang', 5)).facts

    asyncio.run(story())


def test_recent_talk_is_what_was_heard_oldest_first(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'tell me a story', 'stt')
            await memory.record_reply(Stamp(1), 'Once upon a time there was', 'Once upon', True)
            await memory.record_utterance(Stamp(2), 'stop', 'stt')
            await memory.record_reply(Stamp(2), 'Never heard.', '', True)
            await memory.record_utterance(Stamp(3), 'stop please', 'stt')
            await memory.record_reply(Stamp(3), 'Yes?', 'Yes?', False)
        async with memory_on(fresh_url) as memory:
            assert await memory.recent(10) == (
                Message('user', 'tell me a story'),
                Message('robot', 'Once upon', cut=True),
                Message('user', 'stop please'),
                Message('robot', 'Yes?'),
            )
            assert await memory.recent(3) == (
                Message('user', 'stop please'),
                Message('robot', 'Yes?'),
            ), 'an answer without its question is left out'
            assert await memory.recent(0) == ()
            assert await memory.recent(10, most_age_s=0) == ()

    asyncio.run(story())


def test_a_turn_recorded_twice_is_kept_once(
    fresh_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            for _ in range(2):
                await memory.record_utterance(Stamp(1), 'tea', 'stt')
                await memory.record_reply(Stamp(1), 'I see.', 'I see.', False)
            assert not caplog.records
            await memory.record_utterance(Stamp(1), 'other words', 'stt')
            assert 'recorded with other words before' in caplog.text
            assert await memory.settled(SETTLE_S)
            assert memory.stats()['memory turns'] == 1
        rows = await fetch(fresh_url, 'SELECT utterance, heard FROM prot.turn')
        assert [tuple(row) for row in rows] == [('tea', 'I see.')]
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.fact')) == 1

    asyncio.run(story())


def test_a_reply_that_is_committed_first_loses_no_utterance(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            await memory.record_reply(Stamp(1), 'I see.', 'I see.', False)
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(SETTLE_S)
            assert [fact.object for fact in (await memory.recall('x', 5)).facts] == ['tea']
            assert await memory.recent(5) == (Message('user', 'tea'), Message('robot', 'I see.'))

    asyncio.run(story())
