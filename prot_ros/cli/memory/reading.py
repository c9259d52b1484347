# SPDX-License-Identifier: Apache-2.0
"""What reads turns for a subcommand: chosen as the dialog does, and tried before it begins."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prot_ros.cli.failure import CommandError
from prot_ros.engines.fact_rules import RuleReader
from prot_ros.engines.kinds import EngineError, FactReader, Reading
from prot_ros.engines.selection_extractor import extractor

if TYPE_CHECKING:
    from prot_ros.cli.screen import Screen

TRIED = 'I live in Seoul.'
"""What a service is asked to read first. One that refuses the key would leave all to the rules."""


@asynccontextmanager
async def reader(dialog: Any, wanted: str | None, screen: Screen) -> AsyncIterator[FactReader]:
    """Yield what reads, open, and say which and why.

    `dialog` has the dialog's parameters, `wanted` stands for extraction.engine. Raises EngineError
    where it can never work, CommandError where it does not work now.
    """
    settings = dialog if wanted is None else replace(dialog, extraction_engine=wanted)
    choice = await extractor(settings, logging.getLogger(__name__))
    screen.line(choice.sentence())
    if choice.engine is None:
        yield RuleReader()
        return
    try:
        try:
            await choice.engine.read(Reading(TRIED, datetime.now(UTC)))
        except EngineError as err:
            raise CommandError(f'nothing is read again: {err}') from err
        yield choice.engine
    finally:
        await choice.engine.close()
