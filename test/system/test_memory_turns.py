# SPDX-License-Identifier: Apache-2.0
"""Earlier turns are found in a real database: what answers, in bounded work, in one scope."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import asyncpg
import pytest
from asyncpg import Connection
from database import fresh_url, server  # noqa: F401 - fixtures
from pgvector.asyncpg import register_vector

from prot_ros.engines.embedders.local import DIMENSIONS, vector
from prot_ros.memory.database import search_path
from prot_ros.memory.retrieval import turn_retrieval
from prot_ros.memory.retrieval.terms import terms
from prot_ros.memory.retrieval.turn_ranking import REACH
from prot_ros.memory.retrieval.turn_retrieval import (
    BY_VECTOR,
    BY_WORDS,
    COMMON,
    candidates,
    earlier_turns,
    index_turn,
)
from prot_ros.memory.schema import migrate

FILLER = 'and so it went on for a while'


@dataclass
class Told:
    """A database with what was told in it."""

    connection: Connection
    space: int

    async def scope(self, person: str) -> int:
        return int(
            await self.connection.fetchval(
                'INSERT INTO scope (robot, person) VALUES ($1, $2) RETURNING id', 'robot', person
            )
        )

    async def tell(self, scope: int, *texts: str, speaker: str = '') -> list[int]:
        numbers = []
        for text in texts:
            number = await self.connection.fetchval(
                'INSERT INTO turn (scope, stamp, source, utterance, speaker) '
                "SELECT $1, coalesce(max(stamp), 0) + 10000000000, 'hear', $2, $3 FROM turn "
                'WHERE scope = $1 RETURNING id',
                scope,
                text,
                speaker,
            )
            await index_turn(self.connection, scope, number, text, vector(text), self.space)
            numbers.append(number)
        return numbers

    async def found(
        self, scope: int, text: str, limit: int = 10, below: int | None = None
    ) -> list[str]:
        ranked = await earlier_turns(
            self.connection, scope, text, vector(text), self.space, limit, below
        )
        return [entry.candidate.text for entry in ranked]


def story(url: str, tell: Callable[[Told], Awaitable[None]]) -> None:
    """Run a story on a connection as the pool makes them."""

    async def run() -> None:
        schema = await migrate(url)
        connection = await asyncpg.connect(
            url, server_settings={'search_path': search_path(schema), 'random_page_cost': '1.1'}
        )
        try:
            await register_vector(connection, schema=schema)
            space = await connection.fetchval(
                "INSERT INTO space (name, dimensions) VALUES ('local', $1) RETURNING id",
                DIMENSIONS,
            )
            await tell(Told(connection, space))
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ('told', 'asked', 'answer'),
    [
        (('what is your cat called?', 'she goes by Nabi'), 'name of my cat', 'she goes by Nabi'),
        (('고양이 이름이 뭐였지?', '나비라고 해'), '우리 고양이 이름', '나비라고 해'),
    ],
)
def test_an_answer_is_found_by_the_question_before_it(
    fresh_url: str,  # noqa: F811
    told: Sequence[str],
    asked: str,
    answer: str,
) -> None:
    async def tell(memory: Told) -> None:
        scope = await memory.scope('Alice')
        await memory.tell(scope, *[FILLER] * 10, *told, *[FILLER] * 10)
        assert answer in await memory.found(scope, asked, limit=2)

    story(fresh_url, tell)


def test_nothing_of_another_scope_is_found_not_even_beside(fresh_url: str) -> None:  # noqa: F811
    async def tell(memory: Told) -> None:
        alice, bob, carol = [await memory.scope(name) for name in ('Alice', 'Bob', 'Carol')]
        for number in range(5):
            await memory.tell(alice, f'secret of Alice {number}')
            await memory.tell(carol, f'secret of Carol {number}')
        await memory.tell(bob, 'my secret is a cake')
        await memory.tell(carol, 'secret of Carol')
        assert await memory.found(bob, 'what is the secret?', 50) == ['my secret is a cake']

    story(fresh_url, tell)


def test_what_is_being_said_does_not_find_itself(fresh_url: str) -> None:  # noqa: F811
    async def tell(memory: Told) -> None:
        scope = await memory.scope('Alice')
        first, now = await memory.tell(scope, 'my cat sleeps a lot', 'where does my cat sleep?')
        found = await memory.found(scope, 'where does my cat sleep?', below=now)
        assert found == ['my cat sleeps a lot']
        assert await memory.found(scope, 'where does my cat sleep?', below=first) == []

    story(fresh_url, tell)


def test_a_word_that_everybody_says_hides_no_rare_one_and_is_not_lost(
    fresh_url: str,  # noqa: F811
) -> None:
    async def tell(memory: Told) -> None:
        scope = await memory.scope('Alice')
        await memory.tell(scope, 'the zebra')
        latest = await memory.tell(scope, *['the dog is here'] * (COMMON + 50))
        assert (await memory.found(scope, 'the dog is a zebra'))[0] == 'the zebra'
        best = await candidates(memory.connection, scope, 'dog', None, memory.space)
        assert {one.turn for one in best if one.found} == set(latest[-BY_WORDS:])

    story(fresh_url, tell)


@pytest.mark.parametrize('mode', ['force_custom_plan', 'force_generic_plan'])
@pytest.mark.parametrize(('scopes', 'turns'), [(2, 20_000), (6, 700)])
def test_the_work_is_bounded_and_no_plan_looks_at_all_of_a_scope(
    fresh_url: str,  # noqa: F811
    mode: str,
    scopes: int,
    turns: int,
) -> None:
    async def tell(memory: Told) -> None:
        crowd, alice = [await memory.scope(name) for name in ('crowd', 'Alice')]
        text = 'the cat and the dog sleep in the house'
        await memory.tell(alice, *[text] * 5)
        await _tell_many(memory, crowd, text, turns)
        for number in range(2, scopes):
            await _tell_many(memory, await memory.scope(f'{number}'), text, turns)
        await memory.tell(alice, *[text] * 5)
        await memory.connection.execute('ANALYZE')
        found = await candidates(memory.connection, crowd, text, vector(text), memory.space)
        assert len(found) <= (BY_WORDS + BY_VECTOR) * (1 + 2 * REACH)
        words = ','.join(terms(text))
        await memory.connection.execute(f'PREPARE look AS {turn_retrieval._CANDIDATES}')
        await memory.connection.execute(f"SET plan_cache_mode = '{mode}'")
        for scope in (alice, crowd):
            plan = await memory.connection.fetch(
                f"EXPLAIN EXECUTE look ({scope}, {2**62}, '{{{words}}}', "
                f"ARRAY{turn_retrieval._RARITIES}, '{vector(text)}', {memory.space})"
            )
            lines = [row[0] for row in plan]
            scans = [line for line in lines if ' using ' in line or 'Seq Scan' in line]
            assert len(scans) == 4
            for index in ('turn_term_pkey', 'turn_vector_pkey', 'turn_of_scope'):
                assert any(f' using {index} ' in scan for scan in scans), scans
            assert sum(' using turn_of_scope ' in scan for scan in scans) == 2
            assert not [line for line in lines if 'Incremental Sort' in line]
            assert any('Full Join' in line for line in lines)

    story(fresh_url, tell)


async def _tell_many(memory: Told, scope: int, text: str, count: int) -> None:
    """Tell the same over and over, faster than one by one."""
    connection = memory.connection
    await connection.execute(
        'INSERT INTO turn (scope, stamp, source, utterance) '
        "SELECT $1, nth * 1000000000, 'hear', $2 FROM generate_series(1, $3::bigint) AS nth",
        scope,
        text,
        count,
    )
    await connection.execute(
        'INSERT INTO turn_term (scope, term, turn) '
        'SELECT scope, term, id FROM turn, unnest($2::text[]) AS term WHERE scope = $1',
        scope,
        list(terms(text)),
    )
    await connection.execute(
        'INSERT INTO turn_vector (scope, space, turn, vector) '
        'SELECT scope, $2, id, $3 FROM turn WHERE scope = $1',
        scope,
        memory.space,
        vector(text),
    )


@pytest.mark.parametrize('text', ["'; DROP TABLE turn; --", '', '\0', '\ud800', '%s {0} $1', '🙂'])
def test_whatever_is_said_is_only_looked_up(fresh_url: str, text: str) -> None:  # noqa: F811
    async def tell(memory: Told) -> None:
        scope = await memory.scope('Alice')
        (number,) = await memory.tell(scope, 'I drop a table')
        await index_turn(memory.connection, scope, number, text, vector(text), memory.space)
        await memory.found(scope, text)
        assert await memory.found(scope, 'a table') == ['I drop a table']

    story(fresh_url, tell)


def test_a_turn_is_indexed_once_and_its_vector_may_come_later(fresh_url: str) -> None:  # noqa: F811
    async def tell(memory: Told) -> None:
        scope = await memory.scope('Alice')
        (number,) = await memory.tell(scope, 'a red kite')
        count = 'SELECT count(*) FROM turn_term WHERE turn = $1'
        before = await memory.connection.fetchval(count, number)
        for given in (None, vector('a red kite'), vector('another')):
            await index_turn(memory.connection, scope, number, 'a red kite', given, memory.space)
        assert await memory.connection.fetchval(count, number) == before
        (found,) = await candidates(
            memory.connection, scope, '', vector('a red kite'), memory.space
        )
        assert found.similarity == pytest.approx(1.0, abs=0.01)

    story(fresh_url, tell)
