# SPDX-License-Identifier: Apache-2.0
"""Claude reads what a turn tells, in the background, from the table of what is still to be read.

One request at a time, and none while the service wants to be left alone: it is the same key that
the conversation talks with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import anthropic

from prot_ros.core.facts import Fact
from prot_ros.core.survival import Limits
from prot_ros.engines.claude.client import Access, connect, disconnect
from prot_ros.engines.claude.extraction_answer import read
from prot_ros.engines.claude.extraction_request import extraction_request
from prot_ros.engines.claude.request import ClaudeSettings, Json
from prot_ros.engines.claude.stream import Incoming
from prot_ros.engines.kinds import EngineError, Reading, Usage

_log = logging.getLogger(__name__)

READ_S = 60.0
"""For one turn, waiting for another one's end included. Nobody waits for it."""
CONNECT_S = 10.0
MOST_QUIET_S = 600.0
"""A service that asks to be left alone for longer is asked again after this."""


class ClaudeExtractor:
    """Implements `FactReader`. Its client is its own: it is waited for longer."""

    name = 'claude-1'

    def __init__(
        self,
        settings: ClaudeSettings,
        access: Access,
        read_s: float = READ_S,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> None:
        """`on_usage` is told what the service counted for each turn, as far as it got."""
        self._settings = settings
        self._access = access
        self._read_s = read_s
        self._on_usage = on_usage
        self._client: anthropic.AsyncAnthropic | None = None
        self._one = asyncio.Lock()
        self._quiet_until = 0.0  # of the loop's clock

    async def open(self) -> None:
        """Make the client; raise EngineError for what can never work, such as a key that is none.

        Nothing is sent yet, so a service that is away is no failure.
        """
        if self._client is None:
            patient = Limits(CONNECT_S, first_response_s=self._read_s, stall_s=self._read_s)
            self._client = await connect(self._access, patient)

    async def close(self) -> None:
        """Close its connections; a turn that is being read fails."""
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def read(self, reading: Reading) -> tuple[Fact, ...]:
        """Return the facts; raise EngineError where the service fails, declines or makes no sense.

        Where it is retryable the turn may be read later, elsewhere only by another reader.
        """
        if not reading.text.strip():
            return ()
        try:
            async with asyncio.timeout(self._read_s), self._one:
                incoming = await self._ask(extraction_request(reading, self._settings))
        except TimeoutError:
            raise EngineError(
                f'no facts within {self._read_s:g} s from {self._access.base_url}', retryable=True
            ) from None
        answer = read(_text(incoming), incoming.stop_reason, reading.told_at)
        if answer.left_out:
            _log.info('Claude: %d entries were no facts', answer.left_out)
        return answer.facts

    async def _ask(self, body: Json) -> Incoming:
        client = self._client
        if client is None:
            raise EngineError('the extractor is not open; call open() first')
        now = asyncio.get_running_loop().time
        left_s = self._quiet_until - now()
        if left_s > 0:
            raise EngineError(
                f'Claude wants to be left alone for another {left_s:.0f} s',
                retryable=True,
                retry_after_s=left_s,
            )
        try:
            return await self._answer(client, body)
        except EngineError as err:
            if err.retry_after_s is not None:
                self._quiet_until = now() + min(err.retry_after_s, MOST_QUIET_S)
            raise

    async def _answer(self, client: anthropic.AsyncAnthropic, body: Json) -> Incoming:
        """Take a whole answer. It is streamed, so that one without end is noticed in time."""
        incoming = Incoming()
        try:
            async with await client.messages.create(**body, stream=True) as stream:
                async for event in stream:
                    incoming.take(event)
        except EngineError:
            raise
        except Exception as err:  # noqa: BLE001 - it also stumbles over what is no JSON, no object
            # Not chained: the service may have repeated the key in what it said.
            raise self._access.failure(err, self._settings.model) from None
        finally:
            if self._on_usage is not None and incoming.usage is not None:
                self._on_usage(incoming.usage)
        return incoming


def _text(incoming: Incoming) -> str:
    blocks: list[dict[str, Any]] = incoming.content()
    return ''.join(block['text'] for block in blocks if block['type'] == 'text')
