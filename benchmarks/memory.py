# SPDX-License-Identifier: Apache-2.0
"""How fast the memory is, from a thousand entities to a million.

    python benchmarks/memory.py [--sizes 1000,10000,100000] [--year 10000] [--write]

Each size has a PostgreSQL of its own, with the robot's settings and indexes. --keep FOLDER keeps
them there, filled, for the next call with the same folder: filling takes long and may be done when
nobody minds (--fill), measuring takes a minute or two and wants a machine at rest. Prints a line
for each size as soon as it is measured. --year lives a year in the memory of that size, and
measures again, before the database has cleaned up and after it has. --write makes docs/memory.md
and docs/memory.svg, for which matplotlib is needed; --from writes them from lines that were
printed before.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import made_up_graph
import numpy as np
from made_up_graph import DIMENSIONS, Vectors
from made_up_year import DAYS, TURNS, live
from pgvector import HalfVector
from pgvector.asyncpg import register_vector

from prot_ros.core.facts import Fact, Kind
from prot_ros.memory.database import Database, search_as_far_as_needed, search_path
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
    """'' where it was just made; `year`, `cleaned`: after a year, and after cleaning up; `before`:
    what these are compared with, where it is not the row before them."""
    year_s: float = 0.0
    """Turns a second while it lived through the year, or seconds that cleaning up took."""
    renewed: int = 0
    """How often the indexes of a table were made anew in it."""
    days: int = DAYS
    """That were lived."""
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


def recall_questions() -> list[HalfVector]:
    rng, vectors = np.random.default_rng(99), Vectors()
    return [HalfVector(vectors.some(1, rng)[0]) for _ in range(RECALL_QUERIES)]


async def exact(connection: asyncpg.Connection, scope: int, space: Space) -> list[list[int]]:
    """Return the ten nearest entities to each of these questions, by comparing with all."""
    nearest = (
        'SELECT entity FROM (SELECT entity, vector FROM entity_vector WHERE scope = $2 '
        'AND space = $3 OFFSET 0) AS every ORDER BY vector <=> $1 LIMIT 10'
    )
    return [
        [row['entity'] for row in await connection.fetch(nearest, vector, scope, space.number)]
        for vector in recall_questions()
    ]


async def recall(
    connection: asyncpg.Connection, scope: int, space: Space, truth: list[list[int]]
) -> tuple[float, float]:
    """Return recall@10 of the vectors of entities, and how many of ten rows came."""
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
    await connection.execute('SET hnsw.iterative_scan = relaxed_order; SET random_page_cost = 1.1')
    await search_as_far_as_needed(connection)
    for vector, wanted in zip(recall_questions(), truth, strict=False):
        near = {row['entity'] for row in await connection.fetch(fast, vector)}
        found += len(near & set(wanted))
        rows += len(near)
    return found / (10 * len(truth)), rows / len(truth)


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


@dataclass(frozen=True)
class Filled:
    """A memory of one size that is there, beside what is written down of it."""

    url: str
    schema: str
    """Of the extension."""
    big: Scope
    small: Scope
    space: Space
    index_s: float
    truth: tuple[list[list[int]], list[list[int]]]
    """What `exact` finds, of both scopes."""


async def look(filled: Filled) -> Figures:
    vectors = Vectors()
    rng = np.random.default_rng(7)
    space, both = filled.space, (filled.big, filled.small)
    connection = await connect(filled.url, filled.schema)
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM entity WHERE scope = $1 AND kind <> 'user'", filled.big.number
        )
        facts = await connection.fetchval(
            'SELECT count(*) FROM fact WHERE scope = $1', filled.big.number
        )
        names = [
            [row['name'] for row in await connection.fetch(_THINGS, each.number)] for each in both
        ]
        (near, _), (small_near, small_rows) = [
            await recall(connection, each.number, space, truth)
            for each, truth in zip(both, filled.truth, strict=True)
        ]
        sizes = await connection.fetchrow(_SIZES)
    finally:
        await connection.close()
    questions, small_questions = (
        [Question(rng, of, vectors) for _ in range(QUERIES)] for of in names
    )
    del names
    gc.collect()
    gc.freeze()  # as a node does when it is active
    database = Database(filled.url)
    await database.open(filled.schema)
    try:
        await timed(database, filled.big, space, questions[:WARM_UP])
        p50, p95, cpu_p50, cpu_p95 = await measured(database, filled.big, space, questions)
        _, small_p95, _, _ = await measured(database, filled.small, space, small_questions[:100])
        stop = asyncio.Event()
        first = int(time.time())
        writer = asyncio.create_task(ingest(database, filled.big, first, stop))
        writing = await measured(database, filled.big, space, questions)
        stop.set()
        await writer
        ingested = await ingest(database, filled.big, first + 10**6, None)
    finally:
        await database.close()
        gc.unfreeze()
    return Figures(
        entities=count, facts=facts, p50=p50, p95=p95, cpu_p50=cpu_p50, cpu_p95=cpu_p95,
        writing_p50=writing[0], writing_p95=writing[1], recall=near, small_recall=small_near,
        small_rows=small_rows, small_p95=small_p95, ingested=ingested, index_s=filled.index_s,
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


async def live_a_year(there: Filled, size: int) -> dict[str, Any]:
    """Live a year in a memory that nobody cleans up but the robot; return what is new of it."""
    report = Progress(size)
    connection = await connect(there.url, there.schema)
    try:
        for row in await connection.fetch(_TABLES):
            await connection.execute(f'ALTER TABLE {row["table"]} SET (autovacuum_enabled = off)')
        things = [row['name'] for row in await connection.fetch(_THINGS, there.big.number)]
        lived = await live(
            there.url, there.schema, there.big, there.space, things, 11, report=report
        )
        report('comparing with all vectors')
        truth = [
            await exact(connection, scope.number, there.space)
            for scope in (there.big, there.small)
        ]
        await connection.execute('CHECKPOINT')
    finally:
        await connection.close()
    return {'truth': truth, 'lived': asdict(lived)}


async def after_a_year(there: Filled, lived: dict[str, Any]) -> AsyncIterator[Figures]:
    """Measure what nobody has cleaned up, then what has been."""
    yield replace(await look(there), when='year', year_s=lived['rate'], renewed=lived['renewed'])
    connection = await connect(there.url, there.schema)
    try:
        began = time.perf_counter()
        await connection.execute('VACUUM (ANALYZE)')
        took = time.perf_counter() - began
    finally:
        await connection.close()
    yield replace(await look(there), when='cleaned', year_s=took)


_TABLES = """
SELECT oid::regclass::text AS "table" FROM pg_class
WHERE relnamespace = 'prot'::regnamespace AND relkind = 'r'
"""


class Progress:
    """Says on standard error what is done, and when it was begun."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._began = time.perf_counter()

    def __call__(self, what: str) -> None:
        at = time.perf_counter() - self._began
        print(f'# {self._size:,}: {at:6.0f} s {what}', file=sys.stderr, flush=True)


