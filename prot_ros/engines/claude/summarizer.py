# SPDX-License-Identifier: Apache-2.0
"""Claude sums up what was said, in the background, for the time when it has left the context."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import anthropic

from prot_ros.core.survival import Limits
from prot_ros.engines.claude.client import Access, connect, disconnect
from prot_ros.engines.claude.request import ClaudeSettings, summary_request
from prot_ros.engines.kinds import EngineError, Message

SUMMARY_S = 60.0
"""Nobody waits for it."""


class ClaudeSummarizer:
    """Implements `Summarizer`. Its client is its own: it is waited for longer."""

    name = 'claude'

    def __init__(self, settings: ClaudeSettings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._client: anthropic.AsyncAnthropic | None = None

    async def open(self) -> None:
        if self._client is None:
            patient = Limits(connect_s=10.0, first_response_s=SUMMARY_S, stall_s=SUMMARY_S)
            self._client = await connect(self._access, patient)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def summarize(self, earlier: str, messages: Sequence[Message]) -> str:
        """Return the new summary; raise EngineError where the service fails or declines."""
        if self._client is None:
            raise EngineError('the language model is not open; call open() first')
        told = {
            'notes so far': earlier,
            'said since': [{message.speaker: message.text} for message in messages],
        }
        body = summary_request(json.dumps(told, ensure_ascii=False), self._settings)
        try:
            async with asyncio.timeout(SUMMARY_S):
                answer = await self._client.messages.create(**body)
        except TimeoutError:
            raise EngineError(
                f'no summary within {SUMMARY_S:g} s from {self._access.base_url}', retryable=True
            ) from None
        except Exception as err:  # noqa: BLE001 - it also stumbles over what is no JSON, no object
            raise self._access.failure(err, self._settings.model) from None
        return _summary(answer)


def _summary(answer: Any) -> str:
    blocks = getattr(answer, 'content', None) or ()
    texts = [block.text for block in blocks if getattr(block, 'type', '') == 'text']
    text = '\n'.join(texts).strip()
    reason = getattr(answer, 'stop_reason', None)
    if not text or reason == 'refusal':
        raise EngineError(f'the language model made no summary ({reason})')
    return text
