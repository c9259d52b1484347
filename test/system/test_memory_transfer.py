# SPDX-License-Identifier: Apache-2.0
"""A memory is moved as one file: whole, once, into an empty database or among what is there."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from database import execute, fetch, memory_on
from memory_processes import child, lines
from test_memory_rebuilding import ALL, WHO, sayings, tell

from prot_ros.core.stamps import Stamp
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.forgetting.erasure import Wish, erase
from prot_ros.memory.inspection import correction
from prot_ros.memory.long_work import connected
from prot_ros.memory.moving import export_file
from prot_ros.memory.moving.exporting import Exported, export
from prot_ros.memory.moving.importing import Imported, load

SETTLE_S = 60.0
TURNS = """
SELECT s.robot, s.person, s.shared, t.stamp, t.source, t.utterance, t.said, t.heard, t.cut,
       t.created_at, t.replied_at
FROM prot.turn AS t JOIN prot.scope AS s ON s.id = t.scope ORDER BY s.person, t.id
"""
SUMMARIES = """
SELECT s.text, t.stamp, s.created_at FROM prot.summary AS s JOIN prot.turn AS t ON t.id = s.through
ORDER BY s.id
"""


async def write(url: str, path: Path, *, derived: bool = False) -> Exported:
    async with connected(url) as connection:
        scopes = [row['id'] for row in await connection.fetch('SELECT id FROM scope ORDER BY id')]
        return await export(connection, scopes, path, derived=derived)


async def read(url: str, path: Path, *, again: bool = False) -> Imported:
    async with connected(url) as connection:
        return await load(connection, path, again=again)


@pytest.fixture
def other_url(server: str, fresh_url: str) -> Iterator[str]:
    """Another empty database on the same server."""
    name = fresh_url.rsplit('/', 1)[1].split('?')[0] + '_other'
    asyncio.run(execute(server, f'CREATE DATABASE {name}'))
    yield server.replace('/postgres?', f'/{name}?')
    asyncio.run(execute(server, f'DROP DATABASE {name} WITH (FORCE)'))


def test_a_memory_comes_whole_into_another_database_and_only_once(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path = tmp_path / 'memory.export'

    async def story() -> None:
        async with memory_on(fresh_url, 'ann', robot='r', shared=True) as memory:
            await tell(
                memory, 'I live in Seoul', '내 여동생 지수는 부산에 살아', 'I like tea\n"ok" \\'
            )
            await memory.record_reply(Stamp(2), '그렇군요', '그렇', True)
            number = (await fetch(fresh_url, 'SELECT max(id) AS id FROM prot.turn'))[0]['id']
            await memory.write_summary(number, 'She lives in Seoul.')
        async with memory_on(fresh_url, 'bob'):
            pass
        written = await write(fresh_url, path)
        assert (written.people, written.turns, written.summaries) == (2, 3, 1)
        assert path.stat().st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == [path.name]
        for new, known in ((3, 0), (0, 3)):
            done = await read(other_url, path)
            assert (done.turns, done.known, done.moved) == (new, known, 0)
            assert await fetch(other_url, TURNS) == await fetch(fresh_url, TURNS)
            assert await fetch(other_url, SUMMARIES) == await fetch(fresh_url, SUMMARIES)
        async with memory_on(other_url, 'ann', robot='r') as memory:
            assert await memory.settled(SETTLE_S)
            assert (await memory.recall('where do I live?', 9)).facts[0].object == 'Seoul'
        assert await fetch(other_url, ALL) == await fetch(fresh_url, ALL)

    asyncio.run(story())


def test_what_was_read_comes_along_and_nobody_reads_it_again(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path = tmp_path / 'memory.export'

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, *sayings(7, 200))
        await write(fresh_url, path, derived=True)
        done = await read(other_url, path)
        assert (done.turns, done.read) == (200, 200)
        assert await fetch(other_url, ALL) == await fetch(fresh_url, ALL)
        assert await fetch(other_url, WHO) == await fetch(fresh_url, WHO)
        readers = 'SELECT DISTINCT extractor FROM prot.extraction WHERE extracted_at IS NOT NULL'
        assert await fetch(other_url, readers) == await fetch(fresh_url, readers)

    asyncio.run(story())


def test_older_turns_are_sorted_in_before_newer_ones(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path = tmp_path / 'memory.export'

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I live in Seoul', 'I like tea')
        async with memory_on(other_url) as memory:
            await tell(memory, 'I live in Busan', first=10)
            await memory.write_summary(1, 'Lives in Busan.')
            await write(fresh_url, path)
            # The robot talks meanwhile.
            done = await read(other_url, path)
            assert (done.turns, done.moved) == (2, 1)
            await memory.record_reply(Stamp(10), 'Busan!', 'Busan!', False)
            await tell(memory, 'I like milk', first=11)
            assert memory._extraction is not None
            memory._extraction.wake()
            assert await memory.settled(SETTLE_S)
            assert [row['stamp'] for row in await fetch(other_url, TURNS)] == [1, 2, 10, 11]
            live = [(row['object'], row['live']) for row in await fetch(other_url, ALL)]
            assert live == [('milk', True), ('tea', True), ('Busan', True), ('Seoul', False)]
            assert await memory.summary() == 'Lives in Busan.'

    asyncio.run(story())


def test_what_was_forgotten_is_not_brought_back_unless_that_is_wanted(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path, after = tmp_path / 'before.export', tmp_path / 'after.export'

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'Tom likes tea', 'I like milk')
            await write(fresh_url, path, derived=True)
            async with connected(fresh_url) as connection:
                scope = await connection.fetchval('SELECT id FROM scope')
                await erase(connection, [scope], Wish(name='Tom'))
            await write(fresh_url, after)
            done = await read(fresh_url, path)
            assert (done.turns, done.forgotten, done.known) == (0, 1, 1)
            assert [row['stamp'] for row in await fetch(fresh_url, TURNS)] == [2]
            # A copy made after the forgetting tells another database as well.
            await read(other_url, after)
            assert (await read(other_url, path)).forgotten == 1
            assert (await read(fresh_url, path, again=True)).turns == 1
            assert [row['stamp'] for row in await fetch(fresh_url, TURNS)] == [1, 2]

    asyncio.run(story())


def test_what_is_left_of_a_turn_and_what_people_decided_comes_along(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path = tmp_path / 'memory.export'

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(
                memory,
                'my friend Tom lives in Paris. I like tea.',
                'my friend Bob likes jam',
                'my friend Robert likes rum',
            )
            async with connected(fresh_url) as connection:
                scope = await connection.fetchval('SELECT id FROM scope')
                await erase(connection, [scope], Wish(name='Tom', keep_shared=True))
                named = 'SELECT id FROM entity WHERE name = $1'
                bob = await connection.fetchval(named, 'Bob')
                robert = await connection.fetchval(named, 'Robert')
                async with connection.transaction():
                    await correction.merge(connection, scope, bob, robert)
        await write(fresh_url, path, derived=True)
        done = await read(other_url, path)
        assert done.decisions == 1
        # Words and numbers may differ; what is known may not.
        assert await fetch(other_url, ALL) == await fetch(fresh_url, ALL)
        who = [(row['kind'], row['names']) for row in await fetch(other_url, WHO)]
        assert who == [(row['kind'], row['names']) for row in await fetch(fresh_url, WHO)]
        redacted = "SELECT FROM prot.extraction WHERE extractor = 'redacted'"
        assert len(await fetch(other_url, redacted)) == 1

    asyncio.run(story())


def test_d12_a_damaged_byte_anywhere_is_found_and_nothing_imported(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path, bad = tmp_path / 'memory.export', tmp_path / 'bad.export'

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I live in Seoul', 'I like tea')
        await write(fresh_url, path, derived=True)
        whole = path.read_bytes()
        for at in range(len(whole)):
            bad.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            with pytest.raises(EngineError):
                export_file.check(bad)
        for end in (0, 10, 30, len(whole) // 2, len(whole) - 1):
            bad.write_bytes(whole[:end])
            with pytest.raises(EngineError):
                export_file.check(bad)
            with pytest.raises(EngineError):
                await read(other_url, bad)
        bad.write_bytes(whole + b'x')
        with pytest.raises(EngineError):
            await read(other_url, bad)
        bad.write_bytes(whole.replace(b'export 1\n', b'export 2\n', 1))
        with pytest.raises(EngineError, match='newer prot'):
            await read(other_url, bad)
        assert await fetch(other_url, TURNS) == []

    asyncio.run(story())


def test_a_well_formed_file_of_nonsense_changes_nothing(fresh_url: str, tmp_path: Path) -> None:
    path = tmp_path / 'bad.export'
    who = {
        'kind': 'scope', 'n': 0, 'robot': '', 'person': 'x', 'created_at': '2026-01-01T00:00:00Z',
    }  # fmt: skip
    turn = {
        'kind': 'turn', 'n': 0, 'stamp': 1, 'source': '', 'utterance': 'a', 'said': '',
        'heard': '', 'cut': False, 'created_at': '2026-01-01T00:00:00Z', 'reader': '',
    }  # fmt: skip
    nonsense = (
        [{**who, 'person': ''}], [{**who, 'created_at': '2026-01-01'}], [turn],
        [who, {**turn, 'stamp': -1}], [who, {**turn, 'stamp': True}],
        [who, {**turn, 'utterance': None}], [who, {**turn, 'told': [{}]}],
        [who, {**turn, 'told': 1}], [who, {'kind': 'decision', 'n': 0}],
        [who, {'kind': 'forgotten', 'n': 0, 'stamps': ['x']}], [who, turn],
    )  # fmt: skip

    async def story() -> None:
        for records in nonsense:
            with export_file.ExportFile(path) as file:
                for record in records:
                    file.write(record)
            with pytest.raises(EngineError, match='damaged'):
                await read(fresh_url, path)
        assert await fetch(fresh_url, TURNS) == []
        assert await fetch(fresh_url, 'SELECT FROM prot.scope') == []

    asyncio.run(story())


def test_d12_a_killed_import_or_export_leaves_all_or_nothing(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path, second = tmp_path / 'memory.export', tmp_path / 'second.export'

    async def story() -> None:
        async with memory_on(fresh_url):
            pass
        many = (
            'INSERT INTO prot.turn (scope, stamp, source, utterance) '
            "SELECT 1, n, 'stt', 'I like thing ' || n FROM generate_series(1, 20000) AS n"
        )
        await execute(fresh_url, many)
        await write(fresh_url, path)
        for lines_before_kill in (1, 3, 6):
            with child('import', other_url, path) as process:
                lines(process, 'read', lines_before_kill)
                process.kill()
                process.wait()
            async with connected(other_url):
                pass  # migrated, if the child was not that far
            there = await fetch(other_url, 'SELECT count(*) AS turns FROM prot.turn')
            assert there[0]['turns'] in (0, 20_000)
            with child('export', fresh_url, second) as process:
                lines(process, 'written', lines_before_kill)
                process.kill()
                process.wait()
            assert not second.exists()
        assert (await read(other_url, path)).turns + there[0]['turns'] == 20_000
        assert (await write(fresh_url, second)).turns == 20_000
        export_file.check(second)

    asyncio.run(story())


def test_d12_a_cancelled_export_leaves_no_file_and_a_cancelled_import_no_turn(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    path = tmp_path / 'memory.export'

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I like tea', 'I like milk', 'I like jam')
        async with connected(fresh_url) as connection:
            this = asyncio.current_task()
            assert this is not None
            with pytest.raises(asyncio.CancelledError):
                await export(connection, [1], path, on_turn=lambda done, total: this.cancel())
            this.uncancel()
        assert os.listdir(tmp_path) == []
        await write(fresh_url, path)
        async with connected(other_url) as connection:

            def cancel(done: int, size: int) -> None:
                if done > size // 3:
                    this.cancel()

            with pytest.raises(asyncio.CancelledError):
                await load(connection, path, on_read=cancel)
            this.uncancel()
        assert await fetch(other_url, TURNS) == []

    asyncio.run(story())


def test_d12_moving_is_streamed_and_says_how_far_it_is(
    fresh_url: str, other_url: str, tmp_path: Path
) -> None:
    """What four times as many turns take of memory is not more, there and back."""
    told = (
        'INSERT INTO prot.turn (scope, stamp, source, utterance) '
        "SELECT 1, n, 'stt', 'I like thing ' || (SELECT string_agg(md5(n::text || m), ' ') "
        'FROM generate_series(1, 12) AS m) FROM generate_series({}, {}) AS n'
    )
    most_kb: dict[str, list[float]] = {'export': [], 'import': []}

    async def measured(what: str, work: Callable[[Callable[[int, int], None]], Any]) -> None:
        steps = last = 0

        def step(done: int, total: int) -> None:
            nonlocal steps, last
            assert last <= done <= total
            steps, last = steps + 1, done
            wholes.add(total)

        wholes: set[int] = set()
        tracemalloc.start()
        try:
            await work(step)
            most_kb[what].append(tracemalloc.get_traced_memory()[1] / 1024)
        finally:
            tracemalloc.stop()
        assert steps > 20
        assert wholes == {last}

    async def story() -> None:
        async with memory_on(fresh_url):
            pass
        first = 1
        for last in (4_000, 16_000):
            await execute(fresh_url, told.format(first, last))
            first = last + 1
            path = tmp_path / f'{last}.export'
            async with connected(fresh_url) as connection:
                writing = partial(export, connection, [1], path)
                await measured('export', lambda step, work=writing: work(on_turn=step))
            async with connected(other_url) as connection:
                reading = partial(load, connection, path)
                await measured('import', lambda step, work=reading: work(on_read=step))
        assert len(await fetch(other_url, TURNS)) == 16_000

    asyncio.run(story())
    print(most_kb)
    for few, many in most_kb.values():
        assert many < 1.5 * few + 500
