# SPDX-License-Identifier: Apache-2.0
"""No microphone: a robot that is typed to, on a machine without a sound card."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class NoMicrophone:
    """Hears nothing, for as long as it is asked to."""

    name = 'none'

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.dropped = 0

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def frames(self) -> AsyncIterator[bytes]:
        await asyncio.get_running_loop().create_future()
        yield b''
