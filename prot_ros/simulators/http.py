# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/1.1 server that can misbehave to the byte, for simulated services.

    async def answer(request: Request, answer: Answer) -> None:
        await answer.begin(200, {'content-type': 'text/event-stream'})
        await answer.write('안'.encode()[:1])        # a chunk may end inside a character
        await answer.write('안'.encode()[1:])
        await answer.end()

    async with HttpServer(answer) as server:
        ...  # server.url

A client that leaves before the end of its answer cancels the handler, which is how the services
save work, too; it is counted in `abandoned`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

import h11

MOST_BODY = 32 * 2**20
"""Bytes of a request; the services refuse more, too."""
REQUEST_S = 30.0
"""For a request to arrive wholly once it has begun, and for a client to take what it is sent."""
IDLE_S = 60.0
"""A connection on which nothing is asked is closed after this."""
_READ = 64 * 1024


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    """Without the query."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """By lower-case name; several of one name are joined by ', '."""
    body: bytes

    def json(self) -> object:
        """Return the body as JSON; raise ValueError for one that is none."""
        try:
            return json.loads(self.body)
        except RecursionError as err:
            raise ValueError('nested too deeply') from err


class Answer:
    """How a handler answers: wholly with `send`, or `begin`, any number of `write`, and `end`."""

    def __init__(self, connection: h11.Connection, writer: asyncio.StreamWriter) -> None:
        self._connection = connection
        self._writer = writer

    async def send(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b''
    ) -> None:
        """Give a whole answer."""
        fields = {'content-length': str(len(body)), **(headers or {})}
        await self._put(h11.Response(status_code=status, headers=_fields(fields)))
        if body:
            await self._put(h11.Data(data=body))
        await self._put(h11.EndOfMessage())

    async def send_json(
        self, status: int, value: object, headers: Mapping[str, str] | None = None
    ) -> None:
        """Give a whole answer of JSON."""
        fields = {'content-type': 'application/json', **(headers or {})}
        await self.send(status, fields, json.dumps(value, ensure_ascii=False).encode())

    async def begin(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Begin an answer of unknown length."""
        fields = {'transfer-encoding': 'chunked', **(headers or {})}
        await self._put(h11.Response(status_code=status, headers=_fields(fields)))

    async def write(self, data: bytes) -> None:
        """Send one chunk at once, ending wherever it ends."""
        if data:
            await self._put(h11.Data(data=data))

    async def drip(self, data: bytes, piece_s: float) -> None:
        """Send byte by byte, this many seconds apart."""
        for value in data:
            await self.write(bytes((value,)))
            await asyncio.sleep(piece_s)

    async def raw(self, data: bytes) -> None:
        """Put bytes on the connection that are no valid HTTP, such as half a chunk."""
        self._writer.write(data)
        await self._drain()

    async def end(self) -> None:
        """End in good order what `begin` began."""
        await self._put(h11.EndOfMessage())

    def reset(self) -> None:
        """Reset the connection: the client sees an error, not an end."""
        reset(self._writer)

    async def stall(self) -> None:
        """Send nothing more and keep the connection, until the client has gone."""
        await asyncio.Event().wait()

    async def _put(self, event: h11.Event) -> None:
        data = self._connection.send(event)
        if data:
            self._writer.write(data)
            await self._drain()

    async def _drain(self) -> None:
        async with asyncio.timeout(REQUEST_S):
            await self._writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a TCP connection by a reset instead of in good order."""
    connection = writer.get_extra_info('socket')
    if connection is not None:
        # Lingering for 0 s is what makes closing a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    writer.transport.abort()


Handler = Callable[[Request, Answer], Awaitable[None]]
"""Answers one request. Where it returns without a whole answer, the connection is closed."""


class HttpServer:
    """Listens on 127.0.0.1 while it is entered; `port` 0 takes a free one."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.port = port
        self.connections = 0
        """Accepted since the beginning."""
        self.abandoned = 0
        """Answers whose client left before they ended."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f'http://127.0.0.1:{self.port}'

    @property
    def connected(self) -> int:
        """Connections that are open now."""
        return len(self._serving)

    async def __aenter__(self) -> HttpServer:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Accept connections, after `refuse` at the same port as before."""
        self._server = await asyncio.start_server(self._serve, '127.0.0.1', self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening and drop every connection, as a service that is down does."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        if serving:
            await asyncio.wait(serving)
        if server is not None:
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            # Accepted just before `refuse`, which has not seen it.
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.connections += 1
        try:
            connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
            while await self._exchange(connection, reader, writer):
                connection.start_next_cycle()
        except (ConnectionError, TimeoutError, h11.ProtocolError):
            pass  # the client's fault or its absence; it learns of it by the connection's end
        except asyncio.CancelledError:
            writer.transport.abort()  # `refuse`: whoever awaits this task wants it gone
        finally:
            self._serving.discard(task)
            writer.close()

    async def _exchange(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Take one request and answer it; return whether another may follow."""
        request = await _request(connection, reader)
        if request is None:
            return False
        answering = asyncio.ensure_future(self._handler(request, Answer(connection, writer)))
        watching = asyncio.ensure_future(_gone(connection, reader))
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self.abandoned += 1
                return False
            await answering
        finally:
            answering.cancel()
            watching.cancel()
            await asyncio.wait({answering, watching})
            if not answering.cancelled() and isinstance(answering.exception(), ConnectionError):
                self.abandoned += 1
        done = connection.our_state is h11.DONE and connection.their_state is h11.DONE
        return done and not writer.transport.is_closing()


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    """Return the next request, None where the client asks no more."""
    head: h11.Request | None = None
    body = bytearray()
    patience = IDLE_S
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(patience):
                connection.receive_data(await reader.read(_READ))
        elif isinstance(event, h11.Request):
            head, patience = event, REQUEST_S
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MOST_BODY:
                raise h11.RemoteProtocolError(f'a body of more than {MOST_BODY} bytes', 413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _read(head, bytes(body))
        else:
            return None


def _read(head: h11.Request, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode('latin-1'), raw_value.decode('latin-1')
        headers[name] = f'{headers[name]}, {value}' if name in headers else value
    target = urlsplit(head.target.decode('latin-1'))
    query = parse_qs(target.query, keep_blank_values=True)
    return Request(head.method.decode('latin-1'), target.path, query, headers, body)


async def _gone(connection: h11.Connection, reader: asyncio.StreamReader) -> None:
    """Return when the client has closed the connection."""
    asked_ahead = 0
    while True:
        try:
            data = await reader.read(_READ)
        except ConnectionError:
            return
        if not data:
            return
        # Another request sent ahead of time; it is kept for its turn.
        asked_ahead += len(data)
        if asked_ahead > MOST_BODY:
            return
        connection.receive_data(data)


def _fields(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode('latin-1'), value.encode('latin-1')) for name, value in headers.items()]
