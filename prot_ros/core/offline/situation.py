# SPDX-License-Identifier: Apache-2.0
"""What an answer is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from prot_ros.core.facts import Fact


class Said(Protocol):
    """A message of the conversation, as `engines.kinds.Message` is."""

    @property
    def speaker(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Situation:
    """Everything an answer is made from."""

    utterance: str
    history: Sequence[Said]
    """Oldest first, without the utterance; of the robot only what was heard."""
    memory: Sequence[Fact]
    """Most relevant first. It may already hold what the utterance tells."""
    now: datetime
    """Local time."""
    stories: Mapping[str, str]
    """By language code."""
