# SPDX-License-Identifier: Apache-2.0
"""Who reads turns again: whoever has a memory open, or the one who has reserved it.

A rebuilding with another reader goes on while the robot talks, and the robot's worker would read
half of the turns in its own way. So it leaves those alone that were read before, and goes on with
what is told. The reservation is a lock of a connection: it ends with whoever holds it, however.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg import Connection

LOCK_CLASS = 0x72656164
"""`read`, so that these locks are nobody else's."""

FREE = 'pg_try_advisory_xact_lock_shared($2, $1)'
"""In a statement with the scope and LOCK_CLASS: whether nobody has reserved it. Nobody can while
the transaction lasts, so two never read one turn for each other."""


@asynccontextmanager
async def reserved(connection: Connection, scope: int) -> AsyncIterator[None]:
    """Have the reading again of a memory to oneself, for as long as the connection is used.

    Waits for the turn that is being read elsewhere, and for another who has reserved it.
    """
    await connection.execute('SELECT pg_advisory_lock($1, $2)', LOCK_CLASS, scope)
    try:
        yield
    finally:
        # A connection that was lost has let go of it already.
        if not connection.is_closed():
            await connection.execute('SELECT pg_advisory_unlock($1, $2)', LOCK_CLASS, scope)
