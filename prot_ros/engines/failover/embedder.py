# SPDX-License-Identifier: Apache-2.0
"""Embeddings by a service that may be away. Nothing stands in for it.

Vectors of two engines cannot be compared, so while it is away none are made: memories are found by
their words alone, and get their vectors once it is back.
"""

from __future__ import annotations

import asyncio
from random import Random

from prot_ros.core.circuit import Admission, CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines.failover.failover import Failover
from prot_ros.engines.kinds import Embedder, EngineError, Log


class FailoverEmbedder(Failover[Embedder]):
    """Implements `Embedder`."""

    kind = 'embeddings'

    def __init__(
        self,
        online: Embedder,
        limits: Limits,
        circuit: CircuitLimits | None = None,
        *,
        log: Log | None = None,
        random: Random | None = None,
    ) -> None:
        super().__init__(online, None, limits, circuit, log=log, random=random)
        self.dimensions = online.dimensions

    async def open(self) -> None:
        """Open it, or do without it for now."""
        try:
            await super().open()
        except EngineError as err:
            self.rest_at_once(err)

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return unit vectors; raise EngineError at once while the service is left alone."""
        admission = self.admit()
        told = False
        try:
            vectors = await self._embedded(texts, admission)
        except EngineError as err:
            told = True
            self.failed(admission, err)
            raise
        else:
            told = True
            self.succeeded(admission)
        finally:
            if not told:
                self.abandoned(admission)
        return vectors

    async def _embedded(self, texts: list[str], admission: Admission) -> list[list[float]]:
        deadline = self.now() + self.patience_s(admission)
        tries = 0
        while True:
            tries += 1
            try:
                async with asyncio.timeout_at(deadline):
                    await self.open_online()
                    return await self.online.embed(texts)
            except TimeoutError:
                raise EngineError(f'{self.name} gave nothing in time', retryable=True) from None
            except EngineError as err:
                if not await self.worth_another_try(admission, err, tries, deadline):
                    raise

    def _stand_in(self) -> str:
        return f'{self.kind}: {self.name} fails, memories are found by their words alone'
