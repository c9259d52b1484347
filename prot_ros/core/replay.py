# SPDX-License-Identifier: Apache-2.0
"""The audio of an utterance that a service has not committed yet, to be sent again if need be."""

from __future__ import annotations


class ReplayBuffer:
    """Keeps at most `limit` bytes of S16 audio; the oldest is dropped and counted in `dropped`.

    What is dropped unsent is lost to the recognition, so whoever fills it waits while `unsent` is
    near the limit.
    """

    def __init__(self, limit: int) -> None:
        if limit < 2 or limit % 2:
            raise ValueError(f'a buffer of {limit} bytes, expected an even number from 2')
        self._limit = limit
        self._kept = bytearray()
        self._sent = 0
        self.dropped = 0
        """Bytes, so far."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def unsent(self) -> int:
        """Bytes that `take` can still give."""
        return len(self._kept) - self._sent

    @property
    def sent(self) -> int:
        """Bytes that were taken and not committed."""
        return self._sent

    def push(self, pcm: bytes) -> None:
        """Append audio."""
        self._kept += pcm
        excess = len(self._kept) - self._limit
        if excess > 0:
            self._drop(excess)
            self.dropped += excess

    def take(self, size: int) -> bytes:
        """Return the next audio to send, at most `size` bytes of it."""
        piece = bytes(self._kept[self._sent : self._sent + size])
        self._sent += len(piece)
        return piece

    def commit(self, size: int) -> None:
        """Forget what a service has committed: at most `size` bytes of what was sent."""
        self._drop(min(size, self._sent))

    def rewind(self) -> None:
        """Give all that is kept once more, from its beginning."""
        self._sent = 0

    def _drop(self, size: int) -> None:
        del self._kept[:size]
        self._sent = max(0, self._sent - size)
