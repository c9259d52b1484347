# SPDX-License-Identifier: Apache-2.0
"""A reader of facts made from a function, to tell a memory exactly what a turn told."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from prot_ros.core.facts import Fact
from prot_ros.engines.kinds import Reading

Told = Callable[[str], tuple[Fact, ...] | Awaitable[tuple[Fact, ...]]]


class Reads:
    """Implements `FactReader`: what the function returns, or raises, for the words of the turn."""

    def __init__(self, told: Told, name: str = 'test-1') -> None:
        self.name = name
        self._told = told

    async def open(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is held."""

    async def read(self, reading: Reading) -> tuple[Fact, ...]:
        found = self._told(reading.text)
        return await found if inspect.isawaitable(found) else found
