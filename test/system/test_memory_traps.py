# SPDX-License-Identifier: Apache-2.0
"""What makes memories slow or forgetful when they grow: counted in rows, which no machine hurries.

Each was measured before it was avoided: common words 312 ms, a hub of a graph 690 ms, one row of
ten for somebody among many, 180 ms for the first queries, three times the time for counters that
lie beside vectors.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from database import memory_on
from pgvector.asyncpg import register_vector
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.memory.database import POOL
from prot_ros.memory.retrieval import recollection, vector_indexes
from prot_ros.memory.retrieval.terms import terms
from prot_ros.memory.retrieval.vector_indexes import LARGE, Space
from prot_ros.memory.scopes import Scope, scope

DIMENSIONS = 32
MANY = LARGE + 2_000
SMALL = MANY // 100
SETTLE_S = 30.0

_ENTITIES = """
INSERT INTO entity (scope, kind, name, last_turn)
SELECT $1, 'thing', 'thing' || n, n FROM generate_series(1, $2::int) AS n
"""
_VECTORS = f"""
INSERT INTO entity_vector (scope, space, entity, vector)
SELECT $1, $2, id, (
    SELECT array_agg(random() - 0.5) FROM generate_series(1, {DIMENSIONS}) WHERE id = id
)::halfvec FROM entity WHERE scope = $1 AND kind = 'thing'
"""
_FACTS = """
WITH told AS (
    INSERT INTO telling (scope, turn, nth, subject, predicate, object, text, standing,
                         subject_entity, object_entity, slot)
    SELECT $1, $2, n, 'user', 'likes', 'thing' || n, 'the user likes the thing' || n, 'holds',
           $3, (SELECT min(id) FROM entity WHERE scope = $1 AND kind = 'thing') + n % $5::int,
           $3::bigint::text || E'\\x1f' || n
    FROM generate_series(1, $4::int) AS n
    RETURNING id, slot, subject_entity, object_entity, nth
)
INSERT INTO fact (scope, slot, subject, object, telling, valid_from, learnt_at, live, last_turn,
                  told)
SELECT $1, slot, subject_entity, object_entity, id, now(), now(), true, nth, 1 FROM told
"""
_OTHERS = """
INSERT INTO fact (scope, slot, subject, telling, valid_from, learnt_at, live, last_turn, told)
SELECT $1, 'other' || e.id || '.' || n, e.id, (SELECT min(id) FROM telling), now(), now(),
       true, n, 1
