# SPDX-License-Identifier: Apache-2.0
"""Claude, and every server that speaks its Messages API.

One streamed request makes a reply, a few more where the model uses tools. Connections are kept
between turns, which saves each turn the handshake. Where a reply is no longer wanted its
connection is closed at once, also while nothing comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import anthropic

from prot_ros.core.endings import LENGTH, REFUSAL
from prot_ros.core.survival import Limits
from prot_ros.engines import tools as tooling
from prot_ros.engines.background import Background
from prot_ros.engines.claude.client import Access, connect, disconnect
from prot_ros.engines.claude.failures import FAILURES
from prot_ros.engines.claude.request import ClaudeSettings, Json, going_on, request, with_results
from prot_ros.engines.claude.stream import Incoming
from prot_ros.engines.kinds import BrokenOff, EngineError, Prompt, Usage
from prot_ros.engines.tools import Tool

_log = logging.getLogger(__name__)

MOST_ROUNDS = 4
"""Requests of one reply. In the last one the model may use no tools."""


class ClaudeResponder:
    """Implements `Responder`."""

    name = 'claude'

    def __init__(
        self,
        settings: ClaudeSettings,
        access: Access,
        limits: Limits = Limits(),
        tools: Sequence[Tool] = (),
    ) -> None:
        self._settings = settings
        self._access = access
        self._limits = limits
        self._tools = tuple(tools)
        self._client: anthropic.AsyncAnthropic | None = None
        self._warming = Background('warm up Claude')

    async def open(self) -> None:
        """Make the client and begin to connect, which nobody waits for.

        Raises EngineError for what can never work, such as a key that is none.
        """
        if self._client is None:
            self._client = await connect(self._access, self._limits)
            self._warming.start(self._warm(self._client))

    async def close(self) -> None:
        await self._warming.stop()
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def _warm(self, client: anthropic.AsyncAnthropic) -> None:
        """Pay for the handshake before the first turn. What fails here will fail there, too."""
        try:
            async with asyncio.timeout(self._limits.connect_s + self._limits.first_response_s):
                await client.models.retrieve(self._settings.model)
        except (anthropic.AuthenticationError, anthropic.PermissionDeniedError) as err:
            _log.error('%s', self._access.failure(err, self._settings.model))
        except (TimeoutError, *FAILURES) as err:
            _log.debug('Claude is not connected ahead of time: %r', err)

    async def check(self) -> None:
        """Ask for a word of reply; raise EngineError that says what is wrong with the service."""
        prompt = Prompt('Answer with one word.', (), (), 'Hello!', datetime.now(UTC))
        try:
            async with aclosing(self.reply(prompt)) as pieces:  # type: ignore[type-var]
                async for _ in pieces:
                    pass
        except BrokenOff:
            pass  # it works

    async def reply(
        self, prompt: Prompt, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncIterator[str]:
        """Yield the reply; raise EngineError where the service fails, BrokenOff for its model."""
        body = request(prompt, self._settings, self._tools)
        said = ''
        for left in reversed(range(MOST_ROUNDS)):
            if left == 0 and self._tools:
                body = {**body, 'tool_choice': {'type': 'none'}}
            incoming = Incoming()
            # What was said before a tool was used is a sentence of its own.
            gap = ' ' if said and not said.isspace() else ''
            try:
                async with aclosing(self._stream(body, incoming)) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        yield gap + piece
                        gap, said = '', said or piece.strip()
            finally:
                if on_usage is not None and incoming.usage is not None:
                    on_usage(incoming.usage)
            following = await self._following(body, incoming, bool(said))
            if following is None:
                return
            body = following
        raise EngineError(f'the language model has not answered in {MOST_ROUNDS} rounds')

    async def _stream(self, body: Json, incoming: Incoming) -> AsyncIterator[str]:
        """Send one request and yield the text of its answer, taking all of it into `incoming`."""
        if self._client is None:
            raise EngineError('the language model is not open; call open() first')
        now = asyncio.get_running_loop().time
        limits = self._limits
        deadline = now() + limits.connect_s + limits.first_response_s
        stream = await self._within(
            deadline, self._client.messages.create(**body, stream=True), incoming
        )
        async with stream:
            events = aiter(stream)
            while True:
                event = await self._within(deadline, anext(events, None), incoming)
                if event is None:
                    break
                try:
                    piece = incoming.take(event)
                except (AttributeError, TypeError) as err:
                    # The library checks no types: a field is missing, or is something else.
                    raise self._access.failure(err, self._settings.model) from None
                if piece:
                    yield piece
                if incoming.began:
                    # After the yield: whoever reads may have taken long.
                    deadline = now() + limits.stall_s
        if not incoming.ended:
            raise EngineError(
                f'Claude at {self._access.base_url} ended its answer in the middle', retryable=True
            )

    async def _within(self, deadline: float, step: Any, incoming: Incoming) -> Any:
        """Await a step of the library's, whose every failure is the service's."""
        try:
            async with asyncio.timeout_at(deadline):
                return await step
        except TimeoutError:
            limits = self._limits
            limit = limits.stall_s if incoming.began else limits.first_response_s
            raise EngineError(
                f'Claude at {self._access.base_url} was silent for {limit:g} s', retryable=True
            ) from None
        except Exception as err:  # noqa: BLE001 - it also stumbles over what is no JSON, no object
            # Not chained: the service may have repeated the key in what it said.
            raise self._access.failure(err, self._settings.model) from None

    async def _following(self, body: Json, incoming: Incoming, said: bool) -> Json | None:
        """Return the request that goes on with the reply, None where it has come to its end."""
        match incoming.stop_reason:
            case 'tool_use':
                results = await tooling.run(self._tools, incoming.uses())
                return with_results(body, incoming.content(), results)
            case 'pause_turn' if incoming.content():
                return going_on(body, incoming.content())
            case 'refusal':
                raise BrokenOff(REFUSAL, 'the language model declined to go on')
            case 'max_tokens' | 'model_context_window_exceeded' if said:
                raise BrokenOff(LENGTH, f'the reply was cut for length ({incoming.stop_reason})')
            case 'max_tokens':
                raise EngineError(
                    f'the language model had no words within {self._settings.max_tokens} tokens; '
                    'raise the parameter max_tokens, or lower effort'
                )
            case 'model_context_window_exceeded':
                raise EngineError(
                    'the conversation is longer than the language model takes; lower the '
                    'parameter context_tokens'
                )
            case _ if said:  # end_turn, stop_sequence, and what is not known yet
                return None
            case reason:
                raise EngineError(
                    f'the language model ended without a word ({reason})', retryable=True
                )
