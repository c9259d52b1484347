# SPDX-License-Identifier: Apache-2.0
"""Vectors of what somebody is saying, asked for while they say it.

A service takes 100 to 300 ms for a vector, more than a reply may wait for memories. But the words
are nearly all there before the utterance has ended, so the vector of the latest hypothesis is: it
is taken where that of the whole utterance is late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from prot_ros.core.attribution import plain
from prot_ros.engines.background import Background
from prot_ros.engines.kinds import Embedder, EngineError

KEPT_S = 30.0
"""A hypothesis older than this belongs to another utterance."""
MOST_OF = 0.6
"""A hypothesis stands for an utterance of which it has this share of the characters."""
REQUEST_S = 5.0
EVERY_S = 0.4
"""Between two requests: less than the silence that ends an utterance, and few enough for the
limits that accounts have."""


class Anticipation:
    """Asks for one hypothesis at a time, always the latest. `stop` before the embedder closes."""

    def __init__(
        self,
        embedder: Embedder,
        then: Callable[[str, list[float]], Awaitable[None]] | None = None,
        every_s: float | None = None,
    ) -> None:
        """`then` is awaited with each hypothesis and its vector. `every_s` is EVERY_S or less."""
        self._embedder = embedder
        self._then = then
        self._every_s = EVERY_S if every_s is None else every_s
        self._wanted = ''
        self._asking = Background('anticipation')
        self._text = ''
        self._vector: list[float] = []
        self._at = 0.0
        self.late = 0
        """Utterances that were looked up without a vector."""

    def expect(self, text: str) -> None:
        """Say what the utterance seems to be."""
        self._wanted = text
        self._asking.start(self._ask())

    async def stop(self) -> None:
        """End what is under way."""
        await self._asking.stop()

    async def vector(self, text: str, patience_s: float) -> list[float]:
        """Return the vector of a text or nearly that text; nothing where none comes in time."""
        # Where the words are the same, they are punctuated once they are all there.
        if plain(text) == plain(self._text) and self._fresh():
            return self._vector
        try:
            async with asyncio.timeout(patience_s):
                (vector,) = await self._embedder.embed([text])
                return vector
        except (TimeoutError, EngineError):
            if self._stands_for(text):
                return self._vector
        self.late += 1
        return []

    def _fresh(self) -> bool:
        return asyncio.get_running_loop().time() - self._at < KEPT_S

    def _stands_for(self, text: str) -> bool:
        said = self._text.rstrip('.!?…。！？ ').casefold()
        whole = text.casefold()
        return self._fresh() and whole.startswith(said) and len(said) >= MOST_OF * len(whole)

    async def _ask(self) -> None:
        while self._wanted:
            text, self._wanted = self._wanted, ''
            pause = asyncio.get_running_loop().time() + self._every_s
            try:
                async with asyncio.timeout(REQUEST_S):
                    (vector,) = await self._embedder.embed([text])
            except (TimeoutError, EngineError):
                pass  # the circuit breaker says so, and the utterance itself is asked for
            else:
                self._text, self._vector = text, vector
                self._at = asyncio.get_running_loop().time()
                if self._then is not None:
                    await self._then(text, vector)
            await asyncio.sleep(max(0.0, pause - asyncio.get_running_loop().time()))
