# SPDX-License-Identifier: Apache-2.0
"""Turns what was said into facts, in the background, from the table of what is still to be done.

A turn's facts and the mark that they were extracted are one transaction: a crash at any moment
loses nothing and repeats nothing, and what an earlier run left is extracted by the next. The row's
lock is held meanwhile, so several workers never take the same turn, and a dead one lets it go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from asyncpg import Connection, Record

from prot_ros.core.facts import Fact
from prot_ros.engines.fact_rules import RuleReader
from prot_ros.engines.kinds import EngineError, FactReader, Message, Reading
from prot_ros.memory.database import Database
from prot_ros.memory.knowledge import entities, graph
from prot_ros.memory.long_work import transaction
from prot_ros.memory.moving import rebuilding, reservation
from prot_ros.memory.retrieval import turn_retrieval
from prot_ros.memory.storable import storable

_log = logging.getLogger(__name__)

EXTRACT_S = 75.0
"""Deadline of a reader. Its turn's transaction is open meanwhile."""
WRITE_S = 10.0
TURNS_BEFORE = 3
NAMES = 50
"""Of whom was spoken lately; the reader spells them as they are known."""
FINISH_S = 0.5
"""What the turn that is being extracted gets at close; beyond that the next run does it."""
_RETRY_S = 2.0
_RETRY_MOST_S = 600.0
_AWAY_S = (0.2, 1.0, 5.0, 15.0)
_IDLE_S = 60.0
"""For turns that a worker of another process had taken and not finished."""
_TAKEN_S = 0.5

# A turn that was read before may be reserved; what is told is always ours.
_OURS = f"(extractor = '' OR $3 OR (SELECT {reservation.FREE}))"
_CLAIM = f"""
SELECT t.id, t.utterance, t.created_at, e.attempts, scope.forgettings
FROM extraction e JOIN turn t ON t.id = e.turn JOIN scope ON scope.id = e.scope
WHERE e.scope = $1 AND e.extracted_at IS NULL AND e.retry_at <= now() AND {_OURS}
ORDER BY e.turn LIMIT 1
FOR UPDATE OF e SKIP LOCKED
"""  # noqa: S608 - words of ours
# What was said before the turn, for what `she` and `there` mean.
_BEFORE = """
SELECT utterance, heard, cut FROM turn
WHERE scope = $1 AND id < $2 AND created_at > $3::timestamptz - interval '1 hour'
ORDER BY id DESC LIMIT $4
"""
_FORGETTINGS = 'SELECT forgettings FROM scope WHERE id = $1'
_DONE = """
UPDATE extraction SET extracted_at = now(), attempts = attempts + 1, failure = NULL,
    extractor = $2
WHERE turn = $1
"""
_FAILED = """
UPDATE extraction SET attempts = attempts + 1, failure = $2,
    retry_at = now() + make_interval(secs => $3)
WHERE turn = $1
"""
_WAITING = f"""
SELECT count(*) AS waiting,
       extract(epoch FROM min(retry_at) FILTER (WHERE {_OURS}) - now())::float8 AS due_s,
       EXISTS (SELECT FROM rebuilding WHERE scope = $1) AS rebuilding
FROM extraction WHERE scope = $1 AND extracted_at IS NULL
"""  # noqa: S608 - words of ours


class Refused(Exception):  # noqa: N818 - nothing has failed: the reader will not read this turn
    """A turn that the reader does not read, however often it is asked."""


class Extraction:
    """One worker for one scope's turns. `start` in an event loop, `stop` before the pool ends."""

    def __init__(
        self,
        database: Database,
        scope: int,
        reader: FactReader,
        on_read: Callable[[], None] = lambda: None,
        *,
        reserved: bool = False,
    ) -> None:
        """`on_read` is called after each turn that has been read.

        `reserved` is for who holds the reservation of the scope (`moving/reservation.py`).
        """
        self._database = database
        self._scope = scope
        self._reader = reader
        self._rules = RuleReader()
        self._ours = (scope, reservation.LOCK_CLASS, reserved)
        self._on_read = on_read
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
            lambda connection: connection.fetchrow(_WAITING, *self._ours), WRITE_S, patient=True
        )
        self.waiting = row['waiting']
        if row['rebuilding']:
            await self._database.run(self._finish_rebuilding, WRITE_S, patient=True)
        due_s = row['due_s']
        self._due = due_s is not None and due_s <= 0
        return _IDLE_S if due_s is None else min(_IDLE_S, max(_TAKEN_S, due_s))

    async def _finish_rebuilding(self, connection: Connection) -> None:
        """Apply again what people decided, once there is nothing more to read."""
        await transaction(connection, lambda: rebuilding.finish(connection, self._scope))

    async def _next(self, connection: Connection) -> bool:
        """Extract the oldest turn that is due; return whether there was one."""
        async with connection.transaction():
            row = await connection.fetchrow(_CLAIM, *self._ours)
            if row is None:
                return False
            reading = await self._reading(connection, row)
            reader = self._reader.name
            try:
                told = await self._told(reading)
            except Refused as err:
                # Asked again it would say the same again, and be paid for it.
                _log.warning('turn %d is read by rules: %s', row['id'], err)
                reader = self._rules.name
                told = await self._rules.read(reading)
            except Exception as err:  # noqa: BLE001 - whatever a reader raises is its failure
                reason = storable(f'{type(err).__name__}: {err}', 500)
                pause = min(_RETRY_MOST_S, _RETRY_S * 2 ** min(row['attempts'], 20))
                pause = max(pause, getattr(err, 'retry_after_s', None) or 0.0)
                await connection.execute(_FAILED, row['id'], reason, pause)
                _log.warning(
                    'turn %d is not extracted, again in %g s: %s', row['id'], pause, reason
                )
                self.failed += 1
                return True
            await graph.lock(connection, self._scope)
            forgettings = await connection.fetchval(_FORGETTINGS, self._scope)
            if forgettings != row['forgettings']:
                # It may have been read with something in mind that is forgotten now. The turn
                # still waits, and is read again.
                return True
            await turn_retrieval.index_turn(
                connection, self._scope, row['id'], row['utterance'], None, 0
            )
            growth = await graph.write(connection, graph.Turn(row['id'], self._scope), told)
            await connection.execute(_DONE, row['id'], reader)
        self.growth += growth
        self._on_read()
        return True

    async def _reading(self, connection: Connection, row: Record) -> Reading:
        before = await connection.fetch(
            _BEFORE, self._scope, row['id'], row['created_at'], TURNS_BEFORE
        )
        messages = []
        for turn in reversed(before):
            if turn['utterance']:
                messages.append(Message('user', turn['utterance']))
            if turn['heard']:
                messages.append(Message('robot', turn['heard'], cut=turn['cut']))
        names = await entities.names(connection, self._scope, NAMES)
        # In the robot's own time zone: `yesterday` is a day there.
        return Reading(row['utterance'], row['created_at'].astimezone(), tuple(messages), names)

    async def _told(self, reading: Reading) -> tuple[Fact, ...]:
        try:
            async with asyncio.timeout(EXTRACT_S):
                return await self._reader.read(reading)
        except EngineError as err:
            if err.retryable:
                raise
            raise Refused(str(err)) from err


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error(
            'the extraction has ended; turns wait for the next start', exc_info=task.exception()
        )
