# SPDX-License-Identifier: Apache-2.0
"""How fast the memory is, from a thousand entities to a million.

    python benchmarks/memory.py [--sizes 1000,10000,100000] [--year 10000] [--write]

Runs a PostgreSQL of its own in --data, which is kept and grown by the next call with the same
folder. Prints a line for each size as soon as it is measured. --year lives a year in the memory
when it has that size, and measures again, before the database has cleaned up and after it has.
--write makes docs/memory.md and docs/memory.svg, for which matplotlib is needed; --from writes
them from lines that were printed before, where a run takes hours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import asyncpg
import made_up_graph
import numpy as np
from made_up_graph import DIMENSIONS, Vectors
from made_up_year import DAYS, TURNS, live
from pgvector import HalfVector
from pgvector.asyncpg import register_vector

from prot_ros.core.facts import Fact, Kind
from prot_ros.memory.database import EF_SEARCH, Database, search_path
from prot_ros.memory.knowledge import graph
from prot_ros.memory.retrieval import recollection, vector_indexes
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.schema import migrate
from prot_ros.memory.scopes import Scope
from prot_ros.memory.server.postgres import EmbeddedPostgres

WARM_UP = 200
QUERIES = 400
RECALL_QUERIES = 100
INGESTED = 100
SMALL_SHARE = 100
DESCRIPTION = Path(__file__).resolve().parent / 'memory.md.in'
DOCUMENT = Path(__file__).resolve().parents[1] / 'docs' / 'memory.md'
RUNS = 3
"""Of the timed queries; the figures are medians of theirs."""


@dataclass(frozen=True)
class Figures:
    """What was measured at one size. Times in milliseconds, sizes in MB."""

    entities: int
    facts: int
    p50: float
    p95: float
    cpu_p50: float
    """Of it, what the server's processor worked: the rest is the asking process, and waiting."""
    cpu_p95: float
    writing_p50: float
    writing_p95: float
    recall: float
    """Of the ten nearest, against comparing with all."""
    small_recall: float
    """The same in a scope of a hundredth of the size, in the same tables."""
    small_rows: float
    """Rows of ten that it gets."""
    small_p95: float
    ingested: float
    """Turns a second that are written into the graph, one after the other."""
    index_s: float
    """What it took to make both indexes over vectors."""
    index_mb: float
    whole_mb: float
    when: str = ''
    """'' where it was just made; `year`, `cleaned`: after a year, and after cleaning up."""
    year_s: float = 0.0
    """Turns a second while it lived through the year, or seconds that cleaning up took."""
    load: float = 0.0
    """What ran or waited for a processor on the machine, in the minute before the end."""


async def connect(url: str, schema: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url, server_settings={'search_path': search_path(schema)})
    await register_vector(connection, schema=schema)
    return connection


class Question:
    """Something asked: names of two entities among common words, and a vector near another one."""

    def __init__(self, rng: np.random.Generator, names: Sequence[str], vectors: Vectors):
        one, other = (names[each] for each in rng.integers(0, len(names), 2))
        common = ' '.join(f'w{each % 2_000}' for each in rng.zipf(1.3, size=4))
        self.text = f'{one} {common} likes {other}'
        self.vector = [float(each) for each in vectors.some(1, rng)[0]]


def processor_ms(pid: int) -> float:
    """Return for how long a process has had a processor, in milliseconds."""
    return int(Path(f'/proc/{pid}/schedstat').read_text(encoding='ascii').split()[0]) / 1e6


async def timed(
    database: Database, scope: Scope, space: Space, questions: list[Question]
) -> tuple[list[float], list[float]]:
    """Return how long each took with its ranking, and the server's processor, in milliseconds."""
    took, worked = [], []

    async def ask(connection: asyncpg.Connection, question: Question) -> None:
        server = connection.get_server_pid()
        before = processor_ms(server)
        await recollection.recall(connection, scope, question.text, question.vector, space, 20)
        worked.append(processor_ms(server) - before)

    for question in questions:
        began = time.perf_counter()
        await database.run(lambda connection, q=question: ask(connection, q), 10.0)
        took.append((time.perf_counter() - began) * 1000)
    return took, worked


