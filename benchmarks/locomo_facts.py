# SPDX-License-Identifier: Apache-2.0
"""What the graph of facts adds to the turns that are found: LoCoMo read by the offline rules.

Each speaker is a person with a shared memory of their own, into which their turns are told; the
questions are asked by a third, who hears both, with prot's own statement. A fact that is found
counts as the latest turn that told it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from asyncpg import Connection
from locomo_data import Conversation, Question

from prot_ros.core.offline.facts_told import facts_told
from prot_ros.engines.embedders import local
from prot_ros.memory import scopes
from prot_ros.memory.database import Database
from prot_ros.memory.knowledge import graph
from prot_ros.memory.retrieval import recollection, vectors
from prot_ros.memory.retrieval.recollection import EVERYWHERE
from prot_ros.memory.retrieval.turn_retrieval import index_turn
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.retrieval.vectors import Vectors
from prot_ros.memory.scopes import Scope

LOAD_S = 600.0
ASK_S = 10.0

REACHES = {
    'facts': EVERYWHERE,
    'facts, without the second link': replace(EVERYWHERE, further=0),
    'facts, without links, names and circles': replace(EVERYWHERE, links=0, further=0),
    'facts, without words': replace(EVERYWHERE, words=0),
    'facts, without near turns': replace(EVERYWHERE, near_turns=0),
}
"""How far is looked for facts, by the name of the row."""
NO_CIRCLES = 'facts, without circles'
_NO_CIRCLES = 'DELETE FROM community WHERE scope = ANY ($1::int[])'
_TOLD = """
SELECT s.person, t.predicate, t.object, t.turn FROM telling AS t JOIN scope AS s ON s.id = t.scope
WHERE t.scope = ANY ($1::int[]) ORDER BY t.turn
"""

Orders = dict[str, list[list[int]]]
"""For each reach, of each question the positions of the turns that told what was found."""


class Asker:
    """Who asks about a conversation that two others had told."""

    def __init__(self, database: Database, conversation: Conversation) -> None:
        self._database = database
        self._conversation = conversation
        self._position: dict[int, int] = {}
        self._told: dict[tuple[str, str, str], int] = {}
        self._scope = Scope(0, 0, ())
        self._space = Space(0, 0)
        self.facts = 0
        """That the rules have read."""

    async def listen(self) -> None:
        """Have both tell their turns, in order."""
        embedder = local.LocalEmbedder()
        number = await self._database.run(lambda c: vectors.space(c, embedder), ASK_S)
        self._space = Space(number, embedder.dimensions)
        people = await self._database.run(self._tell, LOAD_S)
        for scope in people:
            complete = asyncio.Event()
            worker = Vectors(self._database, scope, embedder, number, complete.set)
            worker.start()
            await complete.wait()
            await worker.stop()
        self._scope = await self._database.run(self._ask_about, ASK_S)
        rows = await self._database.run(lambda c: c.fetch(_TOLD, people), ASK_S)
        self.facts = len(rows)
        for row in rows:
            said = (row['person'], row['predicate'], row['object'])
            self._told[said] = self._position[row['turn']]

    async def _ask_about(self, connection: Connection) -> Scope:
        await connection.execute('ANALYZE')
        return await scopes.scope(connection, self._robot, 'asker', None)

    @property
    def _robot(self) -> str:
        return f'locomo facts {self._conversation.name}'

    async def _tell(self, connection: Connection) -> list[int]:
        told_in: dict[str, int] = {}
        for position, turn in enumerate(self._conversation.turns):
            if turn.speaker not in told_in:
                made = await scopes.scope(connection, self._robot, turn.speaker, True)
                told_in[turn.speaker] = made.number
            scope = told_in[turn.speaker]
            at = datetime.fromtimestamp(turn.stamp / 1e9, UTC)
            number = await connection.fetchval(
                'INSERT INTO turn (scope, stamp, source, utterance, created_at) '
                "VALUES ($1, $2, 'hear', $3, $4) RETURNING id",
                scope, turn.stamp, turn.shown, at,
            )  # fmt: skip
            self._position[number] = position
            async with connection.transaction():
                await index_turn(connection, scope, number, turn.shown, None, 0)
                facts = facts_told(turn.text, at)
                await graph.write(connection, graph.Turn(number, scope), facts)
        return list(told_in.values())

    async def ask(self) -> Orders:
        """Return what is found for each question, each reach in turn, circles away at last."""
        orders = {
            name: [await self._found(question, reach) for question in self._conversation.questions]
            for name, reach in REACHES.items()
        }
        heard = list(self._scope.heard)
        await self._database.run(lambda c: c.execute(_NO_CIRCLES, heard), ASK_S)
        orders[NO_CIRCLES] = [
            await self._found(question, EVERYWHERE) for question in self._conversation.questions
        ]
        return orders

    async def _found(self, question: Question, reach: recollection.Reach) -> list[int]:
        vector = local.vector(question.text)

        async def look(connection: Connection) -> Sequence[int]:
            found = await recollection.recall(
                connection, self._scope, question.text, vector, self._space, 50, reach
            )
            turns: dict[int, None] = {}
            for fact in found.facts:
                # As others' facts are told by name.
                person = fact.text.partition(' told: ')[0]
                turns[self._told[person, fact.predicate, fact.object]] = None
            return list(turns)

        return list(await self._database.run(look, ASK_S))
