# SPDX-License-Identifier: Apache-2.0
"""One of ElevenLabs' multi-context sockets: several sentences on it, each in a context of its own.

A context ends with `isFinal`, which comes only after it was asked to close. There is no such sign
for the end of a flush, and the characters in the alignment are not promised to be those of the
text: so a sentence that is to have an end has a context to itself, and the contexts of a turn
share its name. Closing means "say the rest, then close": there is no taking back, so the sound of
a context that nobody listens to any more is dropped by its id, and it occupies one of the five
places until its `isFinal`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.voice_alignment import CharacterTimes
from prot_ros.engines.elevenlabs.voice_audio import socket_times
from prot_ros.engines.kinds import EngineError

CONTEXTS = 5
"""The service closes the whole socket at a sixth (1008)."""
FRAME_LIMIT = 8 * 2**20
"""Bytes of one message: two minutes of base64 at 24 kHz."""
WAITING_LIMIT = 32 * 2**20
"""Characters of base64 of one sentence that wait for their listener."""

Refusal = Callable[[object, int | None], EngineError]
"""Makes an error of what the service says and the code with which it closes."""


@dataclass(frozen=True)
class Piece:
    """Sound in base64, and when its characters are said, from its own beginning."""

    audio: str
    times: CharacterTimes | None


class Context:
    """One sentence on its way. Filled by the socket's reader, emptied by whoever speaks."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.begun = False
        """The service knows of it."""
        self.closing = False
        """The service was asked to say the rest and close it."""
        self.abandoned = False
        """Nobody listens any more."""
        self._limits = limits
        self._pieces: deque[Piece] = deque()
        self._waiting = 0
        self._ended = False
        self._failure: Callable[[], EngineError] | None = None
        self._moved = asyncio.Event()
        self._latest = ''

    def take(self, text: str, piece: Piece) -> None:
        """Take a piece; `text` is the message it came in."""
        # A message that comes twice would be a stutter. No two with sound in them are equal; those
        # of silence are, and digital silence in base64 is a row of A.
        if self.abandoned or (text == self._latest and piece.audio.strip('A=')):
            return
        self._latest = text
        if self._waiting + len(piece.audio) > WAITING_LIMIT:
            self.fail(
                lambda: EngineError(
                    f'ElevenLabs sent more than {WAITING_LIMIT} bytes for one sentence',
                    retryable=True,
                )
            )
            return
        self._pieces.append(piece)
        self._waiting += len(piece.audio)
        self._moved.set()

    def end(self) -> None:
        """Note that nothing follows."""
        self._ended = True
        self._moved.set()

    def fail(self, failure: Callable[[], EngineError]) -> None:
        """Note why nothing follows, unless it has come to its end."""
        if not self._ended and self._failure is None:
            self._failure = failure
        self._moved.set()

    async def pieces(self) -> AsyncIterator[Piece]:
        """Yield what comes until the end; raise EngineError when that is not reached in time."""
        patience = self._limits.first_response_s
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                self._waiting -= len(piece.audio)
                patience = self._limits.stall_s
                yield piece
            if self._failure is not None:
                raise self._failure()
            if self._ended:
                return
            self._moved.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._moved.wait()
            except TimeoutError:
                raise EngineError(
                    f'ElevenLabs was silent for {patience:g} s in a sentence', retryable=True
                ) from None


