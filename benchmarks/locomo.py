# SPDX-License-Identifier: Apache-2.0
"""How well earlier turns are found: evidence recall on LoCoMo, each part switched off in turn.

    python benchmarks/locomo.py LOCOMO.json [--write docs/locomo.md]

LOCOMO.json is `data/locomo10.json` of https://github.com/snap-research/locomo, or some of its
conversations. Every conversation is a scope of a real database, and every question goes through
prot's own statement. Printed as Markdown; --write keeps it.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import shutil
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncpg import Connection
from locomo_data import CATEGORIES, Conversation, Question, Turn, conversations
from locomo_facts import Asker, Orders
from own_conversations import LATER, Answers, answers
from own_conversations import table as own_table

from prot_ros.engines.embedders import local
from prot_ros.memory.database import Database
from prot_ros.memory.retrieval.terms import PREFIX, terms
from prot_ros.memory.retrieval.turn_ranking import WEIGHTS, Candidate, Weights, rank
from prot_ros.memory.retrieval.turn_retrieval import candidates, index_turn
from prot_ros.memory.schema import migrate
from prot_ros.memory.server.postgres import EmbeddedPostgres

DEPTHS = (5, 10, 25)
TUNED = ('conv-26', 'conv-41', 'conv-43')
"""The conversations on which the weights were chosen."""
LOAD_S = 600.0
ASK_S = 5.0
DESCRIPTION = Path(__file__).resolve().parent / 'locomo.md.in'

ALONE = Weights(
    similarity=0.0,
    following=(),
    preceding=(),
    edge=0.0,
    talk=0.0,
    named=0.0,
    month=0.0,
    asking=0.0,
)
OFF = {
    'the turns around': replace(WEIGHTS, following=(), preceding=()),
    'the second on either side': replace(
        WEIGHTS, following=WEIGHTS.following[:1], preceding=WEIGHTS.preceding[:1]
    ),
    'the share for missing neighbours': replace(WEIGHTS, edge=0.0),
    'the talk': replace(WEIGHTS, talk=0.0),
    'the speaker': replace(WEIGHTS, named=0.0),
    'the month': replace(WEIGHTS, month=0.0),
    'the loss of what asks': replace(WEIGHTS, asking=0.0),
}

Order = Sequence[int]
"""Positions in the conversation, best first."""


@dataclass
class Scope:
    """A conversation in the database."""

    conversation: Conversation
    number: int
    space: int
    position: dict[int, int] = field(default_factory=dict)
    """Of a turn's number in the database."""


@dataclass
class Times:
    """What each question took, in milliseconds."""

    total: list[float] = field(default_factory=list)
    """By the clock: the statement, its way there and back, and the ranking."""
    server: list[float] = field(default_factory=list)
    """Of the server's processor, which other work on the machine does not lengthen."""


@dataclass
class Method:
    """What a way of finding turns found, for each conversation and question."""

    name: str
    found: dict[str, list[Order]] = field(default_factory=dict)
    beside: dict[str, list[Order]] = field(default_factory=dict)
    """Of which the best count as well, as many as of those."""
    times: int = 1
    """How many times as many of those found count."""


async def load(
    connection: Connection, conversation: Conversation, text: Callable[[Turn], str], label: str
) -> Scope:
    """Tell the database a conversation, as the robot would be told it."""
    async with connection.transaction():
        scope = await connection.fetchval(
            'INSERT INTO scope (robot, person) VALUES ($1, $2) RETURNING id',
            f'locomo {label}',
            conversation.name,
        )
        space = await connection.fetchval(
            'INSERT INTO space (name, dimensions) VALUES ($1, $2) '
            'ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id',
            local.LocalEmbedder().name,
            local.DIMENSIONS,
        )
        out = Scope(conversation, scope, space)
        for position, turn in enumerate(conversation.turns):
            number = await connection.fetchval(
                'INSERT INTO turn (scope, stamp, source, utterance, speaker) '
                "VALUES ($1, $2, 'hear', $3, $4) RETURNING id",
                scope,
                turn.stamp,
                text(turn),
                turn.speaker,
            )
            out.position[number] = position
            await index_turn(
                connection, scope, number, text(turn), local.vector(text(turn)), space
            )
    return out


