# SPDX-License-Identifier: Apache-2.0
"""Speech recognition by ElevenLabs' realtime speech-to-text (Scribe).

A session is opened when speech starts, while the audio waits, and is then kept for the utterances
that follow. Where an utterance ends, prot says: the service commits when it is asked to, and its
answer is the text. What it commits by itself, in an utterance of more than 90 s, belongs to the
utterance.

Audio that is not committed is kept. When the session is lost in the middle of an utterance, it is
sent again to a new one, once; what is beyond that is an EngineError, for whoever has another
recogniser to fall back on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prot_ros.core.attribution import plain
from prot_ros.core.replay import ReplayBuffer
from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.errors import KEY_VARIABLE
from prot_ros.engines.elevenlabs.scribe_errors import SessionLostError
from prot_ros.engines.elevenlabs.scribe_request import RATE, ScribeRequest
from prot_ros.engines.elevenlabs.scribe_session import ScribeSession
from prot_ros.engines.elevenlabs.scribe_sessions import Keeping, ScribeSessions
from prot_ros.engines.kinds import EngineError

__all__ = ['ElevenLabsRecognition', 'ElevenLabsRecognizer', 'Keeping']

SECOND = 2 * RATE
"""Bytes of one."""
CHUNK = SECOND // 20
"""Of audio as it comes: 50 ms, as other clients do."""
BURST = SECOND // 2
"""Of audio that is there already, as before there is a session, and when it is sent again."""
AHEAD = 10 * SECOND
"""Audio that may be unsent before `push` waits. In real time the deadlines of connecting and of
sending come before that."""
OWN_COMMIT = 90 * SECOND
"""The service commits by itself after so much."""
KEPT = OWN_COMMIT + 2 * AHEAD


class ElevenLabsRecognition:
    """One utterance. A task of its own sends it, so that `push` does not wait for the network."""

    def __init__(self, sessions: ScribeSessions, limits: Limits) -> None:
        self.replayed = False
        """Whether it had to be sent again."""
        self._sessions = sessions
        self._limits = limits
        self._audio = ReplayBuffer(KEPT)
        self._parts: list[str] = []
        """What is committed."""
        self._partial = ''
        self._ended = False
        self._over = False
        self._failure: EngineError | None = None
        self._changed = asyncio.Event()
        """The task has something to do."""
        self._progressed = asyncio.Event()
        """The task has done something."""
        self._task = asyncio.create_task(self._run(), name='scribe utterance')

    async def push(self, pcm: bytes) -> str:
        if self._over:
            return ''
        self._audio.push(pcm)
        self._changed.set()
        while self._audio.unsent > AHEAD and not self._task.done():
            self._progressed.clear()
            await self._progressed.wait()  # the task has deadlines, and sets it when it ends
        self._check()
        return self._text()

    async def finish(self) -> str:
        if self._over:
            return ''
        self._ended = True
        self._changed.set()
        patience_s = self._limits.connect_s + self._limits.first_response_s
        done, _ = await asyncio.wait({self._task}, timeout=patience_s)
        if not done:
            raise EngineError(f'ElevenLabs has not answered for {patience_s:g} s', retryable=True)
        self._check()
        self._over = True
        return self._text() if plain(self._text()) else ''

    async def close(self) -> None:
        self.give_up()
        await asyncio.wait({self._task})

    def give_up(self) -> asyncio.Task[None]:
        """Begin to close; return the task, which then ends."""
        self._over = True
        self._task.cancel()
        return self._task

    def heard(self, partial: str) -> None:
        """Take the hypothesis of what is not committed."""
        self._partial = partial

    def committed(self, text: str) -> None:
        """Take what the service has committed by itself."""
        self._parts.append(text)
        self._partial = ''
        self._audio.commit(OWN_COMMIT)

    def lost(self) -> None:
        """Let the task find out why."""
        self._changed.set()

    def _text(self) -> str:
        return ' '.join(filter(None, [*self._parts, self._partial]))

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._task.done() and not self._task.cancelled():
            self._task.result()  # raises what is no EngineError, and should not happen

    async def _run(self) -> None:
        try:
            try:
                await self._converse()
            except SessionLostError:
                # Once: what is lost twice has a cause that a third session would meet, too.
                self._audio.rewind()
                self.replayed = True
                await self._converse()
        except EngineError as err:
            self._failure = err
        finally:
            self._progressed.set()

    async def _converse(self) -> None:
        """Send what there is and what comes, until it is ended, and take the answer."""
        session = await self._sessions.take()
        settled = False
        try:
            session.begin(self)
            await self._send(session)
            if len(self._audio):
                answer = await session.commit(self._audio.take(CHUNK))
                if answer is not None:
                    self._parts.append(answer)
                    self._partial = ''
            settled = True
        finally:
            self._sessions.release(session, settled=settled)

    async def _send(self, session: ScribeSession) -> None:
        """Send until the end, but for the last 50 ms: a commit rides on audio."""
        while True:
            while self._audio.unsent > CHUNK:
                whole_chunks = (self._audio.unsent - 1) // CHUNK * CHUNK
                piece = self._audio.take(min(BURST, whole_chunks))
                await session.send(piece, ' '.join(self._parts))
                self._progressed.set()
                await asyncio.sleep(0)  # a replay is long, and sending need not wait by itself
            if self._ended:
                return
            self._changed.clear()
            session.check()
            await self._changed.wait()


class ElevenLabsRecognizer:
    """Holds the session between utterances."""

    name = 'elevenlabs'
    rate = RATE

    def __init__(
        self,
        key: str,
        wish: Callable[[], ScribeRequest] = ScribeRequest,
        limits: Limits = Limits(),
        keeping: Keeping = Keeping(),
    ) -> None:
        """`wish` says how to recognise; it is asked at the beginning of each utterance."""
        self._has_key = bool(key)
        self._limits = limits
        self._sessions = ScribeSessions(key, limits, keeping, wish)
        self._is_open = False
        self._latest: ElevenLabsRecognition | None = None
        self._given_up: set[asyncio.Task[None]] = set()
        self._replays = 0

    async def open(self) -> None:
        """Get ready to connect. Nobody is connected to before somebody speaks; `probe` does."""
        await self.close()
        if not self._has_key:
            raise EngineError(f'ElevenLabs needs a key: set {KEY_VARIABLE}')
        await self._sessions.open()

    async def close(self) -> None:
        self._give_up()
        if self._given_up:
            await asyncio.wait(self._given_up)
        await self._sessions.close()

    async def probe(self) -> None:
        """Open a session and close it again.

        Raises EngineError that says what is wrong: with the key, the account, the settings, or the
        way to the service.
        """
        session = await self._sessions.connect()
        await session.close()

    def start(self) -> ElevenLabsRecognition:
        self._give_up()
        self._latest = ElevenLabsRecognition(self._sessions, self._limits)
        return self._latest

    def status(self) -> dict[str, object]:
        """Return what a person would want to know."""
        return {
            'sessions': self._sessions.opened,
            'session': 'kept' if self._sessions.warm else 'none',
            'names refused': self._sessions.names_refused,
            'replays': self._replays + (self._latest is not None and self._latest.replayed),
        }

    def _give_up(self) -> None:
        if self._latest is None:
            return
        self._replays += self._latest.replayed
        task = self._latest.give_up()
        self._latest = None
        if not task.done():
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)