async def measured(
    database: Database, scope: Scope, space: Space, questions: list[Question]
) -> tuple[float, float, float, float]:
    """Return median and 95th percentile of both, each the median of RUNS runs."""
    runs = [await timed(database, scope, space, questions) for _ in range(RUNS)]
    return tuple(
        float(np.median([np.percentile(run[which], q) for run in runs]))
        for which in (0, 1)
        for q in (50, 95)
    )


async def recall(
    connection: asyncpg.Connection, scope: int, space: Space, vectors: Vectors
) -> tuple[float, float]:
    """Return recall@10 of the vectors of entities, and how many of ten rows came."""
    rng = np.random.default_rng(99)
    found = rows = 0
    d = space.dimensions
    indexed = scope in space.entities_indexed
    fast = (
        f'SELECT entity FROM entity_vector WHERE scope = {scope} AND space = {space.number} '
        + (
            f'ORDER BY vector::halfvec({d}) <=> $1::halfvec({d}) LIMIT 10'
            if indexed
            else 'ORDER BY vector <=> $1 LIMIT 10'
        )
    )
    exact = (
        'SELECT entity FROM (SELECT entity, vector FROM entity_vector WHERE scope = $2 '
        'AND space = $3 OFFSET 0) AS every ORDER BY vector <=> $1 LIMIT 10'
    )
    await connection.execute(
        f'SET hnsw.ef_search = {EF_SEARCH}; SET hnsw.iterative_scan = relaxed_order; '
        'SET random_page_cost = 1.1'
    )
    for _ in range(RECALL_QUERIES):
        vector = HalfVector(vectors.some(1, rng)[0])
        near = {row['entity'] for row in await connection.fetch(fast, vector)}
        truth = {r['entity'] for r in await connection.fetch(exact, vector, scope, space.number)}
        found += len(near & truth)
        rows += len(near)
    return found / (10 * RECALL_QUERIES), rows / RECALL_QUERIES


async def ingest(
    database: Database, scope: Scope, first: int, stop: asyncio.Event | None
) -> float:
    """Write turns into the graph; return how many a second. With `stop`, one each second."""
    began, at = time.perf_counter(), 0
    while at < INGESTED if stop is None else not stop.is_set():
        told = [
            Fact(f'Person{first + at}', 'likes', f'thing {at} {n}', f'Person {at} likes {n}')
            for n in range(3)
        ]
        told.append(Fact(f'Person{first + at}', 'lives in', f'Town{at % 50}', 'lives there'))
        told.append(Fact('user', 'knows', f'Person{first + at}', 'knows', object_kind=Kind.PERSON))

        async def write(connection: asyncpg.Connection, at: int = at, told: list[Fact] = told):
            async with connection.transaction():
                number = await connection.fetchval(
                    'INSERT INTO turn (scope, stamp, source, utterance) '
                    "VALUES ($1, $2, 'made', 'x') RETURNING id",
                    scope.number,
                    time.time_ns() + at,
                )
                await graph.write(connection, graph.Turn(number, scope.number), told)

        await database.run(write, 10.0)
        at += 1
        if stop is not None:
            try:
                await asyncio.wait_for(stop.wait(), 1.0)
            except TimeoutError:
                pass
    return at / (time.perf_counter() - began)


