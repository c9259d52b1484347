# SPDX-License-Identifier: Apache-2.0
"""Lets go of what was said longer ago than is wanted, in the background, a few turns at a time.

What was told again since stays, in the later words.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from asyncpg import Connection

from prot_ros.engines.background import Background
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.database import Database
from prot_ros.memory.forgetting import turns as forgetting

_log = logging.getLogger(__name__)

MOST_DAYS = 36_500
BATCH = 20
"""Turns of one transaction, in which nothing else is learnt."""
BATCH_S = forgetting.PATIENCE_S
LOOK_S = 3_600.0
_PAUSE_S = 0.2
"""Between batches, for whoever talks."""
_AWAY_S = 60.0

_OLD = 'SELECT id FROM turn WHERE scope = $1 AND created_at < $2 ORDER BY id LIMIT $3'


def kept_since(now: datetime, days: int) -> datetime | None:
    """Return the time before which turns are let go of; None where they are kept for ever (0)."""
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(f'{days} days of memory, expected 0 (for ever) to {MOST_DAYS}')
    return now - timedelta(days=days) if days else None


async def let_go(connection: Connection, scope: int, before: datetime) -> int:
    """Forget the oldest turns from before a time, at most BATCH; return how many.

    They are not remembered as forgotten: nobody still writes them, and their number grows.
    """
    async with connection.transaction():
        await forgetting.patiently(connection)
        rows = await connection.fetch(_OLD, scope, before, BATCH)
        gone = await forgetting.forget_turns(
            connection, scope, [row['id'] for row in rows], for_good=False
        )
    return gone.turns


class Retention:
    """One worker for one memory. `start` in an event loop, `stop` before the pool ends."""

    def __init__(self, database: Database, scope: int, days: int) -> None:
        """Raises ValueError where `days` is out of range."""
        kept_since(datetime.now(UTC), days)
        self._database = database
        self._scope = scope
        self._days = days
        self._work = Background('retention')
        self.let_go = 0
        """Turns since the start."""

    def start(self) -> None:
        """Begin, unless all is kept for ever."""
        if self._days:
            self._work.start(self._run())

    async def stop(self) -> None:
        """End at once: what is under way is taken back, and done after the next start."""
        await self._work.stop()

    async def _run(self) -> None:
        while True:
            pause_s = LOOK_S
            try:
                if await self._once():
                    pause_s = _PAUSE_S
            except EngineError as err:
                _log.warning('old turns are kept for now: %s', err)
                pause_s = _AWAY_S
            await asyncio.sleep(pause_s)

    async def _once(self) -> int:
        before = kept_since(datetime.now(UTC), self._days)
        assert before is not None
        gone = await self._database.run(
            lambda connection: let_go(connection, self._scope, before), BATCH_S, patient=True
        )
        self.let_go += gone
        return gone
