# SPDX-License-Identifier: Apache-2.0
"""Memory: what was said, kept for good, and what is known of a person from it.

    memory = Memory(url=None, data_folder=data_folder(), person='someone')
    await memory.open()
    await memory.record_utterance(turn, 'I live in Seoul', 'hear')    # committed
    await memory.settled()                                            # the fact is there as well
    (await memory.recall('where do I live?', 20)).facts
    await memory.close()

Everything is safe to repeat: a turn that is recorded twice is kept once.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from asyncpg import Connection, Record

from prot_ros.core.stamps import Stamp
from prot_ros.engines.embedders.local import LocalEmbedder
from prot_ros.engines.fact_rules import RuleReader
from prot_ros.engines.kinds import Embedder, EngineError, FactReader, Message
from prot_ros.memory import scopes, summaries, turns
from prot_ros.memory.database import POOL, Database, MemoryUnavailable, Work
from prot_ros.memory.forgetting.erasure import Erased, Wish, erase
from prot_ros.memory.forgetting.retention import Retention
from prot_ros.memory.knowledge import entities
from prot_ros.memory.knowledge.extraction import Extraction
from prot_ros.memory.long_work import connected
from prot_ros.memory.retrieval import recollection, turn_retrieval, vector_indexes, vectors
from prot_ros.memory.retrieval.anticipation import Anticipation
from prot_ros.memory.retrieval.foresight import Foresight
from prot_ros.memory.retrieval.index_upkeep import IndexUpkeep
from prot_ros.memory.retrieval.recall import EarlierTurn, Recall, earlier
from prot_ros.memory.retrieval.terms import MOST_TEXT
from prot_ros.memory.retrieval.vector_indexes import Space
from prot_ros.memory.retrieval.vectors import Vectors
from prot_ros.memory.schema import migrate
from prot_ros.memory.scopes import Scope
from prot_ros.memory.server.postgres import EmbeddedPostgres
from prot_ros.memory.storable import storable
from prot_ros.memory.summaries import Waiting

T = TypeVar('T')
_log = logging.getLogger(__name__)

DEADLINE_S = 2.0
"""Of each call. What it asks for takes milliseconds."""
VECTOR_S = 1.0
"""What recalling waits for a vector where nobody says how long."""
SETTLE_S = 0.03
"""What a dialogue waits for the facts of what was said before that which it is about to answer."""
LOCAL_EVERY_S = 0.1
"""Between two looks at what is being said, where vectors cost nothing: ten queries a second."""
WARM_UP_S = 3.0
WARM_UPS = 100
"""What was said last, which is asked once more before anybody does."""
SOMEONE = 'someone'
"""Who is speaking where nobody has said."""
TURNS = 8
"""Earlier turns that are recalled."""
MOST_PERSON = 100

NOWHERE = Scope(0, 0, ())

_COUNTS = """
SELECT (SELECT count(*) FROM turn WHERE scope = $1) AS turns,
       (SELECT count(*) FROM fact WHERE scope = $1 AND live) AS facts,
       (SELECT count(*) FROM extraction WHERE scope = $1 AND extracted_at IS NULL) AS waiting
