# SPDX-License-Identifier: Apache-2.0
"""Looks after the indexes over vectors, in the background, while the robot talks.

A scope that has become large gets its indexes. And those that hold too much of what was replaced
or forgotten are made anew: each dead vector in an index is one that every search still walks
through, and taking it out, which `VACUUM` does by mending all that is linked to it, takes many
times as long as making the index again. So they are made anew before the server comes to clean up,
and then the table is cleaned up, which finds nothing dead in them.

One table at a time, by one process at a time, beside everybody who reads and writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from prot_ros.engines.background import Background
from prot_ros.memory.database import FAILURES
from prot_ros.memory.retrieval import vector_indexes
from prot_ros.memory.retrieval.vector_indexes import TABLES, Space
from prot_ros.memory.scopes import Scope

_log = logging.getLogger(__name__)

LOOK_EVERY = 50
"""Vectors that were given between two looks; each connects to the server."""
LOOK_EVERY_S = 600.0
"""For what was forgotten meanwhile."""
WORN = 0.1
"""Dead rows of a table, as a share of the others, from which its indexes are made anew: half of
what PostgreSQL waits for before it cleans up."""
WORN_LEAST = 50

# What lives is counted by the latest clean-up as well, because a crash takes the statistics away.
_WORN = """
SELECT c.relname AS table
FROM pg_class AS c JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.oid = ANY ($1::text[]::regclass[])
    AND s.n_dead_tup > $2 + $3 * greatest(s.n_live_tup, c.reltuples)
    AND EXISTS (
        SELECT FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND x.relname LIKE '%\\_hnsw\\_%')
ORDER BY 1
"""


class IndexUpkeep:
    """One worker for one scope. `look` in an event loop, `stop` before the server ends."""

    def __init__(
        self,
        url: str,
        extension_schema: str,
        scope: Scope,
        space: Space,
        on_made: Callable[[Space], None] = lambda _: None,
        *,
        ours: bool = False,
    ) -> None:
        """`on_made` is told the space with its indexes when there is one more to be used.

        `ours` says that the server is one that prot runs here.
        """
        self._url = url
        self._extension_schema = extension_schema
        self._scope = scope
        self._space = space
        self._on_made = on_made
        self._ours = ours
        self._work = Background('index upkeep')
        self._enough = 0
        self._late = 0.0
        self.renewed = 0
        """Tables whose indexes were made anew since the start."""
        self.doing = ''
        """The table whose indexes are made anew now."""

    @property
    def busy(self) -> bool:
        """Whether it looks, or does something about what it has seen."""
        return self._work.busy

    def look(self, given: int) -> None:
        """See whether there is something to do, where that may be.

        `given` is how many vectors were given since the start.
        """
        now = asyncio.get_running_loop().time()
        if not self.busy and (given >= self._enough or now >= self._late):
            self._enough, self._late = given + LOOK_EVERY, now + LOOK_EVERY_S
            self._work.start(self._tend())

    async def stop(self) -> None:
        """End at once: what is half done is removed and done again after the next start."""
        await self._work.stop()

    async def _tend(self) -> None:
        try:
            # Not one of the pool, on which somebody may be waiting.
            async with vector_indexes.connected(
                self._url, self._extension_schema, ours=self._ours
            ) as connection:
                if await vector_indexes.build_on(connection, self._scope.number, self._space):
                    self._space = await vector_indexes.look(
                        connection, self._scope.heard, self._space
                    )
                    self._on_made(self._space)
                rows = await connection.fetch(_WORN, list(TABLES), WORN_LEAST, WORN)
                for row in rows:
                    self.doing = row['table']
                    self.renewed += await vector_indexes.renew_on(connection, row['table'])
        except FAILURES as err:
            _log.warning('indexes over vectors are left as they are: %s', err)
        finally:
            self.doing = ''
