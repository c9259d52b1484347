# SPDX-License-Identifier: Apache-2.0
"""ElevenLabs' realtime speech-to-text, simulated: its wire protocol over a real socket.

    async with ScribeSimulator() as service:           # understands English, by PocketSphinx
        ...                                            # service.url
    async with ScribeSimulator(texts=['안녕']) as service:  # says what stands there

It has the service's habits: stale hypotheses come again, commits come twice where they are asked
for with times, an utterance of 90 s is committed unasked, an idle session is ended after 10 s.
Of its ways to end an utterance only the manual commit is there.
"""

from __future__ import annotations

import http
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.scribe_hearing import Ears, PocketSphinxEars, Script
from prot_ros.simulators.scribe_rules import PATH
from prot_ros.simulators.scribe_session import Habits, SimulatedSession

REMEMBERED = 200
"""Handshakes and sessions."""


@dataclass(frozen=True)
class Handshake:
    """What a client came with."""

    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    """By lower-case name."""


class ScribeSimulator:
    """A context manager; `url` is there inside of it."""

    def __init__(
        self,
        plan: Plan | None = None,
        port: int = 0,
        *,
        texts: Sequence[str] | None = None,
        key: str = '',
        refuses_in_handshake: bool = False,
        habits: Habits = Habits(),
    ) -> None:
        """Port 0 takes a free one. `key` is the only one that is good; '' takes any.

        A wrong key is refused in the handshake (HTTP 401) or after it, in a message: which of them
        the service does is not known.
        """
        self.plan = Plan() if plan is None else plan
        """What happens to the next sessions."""
        self.handshakes: deque[Handshake] = deque(maxlen=REMEMBERED)
        self.sessions: deque[SimulatedSession] = deque(maxlen=REMEMBERED)
        """Those that were accepted, the latest last."""
        self._port = port
        self._key = key
        self._refuses_in_handshake = refuses_in_handshake
        self._habits = habits
        self._ears: Ears = PocketSphinxEars() if texts is None else Script(texts)
        self._coming: WeakKeyDictionary[ServerConnection, tuple[Handshake, Behaviour]]
        self._coming = WeakKeyDictionary()
        self._servers: list[Server] = []
        """Of these only the last may still take connections."""

    async def __aenter__(self) -> ScribeSimulator:
        await self._ears.open()
        try:
            await self.listen()
        except BaseException:
            await self._ears.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_listening()
        for session in self.sessions:
            session.reset()  # nobody is waited for
        for server in self._servers:
            await server.wait_closed()
        await self._ears.close()

    @property
    def url(self) -> str:
        """Base URL, without the path."""
        return f'ws://127.0.0.1:{self._port}'

    async def listen(self) -> None:
        """Take connections, at the same port as before."""
        server = await serve(
            self._serve,
            '127.0.0.1',
            self._port,
            process_request=self._receive,
            compression=None,
            ping_interval=None,
            close_timeout=0.5,
        )
        (socket,) = server.sockets
        self._port = socket.getsockname()[1]
        self._servers.append(server)

    def stop_listening(self) -> None:
        """Take no connections any more; those that are there stay."""
        if self._servers:
            self._servers[-1].server.close()
            self._servers[-1].close(close_connections=False)

    async def _receive(self, connection: ServerConnection, request: Request) -> Response | None:
        target = urlsplit(request.path)
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        query = parse_qs(target.query, keep_blank_values=True)
        handshake = Handshake(target.path, query, headers)
        self.handshakes.append(handshake)
        if target.path != PATH:
            return connection.respond(http.HTTPStatus.NOT_FOUND, 'Not Found\n')
        behaviour = self.plan.next()
        if behaviour.fault is Fault.REFUSE:
            connection.transport.abort()
            return None
        if behaviour.retry_after is not None:
            answer = connection.respond(http.HTTPStatus.TOO_MANY_REQUESTS, behaviour.error)
            answer.headers['Retry-After'] = behaviour.retry_after
            return answer
        if self._refuses_in_handshake and not self._knows(headers, query):
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, 'Unauthorized\n')
        self._coming[connection] = handshake, behaviour
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        handshake, behaviour = self._coming.pop(connection)
        session = SimulatedSession(connection, handshake.query, behaviour, self._habits)
        self.sessions.append(session)
        await session.run(self._ears, known=self._knows(handshake.headers, handshake.query))

    def _knows(self, headers: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> bool:
        given = headers.get('xi-api-key') or ''.join(query.get('token', ()))
        return bool(given) and self._key in ('', given)
