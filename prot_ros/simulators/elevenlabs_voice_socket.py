# SPDX-License-Identifier: Apache-2.0
"""The simulated ElevenLabs voice's sockets: `multi-stream-input` and `stream-input`.

One `Session` for each connection. Each context has a task of its own, as sentences of several may
be said at the same time.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from prot_ros.simulators.behaviour import Behaviour, Exchange, Fault
from prot_ros.simulators.elevenlabs_speech import (
    RefusedError,
    SpokenPiece,
    check_settings,
    check_text,
    pieces_of,
    scripted,
)
from prot_ros.simulators.elevenlabs_voice_request import Ear, SocketRequest

CONTEXTS = 5
SCHEDULE = 120
"""Characters that are gathered before something is said, without auto_mode."""
OVERSIZED = 12 * 2**20
SINGLE = 'single'
"""The name of the only context of `stream-input`, which never travels."""


@dataclass
class _Context:
    """One context and what has been sent to it; None closes it."""

    name: str
    texts: asyncio.Queue[tuple[str, bool] | None] = field(
        default_factory=lambda: asyncio.Queue(256)
    )
    closing: bool = False


class Session:
    """One connection, from its handshake to its end."""

    def __init__(self, connection: ServerConnection, request: SocketRequest, ear: Ear) -> None:
        self._connection = connection
        self._request = request
        self._ear = ear
        self._contexts: dict[str, _Context] = {}
        self._ending = False

    async def run(self) -> None:
        """Serve until either side ends the connection."""
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    self._request.check()
                    async for text in self._connection:
                        if not self._ending:
                            await self._take(text, tasks)
                except RefusedError as refused:
                    await self._refuse(refused)
                except ConnectionClosed:
                    pass
                raise _GoneError
        except* _GoneError:
            pass  # what was still being said is of no use to anybody

    async def _refuse(self, refused: RefusedError) -> None:
        try:
            await self._connection.send(json.dumps(refused.frame()))
            await self._connection.close(1008, refused.message[:100])
        except ConnectionClosed:
            pass

    async def _take(self, text: str | bytes, tasks: asyncio.TaskGroup) -> None:
        message = _object(text)
        self._ear.note(message)
        if not self._request.multi:
            await self._take_single(message, tasks)
            return
        if message.get('close_socket') is True:
            self._ending = True
            for open_context in self._contexts.values():
                await open_context.texts.put(None)
            if not self._contexts:
                await self._connection.close()
            return
        name = message.get('context_id', 'default')
        if not isinstance(name, str) or not 0 < len(name) <= 100:
            raise RefusedError('invalid_context_id', f'context_id is {name!r}')
        if message.get('close_context') is True:
            closing = self._contexts.get(name)
            if closing is not None and not closing.closing:
                closing.closing = True
                await closing.texts.put(None)
            return
        await self._say(self._context(name, message, tasks), message)

    async def _take_single(self, message: Mapping[str, object], tasks: asyncio.TaskGroup) -> None:
        if not self._contexts and message.get('text') != ' ':
            raise RefusedError('invalid_message', 'the first text must be a single space')
        context = self._context(SINGLE, message, tasks)
        if message.get('text') == '':
            self._ending = True
            await context.texts.put(None)
            return
        await self._say(context, message)

    def _context(
        self, name: str, message: Mapping[str, object], tasks: asyncio.TaskGroup
    ) -> _Context:
        """Return the context of that name; one that is not known yet begins silently."""
        settings = message.get('voice_settings')
        check_settings(settings)
        if name in self._contexts:
            if settings is not None and self._request.multi:
                raise RefusedError(
                    'invalid_message', 'voice_settings can only be set in the first message'
                )
            return self._contexts[name]
        if len(self._contexts) >= CONTEXTS:
            raise RefusedError(
                'max_active_conversations',
                f'Maximum simultaneous contexts per WebSocket connection exceeded ({CONTEXTS}).',
            )
        context = _Context(name)
        self._contexts[name] = context
        self._ear.most_contexts = max(self._ear.most_contexts, len(self._contexts))
        tasks.create_task(self._serve(context))
        return context

    async def _say(self, context: _Context, message: Mapping[str, object]) -> None:
        if context.closing:
            raise RefusedError('context_closed', f'Context {context.name} is closing.')
        text = check_text(message.get('text', ''))
        await context.texts.put((text, message.get('flush') is True))

    # --- one context ---------------------------------------------------------------------------

    async def _serve(self, context: _Context) -> None:
        try:
            await self._say_what_comes(context)
            del self._contexts[context.name]
            await self._send(context, {'audio': None, self._named('isFinal'): True})
            if self._ending and not self._contexts:
                await self._connection.close()
        except RefusedError as refused:
            await self._refuse(refused)
        except ConnectionClosed:
            pass

    async def _say_what_comes(self, context: _Context) -> None:
        waiting = ''
        while True:
            patience = self._request.inactivity_s
            try:
                async with asyncio.timeout(patience):
                    given = await context.texts.get()
            except TimeoutError:
                raise RefusedError(
                    'input_timeout_exceeded',
                    f'Have not received a new text input within {patience} seconds.',
                ) from None
            text, flush = given or ('', True)
            waiting += text
            if waiting.strip() and (flush or self._request.auto_mode or len(waiting) >= SCHEDULE):
                await self._speak(context, waiting.strip())
                waiting = ''
            if given is None:
                return

    async def _speak(self, context: _Context, text: str) -> None:
        exchange = Exchange()
        self._ear.exchanges.append(exchange)
        behaviour = self._ear.plan.next()
        voice, rate = self._request.voice, self._request.rate
        pieces = pieces_of(text, await self._ear.speech(text, voice, rate), rate)
        await asyncio.sleep(behaviour.first_s)
        fault = behaviour.fault
        if fault is Fault.STALL:
            await asyncio.Event().wait()
        if fault is Fault.ERROR:
            raise scripted(behaviour.error)
        if fault in (Fault.REFUSE, Fault.ACCEPT_THEN_CLOSE):
            await self._connection.close(1011)
            return
        if fault is Fault.OVERSIZED:
            await self._send(context, {'audio': 'A' * OVERSIZED})
        elif fault is Fault.MALFORMED:
            await self._connection.send('{"audio": "AAAA", ')
        elif fault is Fault.WRONG_ORDER:
            await self._send(context, {'audio': None, self._named('isFinal'): True})
        midway = max(1, len(pieces) // 2)
        for at, piece in enumerate(pieces):
            if at == midway:
                await self._midway(context, behaviour)
            if at:
                await asyncio.sleep(behaviour.piece_s)
            exchange.answer()
            await self._send_piece(context, piece, fault)
        if len(pieces) <= midway:
            await self._midway(context, behaviour)

    async def _midway(self, context: _Context, behaviour: Behaviour) -> None:
        match behaviour.fault:
            case Fault.STALL_MIDWAY:
                await asyncio.Event().wait()
            case Fault.ERROR_MIDWAY:
                raise scripted(behaviour.error)
            case Fault.EOF_MIDWAY:
                await self._connection.close()
            case Fault.RESET_MIDWAY:
                frame = _frame(json.dumps(self._message(context, {'audio': 'A' * 4000})))
                self._connection.transport.write(frame[: len(frame) // 2])
                reset(self._connection)

    async def _send_piece(self, context: _Context, piece: SpokenPiece, fault: Fault) -> None:
        alignment = {
            'chars': piece.characters,
            'charStartTimesMs': piece.starts_ms,
            'charDurationsMs': piece.lasts_ms,
        }
        known = alignment if self._request.sync_alignment and piece.characters else None
        body = {'audio': piece.base64, 'alignment': known, 'normalizedAlignment': known}
        if fault is Fault.SLOW_DRIP:
            for byte in _frame(json.dumps(self._message(context, body))):
                self._connection.transport.write(bytes((byte,)))
                await asyncio.sleep(0)
            return
        for _ in range(2 if fault is Fault.DUPLICATE else 1):
            await self._send(context, body)

    async def _send(self, context: _Context, body: Mapping[str, object]) -> None:
        await self._connection.send(json.dumps(self._message(context, body)))

    def _message(self, context: _Context, body: Mapping[str, object]) -> dict[str, object]:
        if not self._request.multi:
            return dict(body)
        return {**body, self._named('contextId'): context.name}

    def _named(self, name: str) -> str:
        """Return a field's name in the spelling that is asked for; the service has both."""
        return (
            {'isFinal': 'is_final', 'contextId': 'context_id'}[name] if self._ear.snake else name
        )


class _GoneError(Exception):
    """The client has left."""


def _object(text: str | bytes) -> dict[str, object]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise RefusedError('invalid_message', f'not JSON: {err}') from None
    if not isinstance(message, dict):
        raise RefusedError('invalid_message', 'expected a JSON object')
    return message


def _frame(text: str) -> bytes:
    """Return a whole text frame, to be sent in parts of bytes."""
    data = text.encode()
    if len(data) < 126:
        return bytes((0x81, len(data))) + data
    if len(data) < 2**16:
        return struct.pack('>BBH', 0x81, 126, len(data)) + data
    return struct.pack('>BBQ', 0x81, 127, len(data)) + data


def reset(connection: ServerConnection) -> None:
    """End the TCP connection by a reset instead of in good order."""
    raw = connection.transport.get_extra_info('socket')
    if raw is not None and raw.fileno() >= 0:  # it may have gone by itself
        # Lingering for 0 s is what makes closing a reset.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.transport.abort()
