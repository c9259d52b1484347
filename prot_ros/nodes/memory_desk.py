# SPDX-License-Identifier: Apache-2.0
"""Other nodes' way to the robot's memory: they ask what it knows, and have things forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable

from prot_ros.core.wire import ForgetRequest, Forgotten, Recalled, RecallRequest
from prot_ros.engines.kinds import EngineError
from prot_ros.memory.in_time import MemoryInTime

FORGET_S = 60.0
"""A name is looked for in all that was ever said."""
RECALL_S = 2.0


class MemoryDesk:
    """Answers one request after the other. Every request has an answer, a failure included."""

    def __init__(self, memory: MemoryInTime) -> None:
        self._memory = memory

    async def recall(
        self, requests: AsyncIterable[RecallRequest], answer: Callable[[Recalled], None]
    ) -> None:
        """Answer what is asked on `recall`, for as long as there are requests."""
        async for request in requests:
            try:
                async with asyncio.timeout(RECALL_S):
                    found = await self._memory.search(request.text, request.limit)
            except (EngineError, TimeoutError) as err:
                answer(Recalled(request.text, request.request, failure=_said(err)))
                continue
            answer(
                Recalled(
                    request.text,
                    request.request,
                    tuple(fact.text for fact in found.facts),
                    tuple(f'{turn.at:%Y-%m-%d}: {turn.text}' for turn in found.turns),
                )
            )

    async def forget(
        self, requests: AsyncIterable[ForgetRequest], answer: Callable[[Forgotten], None]
    ) -> None:
        """Do what is asked for on `forget`, for as long as there are requests."""
        async for request in requests:
            try:
                async with asyncio.timeout(FORGET_S):
                    turns = await self._memory.forget_name(request.name)
            except (EngineError, TimeoutError) as err:
                answer(Forgotten(request.name, request.request, failure=_said(err)))
            else:
                answer(Forgotten(request.name, request.request, turns))


def _said(err: Exception) -> str:
    return str(err) or 'the memory does not answer'