async def fill(url: str, schema: str, size: int) -> dict[str, Any]:
    """Make a memory and its indexes; return what looking at it needs to know."""
    report = Progress(size)
    connection = await connect(url, schema)
    try:
        wanted = {'big': size, 'small': max(10, size // SMALL_SHARE)}
        await made_up_graph.make(connection, wanted, size, report)
        report('vacuum')
        await connection.execute('VACUUM (ANALYZE)')
        rows = await connection.fetch(_SCOPES)
        space = Space(await connection.fetchval('SELECT id FROM space'), DIMENSIONS)
        began = time.perf_counter()
        for row in rows:
            report(f'{row["person"]}: indexes over vectors')
            # At once, as nobody is talking: a million take a processor half an hour.
            async with asyncio.TaskGroup() as building:
                for table in vector_indexes.TABLES:
                    building.create_task(
                        vector_indexes.build(url, schema, row['id'], space, [table])
                    )
        index_s = time.perf_counter() - began
        report('comparing with all vectors')
        truth = [await exact(connection, row['id'], space) for row in rows]
        # Else the first to ask writes what filling has left in the server's memory.
        await connection.execute('CHECKPOINT')
        report('filled')
        return {'index_s': index_s, 'truth': truth}
    finally:
        await connection.close()


async def filled(url: str, schema: str, known: dict[str, Any]) -> Filled:
    """Return what is there; `known` is what `fill` has returned."""
    connection = await connect(url, schema)
    try:
        number = await connection.fetchval('SELECT id FROM space')
        big, small = [
            Scope(row['id'], row['entity'], (row['id'],))
            for row in await connection.fetch(_SCOPES)
        ]
        space = await vector_indexes.look(
            connection, (big.number, small.number), Space(number, DIMENSIONS)
        )
    finally:
        await connection.close()
    return Filled(url, schema, big, small, space, known['index_s'], tuple(known['truth']))


_SCOPES = """
SELECT s.id, s.person, e.id AS entity FROM scope AS s
JOIN entity AS e ON e.scope = s.id AND e.kind = 'user' ORDER BY s.person
"""


@asynccontextmanager
async def kept_in(folder: Path, size: int, year: bool) -> AsyncIterator[tuple[Filled, Path]]:
    """Yield a memory that is there or is made, and where it is noted what is known of it."""
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    note = folder / 'filled.json'
    async with EmbeddedPostgres(folder) as server:
        schema = await migrate(server.url)
        if not note.exists():
            known = await fill(server.url, schema, size)
            if year:
                there = await filled(server.url, schema, known)
                known |= await live_a_year(there, size)
            note.write_text(json.dumps(known), encoding='ascii')
        known = json.loads(note.read_text(encoding='ascii'))
        yield await filled(server.url, schema, known), note


async def run(args: argparse.Namespace, kept: Path) -> AsyncIterator[Figures]:
    for size in args.sizes:
        async with kept_in(kept / str(size), size, year=False) as (there, _):
            if not args.fill:
                yield await look(there)
        if size == args.year:
            async with kept_in(kept / f'{size}-year', size, year=True) as (there, note):
                if not args.fill:
                    lived = json.loads(note.read_text(encoding='ascii'))['lived']
                    note.unlink()  # it is cleaned up now, and not as it was
                    async for figures in after_a_year(there, lived):
                        yield figures


async def printed(args: argparse.Namespace, kept: Path) -> list[Figures]:
    """Return all figures, each printed as soon as it is there."""
    found = []
    async for figures in run(args, kept):
        print(json.dumps(asdict(figures)), flush=True)
        found.append(figures)
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
    stages = [row for row in rows if row.when]
    if stages[0].when == 'before':
        at += 1
    else:
        stages.insert(0, rows[at - 1])
    for label, row in zip(('before', 'after it', 'cleaned up'), stages, strict=False):
        lines.append(
            f'| {label} | {row.p50:.1f} | {row.p95:.1f} | {row.cpu_p50:.1f} '
            f'| {row.writing_p95:.1f} | {row.recall:.3f} | {row.load:.0f} '
            f'| {row.ingested:.0f} | {row.index_mb:,.0f} | {row.whole_mb:,.0f} |'
        )
    lived = (
        f'It was lived through at {rows[at].year_s:.0f} turns a second, and the indexes of '
        f'a table were made anew {rows[at].renewed} times in it'
    )
    if rows[at + 1 : at + 2] and rows[at + 1].when:
        lived += f'; cleaning up everything after it took {rows[at + 1].year_s:.0f} s.'
    else:
        lived += '; cleaning up was not waited for.'
    lived = textwrap.fill(lived, 99)
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
    days = next((row.days for row in rows if row.when), DAYS)
    text = DESCRIPTION.read_text(encoding='utf-8').format(
        command=command,
        note=f'\n\n{textwrap.fill(note, 99)}' if note else '',
        machine=f'{os.cpu_count()} cores of {machine()}',
        queries=QUERIES,
        runs=RUNS,
        large=vector_indexes.LARGE,
        speed=speed_table(fresh),
        growth=growth_table(fresh) + '\n\n![growth](memory.svg)',
        year=year_table(rows),
        days=days,
        turns=TURNS,
        told=days * TURNS,
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
    parser.add_argument(
        '--keep',
        type=Path,
        metavar='FOLDER',
        help='where filled databases are, and stay (default: a temporary folder)',
    )
    parser.add_argument('--write', action='store_true', help='write docs/memory.md and .svg')
    parser.add_argument('--year', type=int, help='the size at which a year is lived through')
    parser.add_argument(
        '--from',
        dest='lines',
        type=Path,
        help='a file with lines of earlier runs: only write the document',
    )
    parser.add_argument('--note', default='', help='what the document has to say of this run')
    parser.add_argument(
        '--fill', action='store_true', help='only make the memories, to be measured later'
    )
    args = parser.parse_args()
    command = f'python benchmarks/memory.py --sizes {",".join(map(str, args.sizes))}'
    command += f' --year {args.year} --write' if args.year else ' --write'
    if args.lines:
        lines = args.lines.read_text(encoding='utf-8').splitlines()
        write([Figures(**json.loads(line)) for line in lines], command, args.note)
        return
    if args.fill and not args.keep:
        parser.error('--fill makes what --keep FOLDER keeps')
    kept = args.keep or Path(tempfile.mkdtemp(prefix='prot-memory-'))
    kept.mkdir(parents=True, exist_ok=True)
    os.chmod(kept, 0o755)
    try:
        rows = asyncio.run(printed(args, kept))
        if args.write:
            write(rows, command, args.note)
    finally:
        if not args.keep:
            shutil.rmtree(kept)


if __name__ == '__main__':
    main()
