# SPDX-License-Identifier: Apache-2.0
"""Connections: none is lost, shared, left busy, or waited for beyond the deadline."""

from __future__ import annotations

import asyncio
import logging
import time

import asyncpg
import pytest
from database import execute, fetch, memory_on
from memory_child import likes
from readers import Reads
from waiting import until

from prot_ros.core.facts import Fact
from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError, Message
from prot_ros.memory.database import Database, MemoryUnavailable
from prot_ros.memory.schema import migrate
from prot_ros.memory.store import Memory

SETTLE_S = 10.0
PID = 'SELECT pg_backend_pid()'


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
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            limit = asyncio.Semaphore(16)

            async def bounded(number: int) -> None:
                async with limit:
                    await one(memory, number)

            async with asyncio.TaskGroup() as tasks:
                for number in range(1000):
                    tasks.create_task(bounded(number))
            assert await memory.settled(SETTLE_S)

            async def idle() -> bool:
                stats = memory.stats()
                busy = await fetch(
                    fresh_url,
                    "SELECT state, query FROM pg_stat_activity WHERE application_name = 'prot' "
                    "AND datname = current_database() AND state <> 'idle'",
                )
                return stats['memory pool free'] == stats['memory pool size'] > 0 and not busy

            # The server still cancels what was cut off, and facts are still given vectors.
            await until(idle, 'an idle pool')
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
        memory = memory_on(fresh_url, reader=Reads(likes))
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

        memory = memory_on(fresh_url, reader=Reads(endless))
        await memory.open()
        await memory.record_utterance(Stamp(1), 'tea', 'stt')
        await begun.wait()
        started = time.monotonic()
        await memory.close()
        assert time.monotonic() - started < 2.0
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            assert await memory.settled(SETTLE_S)
            assert len((await memory.recall('x', 5)).facts) == 1

    asyncio.run(story())


def test_a15_two_memories_in_one_process_share_nothing(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, 'alice', reader=Reads(likes)) as alice:
            async with memory_on(fresh_url, 'bob', reader=Reads(likes)) as bob:
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
        memory = memory_on(fresh_url)
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
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            for number in range(1, 21):
                await end_backends(fresh_url)
                await memory.record_utterance(Stamp(number), f'thing {number}', 'stt')
                assert (await memory.recent(1))[-1].text == f'thing {number}'
            assert await memory.settled(SETTLE_S)
        assert len(await fetch(fresh_url, 'SELECT 1 FROM prot.fact')) == 20

    asyncio.run(story())


def test_a_turn_that_got_into_the_way_of_somebody_else_is_recorded_all_the_same(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes), deadline_s=10.0) as memory:
            other = await asyncpg.connect(fresh_url)
            try:
                # The turn is the one that finds out, and is sent away.
                await other.execute("SET deadlock_timeout = '10min'")
                transaction = other.transaction()
                await transaction.start()
                await other.execute('LOCK TABLE prot.extraction IN SHARE MODE')
                record = asyncio.create_task(memory.record_utterance(Stamp(1), 'tea', 'stt'))

                async def waits() -> bool:
                    locks = 'SELECT FROM pg_locks WHERE NOT granted AND database IS NOT NULL'
                    return bool(await fetch(fresh_url, locks))

                await until(waits, 'the turn waits for the other')
                await other.execute('LOCK TABLE prot.turn IN SHARE MODE')
                await transaction.rollback()
                await record
            finally:
                await other.close()
            assert await memory.settled(SETTLE_S)
            assert [fact.object for fact in (await memory.recall('x', 5)).facts] == ['tea']

    asyncio.run(story())


def test_a_statement_that_the_server_refuses_is_no_hang_and_no_loss(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(likes)) as memory:
            await execute(fresh_url, 'ALTER TABLE prot.turn RENAME TO gone')
            with pytest.raises(EngineError, match='refuses'):
                await memory.record_utterance(Stamp(1), 'tea', 'stt')
            await execute(fresh_url, 'ALTER TABLE prot.gone RENAME TO turn')
            await memory.record_utterance(Stamp(1), 'tea', 'stt')
            assert await memory.settled(SETTLE_S)

    asyncio.run(story())


def test_a_locked_table_costs_the_deadline_and_no_more(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url, deadline_s=0.3) as memory:
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


def test_after_an_hour_of_silence_the_connection_and_its_plans_are_still_there(
    fresh_url: str,
) -> None:
    async def story() -> None:
        await migrate(fresh_url)
        database = Database(fresh_url)
        await database.open('public')
        try:
            question = 'SELECT count(*) FROM turn WHERE scope = $1'
            before = await database.run(lambda connection: connection.fetchval(PID), 5.0)
            await database.run(lambda connection: connection.fetchval(question, 1), 5.0)
            loop = asyncio.get_running_loop()
            now = loop.time
            loop.time = lambda: now() + 3_600.0  # type: ignore[method-assign]
            await asyncio.sleep(0)  # whatever was put off till then is done now
            assert await database.run(lambda connection: connection.fetchval(PID), 5.0) == before
            assert await database.run(
                lambda connection: connection.fetchval(
                    'SELECT count(*) FROM pg_prepared_statements WHERE statement = $1', question
                ),
                5.0,
            )
        finally:
            await database.close()

    asyncio.run(story())


def test_a_connection_comes_back_without_a_question_to_the_server(fresh_url: str) -> None:
    async def story() -> None:
        await migrate(fresh_url)
        database = Database(fresh_url)
        await database.open('public')
        try:
            pid = await database.run(lambda connection: connection.fetchval(PID), 5.0)
            (row,) = await fetch(
                fresh_url, f'SELECT query FROM pg_stat_activity WHERE pid = {pid}'
            )
            assert row['query'] == PID
        finally:
            await database.close()

    asyncio.run(story())


def test_a_transaction_that_was_left_open_does_not_come_back_to_the_pool(fresh_url: str) -> None:
    async def story() -> None:
        await migrate(fresh_url)
        database = Database(fresh_url)
        await database.open('public')
        try:
            await database.run(lambda connection: connection.execute('BEGIN'), 5.0)
            (row,) = await fetch(
                fresh_url,
                'SELECT state FROM pg_stat_activity '
                "WHERE application_name = 'prot' AND datname = current_database()",
            )
            assert row['state'] == 'idle'
        finally:
            await database.close()

    asyncio.run(story())