async def ask(
    database: Database, scope: Scope, question: Question, *, words: bool = True, near: bool = True
) -> tuple[list[Candidate], float]:
    """Return the candidates and the milliseconds of the server's processor."""
    vector = local.vector(question.text) if near else None
    text = question.text if words else ''

    async def look(connection: Connection) -> tuple[list[Candidate], float]:
        before = ran_ms(connection)
        found = await candidates(connection, scope.number, text, vector, scope.space)
        return found, ran_ms(connection) - before

    return await database.run(look, ASK_S)


def ran_ms(connection: Connection) -> float:
    """Return how long the server's process for a connection has run, on Linux; elsewhere 0."""
    try:
        stat = Path(f'/proc/{connection.get_server_pid()}/schedstat').read_text(encoding='ascii')
    except OSError:
        return 0.0
    return int(stat.split()[0]) / 1e6


def ordered(
    scope: Scope, found: list[Candidate], question: Question, weights: Weights = WEIGHTS
) -> Order:
    """Rank as the robot does."""
    best = rank(found, question.text, 2 * max(DEPTHS), weights)
    return [scope.position[entry.candidate.turn] for entry in best]


def bm25(conversation: Conversation, split: Callable[[str], list[str]]) -> list[Order]:
    """Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009): k1 1.2, b 0.75."""
    turns = [Counter(split(turn.shown)) for turn in conversation.turns]
    mean = statistics.mean(sum(turn.values()) for turn in turns)
    holding: dict[str, list[int]] = defaultdict(list)
    for position, turn in enumerate(turns):
        for word in turn:
            holding[word].append(position)
    orders = []
    for question in conversation.questions:
        scores: Counter[int] = Counter()
        for word in set(split(question.text)):
            held = len(holding[word])
            rarity = math.log(1 + (len(turns) - held + 0.5) / (held + 0.5))
            for position in holding[word]:
                times, length = turns[position][word], sum(turns[position].values())
                scores[position] += (
                    rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / mean))
                )
        best = sorted(scores, key=lambda position: (-scores[position], -position))
        orders.append(best[: max(DEPTHS)])
    return orders


def words_of(text: str) -> list[str]:
    """Whole words only, each once in a turn."""
    return [term for term in terms(text) if not term.endswith(PREFIX)]


def recall(
    told: Sequence[Conversation], method: Method, depth: int, category: int | None = None
) -> float:
    """Return the mean share of a question's evidence among the best `depth` turns, in percent."""
    shares = []
    for conversation in told:
        found = method.found[conversation.name]
        beside = method.beside.get(conversation.name) or [()] * len(found)
        for question, order, more in zip(conversation.questions, found, beside, strict=True):
            if category in (None, question.category):
                seen = {*order[: method.times * depth], *more[:depth]}
                shares.append(len(question.evidence & seen) / len(question.evidence))
    return 100 * statistics.mean(shares) if shares else math.nan


@dataclass
class Measured:
    """What the page tells."""

    methods: list[Method]
    times: Times
    with_facts: list[Method]
    facts: int
    """That were read in the turns."""
    own: Answers
    """Of prot's own conversations."""


async def measure(told: list[Conversation], url: str) -> Measured:
    """Measure everything on one server."""
    database = Database(url)
    await database.open(await migrate(url))
    try:
        methods, times = await _measure(told, database)
        with_facts, facts = await _facts(told, database, methods[0])
    finally:
        await database.close()
    return Measured(methods, times, with_facts, facts, await answers(url))


async def _facts(
    told: list[Conversation], database: Database, turns: Method
) -> tuple[list[Method], int]:
    found: dict[str, Orders] = {}
    facts = 0
    for conversation in told:
        asker = Asker(database, conversation)
        await asker.listen()
        found[conversation.name] = await asker.ask()
        facts += asker.facts
    reaches = list(next(iter(found.values())))
    methods = [
        Method('turns', turns.found),
        Method('turns, twice as many', turns.found, times=2),
    ]
    for name in reaches:
        beside = {conversation: orders[name] for conversation, orders in found.items()}
        methods.append(Method(f'turns and {name}', turns.found, beside))
    everything = {conversation: orders[reaches[0]] for conversation, orders in found.items()}
    return [*methods, Method('facts alone', everything)], facts


