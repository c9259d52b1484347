# SPDX-License-Identifier: Apache-2.0
"""The session that is kept from one utterance to the next, and when it is not kept any longer.

There is one at a time. It is let go where it rests for too long, where its last utterance was
given up (the service still has that audio, and would commit it with the next), and where it is old
or another one is wished for; the last two only between utterances.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace

from prot_ros.core.survival import Limits
from prot_ros.engines.background import Background
from prot_ros.engines.elevenlabs.scribe_request import ScribeRequest
from prot_ros.engines.elevenlabs.scribe_session import KEEP_ALIVE_S, ScribeSession
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.websocket_client import PING_S, tls

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeping:
    """How sessions are kept, in seconds."""

    warm: bool = True
    """Whether one is kept at all after its utterance."""
    rest_s: float = 60.0
    """How long without an utterance."""
    rotate_s: float = 300.0
    """How old it may become. How old the service lets one become is not published; clients in use
    replace theirs after eight minutes."""
    keep_alive_s: float = KEEP_ALIVE_S
    ping_s: float = PING_S


class ScribeSessions:
    """Owns the session, and the tasks that close or prepare one. Used between open and close."""

    def __init__(
        self, key: str, limits: Limits, keeping: Keeping, wish: Callable[[], ScribeRequest]
    ) -> None:
        """`wish` says what the next utterance shall have."""
        self.opened = 0
        """Sessions so far."""
        self._key = key
        self._wanted = wish
        self._refused: tuple[str, ...] = ()
        """Names with which the service takes no session."""
        self._limits = limits
        self._keeping = keeping
        self._is_open = False
        self._tls: ssl.SSLContext | None = None
        self._session: ScribeSession | None = None
        self._connecting = asyncio.Lock()
        self._resting: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._ahead = Background('scribe ahead')

    async def open(self) -> None:
        """Pay what a first connection costs besides the connection."""
        self._tls = await tls(self._wish().socket_url)
        self._is_open = True

    async def close(self) -> None:
        """Close all, also what is just being opened; may be called twice."""
        self._is_open = False
        await self._ahead.stop()
        self._let_go()
        if self._closing:
            await asyncio.wait(self._closing)  # half a second each at most, and all at once

    @property
    def warm(self) -> bool:
        """Whether there is a session that an utterance could begin in."""
        return self._session is not None and self._session.usable

    @property
    def names_refused(self) -> bool:
        """Whether the next session is asked for without the names that are wished for."""
        return bool(self._refused) and self._wanted().names == self._refused

    def _wish(self) -> ScribeRequest:
        wish = self._wanted()
        return replace(wish, names=()) if self.names_refused else wish

    async def take(self) -> ScribeSession:
        """Return a session for an utterance, the kept one or a new one; raise EngineError."""
        self._end_rest()
        async with self._connecting:
            kept = self._session
            if kept is None or not self._fit(kept):
                self._let_go()
                self._session = kept = await self.connect()
            # Not in between, where it could be taken twice.
            kept.busy = True
            return kept

    async def connect(self) -> ScribeSession:
        """Return a new session, which is the caller's; raise EngineError when there is none."""
        if not self._is_open:
            raise EngineError('ElevenLabs speech-to-text is not open')
        wish = self._wish()
        try:
            session = await self._connected(wish)
        except EngineError as err:
            if err.retryable or not wish.names:
                raise
            # Anybody may have told the robot any name: that must not cost everyone its hearing.
            session = await self._connected(replace(wish, names=()))
            self._refused = wish.names
            _log.warning('the names that are remembered are not listened for: %s', err)
        self.opened += 1
        if not self._is_open:
            await session.close()
            raise EngineError('ElevenLabs speech-to-text was closed meanwhile')
        return session

    async def _connected(self, wish: ScribeRequest) -> ScribeSession:
        keeping = self._keeping
        return await ScribeSession.open(
            wish, self._key, self._limits, self._tls, keeping.keep_alive_s, keeping.ping_s
        )

    def release(self, session: ScribeSession, *, settled: bool) -> None:
        """Give a session back; `settled` where the service has none of its audio uncommitted."""
        session.end()
        keep = settled and self._keeping.warm and self._is_open and session is self._session
        if keep and self._fit(session):
            self._rest()
            return
        if session is self._session:
            self._session = None
        self._close(session)
        if keep:
            self._ahead.start(self._prepare())

    async def _prepare(self) -> None:
        """Open the successor of an old session before it is wanted."""
        # No `release`, which would prepare another one where this one is lost at once.
        with contextlib.suppress(EngineError):  # the next utterance will hear of it
            session = await self.take()
            session.end()
            self._rest()

    def _rest(self) -> None:
        self._end_rest()
        loop = asyncio.get_running_loop()
        self._resting = loop.call_later(self._keeping.rest_s, self._let_go)

    def _fit(self, session: ScribeSession) -> bool:
        age_s = asyncio.get_running_loop().time() - session.born
        return (
            session.usable and session.request == self._wish() and age_s < self._keeping.rotate_s
        )

    def _let_go(self) -> None:
        self._end_rest()
        session, self._session = self._session, None
        if session is not None:
            self._close(session)

    def _end_rest(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _close(self, session: ScribeSession) -> None:
        task = asyncio.create_task(session.close(), name='scribe close')
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
