# SPDX-License-Identifier: Apache-2.0
"""How the node dialog gets a reply said: sentence by sentence, in a window, until it is heard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Protocol

from prot_ros.core import language
from prot_ros.core.endings import FAILURE, ending
from prot_ros.core.flow import Window
from prot_ros.core.reply import Reply
from prot_ros.core.sentences import SentenceSplitter
from prot_ros.core.stamps import Stamp
from prot_ros.core.wire import PlaybackState, Sentence
from prot_ros.engines.kinds import BrokenOff, EngineError, Log

SENTENCES_AHEAD = 32
"""Sentences on their way that have not been heard yet."""
RESEND_S = 2.5
"""A reply that is not audible after this may not have reached the voice."""
CUT_REPORT_S = 0.3
"""How long the loudspeaker's last word on a cut reply is waited for; it comes within 20 ms."""


class Settings(Protocol):
    """What it depends on; may change from one reply to the next."""

    @property
    def language(self) -> str: ...

    @property
    def piece_deadline_s(self) -> float: ...

    @property
    def stall_s(self) -> float: ...


class Delivery:
    """One reply at a time: `begin`, then `say`, while `played` tells what has become of it."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        publish: Callable[[Sentence], None],
        now: Callable[[], Stamp],
        log: Log,
    ) -> None:
        self._settings = settings
        self._publish = publish
        self._now = now
        self._log = log
        self._moved = asyncio.Event()
        self.begin()

    def begin(self) -> None:
        """Forget the reply before."""
        self._window = Window(SENTENCES_AHEAD)
        self._sent: deque[Sentence] = deque(maxlen=SENTENCES_AHEAD + 1)

    def played(self, reply: Reply) -> None:
        """Take note that the loudspeaker has told something of the reply."""
        self._window.played_total(reply.finished_sentences)
        self._moved.set()

    async def say(self, reply: Reply, pieces: AsyncIterator[str]) -> None:
        """Publish the pieces sentence by sentence, then wait until all has been heard.

        Raises TimeoutError when the loudspeaker does not go on. Where the pieces break off, what
        is left is a short ending instead, and why is the reply's `failure`.
        """
        splitter = SentenceSplitter()
        try:
            async with aclosing(pieces) as stream:  # type: ignore[type-var]
                while (piece := await self._piece(stream)) is not None:
                    reply.mark('first_token', self._now())
                    for text in splitter.push(piece):
                        await self._send(reply, text)
        except BrokenOff as err:
            # What is left in the splitter is half a sentence.
            reply.failure = str(err)
            self._log.warning(f'the reply is broken off: {err}')
            said = ' '.join(reply.sentences)
            rest = [ending(err.reason, said, reply.utterance, self._settings().language)]
        else:
            rest = splitter.end()
        for text in filter(None, rest):
            await self._send(reply, text)
        await self._send(reply, '', final=True)
        reply.complete = True
        if reply.sentences:
            await self._until(reply, lambda: reply.ended is not None)
        if reply.ended == PlaybackState.CUT:
            # The loudspeaker has heard of the interrupt before this node, whose lane for it ends
            # this wait.
            await asyncio.sleep(CUT_REPORT_S)
            reply.cut = reply.cut or 'unknown'

    async def last_word(self, reply: Reply) -> bool:
        """Wait until the loudspeaker has told how a cut reply ended; False where it does not."""
        try:
            async with asyncio.timeout(CUT_REPORT_S):
                while reply.ended is None:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    async def _piece(self, stream: AsyncIterator[str]) -> str | None:
        """Return the next piece of a reply, None at its end; raise BrokenOff for every failure."""
        deadline_s = self._settings().piece_deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                return await anext(stream, None)
        except EngineError as err:
            raise BrokenOff(FAILURE, str(err)) from err
        except TimeoutError:
            raise BrokenOff(
                FAILURE, f'the language model was silent for {deadline_s:g} s'
            ) from None

    async def _send(self, reply: Reply, text: str, *, final: bool = False) -> None:
        await self._until(reply, self._window.may_publish)
        if text:
            reply.mark('first_sentence', self._now())
            self._window.published(1)
        sentence = Sentence(
            turn=reply.turn,
            seq=len(reply.sentences),
            text=text,
            final=final,
            language=language.detect(text, self._settings().language),
            stamp=self._now(),
            policy=reply.policy,
        )
        if text:
            reply.sentences.append(text)
        self._sent.append(sentence)
        self._publish(sentence)

    async def _until(self, reply: Reply, condition: Callable[[], bool]) -> None:
        """Wait for a condition on the playback, as long as the playback goes on."""
        stall_s = self._settings().stall_s
        silent_s = 0.0
        while not condition():
            self._moved.clear()
            patience = min(RESEND_S, stall_s - silent_s)
            try:
                async with asyncio.timeout(patience):
                    await self._moved.wait()
                silent_s = 0.0
                continue
            except TimeoutError:
                silent_s += patience
            if silent_s >= stall_s:
                raise TimeoutError(f'nothing was heard from the loudspeaker for {stall_s:g} s')
            if not reply.audible:
                # A voice that has just been started anew may not have been found yet when they
                # were sent. One that has them speaks each only once.
                for sentence in self._sent:
                    self._publish(sentence)