async def _measure(told: list[Conversation], database: Database) -> tuple[list[Method], Times]:
    everything = Method('everything')
    without = {name: Method(f'without {name}') for name in OFF}
    no_vectors, no_words = Method('without vectors'), Method('without words')
    no_captions = Method('without captions of pictures')
    words, near = Method('words alone'), Method('vectors alone')
    plain = Method('BM25, whole words')
    parts = Method('BM25, words and their beginnings')
    times = Times()
    for conversation in told:
        scope = await _loaded(database, conversation, lambda turn: turn.shown, 'shown')
        bare = await _loaded(database, conversation, lambda turn: turn.text, 'bare')
        orders: dict[str, list[Order]] = defaultdict(list)
        for question in conversation.questions:
            began = time.perf_counter()
            found, server_ms = await ask(database, scope, question)
            orders[everything.name].append(ordered(scope, found, question))
            times.total.append(1000 * (time.perf_counter() - began))
            times.server.append(server_ms)
            for name, weights in OFF.items():
                orders[without[name].name].append(ordered(scope, found, question, weights))
            by_words, _ = await ask(database, scope, question, near=False)
            orders[no_vectors.name].append(ordered(scope, by_words, question))
            orders[words.name].append(ordered(scope, by_words, question, ALONE))
            by_vector, _ = await ask(database, scope, question, words=False)
            orders[no_words.name].append(ordered(scope, by_vector, question))
            only = replace(ALONE, similarity=1.0)
            orders[near.name].append(ordered(scope, by_vector, question, only))
            said, _ = await ask(database, bare, question)
            orders[no_captions.name].append(ordered(bare, said, question))
        for method in (everything, *without.values(), no_vectors, no_words, no_captions):
            method.found[conversation.name] = orders[method.name]
        for method in (words, near):
            method.found[conversation.name] = orders[method.name]
        plain.found[conversation.name] = bm25(conversation, words_of)
        parts.found[conversation.name] = bm25(conversation, lambda text: list(terms(text)))
    methods = [everything, *without.values(), no_vectors, no_words, no_captions]
    return [*methods, words, near, plain, parts], times


async def _loaded(
    database: Database, conversation: Conversation, text: Callable[[Turn], str], label: str
) -> Scope:
    async def tell(connection: Connection) -> Scope:
        scope = await load(connection, conversation, text, label)
        await connection.execute('ANALYZE turn, turn_term, turn_vector')
        return scope

    return await database.run(tell, LOAD_S)


def run(told: list[Conversation]) -> Measured:
    """Measure on a server of our own, on a folder that the account it runs under can enter."""

    async def served() -> Measured:
        async with EmbeddedPostgres(folder) as postgres:
            return await measure(told, postgres.url)

    folder = Path(tempfile.mkdtemp(prefix='prot-locomo-'))
    folder.chmod(0o755)
    try:
        return asyncio.run(served())
    finally:
        shutil.rmtree(folder)


def table(told: list[Conversation], methods: list[Method]) -> str:
    """Return recall of each method, in all, by category, and on both halves."""
    tuned = [one for one in told if one.name in TUNED]
    others = [one for one in told if one.name not in TUNED]
    header = [
        '',
        *(f'@{depth}' for depth in DEPTHS),
        *(f'{name} @10' for name in CATEGORIES.values()),
        'tuned on @10',
        'others @10',
    ]
    rows = [header, ['---', *('---:' for _ in header[1:])]]
    for method in methods:
        figures = [
            *(recall(told, method, depth) for depth in DEPTHS),
            *(recall(told, method, 10, category) for category in CATEGORIES),
            recall(tuned, method, 10),
            recall(others, method, 10),
        ]
        rows.append([method.name, *(f'{figure:.1f}' for figure in figures)])
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def spread(times: list[float]) -> str:
    """Return the median and the 95th percentile."""
    ordered_times = sorted(times)
    at = len(ordered_times)
    return f'{ordered_times[at // 2]:.1f} / {ordered_times[int(0.95 * at)]:.1f}'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('data', type=Path, help='the file with the conversations')
    parser.add_argument('--write', type=Path, help='file to keep the table in')
    options = parser.parse_args()
    try:
        told = conversations(options.data)
    except OSError as err:
        print(f'skipped: {options.data} cannot be read: {err.strerror}')
        return
    measured = run(told)
    text = DESCRIPTION.read_text(encoding='utf-8').format(
        conversations=len(told),
        turns=sum(len(one.turns) for one in told),
        questions=sum(len(one.questions) for one in told),
        table=table(told, measured.methods),
        facts=measured.facts,
        facts_table=table(told, measured.with_facts),
        asked=len(measured.own['everything']),
        later=LATER,
        own_table=own_table(measured.own),
        tuned=', '.join(f'`{name}`' for name in TUNED),
        total=spread(measured.times.total),
        server=spread(measured.times.server),
    )
    print(text)
    if options.write:
        options.write.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