FROM entity AS e CROSS JOIN generate_series(1, 4) AS n
WHERE e.scope = $1 AND e.kind = 'thing' ORDER BY e.id, n
"""
_TERMS = """
INSERT INTO fact_term (scope, term, fact)
SELECT $1, term, id FROM fact CROSS JOIN unnest('{user,likes,like*,thing*}'::text[]) AS term
WHERE scope = $1
"""
_PLANS = r"""
SELECT count(*) FROM pg_prepared_statements
WHERE statement ~ '^\s*WITH (heard|match) AS'
"""
"""Of facts and of earlier turns."""
_A_MEGABYTE = "SELECT length(string_agg(repeat('x', 100), '')) FROM generate_series(1, 10000)"


def examined(node: dict[str, Any]) -> int:
    """Return how many rows the scans of a plan have read, those included that they threw away."""
    rows = sum(examined(child) for child in node.get('Plans', ()))
    if node['Node Type'].endswith('Scan') and 'Relation Name' in node:
        each = node['Actual Rows'] + node.get('Rows Removed by Filter', 0)
        rows += round(each * node['Actual Loops'])
    return rows


def page_faults(pid: int) -> int:
    """Return how many pages a process has been given in its life that were not on the disk."""
    status = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8')
    return int(status.rpartition(')')[2].split()[7])


async def explained(
    connection: asyncpg.Connection, whose: Scope, text: str, vector: list[float] | None, of: Space
) -> dict[str, Any]:
    sql = recollection.statement(whose.heard, of)
    (row,) = await connection.fetch(
        f'EXPLAIN (ANALYZE, FORMAT JSON) {sql}',
        list(whose.heard),
        list(terms(text)),
        vector,
        [],
        whose.number,
        [],
        whose.user,
    )
    plan: dict[str, Any] = json.loads(row[0])[0]['Plan']
    return plan


async def planned_once(connection: asyncpg.Connection, whose: Scope, of: Space) -> dict[str, Any]:
    """Explain a question without words, as it is planned for all that are asked."""
    await connection.execute(
        'PREPARE asked (int[], text[], halfvec, text[], int, text[], bigint) AS '
        + recollection.statement(whose.heard, of)
    )
    (row,) = await connection.fetch(
        'EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked('
        f"'{{{whose.number}}}', '{{}}', NULL, '{{}}', {whose.number}, '{{}}', {whose.user})"
    )
    plan: dict[str, Any] = json.loads(row[0])[0]['Plan']
    return plan


@pytest.fixture
def grown(fresh_url: str) -> Callable[[Any], None]:
    """Runs a story on a connection to a memory with a hub of thousands of facts."""

    async def tell(story: Callable[..., Awaitable[None]]) -> None:
        async with memory_on(fresh_url) as memory:  # makes the schema
            await memory.record_utterance(Stamp(1), 'hello', 'hear')
            assert await memory.settled(SETTLE_S)
        connection = await asyncpg.connect(
            fresh_url,
            server_settings={
                'search_path': 'prot, public',
                'random_page_cost': '1.1',
                'plan_cache_mode': 'force_generic_plan',
                'enable_incremental_sort': 'off',
            },
        )
        try:
            await register_vector(connection)
            big = await scope(connection, '', 'big', None)
            small = await scope(connection, '', 'small', None)
            number = await connection.fetchval(
                "INSERT INTO space (name, dimensions) VALUES ('test', $1) RETURNING id", DIMENSIONS
            )
            for whose, count in ((big, MANY), (small, SMALL)):
                await connection.execute(_ENTITIES, whose.number, count)
                await connection.execute(_VECTORS, whose.number, number)
            turn = await connection.fetchval('SELECT min(id) FROM turn')
            await connection.execute(_FACTS, big.number, turn, big.user, 20_000, MANY)
            await connection.execute(_TERMS, big.number)
            await connection.execute('ANALYZE')
            of = Space(number, DIMENSIONS)
            await vector_indexes.build(fresh_url, 'public', big.number, of)
            of = await vector_indexes.look(connection, (big.number, small.number), of)
            await story(connection, big, small, of)
        finally:
            await connection.close()

    return lambda story: asyncio.run(tell(story))


def some_vector() -> list[float]:
    dice = random.Random(3)
    return [dice.uniform(-0.5, 0.5) for _ in range(DIMENSIONS)]


def test_common_words_are_read_up_to_a_bound_and_no_further(grown) -> None:
    async def story(connection, big: Scope, small: Scope, of: Space) -> None:
        said = 'what does the user likes like thing'
        plan = await explained(connection, big, said, None, of)
        bound = len(terms(said)) * (recollection.EVERYWHERE.common + 1)
        assert examined(plan) < 2 * bound + 1_000, 'of 80,000 entries of these words'

    grown(story)


def test_a_hub_is_followed_to_its_latest_facts_and_no_further(grown) -> None:
    async def story(connection, big: Scope, small: Scope, of: Space) -> None:
        plan = await explained(connection, big, 'xylophone', some_vector(), of)
        reach = recollection.EVERYWHERE
        most = reach.own + (reach.near_entities + reach.names) * 2 * reach.links
        most += reach.further * 8 + reach.near_turns * 4
        # Each that is found is read again, once for what was told and once for itself.
        assert examined(plan) < 4 * most + 500, 'of 20,000 facts of the user'

    grown(story)


def test_a_hub_is_not_read_whole_where_most_others_have_few_facts(grown) -> None:
    async def story(connection, big: Scope, small: Scope, of: Space) -> None:
        # In the order of their subjects, which makes the index that has nothing but these look
        # cheaper than the one in which the latest come first.
        await connection.execute(_OTHERS, big.number)
        await connection.execute('VACUUM ANALYZE fact')
        plan = await planned_once(connection, big, of)
        assert examined(plan) < 20 * recollection.EVERYWHERE.own, 'of 20,000 facts of the user'

    grown(story)


def test_the_nearest_are_found_by_the_index_and_are_the_nearest(grown) -> None:
    async def story(connection, big: Scope, small: Scope, of: Space) -> None:
        assert of.entities_indexed == {big.number}
        vector = some_vector()
        plan = json.dumps(await explained(connection, big, 'x', vector, of))
        assert vector_indexes.name('entity_vector', big.number, of.number) in plan
        for whose in (big, small):
            near = recollection.statement(whose.heard, of)
            near = near[near.index('near_entity AS') :].partition(' AS near')[0].partition('(')[2]
            near = near.partition('FROM (')[2].rpartition(')')[0].replace('$3', '$1')
            found = await connection.fetch(near, vector)
            exact = await connection.fetch(
                'SELECT entity FROM (SELECT * FROM entity_vector WHERE scope = $2 OFFSET 0) AS v '
                f'ORDER BY vector <=> $1 LIMIT {recollection.EVERYWHERE.near_entities}',
                vector,
                whose.number,
            )
            assert len(found) == recollection.EVERYWHERE.near_entities, 'all the rows that it asks'
            missing = {row['entity'] for row in exact} - {row['entity'] for row in found}
            assert len(missing) <= 1

    grown(story)


def test_the_server_keeps_the_memory_that_one_question_after_another_needs(
    fresh_url: str,
) -> None:
    async def story() -> None:
        connection = await asyncpg.connect(fresh_url)
        try:
            pid = connection.get_server_pid()

            async def asked() -> int:
                before = page_faults(pid)
                for _ in range(10):
                    await connection.fetchval(_A_MEGABYTE)
                return page_faults(pid) - before

            await asked()
            assert await asked() < 10 * 20, 'of 256 that a megabyte has'
        finally:
            await connection.close()

    asyncio.run(story())


def test_an_index_that_was_not_finished_is_made_again(grown, fresh_url: str) -> None:
    async def story(connection, big: Scope, small: Scope, of: Space) -> None:
        index = vector_indexes.name('entity_vector', big.number, of.number)
        await connection.execute(
            'UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::text::regclass', index
        )
        assert not (await vector_indexes.look(connection, (big.number,), of)).entities_indexed
        assert await vector_indexes.build(fresh_url, 'public', big.number, of)
        assert (await vector_indexes.look(connection, (big.number,), of)).entities_indexed
        assert not await vector_indexes.build(fresh_url, 'public', big.number, of)

    grown(story)


def test_what_was_asked_lately_is_asked_again_before_anybody_waits(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            for number in range(1, 8):
                await memory.record_utterance(Stamp(number), f'I like thing {number}', 'hear')
            assert await memory.settled(SETTLE_S)
        async with memory_on(fresh_url) as memory:
            assert memory.warmed_up == 7

    asyncio.run(story())


def test_every_connection_has_planned_its_questions_before_anybody_waits(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await memory.record_utterance(Stamp(1), 'I like tea', 'hear')
            assert await memory.settled(SETTLE_S)
        async with memory_on(fresh_url) as memory:
            gate = asyncio.Barrier(POOL)

            async def plans(connection: asyncpg.Connection) -> int:
                await gate.wait()  # each on a connection of its own
                return int(await connection.fetchval(_PLANS))

            database = memory._database
            assert database is not None
            found = await asyncio.gather(*(database.run(plans, 10.0) for _ in range(POOL)))
            assert found == [2] * POOL

    asyncio.run(story())


def test_counting_who_is_spoken_of_touches_no_index(fresh_url: str) -> None:
    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            for number in range(1, 101):
                await memory.record_utterance(
                    Stamp(number), 'my sister Bora lives in Busan', 'hear'
                )
            assert await memory.settled(SETTLE_S)
            await until(lambda: memory.stats()['memory vectors complete'])
        connection = await asyncpg.connect(fresh_url)
        try:
            row = None

            async def counted() -> bool:
                nonlocal row
                row = await connection.fetchrow(
                    'SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables '
                    "WHERE schemaname = 'prot' AND relname = 'entity'"
                )
                return bool(row['all'] >= 200)

            await until(counted)
            assert row['hot'] >= 0.95 * row['all'], dict(row)
        finally:
            await connection.close()

    asyncio.run(story())
