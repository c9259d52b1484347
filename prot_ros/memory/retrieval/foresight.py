# SPDX-License-Identifier: Apache-2.0
"""What is recalled for what somebody is saying, while they say it.

The words of an utterance are there before its end is known: the silence that ends it lasts longer
than recalling does. So what they recall is there, too, when they turn out to be all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from prot_ros.core.attribution import plain
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.retrieval.recall import Recall

KEPT_S = 30.0
"""What was found longer ago belongs to another utterance."""

State = tuple[int, ...]
LookUp = Callable[[str, list[float], int], Awaitable[Recall]]
"""Text, its vector, most facts."""


class Foresight:
    """Keeps what the latest hypothesis recalls, as long as the memory does not change."""

    def __init__(self, look_up: LookUp, state: Callable[[], Awaitable[State | None]]) -> None:
        """`state` is something that changes with the memory, None while it is changing."""
        self._look_up = look_up
        self._state = state
        self._words = ''
        self._limit = 0
        self._seen: State | None = None
        self._until = 0.0
        self._recall = Recall(())
        self.hits = 0
        """Utterances that were recalled for before they had ended."""

    async def look(self, text: str, vector: list[float], limit: int) -> None:
        """Recall for a hypothesis; where that fails, so will recalling for the utterance."""
        if not plain(text):
            return
        try:
            # Before it is looked up: what is forgotten meanwhile may be in what is found.
            seen = await self._state()
            if seen is None:
                return
            found = await self._look_up(text, vector, limit)
        except EngineError:
            return
        self._words, self._limit, self._seen, self._recall = plain(text), limit, seen, found
        self._until = asyncio.get_running_loop().time() + KEPT_S

    async def found(self, text: str, limit: int) -> Recall | None:
        """Return what was found for the same words, None where something may have changed."""
        same = (self._words, self._limit) == (plain(text), limit)
        if not same or self._seen is None or asyncio.get_running_loop().time() > self._until:
            return None
        seen, found = self._seen, self._recall
        try:
            if await self._state() != seen:
                return None
        except EngineError:
            return None
        self.hits += 1
        return found
