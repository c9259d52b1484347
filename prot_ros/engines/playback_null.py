# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker that makes no sound, and takes as long as one that does."""

from __future__ import annotations

from prot_ros.engines.playback_paced import PacedPlayback


class NullPlayback(PacedPlayback):
    """Plays into nothing, for a robot that has no voice or a machine without a sound card."""

    name = 'null'

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        await self.abort()

    async def _play(self, piece: bytes) -> None:
        pass

    def _progressed(self) -> None:
        pass

    async def _finish(self) -> None:
        pass

    async def _cut(self) -> None:
        pass
