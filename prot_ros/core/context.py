# SPDX-License-Identifier: Apache-2.0
"""What of a conversation a language model is shown: as much as fits, in a form that is cached.

Services read a request's beginning from a cache where it is, byte for byte, that of an earlier
one. Dropping the oldest message at each turn would change the beginning at each turn. So messages
leave in blocks, half of the history at a time, and in between it only grows at its end.

Tokens are estimated from above, because a request that is too long is refused. What the service
counts corrects the estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

PER_ASCII = 1 / 3
"""Tokens per character. What is said in English has about 1/4."""
PER_OTHER = 1.5
"""A Korean syllable is one token or two."""
PER_MESSAGE = 8
"""Its role and its frame."""
MOST_TOKENS = 60_000
"""Of a history, whatever the model takes: reading more delays the first word, and is paid for at
each turn."""
RESERVE = 3_000
"""For rules, tools, and the memories of a turn."""
LEAST_TOKENS = 500
"""Without the last few messages there is no conversation."""


class Said(Protocol):
    """A message, as `engines.kinds.Message` is."""

    @property
    def speaker(self) -> str: ...

    @property
    def text(self) -> str: ...


M = TypeVar('M', bound=Said)


def estimate(text: str) -> float:
    """Return how many tokens a text has at most, by the usual tokenizers."""
    others = sum(1 for char in text if ord(char) > 127)
    return (len(text) - others) * PER_ASCII + others * PER_OTHER


class Estimate:
    """Estimates that learn from what the service counts."""

    def __init__(self) -> None:
        self.factor = 1.0

    def tokens(self, texts: Iterable[str]) -> float:
        """Return the tokens of some messages."""
        return self.factor * sum(PER_MESSAGE + estimate(text) for text in texts)

    def correct(self, estimated: float, counted: int) -> None:
        """Learn that what was estimated at `estimated` tokens had `counted`.

        Upwards at once, because the next request may be refused; downwards slowly.
        """
        if estimated <= 0 or counted <= 0:
            return
        factor = min(4.0, max(0.25, self.factor * counted / estimated))
        self.factor = factor if factor > self.factor else 0.8 * self.factor + 0.2 * factor


def history_tokens(context_tokens: int, max_tokens: int, persona: str) -> int:
    """Return how many tokens of history fit beside everything else into a model's context."""
    left = context_tokens - max_tokens - RESERVE - estimate(persona)
    return int(min(MOST_TOKENS, max(LEAST_TOKENS, left)))


class History(Generic[M]):
    """The messages a reply is made from, oldest first."""

    def __init__(self, most_messages: int, most_tokens: int, estimate: Estimate) -> None:
        self._most_messages = most_messages
        self._most_tokens = most_tokens
        self._estimate = estimate
        self._messages: list[M] = []

    @property
    def messages(self) -> tuple[M, ...]:
        """What the language model is shown."""
        return tuple(self._messages)

    @property
    def tokens(self) -> float:
        """How many tokens it is estimated to have."""
        return self._estimate.tokens(message.text for message in self._messages)

    def add(self, message: M) -> None:
        """Append a message; where the history becomes too long, its older half is gone."""
        self._messages.append(message)
        while self._messages and self._is_full(1.0):
            self.drop(max(1, len(self.older_half())))

    @property
    def should_shrink(self) -> bool:
        """Whether it is time to sum up the older half, before it has to go."""
        return self._is_full(0.75)

    def _is_full(self, share: float) -> bool:
        return (
            len(self._messages) > share * self._most_messages
            or self.tokens > share * self._most_tokens
        )

    def older_half(self) -> Sequence[M]:
        """Return the block that leaves next: by size about half, and up to a word of the user."""
        half, taken = self.tokens / 2, 0.0
        for at, message in enumerate(self._messages):
            if taken >= half and message.speaker == 'user':
                return self._messages[:at]
            taken += self._estimate.tokens((message.text,))
        return self._messages[: max(1, len(self._messages) // 2)]

    def drop(self, count: int) -> None:
        """Let the oldest `count` messages go."""
        del self._messages[:count]
