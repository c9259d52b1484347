# SPDX-License-Identifier: Apache-2.0
"""A responder that needs no network, no key and no model: it answers from memory, and says so.

What to say is decided in `core/offline/replies.py`. The stories under `stories/`, one text file
per language named by its ISO 639-1 code, were written for this project.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

from prot_ros.core.offline.languages import LANGUAGES
from prot_ros.core.offline.replies import reply
from prot_ros.core.offline.situation import Situation
from prot_ros.engines.kinds import EngineError, Prompt, Usage

_PIECE = re.compile(r'\s*\S+\s*')


class OfflineResponder:
    """Implements `Responder`."""

    name = 'offline'

    def __init__(self) -> None:
        self._stories: dict[str, str] = {}
        self._thread: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Read the stories; raise EngineError when the installation lacks them."""
        folder = files('prot_ros.engines') / 'stories'
        stories = {}
        for code in LANGUAGES:
            try:
                stories[code] = (folder / f'{code}.txt').read_text('utf-8').strip()
            except (OSError, UnicodeError) as err:
                raise EngineError(
                    f'the story {code}.txt of the offline responder cannot be read ({err}); '
                    'install prot again, its package data is incomplete'
                ) from err
        self._stories = stories
        self._thread = self._thread or ThreadPoolExecutor(1, 'offline-responder')

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    async def reply(
        self, prompt: Prompt, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncIterator[str]:
        """Yield the reply word by word; raise EngineError before `open`."""
        if self._thread is None:
            raise EngineError('the offline responder is not open; call open() first')
        situation = Situation(
            utterance=prompt.utterance,
            history=prompt.history,
            memory=prompt.memory,
            now=prompt.now,
            stories=self._stories,
        )
        # Usually 3 ms, but a history of long hostile lines takes a few hundred.
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._thread, reply, situation)
        for piece in _PIECE.findall(text):
            yield piece
            # A long story must not keep an interruption waiting.
            await asyncio.sleep(0)
