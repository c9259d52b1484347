# SPDX-License-Identifier: Apache-2.0
"""What reads facts out of turns: Claude, or nothing, which leaves it to the offline rules."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from prot_ros.engines import keys
from prot_ros.engines.kinds import EngineError, FactReader, Log
from prot_ros.engines.selection import AS_ASKED, made
from prot_ros.engines.selection_settings import ResponderSettings

EXTRACTORS = ('claude', 'offline')


class ExtractorSettings(ResponderSettings, Protocol):
    """What choosing an extractor depends on: it asks the model that the robot talks with."""

    @property
    def extraction_engine(self) -> str: ...


@dataclass(frozen=True)
class ExtractorChoice:
    """What reads facts, and why."""

    engine: FactReader | None
    """None for the offline rules."""
    why: str

    def sentence(self) -> str:
        """Return it as the start-up log says it."""
        name = self.engine.name if self.engine is not None else 'offline'
        return f'extractor: {name} ({self.why})'


async def extractor(settings: ExtractorSettings, log: Log | None = None) -> ExtractorChoice:
    """Choose what reads facts; it is returned open, also while its service is away.

    `auto` takes Claude where its key is set and the robot may talk through it: what people say
    leaves the robot for its memory only where it does for its replies. Raises EngineError where
    Claude is asked for and can never work.
    """
    wanted = settings.extraction_engine
    if wanted not in ('auto', *EXTRACTORS):
        raise EngineError(
            f'extraction.engine is {wanted[:60]!r}, expected auto, {" or ".join(EXTRACTORS)}'
        )
    key = keys.key(keys.ANTHROPIC)
    if wanted == 'offline':
        return ExtractorChoice(None, AS_ASKED)
    if wanted == 'auto' and settings.engine not in ('auto', 'claude'):
        return ExtractorChoice(None, f'the language model is {settings.engine}')
    if wanted == 'auto' and not key:
        return ExtractorChoice(None, f'{keys.ANTHROPIC} is not set')
    try:
        engine = await _open(settings, key)
    except EngineError as err:
        if wanted != 'auto':
            raise
        choice = ExtractorChoice(None, f'claude cannot: {err}')
        if log is not None:
            log.warning(choice.sentence())
        return choice
    return ExtractorChoice(engine, AS_ASKED if wanted != 'auto' else f'{keys.ANTHROPIC} is set')


async def _open(settings: ExtractorSettings, key: str) -> FactReader:
    def make(name: str) -> FactReader:
        from prot_ros.engines.claude import selection as selection_claude

        return selection_claude.extractor(settings, key)

    # Elsewhere, because importing what an online engine needs takes up to a second.
    engine = await asyncio.to_thread(made, 'claude', make)
    await engine.open()
    return engine
