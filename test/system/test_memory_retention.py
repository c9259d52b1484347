# SPDX-License-Identifier: Apache-2.0
"""Old turns go, in the background; what was told again since stays."""

from __future__ import annotations

import asyncio

from database import execute, fetch, memory_on
from memory_processes import eventually
from test_memory_rebuilding import ALL, tell

from prot_ros.memory.forgetting.retention import BATCH, Retention


def test_old_turns_go_and_what_was_confirmed_later_stays(fresh_url: str) -> None:
    old = BATCH + 5

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            await tell(memory, 'I like tea', 'I live in Seoul', *['I like milk'] * (old - 2))
            await execute(
                fresh_url, "UPDATE prot.turn SET created_at = now() - interval '40 days'"
            )
            await tell(memory, 'I like milk', 'I like jam', first=old + 1)
            assert memory._database is not None
            for days, left in ((0, old + 2), (50, old + 2), (30, 2)):
                retention = Retention(memory._database, memory._scope.number, days)
                retention.start()

                async def done(left: int = left, days: int = days) -> bool:
                    rows = await fetch(fresh_url, 'SELECT FROM prot.turn')
                    return len(rows) == left or not days

                await eventually(done)
                await retention.stop()
            facts = await fetch(fresh_url, ALL)
            assert [(row['object'], row['told']) for row in facts] == [('jam', 1), ('milk', 1)]
            assert await fetch(fresh_url, 'SELECT FROM prot.forgotten') == []

    asyncio.run(story())
