# SPDX-License-Identifier: Apache-2.0
"""A memory whose process is killed again and again knows what one knows that never was."""

from __future__ import annotations

import asyncio
import random

import pytest
from database import fetch, memory_on
from memory_processes import child, lines
from memory_story import utterance

from prot_ros.core.stamps import Stamp

TURNS = 500
KILLS = 8
SETTLE_S = 60.0
# Without numbers that count how often something was begun: what is left of a crash are gaps.
KNOWN = """
SELECT t.subject, t.predicate, t.object, f.live, f.told, f.valid_to IS NULL AS endless,
       turn.stamp, subject.name, subject.kind, object.name AS object_name
FROM prot.fact AS f
JOIN prot.telling AS t ON t.id = f.telling
JOIN prot.turn ON turn.id = t.turn
JOIN prot.entity AS subject ON subject.id = f.subject
LEFT JOIN prot.entity AS object ON object.id = f.object
"""
CALLED = """
SELECT e.kind, e.name, array_agg(a.key ORDER BY a.key) AS keys
FROM prot.entity AS e LEFT JOIN prot.alias AS a ON a.entity = e.id
GROUP BY e.id
"""


async def known(url: str, query: str) -> list[str]:
    return sorted(str(tuple(row.values())) for row in await fetch(url, query))


@pytest.mark.parametrize('seed', [1, pytest.param(2, marks=pytest.mark.campaign)])
def test_a12_kills_at_random_points_of_500_turns_lose_and_double_nothing(
    fresh_url: str, another_url: str, seed: int
) -> None:
    dice = random.Random(seed)
    begun = 0
    for _ in range(KILLS):
        with child('live', fresh_url, begun, seed) as process:
            wanted = dice.randrange(1, 2 * TURNS // KILLS)
            begun = int(lines(process, 'committed', wanted)[-1][1]) + 1

    async def story() -> None:
        async with memory_on(fresh_url) as memory:
            # What was under way when the last was killed is told again, as the backlog would.
            for number in range(max(0, begun - 5), max(begun, TURNS)):
                await memory.record_utterance(Stamp(number), utterance(number, seed), 'hear')
            assert await memory.settled(SETTLE_S)
        rows = await fetch(fresh_url, 'SELECT stamp FROM prot.turn ORDER BY stamp')
        turns = [row['stamp'] for row in rows]
        assert turns == list(range(len(turns))), 'each turn is there once'
        assert len(turns) >= TURNS
        async with memory_on(another_url) as memory:
            for number in turns:
                await memory.record_utterance(Stamp(number), utterance(number, seed), 'hear')
            assert await memory.settled(SETTLE_S)
        for query in (KNOWN, CALLED):
            assert await known(fresh_url, query) == await known(another_url, query)
        assert len(await known(fresh_url, KNOWN)) > 30

    asyncio.run(story())
