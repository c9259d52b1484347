# SPDX-License-Identifier: Apache-2.0
"""The line between a client and a service on this machine, which can be cut at any moment.

async with Line(sim_url) as line:
    ...             # a client at line.url
    line.freeze()   # nothing more comes through what is connected now, and nobody is told
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from urllib.parse import urlsplit

from prot_ros.simulators.http import reset

_READ = 64 * 1024
_SPOILED = b'\xff{"\r\n' * 40
"""No frame, no chunk, no JSON."""


class _Connection:
    """One connection of the client's, and the one to the service that belongs to it."""

    def __init__(self, client: asyncio.StreamWriter, service: asyncio.StreamWriter) -> None:
        self.client = client
        self.service = service
        self.frozen = False


class Line:
    """Passes on what comes, both ways, while it is entered."""

    def __init__(self, url: str) -> None:
        """`url` is the service's."""
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._there = parts.hostname, parts.port
        self._port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where the client connects to."""
        return f'{self._scheme}://127.0.0.1:{self._port}'

    @property
    def connected(self) -> int:
        """Connections that the client has."""
        return len(self._connections)

    async def __aenter__(self) -> Line:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def listen(self) -> None:
        """Take connections, at the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, '127.0.0.1', self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Take none any more, and reset those that are there."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.reset()

    def reset(self) -> None:
        """Reset what is connected now, but for what is frozen, which nobody is told of."""
        for connection in self._live():
            reset(connection.client)
            connection.service.close()

    def end(self) -> None:
        """End what is connected now in good order, wherever it is in what it says."""
        for connection in self._live():
            connection.client.close()
            connection.service.close()

    def freeze(self) -> None:
        """Let nothing more through what is connected now."""
        for connection in self._live():
            connection.frozen = True

    def spoil(self) -> None:
        """Put what makes no sense into what the service says, and then reset it."""
        for connection in self._live():
            connection.client.write(_SPOILED)
        asyncio.get_running_loop().call_soon(self.reset)

    def _live(self) -> list[_Connection]:
        return [connection for connection in self._connections if not connection.frozen]

    async def _serve(
        self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            from_service, service = await asyncio.open_connection(*self._there)
        except OSError:
            reset(client)
            self._serving.discard(task)
            return
        connection = _Connection(client, service)
        self._connections.add(connection)
        pumps = (
            asyncio.create_task(_pump(connection, from_client, service)),
            asyncio.create_task(_pump(connection, from_service, client)),
        )
        try:
            # A frozen one lasts until its client has enough of it.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if connection.frozen:
                await asyncio.wait(pumps[:1])
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
            for writer in (client, service):
                writer.close()
            self._connections.discard(connection)
            self._serving.discard(task)


async def _pump(
    connection: _Connection, source: asyncio.StreamReader, sink: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(_READ):
            if not connection.frozen:
                sink.write(data)
                await sink.drain()
