# SPDX-License-Identifier: Apache-2.0
"""What a simulated Claude says where nothing is scripted: what the offline responder would say.

Held to a schema of facts it says what the offline rules read in the turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

from prot_ros.core.offline.facts_told import facts_told
from prot_ros.engines.kinds import Message, Prompt
from prot_ros.engines.llm_offline import OfflineResponder
from prot_ros.simulators.claude_facts import filled_in


class OfflineMind:
    """Reads a request's messages and answers the last one."""

    def __init__(self) -> None:
        self._responder = OfflineResponder()

    async def __aenter__(self) -> OfflineMind:
        await self._responder.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._responder.close()

    async def __call__(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """Return the reply to a request that has been checked, and its stop reason."""
        filled = filled_in(body)
        return filled if filled is not None else (await self._reply(body), 'end_turn')

    async def _reply(self, body: Mapping[str, Any]) -> str:
        said = [
            (message['role'], text) for message in body['messages'] for text in _texts(message)
        ]
        # What stands before the last words of the user are notes, with memories in lines of '- '.
        notes = said[-2][1] if len(said) > 1 and said[-2][1].startswith('<') else ''
        told = [line.removeprefix('- ') for line in notes.splitlines() if line.startswith('- ')]
        history = said[:-2] if notes else said[:-1]
        prompt = Prompt(
            persona='',
            history=tuple(
                Message('user' if role == 'user' else 'robot', text) for role, text in history
            ),
            memory=tuple(fact for text in told for fact in facts_told(text)),
            utterance=said[-1][1] if said else '',
            now=datetime.now().astimezone(),
        )
        return ''.join([piece async for piece in self._responder.reply(prompt)]) or '...'


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message['content']
    if isinstance(content, str):
        return [content]
    return [block['text'] for block in content if block['type'] == 'text']