class VoiceSocket:
    """Owns the connection and the task that reads it, which never waits for a listener."""

    def __init__(self, connection: ClientConnection, refusal: Refusal, limits: Limits) -> None:
        self._connection = connection
        self._refusal = refusal
        self._limits = limits
        self._contexts: dict[str, Context] = {}
        self._freed = asyncio.Event()
        self._failure: Callable[[], EngineError] | None = None
        self._reader = asyncio.create_task(self._read(), name='elevenlabs voice')
        self.dropped = 0
        """Pieces of sentences that nobody listened to any more."""

    @property
    def alive(self) -> bool:
        """Whether a sentence can be begun on it."""
        return self._failure is None

    @property
    def occupied(self) -> int:
        """Places that the service may count as taken."""
        return len(self._contexts)

    async def close(self) -> None:
        """Close the connection; what is under way on it fails."""
        self._fail(lambda: EngineError('the connection to ElevenLabs is closed', retryable=True))
        try:
            await self._connection.close()
        finally:
            # Also when cancelled in the middle of closing in good order.
            self._connection.transport.abort()
            self._reader.cancel()
            await asyncio.wait({self._reader})

    @asynccontextmanager
    async def context(self, name: str) -> AsyncIterator[Context]:
        """Hold a context, waiting for a place; when left, it is closed at once.

        Raises EngineError when no place becomes free in time.
        """
        await self._place()
        context = Context(name, self._limits)
        self._contexts[name] = context
        try:
            yield context
        finally:
            context.abandoned = True
            if not context.begun:
                self._free(context)
            elif not context.closing:
                # Else it would keep its place until the service loses patience.
                await self._close_context(context)

    async def say(self, context: Context, text: str, settings: Mapping[str, object]) -> None:
        """Send the whole text of a context; `settings` are of the voice."""
        context.begun = True
        first = {'text': ' ', 'context_id': context.name}
        await self._send({**first, 'voice_settings': settings} if settings else first)
        await self._send({'text': f'{text} ', 'context_id': context.name, 'flush': True})
        await self._close_context(context)

    async def _close_context(self, context: Context) -> None:
        context.closing = True
        if self.alive:
            await self._send({'context_id': context.name, 'close_context': True})

    async def _send(self, message: Mapping[str, object]) -> None:
        try:
            async with asyncio.timeout(self._limits.stall_s):
                await self._connection.send(json.dumps(message))
        except ConnectionClosed:
            # The reader knows why, or will: what it says is raised where it is waited for.
            await asyncio.wait({self._reader}, timeout=self._limits.stall_s)
        except TimeoutError:
            self._fail(_takes_nothing)
            raise _takes_nothing() from None

    async def _place(self) -> None:
        try:
            async with asyncio.timeout(self._limits.first_response_s):
                while self.alive and len(self._contexts) >= CONTEXTS:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            raise EngineError(
                f'ElevenLabs still says {CONTEXTS} sentences that were cut, after '
                f'{self._limits.first_response_s:g} s',
                retryable=True,
            ) from None
        if self._failure is not None:
            raise self._failure()

    # --- the reader ----------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                message = _message(text)
                if message is None:
                    self._fail(partial(_malformed, text[:80]))
                    return
                if message.get('error') or (message.get('code') and message.get('message')):
                    # The code with which the service closes next.
                    code = message.get('code')
                    self._fail(
                        partial(self._refusal, message, code if isinstance(code, int) else None)
                    )
                    return
                self._take(str(text), message)
        except ConnectionClosed:
            pass  # what follows says why
        finally:
            closed = self._connection.close_code
            reason = self._connection.close_reason
            self._fail(lambda: self._closed(closed, reason))

    def _take(self, text: str, message: Mapping[str, object]) -> None:
        name = message.get('contextId') or message.get('context_id')
        context = self._contexts.get(name) if isinstance(name, str) else None
        if context is None:
            self.dropped += 1
            return
        audio = message.get('audio')
        if isinstance(audio, str) and audio:
            self.dropped += context.abandoned
            context.take(text, Piece(audio, socket_times(message)))
        if message.get('isFinal') or message.get('is_final'):
            context.end()
            self._free(context)

    def _free(self, context: Context) -> None:
        self._contexts.pop(context.name, None)
        self._freed.set()

    def _closed(self, code: int | None, reason: str | None) -> EngineError:
        if reason:
            return self._refusal({'message': reason}, code)
        return EngineError(
            f'ElevenLabs has closed the connection (code {code}) in the middle of its work',
            retryable=True,
        )

    def _fail(self, failure: Callable[[], EngineError]) -> None:
        """Note why the socket is of no use any more; the first reason is the true one."""
        if self._failure is None:
            self._failure = failure
        for context in self._contexts.values():
            context.fail(self._failure)
        self._contexts.clear()
        self._freed.set()


def _message(text: str | bytes) -> Mapping[str, object] | None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _malformed(beginning: str | bytes) -> EngineError:
    return EngineError(f'ElevenLabs sent what is no JSON object: {beginning!r}', retryable=True)


def _takes_nothing() -> EngineError:
    return EngineError('ElevenLabs takes nothing more on its connection', retryable=True)
