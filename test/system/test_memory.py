# SPDX-License-Identifier: Apache-2.0
"""Memory on a real PostgreSQL: what is told is kept, found again, and neither lost nor doubled."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from database import execute, fetch
from installation import ROOT

from prot_ros.core.facts import USER, Fact
from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError, Message
from prot_ros.memory.database import MemoryUnavailable
from prot_ros.memory.store import Memory

CHILD = Path(__file__).with_name('memory_child.py')
NOWHERE = Path('/nonexistent')
SETTLE_S = 10.0


def likes(text: str) -> tuple[Fact, ...]:
    return (Fact(USER, 'likes', text, f'I like {text}'),)


def of(url: str, person: str = 'someone', **more: object) -> Memory:
    return Memory(url, NOWHERE, person, **more)  # type: ignore[arg-type]


@contextmanager
def child(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(CHILD), *map(str, arguments)],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()
        process.wait()


def lines(process: subprocess.Popen[str], first_word: str, count: int) -> list[list[str]]:
    found: list[list[str]] = []
    assert process.stdout is not None
    for line in process.stdout:
        if line.split()[0] == first_word:
            found.append(line.split())
        if len(found) == count:
            return found
    raise AssertionError(f'the child ended after {found}')


# --- told, kept, found --------------------------------------------------------------------------


def test_facts_told_are_found_by_a_new_memory(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'my name is Alice', 'stt')
            await memory.record_utterance(Stamp(2), 'I live in Seoul', 'stt')
            await memory.record_utterance(Stamp(3), '내 여동생 지수는 부산에 살아', 'stt')
            assert await memory.settled(SETTLE_S)
        async with of(fresh_url) as memory:
            greeted = (await memory.recall('hello', 20)).facts
            home = (await memory.recall('where do I live?', 20)).facts
            sister = (await memory.recall('지수는 어디에 살아?', 20)).facts
            asked_in_english = (await memory.recall('where does Jisu live?', 20)).facts
        assert ('name', 'Alice') in [(fact.predicate, fact.object) for fact in greeted]
        assert (home[0].subject, home[0].predicate, home[0].object) == (USER, 'lives in', 'Seoul')
        assert '부산' in sister[0].object
        assert '부산' in asked_in_english[0].object

    asyncio.run(story())


def test_moving_house_ends_the_old_home_and_keeps_it(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'I live in Seoul', 'stt')
            await memory.record_utterance(Stamp(2), 'I live in Busan', 'stt')
            await memory.record_utterance(Stamp(3), 'I live in Busan', 'stt')
            assert await memory.settled(SETTLE_S)
            homes = [fact.object for fact in (await memory.recall('home', 20)).facts]
            assert homes == ['Busan']
        rows = await fetch(
            fresh_url,
            'SELECT object, valid_to, confirmed_by, valid_from FROM prot.fact ORDER BY id',
        )
        assert [row['object'] for row in rows] == ['Seoul', 'Busan']
        assert rows[0]['valid_to'] == rows[1]['valid_from']
        assert rows[1]['valid_to'] is None
        assert rows[1]['confirmed_by'] == 3

    asyncio.run(story())


def test_somebody_is_found_by_what_they_are_to_the_user(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        if 'sister' in text:
            return (Fact("user's sister", 'is called', 'Jisu', 'my sister is called Jisu'),)
        return (Fact('Jisu', 'works as', 'doctor', 'Jisu works as a doctor'),)

    async def story() -> None:
        async with of(fresh_url, extract=told) as memory:
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
        async with of(fresh_url, extract=told) as memory:
            await memory.record_utterance(Stamp(1), 'all at once', 'stt')
            assert await memory.settled(SETTLE_S)
            facts = (await memory.recall('what is the thing that Minji plays a lot?', 5)).facts
            assert facts[0].subject == 'Minji'
            assert len(facts) == 5

    asyncio.run(story())


def test_who_the_user_is_is_not_buried_under_what_they_told_since(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        if text == 'name':
            return (Fact(USER, 'name', 'Alice', 'my name is Alice'),)
        return tuple(Fact(USER, 'likes', f'song {n}', f'I like song {n}') for n in range(300))

    async def story() -> None:
        async with of(fresh_url, extract=told) as memory:
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
            of(fresh_url, 'alice', extract=told) as alice,
            of(fresh_url, 'bob', extract=one) as bob,
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
        async with of(fresh_url, extract=told) as memory:
            await memory.record_utterance(Stamp(1), 'about the library', 'stt')
            assert await memory.settled(SETTLE_S)
            # No word and no beginning of a word is the same.
            assert (await memory.recall('ibrary undang', 5)).facts

    asyncio.run(story())


def test_recent_talk_is_what_was_heard_oldest_first(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'tell me a story', 'stt')
            await memory.record_reply(Stamp(1), 'Once upon a time there was', 'Once upon', True)
            await memory.record_utterance(Stamp(2), 'stop', 'stt')
            await memory.record_reply(Stamp(2), 'Never heard.', '', True)
            await memory.record_utterance(Stamp(3), 'stop please', 'stt')
            await memory.record_reply(Stamp(3), 'Yes?', 'Yes?', False)
        async with of(fresh_url) as memory:
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
        async with of(fresh_url, extract=likes) as memory:
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
        async with of(fresh_url, extract=likes) as memory:
            await memory.record_reply(Stamp(1), 'I see.', 'I see.', False)
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(SETTLE_S)
            assert [fact.object for fact in (await memory.recall('x', 5)).facts] == ['tea']
            assert await memory.recent(5) == (Message('user', 'tea'), Message('robot', 'I see.'))

    asyncio.run(story())


# --- extraction ---------------------------------------------------------------------------------


def test_a_failing_extractor_is_asked_again_and_keeps_nobody_waiting(fresh_url: str) -> None:
    calls: list[str] = []

    async def flaky(text: str) -> tuple[Fact, ...]:
        calls.append(text)
        if calls.count('tea') == 1 and text == 'tea':
            raise RuntimeError('the model is away')
        return likes(text)

    async def story() -> None:
        async with of(fresh_url, extract=flaky) as memory:
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
        async with of(fresh_url, extract=flaky) as memory:
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
        async with of(fresh_url) as memory:  # makes the schema
            pass
        memories = [of(fresh_url, extract=slow) for _ in range(4)]
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
        live = await fetch(fresh_url, 'SELECT object FROM prot.fact WHERE valid_to IS NULL')
        assert [row['object'] for row in live] == ['39'], 'the last told, in whatever order'

    asyncio.run(story())


def test_a_kill_between_commit_and_extraction_loses_and_doubles_nothing(fresh_url: str) -> None:
    with child('tell', fresh_url, 'tea', 'jazz') as process:
        lines(process, 'committed', 2)
        process.kill()
        process.wait()

    async def story() -> None:
        for _ in range(2):
            async with of(fresh_url, extract=likes) as memory:
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
        async with of(fresh_url, extract=likes) as memory:
            assert await memory.settled(SETTLE_S)
        stamps = [row['stamp'] for row in await fetch(fresh_url, 'SELECT stamp FROM prot.turn')]
        assert committed <= set(stamps)
        objects = [row['object'] for row in await fetch(fresh_url, 'SELECT object FROM prot.fact')]
        assert sorted(objects) == sorted(f'thing {stamp}' for stamp in stamps)

    asyncio.run(story())


# --- hostile text -------------------------------------------------------------------------------

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
        async with of(fresh_url, extract=likes, person="O'Neil \0; --") as memory:
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
        async with of(fresh_url, extract=likes) as memory:
            await memory.record_utterance(Stamp(1), 'x' * 1_000_000, 'stt')
            assert await memory.settled(SETTLE_S)

    asyncio.run(story())
    assert '100000 of 1000000 are kept' in caplog.text


def test_a_stamp_or_person_that_cannot_be_is_refused_with_a_sentence(fresh_url: str) -> None:
    for person in ('', ' ', '\0', 'x' * 101):
        with pytest.raises(EngineError, match='expected 1 to 100'):
            of(fresh_url, person)

    async def story() -> None:
        async with of(fresh_url) as memory:
            with pytest.raises(ValueError, match='expected nanoseconds'):
                await memory.record_utterance(Stamp(2**63), 'x', 'stt')

    asyncio.run(story())


# --- schema -------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_in_one_sentence_and_not_touched(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url):
            pass
        await execute(fresh_url, "INSERT INTO prot.migration VALUES (999, 'from the future')")
        with pytest.raises(EngineError, match=r'written by a newer prot .*update prot'):
            await of(fresh_url).open()

    asyncio.run(story())


def test_processes_that_start_together_migrate_once(fresh_url: str) -> None:
    async def story() -> None:
        memories = [of(fresh_url, str(number)) for number in range(4)]
        async with asyncio.TaskGroup() as tasks:
            for memory in memories:
                tasks.create_task(memory.open())
        for memory in memories:
            await memory.close()
        rows = await fetch(fresh_url, 'SELECT number FROM prot.migration')
        assert [row['number'] for row in rows] == [1]

    asyncio.run(story())


def test_the_extension_may_lie_in_any_schema(fresh_url: str) -> None:
    async def story() -> None:
        await execute(
            fresh_url, 'CREATE SCHEMA "ext""ra"', 'CREATE EXTENSION vector SCHEMA "ext""ra"'
        )
        async with of(fresh_url, extract=likes) as memory:
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(SETTLE_S)
            assert (await memory.recall('tea', 5)).facts
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.fact_vector')) == 1

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
                await of(fresh_url.replace('postgres@', 'guest@')).open()
        finally:
            await execute(server, f'REVOKE ALL ON DATABASE {name} FROM guest', 'DROP ROLE guest')

    asyncio.run(story())


# --- the pool -----------------------------------------------------------------------------------


async def end_backends(url: str) -> None:
    await fetch(
        url,
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
        "WHERE application_name = 'prot' AND datname = current_database()",
    )


def test_a12_a_thousand_operations_and_failures_leave_the_pool_idle(fresh_url: str) -> None:
    async def one(memory: Memory, number: int) -> None:
        try:
            match number % 10:
                case 0 | 1 | 2:
                    await memory.record_utterance(Stamp(number), f'thing {number}', 'stt')
                case 3:
                    await memory.record_reply(Stamp(number), 'a', 'b', True)
                case 4 | 5:
                    await memory.recall(f'thing {number}', 20)
                case 6:
                    async with asyncio.timeout(0.001):  # cut off wherever it happens to be
                        await memory.recall('too late', 20)
                case 7:
                    await memory.recent(40)
                case 8:
                    with pytest.raises(ValueError, match='expected'):
                        await memory.record_utterance(Stamp(-1), 'x', 'stt')
                case 9 if number % 250 == 9:
                    await end_backends(fresh_url)
        except TimeoutError:
            pass

    async def story() -> None:
        async with of(fresh_url, extract=likes) as memory:
            limit = asyncio.Semaphore(16)

            async def bounded(number: int) -> None:
                async with limit:
                    await one(memory, number)

            async with asyncio.TaskGroup() as tasks:
                for number in range(1000):
                    tasks.create_task(bounded(number))
            assert await memory.settled(SETTLE_S)
            stats = memory.stats()
            assert stats['memory pool free'] == stats['memory pool size'] > 0
            busy = await fetch(
                fresh_url,
                "SELECT state, query FROM pg_stat_activity WHERE application_name = 'prot' "
                "AND datname = current_database() AND state <> 'idle'",
            )
            assert not busy
            assert len((await memory.recall('thing', 100)).facts) > 20
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.fact')) == 300

    asyncio.run(story())


def test_a14_closing_under_load_ends_work_before_the_pool(
    fresh_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def load(memory: Memory, start: int, done: list[int], under_load: asyncio.Event) -> None:
        number = start
        try:
            while True:
                await memory.record_utterance(Stamp(number), f'thing {number}', 'stt')
                done.append(number)
                if len(done) > 60:
                    under_load.set()
                await memory.recall('thing', 20)
                number += 1
        except MemoryUnavailable:
            pass  # nothing else may come out of it

    async def story() -> None:
        done: list[int] = []
        under_load = asyncio.Event()
        memory = of(fresh_url, extract=likes)
        await memory.open()
        async with asyncio.TaskGroup() as tasks:
            for start in range(0, 8000, 1000):
                tasks.create_task(load(memory, start, done, under_load))
            await under_load.wait()
            started = time.monotonic()
            await memory.close()
            assert time.monotonic() - started < 2.0
        await memory.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        stamps = {row['stamp'] for row in await fetch(fresh_url, 'SELECT stamp FROM prot.turn')}
        assert set(done) <= stamps

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    assert not caplog.records


def test_a14_closing_during_an_endless_extraction_releases_its_turn(fresh_url: str) -> None:
    async def story() -> None:
        begun = asyncio.Event()

        async def endless(text: str) -> tuple[Fact, ...]:
            begun.set()
            await asyncio.get_running_loop().create_future()
            raise AssertionError

        memory = of(fresh_url, extract=endless)
        await memory.open()
        await memory.record_utterance(Stamp(1), 'tea', 'stt')
        await begun.wait()
        started = time.monotonic()
        await memory.close()
        assert time.monotonic() - started < 2.0
        async with of(fresh_url, extract=likes) as memory:
            assert await memory.settled(SETTLE_S)
            assert len((await memory.recall('x', 5)).facts) == 1

    asyncio.run(story())


def test_a15_two_memories_in_one_process_share_nothing(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url, 'alice', extract=likes) as alice:
            async with of(fresh_url, 'bob', extract=likes) as bob:
                await alice.record_utterance(Stamp(1), 'tea', 'stt')
                await bob.record_utterance(Stamp(1), 'coffee', 'stt')
                assert await alice.settled(SETTLE_S)
                assert await bob.settled(SETTLE_S)
                assert [f.object for f in (await bob.recall('tea', 9)).facts] == ['coffee']
                assert await bob.recent(9) == (Message('user', 'coffee'),)
            assert [f.object for f in (await alice.recall('coffee', 9)).facts] == ['tea']
            assert alice.stats()['memory turns'] == 1
            with pytest.raises(MemoryUnavailable, match='closed'):
                await bob.recall('x', 1)

    asyncio.run(story())


def test_a_memory_can_be_opened_and_closed_again_and_again(fresh_url: str) -> None:
    async def story() -> None:
        memory = of(fresh_url)
        for _ in range(5):
            await memory.open()
            with pytest.raises(RuntimeError, match='open already'):
                await memory.open()
            await memory.recall('x', 1)
            await memory.close()
            await memory.close()
        left = await fetch(
            fresh_url,
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'prot' "
            'AND datname = current_database()',
        )
        assert not left

    asyncio.run(story())


def test_c05_a_connection_that_died_is_replaced_without_a_failed_turn(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url, extract=likes) as memory:
            for number in range(1, 21):
                await end_backends(fresh_url)
                await memory.record_utterance(Stamp(number), f'thing {number}', 'stt')
                assert (await memory.recent(1))[-1].text == f'thing {number}'
            assert await memory.settled(SETTLE_S)
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.fact')) == 20

    asyncio.run(story())


def test_a_statement_that_the_server_refuses_is_no_hang_and_no_loss(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url, extract=likes) as memory:
            await execute(fresh_url, 'ALTER TABLE prot.turn RENAME TO gone')
            with pytest.raises(EngineError, match='refuses'):
                await memory.record_utterance(Stamp(1), 'tea', 'stt')
            await execute(fresh_url, 'ALTER TABLE prot.gone RENAME TO turn')
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(SETTLE_S)

    asyncio.run(story())


def test_a_locked_table_costs_the_deadline_and_no_more(fresh_url: str) -> None:
    async def story() -> None:
        async with of(fresh_url, deadline_s=0.3) as memory:
            connection = await asyncpg.connect(fresh_url)
            async with connection.transaction():
                await connection.execute('LOCK TABLE prot.fact')
                started = time.monotonic()
                with pytest.raises(MemoryUnavailable, match=r'did not answer within 0\.3 s'):
                    await memory.recall('x', 5)
                assert time.monotonic() - started < 0.6
                started = time.monotonic()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await memory.recall('x', 5)
                assert time.monotonic() - started < 0.2
            await connection.close()
            await memory.recall('x', 5)

    asyncio.run(story())
