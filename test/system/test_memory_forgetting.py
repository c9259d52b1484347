# SPDX-License-Identifier: Apache-2.0
"""What is forgotten is gone: from the tables, from what was made of it, and from the files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from database import execute, fetch, memory_on
from memory_processes import eventually
from readers import Reads

from prot_ros.core.facts import USER, Fact
from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.forgetting import traces
from prot_ros.memory.forgetting.erasure import Erased, Wish, erase, preview, prove
from prot_ros.memory.forgetting.names import forget_name
from prot_ros.memory.forgetting.spoken_names import Names
from prot_ros.memory.long_work import connected
from prot_ros.memory.server.postgres import EmbeddedPostgres
from prot_ros.memory.store import Memory

SETTLE_S = 10.0
LIVE = """
SELECT t.subject || ' ' || t.predicate || ' ' || t.object AS fact
FROM prot.fact AS f JOIN prot.telling AS t ON t.id = f.telling WHERE f.live ORDER BY 1
"""


async def tell(memory: Memory, *texts: str, first: int = 1) -> None:
    for number, text in enumerate(texts, first):
        await memory.record_utterance(Stamp(number), text, 'stt')
    assert await memory.settled(SETTLE_S)


async def forget(url: str, wish: Wish, person: str = 'someone') -> Erased:
    async with connected(url) as connection:
        scopes = await connection.fetch('SELECT id FROM scope WHERE person = $1', person)
        return await erase(connection, [row['id'] for row in scopes], wish)


async def holds(url: str, *names: str) -> list[str]:
    async with connected(url) as connection:
        found = await traces.search(connection, Names(names))
    return [trace.place for trace in found.found]


async def facts(url: str) -> list[str]:
    return [row['fact'] for row in await fetch(url, LIVE)]


def test_a_planted_name_is_nowhere_afterwards_and_the_rest_is_there(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(
                memory,
                'my name is Alice',
                'I live in Seoul',
                'my sister is called Zebulina',
                'Zebulina lives in Busan',
                'I like coffee',
                'has zebulina’s dog been fed?',
            )
            await memory.record_reply(Stamp(5), 'Does Zebulina like it?', 'Does Zebulina', True)
            numbers = await fetch(fresh_url, 'SELECT id FROM prot.turn ORDER BY id')
            await memory.write_summary(numbers[1]['id'], 'Alice lives in Seoul.')
            await memory.write_summary(numbers[3]['id'], 'Alice has a sister, Zebulina.')
            await memory.write_summary(numbers[4]['id'], 'Alice has a sister and likes coffee.')
            assert {'turn.utterance', 'turn.heard', 'telling.subject', 'summary.text'} <= set(
                await holds(fresh_url, 'Zebulina')
            )
            erased = await forget(fresh_url, Wish(name='zebulina'))
            assert erased.gone.turns == 4
            assert erased.gone.summaries == 2
            assert erased.gone.entities >= 1
            assert await holds(fresh_url, *erased.names) == []
            assert await facts(fresh_url) == ['user lives in Seoul', 'user name Alice']
            assert await memory.summary() == 'Alice lives in Seoul.'
            assert await memory.names(9) == ('Seoul', 'Alice')

    asyncio.run(story())


def test_a_korean_name_is_found_with_its_particles_and_in_latin_letters(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(
                memory,
                '내 여동생 지수는 부산에 살아',
                '지수한테 전화했어',
                '나는 커피를 좋아해',
                'I met Jisoo yesterday',
                '김지수가 왔어',
                '주스를 마셨어',
            )
            erased = await forget(fresh_url, Wish(name='지수'))
            assert erased.gone.turns == 4
            assert await holds(fresh_url, '지수', 'Jisu') == []
            left = await fetch(fresh_url, 'SELECT utterance FROM prot.turn ORDER BY id')
            assert [row['utterance'] for row in left] == ['나는 커피를 좋아해', '주스를 마셨어']

    asyncio.run(story())


def test_what_a_forgotten_turn_had_ended_is_true_again(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I live in Seoul', 'I live in Busan', 'I like tea')
            assert 'user lives in Busan' in await facts(fresh_url)
            turn = (await fetch(fresh_url, 'SELECT id FROM prot.turn WHERE stamp = 2'))[0]['id']
            erased = await forget(fresh_url, Wish(turns=(turn,)))
            assert (erased.gone.turns, erased.gone.facts) == (1, 1)
            assert await facts(fresh_url) == ['user likes tea', 'user lives in Seoul']
            assert 'Busan' not in await memory.names(9)

    asyncio.run(story())


def test_what_others_said_in_the_same_turn_can_be_kept(fresh_url: str) -> None:
    def told(text: str) -> tuple[Fact, ...]:
        found = []
        if 'Tom' in text:
            found.append(Fact('Tom', 'lives in', 'Busan', 'Tom lives in Busan'))
        if 'tea' in text:
            found.append(Fact(USER, 'likes', 'tea', 'I like tea'))
        return tuple(found)

    async def story() -> None:
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await tell(memory, 'Tom lives in Busan. I like tea.', 'Tom is here')
            await memory.record_reply(Stamp(1), 'Say hello to Tom!', 'Say hello to Tom!', False)
            erased = await forget(fresh_url, Wish(name='Tom', keep_shared=True))
            assert (erased.gone.turns, erased.gone.redacted) == (1, 1)
            assert await facts(fresh_url) == ['user likes tea']
            row = (await fetch(fresh_url, 'SELECT utterance, said FROM prot.turn'))[0]
            assert (row['utterance'], row['said']) == ('… I like tea.', '…')
            assert await holds(fresh_url, 'Tom') == []

    asyncio.run(story())


def test_a_turn_that_is_being_read_meanwhile_stays_forgotten(fresh_url: str) -> None:
    async def story() -> None:
        reading, go_on = asyncio.Event(), asyncio.Event()

        async def slow(text: str) -> tuple[Fact, ...]:
            reading.set()
            await go_on.wait()
            return (Fact('Tom', 'likes', 'tea', 'Tom likes tea'),)

        async with memory_on(fresh_url, reader=Reads(slow)) as memory:
            await memory.record_utterance(Stamp(1), 'Tom likes tea', 'stt')
            await reading.wait()
            forgetting = asyncio.create_task(forget(fresh_url, Wish(name='Tom')))

            async def waits() -> bool:
                rows = await fetch(
                    fresh_url,
                    'SELECT FROM pg_stat_activity '
                    "WHERE application_name = 'prot memory' AND wait_event_type = 'Lock'",
                )
                return bool(rows)

            await eventually(waits)
            go_on.set()
            erased = await forgetting
            assert erased.gone.turns == 1
            assert await memory.settled(SETTLE_S)
            assert await holds(fresh_url, 'Tom') == []
            assert await fetch(fresh_url, 'SELECT FROM prot.fact') == []

    asyncio.run(story())


def test_a_writer_that_tries_again_does_not_bring_it_back(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'Tom likes tea', 'I like coffee')
            await forget(fresh_url, Wish(name='Tom'))
            await memory.record_utterance(Stamp(1), 'Tom likes tea', 'stt')
            await memory.record_reply(Stamp(1), 'Tom does?', 'Tom does?', False)
            assert await memory.settled(SETTLE_S)
            assert await holds(fresh_url, 'Tom') == []
            # A new turn is another matter.
            await tell(memory, 'Tom likes milk', first=3)
            assert 'Tom likes milk' in await facts(fresh_url)

    asyncio.run(story())


def test_a_reply_that_waits_for_the_forgetting_does_not_come_back_after_it(
    fresh_url: str,
) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory, connected(fresh_url) as connection:
            await tell(memory, 'Tom likes tea')
            scope = await connection.fetchval('SELECT scope FROM turn')
            async with connection.transaction():
                await forget_name(connection, scope, 'Tom')
                reply = asyncio.create_task(
                    memory.record_reply(Stamp(1), 'Tom does?', 'Tom does?', False)
                )

                async def waits() -> bool:
                    return bool(
                        await fetch(
                            fresh_url,
                            'SELECT FROM pg_stat_activity WHERE application_name = $1 '
                            "AND wait_event_type = 'Lock'",
                            'prot',
                        )
                    )

                await eventually(waits)
            await reply
            assert await holds(fresh_url, 'Tom') == []

    asyncio.run(story())


def test_a_turn_can_be_forgotten_by_its_time_while_it_is_still_answered(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'Tom likes tea', 'I like milk')
            erased = await memory.forget(Wish(stamps=(1, 7)))
            assert erased.gone.turns == 1
            await memory.record_reply(Stamp(1), 'Tom does?', 'Tom does?', False)
            await memory.record_utterance(Stamp(7), 'Tom likes jam', 'stt')
            assert await memory.settled(SETTLE_S)
            assert await holds(fresh_url, 'Tom') == []
            assert [fact.object for fact in (await memory.recall('tea', 9)).facts] == ['milk']

    asyncio.run(story())


def test_a_turn_that_was_read_with_a_forgotten_one_in_mind_is_read_again(fresh_url: str) -> None:
    forgotten = False

    def told(text: str) -> tuple[Fact, ...]:
        # As a reader does that is shown what was said before.
        who = 'Tom' if 'Tom' in text or not forgotten else 'somebody'
        return (Fact(who, 'likes', text.split()[-1], text),)

    async def story() -> None:
        nonlocal forgotten
        async with memory_on(fresh_url, reader=Reads(told)) as memory:
            await tell(memory, 'Tom likes tea', 'he likes milk')
            assert await facts(fresh_url) == ['Tom likes milk', 'Tom likes tea']
            forgotten = True
            await memory.forget(Wish(stamps=(1,)))
            assert await memory.settled(SETTLE_S)
            assert await facts(fresh_url) == ['somebody likes milk']
            assert await holds(fresh_url, 'Tom') == []

    asyncio.run(story())


def test_notes_made_from_what_was_forgotten_meanwhile_are_not_kept(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'Tom likes tea', 'I like coffee', 'I like milk')
            waiting = await memory.unsummarized(Stamp(3))
            assert waiting is not None
            await forget(fresh_url, Wish(name='Tom'))
            await memory.write_summary(waiting.through, 'Tom likes tea, the user coffee.')
            assert await memory.summary() == ''
            waiting = await memory.unsummarized(Stamp(3))
            assert waiting is not None
            assert [message.text for message in waiting.messages] == ['I like coffee']
            await memory.write_summary(waiting.through, 'The user likes coffee.')
            assert await memory.summary() == 'The user likes coffee.'

    asyncio.run(story())


def test_the_latest_turns_are_forgotten_by_their_age(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I live in Seoul', 'I live in Busan')
            await execute(
                fresh_url,
                "UPDATE prot.turn SET created_at = now() - interval '2 days' WHERE stamp = 1",
            )
            since = datetime.now(UTC) - timedelta(days=1)
            assert (await forget(fresh_url, Wish(since=since))).gone.turns == 1
            assert await facts(fresh_url) == ['user lives in Seoul']

    asyncio.run(story())


def test_all_of_one_person_goes_and_nothing_of_another(fresh_url: str) -> None:
    async def story() -> None:
        async with (
            memory_on(fresh_url, 'ann') as ann,
            memory_on(fresh_url, 'bob') as bob,
        ):
            for memory in (ann, bob):
                await tell(memory, 'my sister is called Mia', 'I live in Seoul')
            await forget(fresh_url, Wish(everything=True), 'ann')
            rows = await fetch(
                fresh_url,
                'SELECT person, (SELECT count(*) FROM prot.turn WHERE scope = s.id) AS turns, '
                '(SELECT count(*) FROM prot.fact WHERE scope = s.id) AS facts, '
                '(SELECT count(*) FROM prot.entity WHERE scope = s.id) AS entities '
                'FROM prot.scope AS s ORDER BY person',
            )
            assert [tuple(row)[:3] for row in rows] == [('ann', 0, 0), ('bob', 2, 2)]
            assert rows[0]['entities'] == 1  # the user, of whom nothing is known
            # They go on talking.
            await tell(ann, 'I live in Busan', first=3)
            assert [fact.object for fact in (await ann.recall('home', 9)).facts] == ['Busan']

    asyncio.run(story())


def test_a_preview_says_what_would_go_and_changes_nothing(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'my sister is called Bora', 'I like tea')
            async with connected(fresh_url) as connection:
                scope = await connection.fetchval('SELECT id FROM scope')
                seen = await preview(connection, [scope], Wish(name='Bora'))
            assert (seen.turns, seen.tellings) == (1, 1)
            assert seen.meant == ('person Bora',)
            assert [each.utterance for each in seen.examples] == ['my sister is called Bora']
            assert len(await fetch(fresh_url, 'SELECT FROM prot.turn')) == 2

    asyncio.run(story())


def test_a_name_of_hostile_words_is_only_a_name(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I like tea')
            for name in ("'; DROP TABLE turn; --", '.*', '(', '%', '\\', 'x' * 2_000):
                if any(map(str.isalnum, name)):
                    assert not (await forget(fresh_url, Wish(name=name))).gone.turns
                else:
                    with pytest.raises(EngineError, match='nobody'):
                        Wish(name=name)
            assert await facts(fresh_url) == ['user likes tea']

    asyncio.run(story())


def test_the_files_and_the_log_of_our_own_server_are_clean_afterwards(data_folder: Path) -> None:
    def bytes_of(names: Iterable[str]) -> list[str]:
        return [
            str(path.relative_to(data_folder))
            for path in data_folder.rglob('*')
            if path.is_file() and any(name.encode() in path.read_bytes() for name in names)
        ]

    async def story() -> None:
        async with EmbeddedPostgres(data_folder) as postgres:
            async with memory_on(postgres.url) as memory:
                await tell(
                    memory,
                    'my sister is called Zebulina',
                    'Zebulina lives in Busan',
                    '내 여동생 뷁뷁이는 부산에 살아',
                    'I like tea',
                )
                async with connected(postgres.url) as connection:
                    await connection.execute('CHECKPOINT')
                    assert bytes_of(['Zebulina'])
                    scope = await connection.fetchval('SELECT id FROM scope')
                    for name in ('Zebulina', '뷁뷁'):
                        erased = await erase(connection, [scope], Wish(name=name))
                        found = await prove(connection, erased.names, own_server=True)
                        assert found.clean
                        assert found.files
                        assert found.in_files == []
                        assert found.log_left == 0
                assert bytes_of(['Zebulina', 'zebulina', '뷁뷁']) == []
                assert await facts(postgres.url) == ['user likes tea']

    asyncio.run(story())


def test_the_search_finds_what_is_planted_in_any_column(fresh_url: str) -> None:
    """Otherwise it would prove nothing."""

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'my sister is called Bora', 'Bora likes tea', 'tell Tom')
            turn = (await fetch(fresh_url, 'SELECT max(id) AS id FROM prot.turn'))[0]['id']
            await memory.write_summary(turn, 'The user has a sister.')
        async with connected(fresh_url) as connection:
            scope = await connection.fetchval('SELECT id FROM scope')
            await connection.execute(
                'INSERT INTO resolution (scope, action, decided_by, kept, other, kept_key, '
                "other_key, kind, other_name, subjects, objects) VALUES ($1, 'merge', 'operator', "
                "1, 2, 'a', 'b', 'person', 'B', '{}', '{}')",
                scope,
            )
            columns = await connection.fetch(
                'SELECT table_name, column_name FROM information_schema.columns '
                "WHERE table_schema = 'prot' AND data_type = 'text' "
                "AND table_name NOT IN ('migration', 'space')"
            )
            planted = 0
            for table, column in columns:
                # Each in its turn, instead of what was there.
                before = await connection.fetchrow(
                    f'SELECT ctid, {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1'
                )
                if before is None:
                    continue
                put = f'UPDATE {table} SET {column} = $2 WHERE ctid = $1 RETURNING ctid'
                now_at = await connection.fetchval(put, before['ctid'], 'zebulina')
                found = await traces.search(connection, Names(['Zebulina']))
                assert [trace.place for trace in found.found] == [f'{table}.{column}']
                await connection.execute(put, now_at, before[column])
                planted += 1
            assert planted >= 25

    asyncio.run(story())
