# SPDX-License-Identifier: Apache-2.0
"""One session of ElevenLabs' realtime speech-to-text: a socket, from its greeting to its end.

A task of its own reads the socket and waits for nothing else, because a client that is slow to
read is cut off: its pongs queue up behind what it does not read. Another one sends an empty chunk
where no audio was sent for `KEEP_ALIVE_S`; the service ends what is silent for 10 s.

Nothing of a session can be resumed, and what it says is heard only by the utterance that it was
told of with `begin`: words of an old socket reach nobody.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from prot_ros.core.attribution import Attribution, Verdict
from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.scribe_errors import SETTLED, SessionLostError, complaint, refusal
from prot_ros.engines.elevenlabs.scribe_request import RATE, ScribeRequest, audio_chunk
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.websocket_client import PING_S, open_websocket

KEEP_ALIVE_S = 5.0
LEAST_COMMIT = 2 * RATE * 35 // 100
"""Bytes of new audio without which no commit is asked for: the service wants 0.3 s."""
COPY_WAIT_S = 0.2
"""For the true answer, where the one that came may be a copy of the one before."""
FRAME_LIMIT = 1 << 20
"""Bytes. Two minutes of words with their times have a tenth of it."""


class Utterance(Protocol):
    """Who hears what a session says."""

    def heard(self, partial: str) -> None:
        """Take the hypothesis of what is not committed."""

    def committed(self, text: str) -> None:
        """Take what the service has committed by itself."""

    def lost(self) -> None:
        """Note that the session has failed; whatever is sent next says why."""


class ScribeSession:
    """Owns the socket and two tasks. Made by `open`; `close` may come at any time and twice."""

    def __init__(
        self, socket: ClientConnection, request: ScribeRequest, limits: Limits, key: str
    ) -> None:
        self.request = request
        self.born = asyncio.get_running_loop().time()
        """By the loop's clock, in seconds."""
        self.busy = False
        self._socket = socket
        self._limits = limits
        self._key = key
        self._judge = Attribution()
        self._utterance: Utterance | None = None
        self._uncommitted = 0
        self._first = True
        self._greeted = asyncio.Event()
        self._had = False
        """Whether it was ever ready: to try again at once after one that was not could go on for
        ever without a pause."""
        self._answered = asyncio.Event()
        self._answer: str | None = None
        self._copy: asyncio.TimerHandle | None = None
        self._failure: EngineError | None = None
        self._worn = False
        self._sent_at = self.born
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def open(
        cls,
        request: ScribeRequest,
        key: str,
        limits: Limits,
        context: ssl.SSLContext | None,
        keep_alive_s: float = KEEP_ALIVE_S,
        ping_s: float = PING_S,
    ) -> ScribeSession:
        """Connect and wait for the greeting; raise EngineError when it fails, with nothing left.

        That the socket was accepted says nothing: wrong parameters are refused after it.
        """
        session = None
        try:
            async with asyncio.timeout(limits.connect_s):
                socket = await open_websocket(
                    request.socket_url,
                    {'xi-api-key': key},
                    context=context,
                    connect_s=limits.connect_s,
                    frame_limit=FRAME_LIMIT,
                    ping_s=ping_s,
                )
                session = cls(socket, request, limits, key)
                session._tasks = (
                    asyncio.create_task(session._read(), name='scribe reader'),
                    asyncio.create_task(session._keep_alive(keep_alive_s), name='scribe alive'),
                )
                await session._greeted.wait()
                session.check()
                return session
        except BaseException as err:
            if session is not None:
                await session.close()
            if isinstance(err, TimeoutError):
                raise EngineError(
                    f'ElevenLabs has not greeted within {limits.connect_s:g} s', retryable=True
                ) from None
            if isinstance(err, OSError | WebSocketException | ImportError):
                raise refusal(err, key) from err
            raise

    @property
    def usable(self) -> bool:
        """Whether another utterance can begin here."""
        return self._failure is None and not self._worn and not self.busy

    def begin(self, utterance: Utterance) -> None:
        """Let an utterance hear what is said from now on."""
        self.busy = True
        self._utterance = utterance
        self._judge.begin()

    def end(self) -> None:
        """Let nobody hear any more."""
        self.busy = False
        self._utterance = None
        self._judge.end()
        self._forget_copy()

    async def send(self, pcm: bytes, context: str = '') -> None:
        """Send audio; raise EngineError when the session has failed or does not take it.

        `context` is earlier text. It goes with the first audio of a session, and else nowhere.
        """
        self._uncommitted += len(pcm)
        self._judge.sent(len(pcm) / (2 * RATE))
        await self._send(audio_chunk(pcm, context=context if self._first else ''))
        self._first = False

    async def commit(self, pcm: bytes) -> str | None:
        """Send the utterance's last audio, and return what was said since the last commit.

        None means that there was nothing to commit. Raises EngineError when the session fails, and
        when no answer comes in time.
        """
        pcm += bytes(max(0, LEAST_COMMIT - self._uncommitted - len(pcm)))
        self._judge.sent(len(pcm) / (2 * RATE))
        self._answer = None
        self._answered.clear()
        self._judge.ask()
        try:
            await self._send(audio_chunk(pcm, commit=True))
            async with asyncio.timeout(self._limits.first_response_s):
                await self._answered.wait()
        except TimeoutError:
            raise EngineError(
                f'ElevenLabs has not answered for {self._limits.first_response_s:g} s',
                retryable=True,
            ) from None
        if self._answer is None and not self._worn:
            self.check()
        self._first = False
        self._uncommitted = 0
        return self._answer

    async def close(self) -> None:
        """Close the socket in good order if that is quick, and end the tasks."""
        self.end()
        self._fail(SessionLostError('the session was closed'))
        keeper = self._tasks[1:]
        for task in keeper:
            task.cancel()
        try:
            await self._socket.close()  # by force after half a second
        finally:
            self._socket.transport.abort()
            # The reader ends with the socket, and only then: a close is answered by way of it.
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    async def _send(self, message: str) -> None:
        self.check()
        self._sent_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._limits.stall_s):
                await self._socket.send(message)
        except TimeoutError:
            self._fail(
                SessionLostError(f'ElevenLabs takes no audio for {self._limits.stall_s:g} s')
            )
        except ConnectionClosed:
            # What came before the end says more than the end.
            await asyncio.wait(self._tasks[:1], timeout=self._limits.stall_s)
            self._fail(self._ended())
        self.check()

    async def _keep_alive(self, interval_s: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._failure is None:
                await asyncio.sleep(max(0.0, self._sent_at + interval_s - loop.time()))
                if loop.time() - self._sent_at >= interval_s:
                    await self._send(audio_chunk(b''))
        except EngineError:
            pass  # it is kept, for whoever uses the session next

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._take(message)
        except ConnectionClosed:
            pass  # how it ended is asked below, because a good end raises nothing
        except (ValueError, RecursionError) as err:
            self._fail(SessionLostError(f'ElevenLabs does not keep to its protocol: {err}'))
        self._fail(self._ended())

    def _take(self, message: str | bytes) -> None:
        """Take a message; raise ValueError for what is none."""
        said = json.loads(message)
        if not isinstance(said, dict):
            raise ValueError(f'a message is {type(said).__name__}, expected an object')
        kind = said.get('message_type')
        if kind == 'session_started':
            self._had = True
            self._greeted.set()
        elif kind == 'partial_transcript':
            self._hear(_text(said))
        elif kind == 'committed_transcript':
            # Its copy with timestamps is not asked for, and may come all the same.
            self._commit(_text(said))
        elif 'error' in said:
            self._complain(str(kind), str(said['error']))

    def _hear(self, text: str) -> None:
        if self._judge.partial(text) and self._utterance is not None:
            self._utterance.heard(text)

    def _commit(self, text: str) -> None:
        self._forget_copy()
        verdict = self._judge.commit(text)
        if verdict is Verdict.ANSWER:
            self._settle(text)
        elif verdict is Verdict.ANSWER_OR_COPY:
            # Asked again, the judge takes it for the answer.
            loop = asyncio.get_running_loop()
            self._copy = loop.call_later(COPY_WAIT_S, self._commit, text)
        elif verdict is Verdict.OWN and self._utterance is not None:
            self._uncommitted = 0
            self._utterance.committed(text)

    def _complain(self, kind: str, words: str) -> None:
        if self._judge.asked and kind in SETTLED:
            self._worn = True  # some say that it closes the session then
            self._settle(None)
            return
        self._fail(complaint(kind, words, self._key))

    def _settle(self, answer: str | None) -> None:
        self._answer = answer
        self._answered.set()

    def _forget_copy(self) -> None:
        if self._copy is not None:
            self._copy.cancel()
            self._copy = None

    def _fail(self, error: EngineError) -> None:
        """Note the first failure and wake whoever waits; it is raised by what they do next."""
        if self._failure is not None:
            return
        self._failure = error
        self._greeted.set()
        self._answered.set()
        if self._utterance is not None:
            self._utterance.lost()

    def check(self) -> None:
        """Raise the failure, anew each time: one that is raised twice keeps both tracebacks."""
        error = self._failure
        if isinstance(error, SessionLostError) and self._had:
            raise SessionLostError(str(error))
        if error is not None:
            raise EngineError(
                str(error), retryable=error.retryable, retry_after_s=error.retry_after_s
            )

    def _ended(self) -> EngineError:
        code, reason = self._socket.close_code, self._socket.close_reason or ''
        words = ' '.join(reason.replace(self._key, '***').split())
        return SessionLostError(
            f'ElevenLabs has ended the session ({code}{": " if words else ""}{words})'
        )


def _text(said: dict[str, object]) -> str:
    text = said.get('text')
    if not isinstance(text, str):
        raise ValueError(f'a {said["message_type"]} without text')
    return text
