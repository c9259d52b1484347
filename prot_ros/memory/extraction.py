# SPDX-License-Identifier: Apache-2.0
"""Turns what was said into facts, in the background, from the table of what is still to be done.

A turn's facts and the mark that they were extracted are one transaction: a crash at any moment
loses nothing and repeats nothing, and what an earlier run left is extracted by the next. The row's
lock is held meanwhile, so several workers never take the same turn, and a dead one lets it go.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable

from asyncpg import Connection

from prot_ros.core.facts import Fact
from prot_ros.engines.kinds import Embedder, EngineError
from prot_ros.memory import facts
from prot_ros.memory.database import Database
from prot_ros.memory.storable import storable

_log = logging.getLogger(__name__)

Extractor = Callable[[str], tuple[Fact, ...] | Awaitable[tuple[Fact, ...]]]
"""Returns what a text states; may be asynchronous and may fail: it is asked again later."""

EXTRACT_S = 60.0
"""Deadline of an extractor. Its turn's transaction is open meanwhile."""
WRITE_S = 10.0
FINISH_S = 0.5
"""What the turn that is being extracted gets at close; beyond that the next run does it."""
_RETRY_S = 2.0
_RETRY_MOST_S = 600.0
_AWAY_S = (0.2, 1.0, 5.0, 15.0)
_IDLE_S = 60.0
"""For turns that a worker of another process had taken and not finished."""
_TAKEN_S = 0.5

_CLAIM = """
SELECT t.id, t.utterance, t.created_at, e.attempts
FROM extraction e JOIN turn t ON t.id = e.turn
WHERE e.person = $1 AND e.extracted_at IS NULL AND e.retry_at <= now()
ORDER BY e.turn LIMIT 1
FOR UPDATE OF e SKIP LOCKED
"""
_DONE = """
UPDATE extraction SET extracted_at = now(), attempts = attempts + 1, failure = NULL
WHERE turn = $1
"""
_FAILED = """
UPDATE extraction SET attempts = attempts + 1, failure = $2,
    retry_at = now() + make_interval(secs => $3)
WHERE turn = $1
"""
_WAITING = """
SELECT count(*) AS waiting, extract(epoch FROM min(retry_at) - now())::float8 AS due_s
FROM extraction WHERE person = $1 AND extracted_at IS NULL
"""


class Extraction:
    """One worker for one person's turns. `start` in an event loop, `stop` before the pool ends."""

    def __init__(
        self,
        database: Database,
        person: str,
        extract: Extractor,
        embedder: Embedder | None,
        on_growth: Callable[[], None] = lambda: None,
    ) -> None:
        """`embedder` is one that takes no time; without it facts have no vectors yet."""
        self._database = database
        self._person = person
        self._extract = extract
        self._embedder = embedder
        self._space = facts.space(embedder) if embedder is not None else ''
        self._on_growth = on_growth
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._stopping = False
        self._due = False  # after a look: something is due that another worker has taken
        self._task: asyncio.Task[None] | None = None
        self.waiting = 0
        """Turns that were committed and are not extracted yet, failed ones included."""
        self.failed = 0
        """Extractions that failed since the start; each is tried again."""
        self.growth = 0
        """Live facts that were added since the start."""

    def start(self) -> None:
        """Begin with what an earlier run left."""
        self._task = asyncio.create_task(self._work(), name='extraction')
        self._task.add_done_callback(_report)

    def wake(self) -> None:
        """Say that there may be something to do, or that the database may need looking after."""
        self._settled.clear()
        self._wanted.set()

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits that could be done now."""
        return self._settled.is_set()

    async def settled(self, deadline_s: float) -> bool:
        """Wait until nothing waits that could be done now; False when that takes longer."""
        try:
            async with asyncio.timeout(deadline_s):
                await self._settled.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Finish the turn at hand if it takes no more than FINISH_S; wait for the worker's end."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping = True
        self._wanted.set()
        try:
            await asyncio.wait({task}, timeout=FINISH_S)
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _work(self) -> None:
        away = 0
        while not self._stopping:
            self._wanted.clear()
            try:
                pause = await self._drain()
                away = 0
            except EngineError as err:
                pause = _AWAY_S[min(away, len(_AWAY_S) - 1)]
                away += 1
                _log.warning('extraction waits %g s: %s', pause, err)
            else:
                if not (self._due or self._wanted.is_set()):
                    self._settled.set()
            try:
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def _drain(self) -> float:
        """Extract all that is due; return in how many seconds the next is."""
        while not self._stopping:
            if not await self._database.run(self._next, EXTRACT_S + WRITE_S, patient=True):
                break
        row = await self._database.run(
            lambda connection: connection.fetchrow(_WAITING, self._person), WRITE_S, patient=True
        )
        self.waiting = row['waiting']
        due_s = row['due_s']
        self._due = due_s is not None and due_s <= 0
        return _IDLE_S if due_s is None else min(_IDLE_S, max(_TAKEN_S, due_s))

    async def _next(self, connection: Connection) -> bool:
        """Extract the oldest turn that is due; return whether there was one."""
        async with connection.transaction():
            row = await connection.fetchrow(_CLAIM, self._person)
            if row is None:
                return False
            try:
                told = await self._told(row['utterance'])
            except Exception as err:  # noqa: BLE001 - whatever an extractor raises is its failure
                reason = storable(f'{type(err).__name__}: {err}', 500)
                pause = min(_RETRY_MOST_S, _RETRY_S * 2 ** min(row['attempts'], 20))
                await connection.execute(_FAILED, row['id'], reason, pause)
                _log.warning(
                    'turn %d is not extracted, again in %g s: %s', row['id'], pause, reason
                )
                self.failed += 1
                return True
            turn = facts.Turn(row['id'], self._person, row['created_at'])
            growth = await facts.write(connection, turn, told, self._space)
            await connection.execute(_DONE, row['id'])
        self.growth += growth
        if told:
            self._on_growth()
        return True

    async def _told(self, text: str) -> tuple[facts.Telling, ...]:
        async with asyncio.timeout(EXTRACT_S):
            found = self._extract(text)
            if inspect.isawaitable(found):
                found = await found
            return await facts.tellings(found, self._embedder)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error(
            'the extraction has ended; turns wait for the next start', exc_info=task.exception()
        )
