# SPDX-License-Identifier: Apache-2.0
"""Reads facts out of a turn by rules, without a network."""

from __future__ import annotations

from prot_ros.core.facts import Fact
from prot_ros.core.offline.facts_told import facts_told
from prot_ros.engines.kinds import Reading


class RuleReader:
    """Implements `FactReader`. There is nothing to acquire or release."""

    name = 'rules-2'

    def __init__(self) -> None:
        facts_told('first-use costs 첫 비용')  # loads the languages

    async def open(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is held."""

    async def read(self, reading: Reading) -> tuple[Fact, ...]:
        return facts_told(reading.text, reading.told_at)
