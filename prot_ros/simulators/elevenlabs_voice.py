# SPDX-License-Identifier: Apache-2.0
"""ElevenLabs' voice as its clients see it: two kinds of socket, and streams over HTTP.

    async with ElevenLabsVoiceSimulator(plan=Plan()) as sim:
        sim.url        # ws://127.0.0.1:port
        sim.http_url   # http://127.0.0.1:port, another one

It really speaks, with the offline voices, so that one hears a conversation without a key.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from types import TracebackType

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.elevenlabs_speech import (
    STATUSES,
    RefusedError,
    Speech,
    check_key,
    offline_speech,
    scripted,
)
from prot_ros.simulators.elevenlabs_voice_http import VoiceStreams
from prot_ros.simulators.elevenlabs_voice_request import Ear, SocketRequest
from prot_ros.simulators.elevenlabs_voice_socket import Session, reset
from prot_ros.simulators.http import HttpServer
from prot_ros.simulators.http import Request as HttpRequest

FRAME_LIMIT = 2**20
_LOGGER = logging.getLogger(f'{__name__}.wire')
# What it does to its clients is asked for, and at DEBUG it would write down their keys.
_LOGGER.setLevel(logging.CRITICAL)


class ElevenLabsVoiceSimulator:
    """Listens on 127.0.0.1 while it is entered; port 0 takes a free one."""

    def __init__(
        self,
        plan: Plan | None = None,
        port: int = 0,
        http_port: int = 0,
        *,
        key: str = '',
        speech: Speech = offline_speech,
        snake: bool = False,
    ) -> None:
        """`key` is the one that is accepted, '' any. The plan counts what is said, not sockets."""
        self.plan = plan or Plan()
        self.ear = Ear(self.plan, speech, snake)
        self.port = port
        self.connections = 0
        """Sockets accepted since the beginning."""
        self.headers: Mapping[str, str] = {}
        """Of the latest handshake."""
        self._key = key
        self._open: set[ServerConnection] = set()
        self._server: Server | None = None
        self._streams = VoiceStreams(self.ear, key)
        self._http = HttpServer(self._streams.answer, http_port)

    @property
    def url(self) -> str:
        """Where the sockets are."""
        return f'ws://127.0.0.1:{self.port}'

    @property
    def http_url(self) -> str:
        """Where the streams are."""
        return self._http.url

    @property
    def requests(self) -> Sequence[HttpRequest]:
        """What came over HTTP, the latest of it."""
        return self._streams.requests

    @property
    def abandoned(self) -> int:
        """HTTP streams whose client left before their end."""
        return self._http.abandoned

    @property
    def connected(self) -> int:
        """Sockets that are open now."""
        return len(self._open)

    async def __aenter__(self) -> ElevenLabsVoiceSimulator:
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
        """Accept connections, after `refuse` at the same ports as before."""
        self._server = await serve(
            self._serve,
            '127.0.0.1',
            self.port,
            process_request=self._greet,
            max_size=FRAME_LIMIT,
            compression=None,
            logger=_LOGGER,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        await self._http.listen()

    async def refuse(self) -> None:
        """Stop listening and drop every connection, as a service that is down does."""
        server, self._server = self._server, None
        await self._http.refuse()
        if server is None:
            return
        server.close(close_connections=False)
        for connection in list(self._open):
            reset(connection)
        await server.wait_closed()

    async def _greet(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer the handshake with an error, or None: go on."""
        self.headers = dict(request.headers.raw_items())
        behaviour = self._at_the_door()
        await asyncio.sleep(behaviour.connect_s)
        if behaviour.fault is Fault.REFUSE:
            reset(connection)
            return None
        try:
            check_key(request.headers, self._key)
            SocketRequest.read(request.path)
            if behaviour.fault is Fault.ERROR:
                raise scripted(behaviour.error)
        except RefusedError as refused:
            return _answer(refused, behaviour.retry_after)
        return None

    def _at_the_door(self) -> Behaviour:
        """Return how a handshake goes. What is not about connecting is left for the sentences."""
        coming = self.plan.coming[0] if self.plan.coming else self.plan.rule
        if coming.fault in (Fault.REFUSE, Fault.ACCEPT_THEN_CLOSE) or (
            coming.fault is Fault.ERROR and STATUSES.get(coming.error) in (401, 429)
        ):
            return self.plan.next()
        return Behaviour(connect_s=coming.connect_s)

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        self._open.add(connection)
        try:
            request = connection.request
            assert request is not None
            await Session(connection, SocketRequest.read(request.path), self.ear).run()
        finally:
            self._open.discard(connection)


def _answer(refused: RefusedError, retry_after: str | None) -> Response:
    body = json.dumps(refused.detail()).encode()
    headers = Headers({'Content-Type': 'application/json', 'Content-Length': str(len(body))})
    if retry_after is not None:
        headers['Retry-After'] = retry_after
    return Response(refused.status, 'Refused', headers, body)
