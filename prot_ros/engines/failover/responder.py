# SPDX-License-Identifier: Apache-2.0
"""A language model that is never at a loss: the offline responder stands in for the online one.

Before its first piece a reply can be asked for again, there or offline. After it nothing can take
it up, because no other mind knows how it was meant to go on: it is broken off, and gets an ending.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from prot_ros.core.endings import FAILURE
from prot_ros.engines.failover.failover import Failover
from prot_ros.engines.kinds import BrokenOff, EngineError, Prompt, Responder, Usage


class FailoverResponder(Failover[Responder]):
    """Implements `Responder`."""

    kind = 'language model'
    probe_s = 10.0
    """The first words of a model that thinks take seconds: its own limit is the patience."""

    async def reply(
        self, prompt: Prompt, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncIterator[str]:
        begun = False
        answer = self._answer(lambda: self.online.reply(prompt, on_usage))
        try:
            async with aclosing(answer) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    begun = begun or bool(piece.strip())
                    yield piece
            return
        except EngineError as err:
            if begun:
                raise BrokenOff(FAILURE, str(err)) from err
            if self.offline is None:
                raise
        self.fallbacks += 1
        stand_in = self.offline.reply(prompt, on_usage)
        async with aclosing(stand_in) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                yield piece