"""
_LATELY = """
SELECT t.utterance, v.vector FROM turn AS t
LEFT JOIN turn_vector AS v ON v.scope = $1 AND v.space = $2 AND v.turn = t.id
WHERE t.scope = $1 AND t.utterance <> ''
ORDER BY t.id DESC LIMIT $3
"""
# What was just said is committed already, and would find itself first of all.
_JUST_SAID = """
SELECT forgettings, (
    SELECT id FROM (
        SELECT id, utterance FROM turn WHERE scope = $1 ORDER BY id DESC LIMIT 1
    ) AS latest WHERE utterance = $2
) AS turn
FROM scope WHERE id = $1
"""
_FORGETTINGS = 'SELECT id, forgettings FROM scope WHERE id = ANY ($1::int[])'


class Memory:
    """One person's memory with one robot. Nothing is shared between two objects but the database.

    What `shared` means is said in `scopes`. Turns older than `retention_days` go; 0 keeps all.
    `url` names a server; None runs one on `data_folder`. `reader` reads facts out of what was
    said, and `embedder` is a service that takes its time and may be away: only recalling waits for
    it, and not long. The caller opens and closes both.
    """

    def __init__(
        self,
        url: str | None,
        data_folder: Path,
        person: str = SOMEONE,
        *,
        robot: str = '',
        shared: bool | None = None,
        retention_days: int = 0,
        reader: FactReader | None = None,
        embedder: Embedder | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        person = storable(person, MOST_PERSON + 1).strip()
        if not 0 < len(person) <= MOST_PERSON:
            raise EngineError(
                f'the person whose memory it is has {len(person)} characters, expected 1 to '
                f'{MOST_PERSON}; set the parameter person'
            )
        self.person = person
        self.robot = storable(robot, MOST_PERSON).strip()
        self._shared = shared
        self._retention_days = retention_days
        self._scope = NOWHERE
        self._space = Space(0, 0)
        self._upkeep: IndexUpkeep | None = None
        self._url = url
        self._reachable = ''
        self._data_folder = data_folder
        self._reader = reader or RuleReader()
        local = LocalEmbedder()
        self._embedder = embedder or local
        self._deadline_s = deadline_s
        self._held: AsyncExitStack | None = None
        self._server: EmbeddedPostgres | None = None
        self._database: Database | None = None
        self._extraction: Extraction | None = None
        self._vectors: Vectors | None = None
        self._foresight = Foresight(self._look_up, self._state)
        self._foreseen = 0
        self._anticipation = Anticipation(
            self._embedder,
            self._foresee,
            None if embedder else LOCAL_EVERY_S,
        )
        self.grown = asyncio.Event()
        """Set when a turn has been read; whoever waits for that clears it first."""
        self.forgettings = 0
        """How often something was forgotten, by whomever, as far as the latest look-up knows."""
        self.warmed_up = 0
        """What was asked before the memory was there for others."""
        self._summed_up: Waiting | None = None
        self._turns = 0
        self._facts = 0

    async def __aenter__(self) -> Memory:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Connect, bring the schema up to date, pay first-use costs, begin to extract.

        Raises EngineError in one sentence that says how to mend it; MemoryUnavailable when trying
        again later may do.
        """
        if self._held is not None:
            raise RuntimeError('the memory is open already')
        async with AsyncExitStack() as held:
            url = self._url
            if url is None:
                self._server = EmbeddedPostgres(self._data_folder)
                held.push_async_callback(self._server.close)
                await self._server.open()
                url = self._server.url
            vector_schema = await migrate(url)
            database = Database(url)
            held.push_async_callback(database.close)
            await database.open(vector_schema)
            counts = await database.run(self._settle_in, 10.0)
            self._turns, self._facts = counts['turns'], counts['facts']
            self._database = database
            await self._warm_up()
            self._reachable = url
            upkeep = IndexUpkeep(
                url,
                vector_schema,
                self._scope,
                self._space,
                self._use_indexes,
                ours=self._server is not None,
            )
            held.push_async_callback(upkeep.stop)
            self._upkeep = upkeep
            given = Vectors(
                database,
                self._scope.number,
                self._embedder,
                self._space.number,
                self._look_after_indexes,
            )
            extraction = Extraction(database, self._scope.number, self._reader, self._note_reading)
            extraction.waiting = counts['waiting']
            # Pushed last, so they end first: nothing may still use the pool when the pool ends.
            held.push_async_callback(self._anticipation.stop)
            held.push_async_callback(given.stop)
            given.start()
            self._vectors = given
            retention = Retention(database, self._scope.number, self._retention_days)
            held.push_async_callback(retention.stop)
            retention.start()
            held.push_async_callback(extraction.stop)
            extraction.start()
            self._extraction = extraction
            self._held = held.pop_all()

    async def _settle_in(self, connection: Connection) -> Record:
        self._scope = await scopes.scope(connection, self.robot, self.person, self._shared)
        number = await vectors.space(connection, self._embedder)
        of = Space(number, self._embedder.dimensions)
        self._space = await vector_indexes.look(connection, self._scope.heard, of)
        return await connection.fetchrow(_COUNTS, self._scope.number)

    async def _warm_up(self) -> None:
        """Ask what was asked lately, so that nobody waits for what is still on the disk.

        After a restart the first queries take ten times as long as those a hundred later, and the
        first one of each connection six times as long as its second.
        """
        try:
            async with asyncio.timeout(WARM_UP_S):
                rows = await self._run(
                    lambda connection: connection.fetch(
                        _LATELY, self._scope.number, self._space.number, WARM_UPS
                    )
                )
                asked = [
                    (row['utterance'], row['vector'].to_list() if row['vector'] else [])
                    for row in rows
                ]
                if asked:
                    await self._warm_up_connections(*asked[0])
                for text, vector in asked or [('first-use costs', [])]:
                    await self._look_up(text, vector, 1)
                    self.warmed_up += 1
        except TimeoutError:
            pass

    async def _warm_up_connections(self, text: str, vector: list[float]) -> None:
        """Have every connection of the pool plan what is asked in a conversation.

        While one of them writes what was told, a reply may get any of the others.
        """

        async def both(connection: Connection) -> None:
            await recollection.recall(connection, self._scope, text, vector, self._space, 1)
            await self._earlier(connection, text, vector)

        await asyncio.gather(*(self._run(both) for _ in range(POOL)))

    async def close(self) -> None:
        """End the extraction, then the pool, then the server if it is ours. May be called twice.

        Calls under way are finished; what comes later raises MemoryUnavailable.
        """
        held, self._held = self._held, None
        if held is not None:
            await held.aclose()

    async def record_utterance(self, turn: Stamp, text: str, source: str) -> None:
        """Commit what the person said; its facts follow in the background.

        `source` is where it came from, such as `stt` or `hear`. What PostgreSQL cannot store (NUL
        characters, half characters, more than 100,000 characters) is taken out, and logged.
        """
        speaker = '' if self.person == SOMEONE else self.person
        if await self._run(turns.utterance(self._scope.number, turn, text, source, speaker)):
            self._turns += 1
            if self._extraction is not None:
                self._extraction.waiting += 1
                self._extraction.wake()

    async def record_reply(self, turn: Stamp, said: str, heard: str, cut: bool) -> None:
        """Commit what the robot answered and how much of it was heard."""
        await self._run(turns.reply(self._scope.number, turn, said, heard, cut))

    async def recall(
        self, text: str, limit: int, patience_s: float = VECTOR_S, settle_s: float = 0.0
    ) -> Recall:
        """Return at most `limit` facts that may matter to `text`, most relevant first.

        Facts about the user are always among the candidates, so that a greeting finds a name.
        Where the text's vector takes longer than `patience_s`, they are found by words alone.
        Meanwhile what was told just now is waited for, up to `settle_s`.
        """
        words = storable(text, MOST_TEXT)
        foreseen = await self._foresight.found(words, limit)
        if foreseen is not None:
            return foreseen
        vector, _ = await asyncio.gather(
            self._anticipation.vector(words, patience_s), self.settled(settle_s)
        )
        if vector:
            self._note_answer()
        return await self._look_up(words, vector, limit)

    async def _foresee(self, text: str, vector: list[float]) -> None:
        self._note_answer()
        await self._foresight.look(text, vector, self._foreseen)

    def _note_answer(self) -> None:
        """What lacks vectors since the embedder was away need not wait any longer."""
        if self._vectors is not None:
            self._vectors.try_again()

    async def _look_up(self, words: str, vector: list[float], limit: int) -> Recall:
        # On two connections, because a reply waits for both.
        earlier = asyncio.create_task(
            self._run(lambda connection: self._earlier(connection, words, vector)),
            name='earlier turns',
        )
        try:
            found = await self._run(
                lambda connection: recollection.recall(
                    connection, self._scope, words, vector, self._space, limit
                )
            )
            before = await earlier
        finally:
            earlier.cancel()
            await asyncio.wait({earlier})
            if not earlier.cancelled():
                earlier.exception()  # known now, also where the other one's is raised
        return replace(found, turns=before)

    async def _earlier(
        self, connection: Connection, words: str, vector: list[float]
    ) -> tuple[EarlierTurn, ...]:
        """Return what was said before that matters, and is not what was said just now."""
        just = await connection.fetchrow(_JUST_SAID, self._scope.number, words)
        self.forgettings = just['forgettings']
        ranked = await turn_retrieval.earlier_turns(
            connection,
            self._scope.number,
            words,
            vector,
            self._space.number,
            TURNS,
            below=just['turn'],
        )
        return earlier(ranked)

    async def _state(self) -> tuple[int, ...] | None:
        """Return what differs once something was told here, or forgotten by whomever."""
        if self._extraction is None or not self._extraction.is_settled:
            return None
        told = self._turns
        rows = await self._run(
            lambda connection: connection.fetch(_FORGETTINGS, list(self._scope.heard))
        )
        forgettings = {row['id']: row['forgettings'] for row in rows}
        self.forgettings = forgettings.get(self._scope.number, self.forgettings)
        return (told, *(forgettings.get(number, -1) for number in self._scope.heard))

    def expect(self, text: str, limit: int) -> None:
        """Say what will probably be recalled soon, so that it is there by then."""
        if self._held is not None:
            self._foreseen = limit
            self._anticipation.expect(storable(text, MOST_TEXT))

    def _note_reading(self) -> None:
        self.grown.set()
        if self._vectors is not None:
            self._vectors.wake()

    def _look_after_indexes(self) -> None:
        if self._upkeep is not None and self._vectors is not None:
            self._upkeep.look(self._vectors.given)

    def _use_indexes(self, space: Space) -> None:
        self._space = space

    async def names(self, limit: int) -> tuple[str, ...]:
        """Return the names of at most `limit` people, places and pets, the latest told first."""
        return await self._run(
            lambda connection: entities.names(connection, self._scope.number, limit)
        )

    async def recent(self, limit: int, most_age_s: float = turns.RECENT_S) -> tuple[Message, ...]:
        """Return the latest messages exchanged, at most `limit`, oldest first.

        Of the robot's only what was heard; none older than `most_age_s` seconds.
        """
        return await self._run(
            lambda connection: turns.recent(connection, self._scope.number, limit, most_age_s)
        )

    async def summary(self) -> str:
        """Return the latest summary of what was said, '' where there is none."""
        return await self._run(lambda connection: summaries.latest(connection, self._scope.number))

    async def unsummarized(self, stays: Stamp) -> Waiting | None:
        """Return the oldest turns without a summary, of those before the turn `stays`."""
        waiting = await self._run(
            lambda connection: summaries.waiting(connection, self._scope.number, stays)
        )
        self._summed_up = waiting
        return waiting

    async def write_summary(self, through: int, text: str) -> None:
        """Keep a summary of everything up to the turn of the number `through`.

        Not if something was forgotten since the turns were read that it is made from.
        """
        read = self._summed_up
        forgettings = read.forgettings if read is not None and read.through == through else None
        await self._run(
            lambda connection: summaries.write(
                connection, self._scope.number, through, text, forgettings
            )
        )

    async def forget(self, wish: Wish) -> Erased:
        """Forget for good what is wished, here and in all that was made of it.

        Waits for turns that are being read, at most `forgetting.PATIENCE_S`. What the files of the
        database still hold is `erasure.prove`'s business, which takes its time.
        """
        if self._held is None:
            raise MemoryUnavailable('the memory is not open')
        async with connected(self._reachable) as connection:
            erased = await erase(connection, [self._scope.number], wish)
        # What was looked up ahead may be of it.
        self._turns -= erased.gone.turns + erased.gone.redacted
        self._facts -= erased.gone.facts
        self._note_reading()
        if self._extraction is not None:
            self._extraction.wake()
        return erased

    async def settled(self, deadline_s: float = SETTLE_S) -> bool:
        """Wait until what was recorded has been extracted; False when that takes longer.

        A turn whose extraction failed is not waited for: it is tried again later.
        """
        return self._extraction is not None and await self._extraction.settled(deadline_s)

    def stats(self) -> dict[str, object]:
        """Return what diagnostics show. Counts are those at `open` and what was added here."""
        database, extraction = self._database, self._extraction
        return {
            'memory server': self._where(),
            'memory pool size': database.size if database else 0,
            'memory pool free': database.free if database else 0,
            'memory turns': self._turns,
            'memory facts': self._facts + (extraction.growth if extraction else 0),
            'memory extractions waiting': extraction.waiting if extraction else 0,
            'memory extractions failed': extraction.failed if extraction else 0,
            'memory embeddings': f'{self._embedder.name}/{self._embedder.dimensions}',
            'memory recalls foreseen': self._foresight.hits,
            'memory recalls without vector': self._anticipation.late,
            'memory vectors complete': self._vectors.complete if self._vectors else False,
            'memory indexes renewed': self._upkeep.renewed if self._upkeep else 0,
            'memory indexes are renewed of': self._upkeep.doing if self._upkeep else '',
        }

    def _where(self) -> str:
        if self._server is None:
            return self._database.place if self._database else ''
        owner = 'ours' if self._server.owned else 'of another process'
        return f'embedded ({owner}), process {self._server.pid}'

    async def _run(self, work: Work[T]) -> T:
        if self._database is None:
            raise MemoryUnavailable('the memory is not open')
        try:
            return await self._database.run(work, self._deadline_s)
        except MemoryUnavailable:
            # The worker keeps on trying, at its leisure, and so finds out when it is back.
            if self._extraction is not None:
                self._extraction.wake()
            raise
