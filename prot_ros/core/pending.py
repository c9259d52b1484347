# SPDX-License-Identifier: Apache-2.0
"""What the user said and got no answer to, because they went on talking."""

from __future__ import annotations

from prot_ros.core.stamps import Stamp

LIMIT = 4_000
"""Characters kept. Ten minutes of talk; beyond that the oldest words go."""


class UnansweredSpeech:
    """Joins it to what follows, so that nothing the user said is dropped."""

    def __init__(self) -> None:
        self._parts: dict[Stamp, str] = {}
        self.dropped = 0
        """Characters lost to the limit."""

    def add(self, turn: Stamp, text: str) -> None:
        """Keep the text of a turn; the same turn again replaces it."""
        if text.strip():
            self._parts[turn] = text.strip()
        while sum(map(len, self._parts.values())) > LIMIT:
            oldest = min(self._parts)
            excess = sum(map(len, self._parts.values())) - LIMIT
            lost = min(excess, len(self._parts[oldest]))
            self.dropped += lost
            self._parts[oldest] = self._parts[oldest][lost:]
            if not self._parts[oldest]:
                del self._parts[oldest]

    def take(self, text: str) -> str:
        """Return what was kept, in the order of the turns, followed by `text`; keep nothing."""
        parts = [self._parts[turn] for turn in sorted(self._parts)]
        self._parts.clear()
        return ' '.join([*parts, text.strip()]).strip()

    @property
    def waiting(self) -> bool:
        """Whether anything is kept."""
        return bool(self._parts)

    def clear(self) -> None:
        """Forget it: it was answered, audibly."""
        self._parts.clear()