async def look(
    url: str, schema: str, scope: Scope, small: Scope, space: Space, index_s: float
) -> Figures:
    vectors = Vectors()
    rng = np.random.default_rng(7)
    connection = await connect(url, schema)
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM entity WHERE scope = $1 AND kind <> 'user'", scope.number
        )
        facts = await connection.fetchval(
            'SELECT count(*) FROM fact WHERE scope = $1', scope.number
        )
        names = [
            [row['name'] for row in await connection.fetch(_THINGS, each.number)]
            for each in (scope, small)
        ]
        near, _ = await recall(connection, scope.number, space, vectors)
        small_near, small_rows = await recall(connection, small.number, space, vectors)
        sizes = await connection.fetchrow(_SIZES)
    finally:
        await connection.close()
    questions, small_questions = (
        [Question(rng, of, vectors) for _ in range(QUERIES)] for of in names
    )
    database = Database(url)
    await database.open(schema)
    try:
        await timed(database, scope, space, questions[:WARM_UP])
        p50, p95, cpu_p50, cpu_p95 = await measured(database, scope, space, questions)
        _, small_p95, _, _ = await measured(database, small, space, small_questions[:100])
        stop = asyncio.Event()
        first = int(time.time())
        writer = asyncio.create_task(ingest(database, scope, first, stop))
        writing = await measured(database, scope, space, questions)
        stop.set()
        await writer
        ingested = await ingest(database, scope, first + 10**6, None)
    finally:
        await database.close()
    return Figures(
        entities=count, facts=facts, p50=p50, p95=p95, cpu_p50=cpu_p50, cpu_p95=cpu_p95,
        writing_p50=writing[0], writing_p95=writing[1], recall=near, small_recall=small_near,
        small_rows=small_rows, small_p95=small_p95, ingested=ingested, index_s=index_s,
        index_mb=sizes['indexes'] / 2**20, whole_mb=sizes['whole'] / 2**20,
        load=os.getloadavg()[0],
    )  # fmt: skip


_THINGS = """
SELECT name FROM entity
WHERE scope = $1 AND kind = 'thing' AND name !~ '^(Person|thing|Town)' ORDER BY id
"""
_SIZES = """
SELECT coalesce(sum(pg_relation_size(c.oid)) FILTER (WHERE c.relname LIKE '%hnsw%'), 0)::bigint
           AS indexes,
       (SELECT sum(pg_total_relation_size(t.oid))::bigint FROM pg_class AS t
        WHERE t.relnamespace = 'prot'::regnamespace AND t.relkind = 'r') AS whole
FROM pg_class AS c WHERE c.relkind = 'i' AND c.relnamespace = 'prot'::regnamespace
"""


async def after_a_year(
    url: str,
    schema: str,
    connection: asyncpg.Connection,
    scope: Scope,
    small: Scope,
    space: Space,
    index_s: float,
) -> AsyncIterator[Figures]:
    """Live a year, and measure what nobody has cleaned up, then what has been."""
    tables = [row['table'] for row in await connection.fetch(_TABLES)]
    for table in tables:
        await connection.execute(f'ALTER TABLE {table} SET (autovacuum_enabled = off)')
    things = [row['name'] for row in await connection.fetch(_THINGS, scope.number)]
    database = Database(url)
    await database.open(schema)
    try:
        rate = await live(database, scope.number, space.number, things, seed=11)
    finally:
        await database.close()
    figures = await look(url, schema, scope, small, space, index_s)
    yield replace(figures, when='year', year_s=rate)
    began = time.perf_counter()
    await connection.execute('VACUUM (ANALYZE)')
    took = time.perf_counter() - began
    for table in tables:
        await connection.execute(f'ALTER TABLE {table} RESET (autovacuum_enabled)')
    figures = await look(url, schema, scope, small, space, index_s)
    yield replace(figures, when='cleaned', year_s=took)


_TABLES = """
SELECT oid::regclass::text AS "table" FROM pg_class
WHERE relnamespace = 'prot'::regnamespace AND relkind = 'r'
"""


