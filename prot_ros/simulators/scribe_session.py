# SPDX-License-Identifier: Apache-2.0
"""One session of the simulated speech-to-text: what it takes, says, and does wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Exchange, Fault, exchanges
from prot_ros.simulators.scribe_hearing import Ears, Hearing
from prot_ros.simulators.scribe_rules import (
    LEAST_COMMIT_S,
    Chunk,
    RefusedError,
    Wish,
    chunk,
    throttled,
    wish,
)

MIDWAY_S = 0.5
"""Of audio, after which happens what happens in the middle."""
KEPT_S = 120.0
"""Audio of a session that can be looked at."""
OVERSIZED = 2 << 20


@dataclass(frozen=True)
class Habits:
    """What the service does unasked. Times in seconds."""

    repeat_s: float = 1.0
    """The last hypothesis comes again after this, and again."""
    auto_commit_s: float = 90.0
    idle_s: float = 10.0
    """A session without a chunk for so long is ended."""
    session_s: float = 600.0
    """The longest session; the service does not publish its own."""
    throttle_closes: bool = True
    """Whether a commit that comes too soon ends the session; clients say both."""
    refused_terms: Collection[str] = ()
    """Words that it does not want to listen for; whether it has such is not known."""


class SimulatedSession:
    """What it has received can be looked at, and it can be made to fail at any time."""

    def __init__(
        self,
        connection: ServerConnection,
        query: Mapping[str, Sequence[str]],
        behaviour: Behaviour,
        habits: Habits,
    ) -> None:
        self.connection = connection
        self.query = query
        self.audio = bytearray()
        """What came, the last `KEPT_S` of it."""
        self.chunks: deque[int] = deque(maxlen=10_000)
        """Bytes of each, the latest ones; 0 are those that keep the session alive."""
        self.commits: deque[int] = deque(maxlen=10_000)
        """Bytes of the audio that each commit rode on."""
        self.exchanges = exchanges()
        """Of commits and what was committed for them."""
        self.previous_text = ''
        self.texts: deque[str] = deque(maxlen=10_000)
        """What was committed."""
        self.said = 0
        """Messages."""
        self.open = True
        self.close_code: int | None = None
        """With which it was ended, by whichever side."""
        self._behaviour = behaviour
        self._habits = habits
        self._wish = Wish(16000, '', timestamps=False, config={})
        self._partial = ''
        self._uncommitted = 0
        self._heard = 0
        self._silent = False

    def reset(self) -> None:
        """Cut the connection."""
        self.connection.transport.abort()

    def stall(self) -> None:
        """Say nothing any more."""
        self._silent = True

    def deafen(self) -> None:
        """Take nothing any more, not even the wish to close."""
        self.connection.transport.pause_reading()

    async def end(self, code: int = 1000, reason: str = '') -> None:
        """Close in good order."""
        await self.connection.close(code, reason)

    async def fail(self, kind: str, words: str = '') -> None:
        """Say what is wrong, and close."""
        await self.say(kind, error=words or f'simulated {kind}')
        await self.end(1008, kind)

    async def say(self, kind: str, **fields: object) -> None:
        """Send a message."""
        if self._silent:
            return
        self.said += 1
        text = json.dumps({'message_type': kind, **fields}, ensure_ascii=False)
        if self._behaviour.fault is Fault.SLOW_DRIP:
            await self._drip(text)
        else:
            await self.connection.send(text)

    async def run(self, ears: Ears, *, known: bool) -> None:
        """Serve until the connection ends."""
        try:
            if await self._begin(known=known):
                async with asyncio.TaskGroup() as tasks:
                    repeating = tasks.create_task(self._repeat())
                    try:
                        await self._serve(ears.hearing(self._wish.rate))
                    finally:
                        repeating.cancel()
        except* (ConnectionClosed, ConnectionError):
            pass  # by whichever side
        finally:
            self.open = False
            self.close_code = self.connection.close_code

    async def _begin(self, *, known: bool) -> bool:
        """Greet; return whether the session goes on."""
        fault = self._behaviour.fault
        if fault is Fault.ACCEPT_THEN_CLOSE:
            await self.end(1008)
            return False
        try:
            if not known:
                raise RefusedError('auth_error', 'You must be authenticated to use this endpoint.')
            self._wish = wish(self.query)
            if set(self.query.get('keyterms', ())).intersection(self._habits.refused_terms):
                raise RefusedError('invalid_request', 'A keyterm is not allowed.')
            if fault is Fault.ERROR:
                kind = self._behaviour.error or 'error'
                raise RefusedError(kind, f'simulated {kind}')
        except RefusedError as refused:
            await self.fail(refused.kind, refused.words)
            return False
        if fault is Fault.STALL:
            await self.connection.wait_closed()
            return False
        await self._pause(self._behaviour.connect_s)
        for _ in range(2 if fault is Fault.DUPLICATE else 1):
            await self.say(
                'session_started', session_id=uuid.uuid4().hex, config=self._wish.config
            )
        return True

    async def _serve(self, hearing: Hearing) -> None:
        try:
            async with asyncio.timeout(self._habits.session_s):
                while (message := await self._receive()) is not None:
                    taken = chunk(message, self._wish.rate, first=not self.chunks)
                    await self._take(taken, hearing)
        except TimeoutError:
            await self.fail('session_time_limit_exceeded')
        except RefusedError as refused:
            await self.say(refused.kind, error=refused.words)
            await self.end(1008, refused.kind)
        except EngineError as err:
            await self.fail('transcriber_error', str(err))
        finally:
            await hearing.close()

    async def _receive(self) -> str | bytes | None:
        """Return the next message, None when nothing came for too long."""
        try:
            async with asyncio.timeout(self._habits.idle_s):
                return await self.connection.recv()
        except TimeoutError:
            await self.end()
            return None

    async def _take(self, taken: Chunk, hearing: Hearing) -> None:
        rate = 2 * self._wish.rate
        self.previous_text = self.previous_text or taken.previous_text
        asked = Exchange()
        self.chunks.append(len(taken.pcm))
        self.audio += taken.pcm
        del self.audio[: -int(KEPT_S * rate)]
        self._uncommitted += len(taken.pcm)
        self._heard += len(taken.pcm)
        text = await hearing.push(taken.pcm) if taken.pcm else self._partial
        if text not in ('', self._partial):
            self._partial = text
            await self.say('partial_transcript', text=text)
            await self._pause(self._behaviour.piece_s)
        if self._heard >= MIDWAY_S * rate:
            await self._go_wrong()
        if taken.commit:
            self.commits.append(len(taken.pcm))
            self.exchanges.append(asked)
            if self._uncommitted < LEAST_COMMIT_S * rate:
                refused = throttled(self._uncommitted / rate)
                if self._habits.throttle_closes:
                    raise refused
                await self.say(refused.kind, error=refused.words)
                return
            await self._pause(self._behaviour.first_s)
            await self._commit(hearing)
        elif self._uncommitted >= self._habits.auto_commit_s * rate:
            await self._commit(hearing)

    async def _commit(self, hearing: Hearing) -> None:
        text = await hearing.end()
        self.texts.append(text)
        self._uncommitted = 0
        fault = self._behaviour.fault
        if fault is not Fault.WRONG_ORDER and text:
            await self.say('partial_transcript', text=text)
        if self.exchanges:  # else it commits unasked
            self.exchanges[-1].answer()
        for _ in range(2 if fault is Fault.DUPLICATE else 1):
            await self.say('committed_transcript', text=text)
        if self._wish.timestamps:
            await self.say(
                'committed_transcript_with_timestamps',
                text=text,
                language_code=self._wish.language or None,
                words=_words(text),
            )
        if text:
            # What was committed comes once more as a hypothesis, and its beginning, too, where
            # things come in the wrong order.
            if fault is Fault.WRONG_ORDER:
                await self.say('partial_transcript', text=text[: len(text) // 2 + 1])
            await self.say('partial_transcript', text=text)
        self._partial = text

    async def _repeat(self) -> None:
        """Say the last hypothesis again and again."""
        while True:
            await asyncio.sleep(self._habits.repeat_s)
            if self._partial:
                await self.say('partial_transcript', text=self._partial)

    async def _go_wrong(self) -> None:
        fault = self._behaviour.fault
        if fault is Fault.ERROR_MIDWAY:
            kind = self._behaviour.error or 'transcriber_error'
            raise RefusedError(kind, f'simulated {kind}')
        if fault is Fault.EOF_MIDWAY:
            await self.end()
        elif fault is Fault.RESET_MIDWAY:
            whole = _frame(json.dumps({'message_type': 'partial_transcript', 'text': 'half'}))
            self.connection.transport.write(whole[: len(whole) // 2])
            self.reset()
        elif fault is Fault.STALL_MIDWAY:
            self.stall()
        elif fault is Fault.MALFORMED:
            await self.connection.send('{"message_type": "partial_tr')
        elif fault is Fault.OVERSIZED:
            await self.say('partial_transcript', text='x' * OVERSIZED)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the connection ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.connection.wait_closed()

    async def _drip(self, text: str) -> None:
        for byte in _frame(text):
            self.connection.transport.write(bytes([byte]))
            await asyncio.sleep(self._behaviour.piece_s)


def _frame(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def _words(text: str) -> list[dict[str, object]]:
    """Return words and the spaces between them, a quarter of a second each."""
    pieces = [piece for word in text.split() for piece in (word, ' ')][:-1]
    return [
        {
            'text': piece,
            'start': at * 0.25,
            'end': (at + 1) * 0.25,
            'type': 'spacing' if piece == ' ' else 'word',
            'logprob': 0.0,
        }
        for at, piece in enumerate(pieces)
    ]
