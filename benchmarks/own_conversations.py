# SPDX-License-Identifier: Apache-2.0
"""Which answers of prot's own conversations are lost when a part of the search for facts is off.

The conversations of `test/data/conversations` are told to a real memory, each to one of its own,
each turn at its time, and after it much else. A question is answered when all that it wants is
among the facts that a reply is given, and nothing that it must not be told. How many of the best
facts that takes says how well they are found.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'test'))

from dated_conversations import DatedConversation, Question, dated_conversations

from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.engines.embedders import local
from prot_ros.memory import scopes
from prot_ros.memory.database import Database
from prot_ros.memory.retrieval import recollection, vectors
from prot_ros.memory.retrieval.recall import Recall
from prot_ros.memory.retrieval.recollection import EVERYWHERE, Reach
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.schema import migrate
from prot_ros.memory.store import Memory

SETTLE_S = 60.0
ASK_S = 10.0
LOOK_S = 0.02
FACTS = 20
LATER = 80
"""Other things that are told afterwards: twice as many as the latest that are always looked at."""
ELSE = {'en': 'I like song number {}', 'ko': '나는 {}번 노래를 좋아해'}
DEPTHS = (1, 3, 5, 20)
FEW = 3
MOST_SHOWN = 3
"""Questions in a row of the table."""
PARTS = {
    'everything': EVERYWHERE,
    'without the second link': replace(EVERYWHERE, further=0),
    'without links, names and circles': replace(EVERYWHERE, links=0, further=0),
    'without words': replace(EVERYWHERE, words=0),
    'without near turns': replace(EVERYWHERE, near_turns=0),
    "without the user's latest": replace(EVERYWHERE, own=0),
}
NO_CIRCLES = 'without circles'
_TIMES = """
UPDATE prot.turn AS t SET created_at = to_timestamp(t.stamp / 1e9) FROM prot.scope AS s
WHERE s.id = t.scope AND s.person = $1
"""
_AGAIN = """
UPDATE prot.extraction SET extracted_at = NULL, retry_at = now()
WHERE scope = (SELECT id FROM prot.scope WHERE person = $1)
"""
_NO_CIRCLES = """
DELETE FROM prot.community WHERE scope = (SELECT id FROM prot.scope WHERE person = $1)
"""

Answers = dict[str, dict[str, int]]
"""For each part, for each question how many facts answer it; 0 for none of those there are."""


async def answers(url: str) -> Answers:
    """Tell and ask all that the offline rules claim to read."""
    found: Answers = defaultdict(dict)
    database = Database(url)
    await database.open(await migrate(url))
    try:
        for number, talk in enumerate(dated_conversations()):
            person = f'person {number}'
            await _tell(url, database, person, talk)
            await _ask(database, person, talk, found)
    finally:
        await database.close()
    return found


async def _tell(url: str, database: Database, person: str, talk: DatedConversation) -> None:
    async with Memory(url, Path(), person) as memory:
        for turn in talk.turns:
            stamp = Stamp(int(turn.at.timestamp() * 1e9))
            await memory.record_utterance(stamp, turn.text, 'hear')
        for number in range(1, LATER + 1):
            text = ELSE[talk.language].format(number)
            await memory.record_utterance(Stamp(stamp + number * SECOND), text, 'hear')
    # The database's clock is when a turn was told; here it is when the story says so.
    await database.run(lambda c: c.execute(_TIMES, person), ASK_S)
    await database.run(lambda c: c.execute(_AGAIN, person), ASK_S)
    async with Memory(url, Path(), person) as memory, asyncio.timeout(SETTLE_S):
        # There is no event for both.
        while not (  # noqa: ASYNC110
            memory.stats()['memory vectors complete'] and await memory.settled(LOOK_S)
        ):
            await asyncio.sleep(LOOK_S)


async def _ask(database: Database, person: str, talk: DatedConversation, found: Answers) -> None:
    embedder = local.LocalEmbedder()
    scope = await database.run(lambda c: scopes.scope(c, '', person, None), ASK_S)
    number = await database.run(lambda c: vectors.space(c, embedder), ASK_S)
    space = Space(number, embedder.dimensions)

    async def answered(question: Question, reach: Reach) -> int:
        recalled: Recall = await database.run(
            lambda c: recollection.recall(
                c, scope, question.text, local.vector(question.text), space, FACTS, reach
            ),
            ASK_S,
        )
        said = [f'{fact.text} {fact.object}'.casefold() for fact in recalled.facts]
        if any(word.casefold() in fact for word in question.not_words for fact in said):
            return 0
        for best in range(1, len(said) + 1):
            if all(word.casefold() in ' '.join(said[:best]) for word in question.words):
                return best
        return 0

    parts = {**PARTS, NO_CIRCLES: EVERYWHERE}
    for part, reach in parts.items():
        if part == NO_CIRCLES:
            await database.run(lambda c: c.execute(_NO_CIRCLES, person), ASK_S)
        for question in talk.questions:
            if question.supported:
                where = f'{talk.name}: {question.text}'
                found[part][where] = await answered(question, reach)


def table(found: Answers) -> str:
    """Return how many questions are answered by the best facts, and which are no longer."""
    whole = found['everything']
    header = ['', *(f'best {depth}' for depth in DEPTHS), f'no longer by the best {FEW}']
    rows = [header, ['---', *('---:' for _ in DEPTHS), '---']]
    for part, answered in found.items():
        lost = [
            where
            for where, best in whole.items()
            if 0 < best <= FEW and not 0 < answered[where] <= FEW
        ]
        shown = '; '.join(lost[:MOST_SHOWN])
        more = f' and {len(lost) - MOST_SHOWN} more' if len(lost) > MOST_SHOWN else ''
        counts = [sum(0 < best <= depth for best in answered.values()) for depth in DEPTHS]
        rows.append([part, *map(str, counts), shown + more])
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)