async def run(args: argparse.Namespace, data: Path) -> list[Figures]:
    found = []
    async with EmbeddedPostgres(data) as server:
        schema = await migrate(server.url)
        connection = await connect(server.url, schema)
        try:
            await connection.execute("ALTER SYSTEM SET maintenance_work_mem = '64MB'")
            scopes = [await made_up_graph.scope(connection, each) for each in ('big', 'small')]
            users = [
                await connection.fetchval(
                    "SELECT id FROM entity WHERE scope = $1 AND kind = 'user'", each
                )
                for each in scopes
            ]
            number = await connection.fetchval(
                "INSERT INTO space (name, dimensions) VALUES ('made', $1) ON CONFLICT (name) "
                'DO UPDATE SET dimensions = excluded.dimensions RETURNING id',
                DIMENSIONS,
            )
            space = Space(number, DIMENSIONS)
            for size in args.sizes:
                for scope, wanted in zip(
                    scopes, (size, max(10, size // SMALL_SHARE)), strict=True
                ):
                    there = await connection.fetchval(
                        "SELECT count(*) FROM entity WHERE scope = $1 AND kind = 'thing' "
                        "AND name !~ '^(Person|thing|Town)'",
                        scope,
                    )
                    if wanted > there:
                        print(f'# {wanted - there} entities are made', file=sys.stderr, flush=True)
                        for table in vector_indexes.TABLES:
                            # Filled first and made at once, as when an embedder was changed.
                            index = vector_indexes.name(table, scope, number)
                            await connection.execute(f'DROP INDEX IF EXISTS {index}')
                        await made_up_graph.grow(
                            connection,
                            scope,
                            number,
                            wanted - there,
                            Vectors(),
                            scope * 10**7 + there,
                        )
                print('# vacuum, indexes', file=sys.stderr, flush=True)
                await connection.execute('VACUUM (ANALYZE)')
                began = time.perf_counter()
                for scope in scopes:
                    await vector_indexes.build(server.url, schema, scope, space)
                took = time.perf_counter() - began
                space = await vector_indexes.look(connection, scopes, space)
                if args.fill:
                    print(f'# {size} there, indexes in {took:.0f} s', file=sys.stderr, flush=True)
                    continue
                big, small = (
                    Scope(scope, user, (scope,)) for scope, user in zip(scopes, users, strict=True)
                )
                figures = await look(server.url, schema, big, small, space, took)
                print(json.dumps(asdict(figures)), flush=True)
                found.append(figures)
                if size == args.year:
                    async for figures in after_a_year(
                        server.url, schema, connection, big, small, space, took
                    ):
                        print(json.dumps(asdict(figures)), flush=True)
                        found.append(figures)
        finally:
            await connection.close()
    return found


def speed_table(rows: list[Figures]) -> str:
    """Return how fast it is, and how surely it finds, as Markdown."""
    lines = [
        '| entities | facts | median | 95 % | server works | 95 % | while writing | 95 % '
        '| recall@10 | load | small: recall@10 | rows of 10 | 95 % |',
        '|' + '---:|' * 13,
    ]
    lines += [
        f'| {row.entities:,} | {row.facts:,} | {row.p50:.1f} | {row.p95:.1f} '
        f'| {row.cpu_p50:.1f} | {row.cpu_p95:.1f} '
        f'| {row.writing_p50:.1f} | {row.writing_p95:.1f} | {row.recall:.3f} '
        f'| {row.load:.0f} | {row.small_recall:.3f} | {row.small_rows:.1f} | {row.small_p95:.1f} |'
        for row in rows
    ]
    return '\n'.join(lines)


def growth_table(rows: list[Figures]) -> str:
    """Return what it takes, as Markdown."""
    lines = [
        '| entities | turns/s | indexes over vectors, MB | made in, s | all tables, MB |',
        '|' + '---:|' * 5,
    ]
    lines += [
        f'| {row.entities:,} | {row.ingested:.0f} | {row.index_mb:,.0f} | {row.index_s:.0f} '
        f'| {row.whole_mb:,.0f} |'
        for row in rows
    ]
    return '\n'.join(lines)


def year_table(rows: list[Figures]) -> str:
    """Return how it is after a year, as Markdown."""
    at = next((at for at, row in enumerate(rows) if row.when), None)
    if at is None:
        return 'Not measured.'
    lines = [
        '| | median | 95 % | server works | while writing: 95 % | recall@10 | load | turns/s '
        '| indexes over vectors, MB | all tables, MB |',
        '|---|' + '---:|' * 9,
    ]
    stages = [rows[at - 1], *(row for row in rows[at:] if row.when)]
    for label, row in zip(('before', 'after the year', 'cleaned up'), stages, strict=False):
        lines.append(
            f'| {label} | {row.p50:.1f} | {row.p95:.1f} | {row.cpu_p50:.1f} '
            f'| {row.writing_p95:.1f} | {row.recall:.3f} | {row.load:.0f} '
            f'| {row.ingested:.0f} | {row.index_mb:,.0f} | {row.whole_mb:,.0f} |'
        )
    lived = f'The year was lived through at {rows[at].year_s:.0f} turns a second'
    if rows[at + 1 : at + 2] and rows[at + 1].when:
        lived += f'; cleaning up took {rows[at + 1].year_s:.0f} s.'
    else:
        lived += '; cleaning up was not waited for.'
    lines += ['', lived]
    return '\n'.join(lines)


def plot(rows: list[Figures], path: Path) -> None:
    """Draw how the time grows with the memory."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams['svg.hashsalt'] = 'prot'  # the same figures make the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    sizes_ = [row.entities for row in rows]
    for label, values, style in (
        ('median', [row.p50 for row in rows], 'o-'),
        ('95 %', [row.p95 for row in rows], 's-'),
        ('95 % while writing', [row.writing_p95 for row in rows], '^--'),
        ('server works: median', [row.cpu_p50 for row in rows], 'x:'),
    ):
        axes.plot(sizes_, values, style, label=label)
    axes.set_xscale('log')
    axes.set_ylim(bottom=0)
    axes.set_xlabel('entities')
    axes.set_ylabel('ms for all that is recalled')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})


def write(rows: list[Figures], command: str, note: str = '') -> None:
    """Replace the document and its plot."""
    fresh = [row for row in rows if not row.when]
    text = DESCRIPTION.read_text(encoding='utf-8').format(
        command=command,
        note=f'\n\n{textwrap.fill(note, 99)}' if note else '',
        machine=f'{os.cpu_count()} cores of {machine()}',
        queries=QUERIES,
        runs=RUNS,
        large=vector_indexes.LARGE,
        searched=EF_SEARCH,
        speed=speed_table(fresh),
        growth=growth_table(fresh) + '\n\n![growth](memory.svg)',
        year=year_table(rows),
        days=DAYS,
        turns=TURNS,
        told=DAYS * TURNS,
    )
    DOCUMENT.write_text(text, encoding='utf-8')
    plot(fresh, DOCUMENT.with_suffix('.svg'))


def machine() -> str:
    """Return the name of the processor."""
    for line in Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()


def sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is not a list such as 1000,10000') from None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--sizes', type=sizes, default=[1_000, 10_000, 100_000])
    parser.add_argument('--data', help='the folder of the database (default: a temporary one)')
    parser.add_argument('--write', action='store_true', help='write docs/memory.md and .svg')
    parser.add_argument('--year', type=int, help='the size at which a year is lived through')
    parser.add_argument(
        '--from',
        dest='lines',
        type=Path,
        help='a file with lines of earlier runs: only write the document',
    )
    parser.add_argument('--note', default='', help='what the document has to say of this run')
    parser.add_argument('--fill', action='store_true', help='only make the memory, measure later')
    args = parser.parse_args()
    command = f'python benchmarks/memory.py --sizes {",".join(map(str, args.sizes))}'
    command += f' --year {args.year} --write' if args.year else ' --write'
    if args.lines:
        lines = args.lines.read_text(encoding='utf-8').splitlines()
        write([Figures(**json.loads(line)) for line in lines], command, args.note)
        return
    data = Path(args.data or tempfile.mkdtemp(prefix='prot-memory-'))
    data.mkdir(parents=True, exist_ok=True)
    os.chmod(data, 0o755)
    try:
        rows = asyncio.run(run(args, data))
        if args.write:
            write(rows, command, args.note)
    finally:
        if not args.data:
            shutil.rmtree(data)


if __name__ == '__main__':
    main()
