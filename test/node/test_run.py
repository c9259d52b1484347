# SPDX-License-Identifier: Apache-2.0
"""A process of nodes: what it does once they are active."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field

from waiting import until

from prot_ros.run import _settle_heap


@dataclass
class Node:
    has_been_active: asyncio.Event = field(default_factory=asyncio.Event)


def test_no_collection_looks_through_what_was_there_when_all_nodes_became_active():
    async def story() -> None:
        nodes = [Node(), Node()]
        settling = asyncio.create_task(_settle_heap(nodes))
        nodes[0].has_been_active.set()
        await asyncio.sleep(0)
        assert not gc.get_freeze_count()
        nodes[1].has_been_active.set()
        await until(settling.done)
        settling.result()
        assert gc.get_freeze_count() > 50_000

    try:
        asyncio.run(story())
    finally:
        gc.unfreeze()
