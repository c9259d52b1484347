# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker that makes no sound, and takes as long as one that does."""

from __future__ import annotations

from prot_ros.engines.playback.paced import PacedPlayback


class NullPlayback(PacedPlayback):
    """Plays into nothing, for a robot that has no voice or a machine without a sound card."""

    name = 'null'

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        await self.abort()

    def _play(self, piece: bytes) -> None:
        pass

    def _replace(self, pcm: bytes) -> None:
        pass

    def _progressed(self) -> None:
        pass

    def _finish(self) -> None:
        pass

    def _silence(self) -> None:
        pass
