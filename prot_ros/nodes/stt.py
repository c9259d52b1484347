# SPDX-License-Identifier: Apache-2.0
"""stt: turns utterances into text.

Subscribes
    vad/utterance    Int16MultiArray   chunks of an utterance, the last one empty and final
    dialog/names     String (JSON)     Names: whom the robot knows, for engines that expect them
    interrupt        Header            except by a barge-in, what was said before is dropped
Publishes
    stt/partial      String (JSON)     Transcript: the hypothesis, whenever it changes
    stt/transcript   String (JSON)     Transcript: what was said; '' when no words were found

Speech in a turn that was voided by a barge-in is recognised all the same: the user went on
talking, and both parts belong together.

An utterance in which the recogniser fails counts as not understood, because half of it could mean
something else; why is in the log and in the diagnostics. The next one is tried anew.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from prot_ros import graph
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import TEXT_LIMIT, AudioChunk, Transcript
from prot_ros.engines import selection_online
from prot_ros.engines.elevenlabs.scribe_request import (
    AUTO,
    KEYTERM_LIMIT,
    KEYTERMS_LIMIT,
    MODEL,
    SERVICE,
    ScribeRequest,
    expected,
    split_keyterms,
)
from prot_ros.engines.failover import failover
from prot_ros.engines.kinds import EngineError, Recognition, Recognizer
from prot_ros.engines.resample import Resampler
from prot_ros.node import ProtNode
from prot_ros.online_params import OnlineParams
from prot_ros.params import param

STALLED_S = 2.0
"""An utterance of which nothing arrives for this long has lost its sender; it is ended here."""


@dataclass(frozen=True)
class Params(OnlineParams):
    """Parameters of the node stt."""

    engine: str = param(
        'auto',
        'What recognises speech; auto takes the best one that can work here',
        one_of=('auto', *selection_online.RECOGNIZERS),
    )
    language: str = param(
        AUTO,
        f'elevenlabs: what is spoken, as a code of ISO 639 such as ko or en; {AUTO} is told by '
        'listening',
        live=True,
    )
    keyterms: str = param(
        '',
        f'elevenlabs: names and words to expect, with commas between them, up to {KEYTERMS_LIMIT} '
        f'of {KEYTERM_LIMIT} characters',
        live=True,
    )
    keyterms_from_memory: bool = param(
        True,
        'elevenlabs: whether names that the robot remembers are expected, too; the service takes '
        'an extra charge for that',
        live=True,
    )
    keep_warm: bool = param(
        True, 'elevenlabs: whether the connection is kept from one utterance to the next'
    )
    rest_s: float = param(
        60.0,
        'elevenlabs: a connection without an utterance is closed after this',
        unit='s',
        ge=1.0,
        le=3600.0,
    )
    elevenlabs_url: str = param(
        '', 'ElevenLabs: where it is, empty for the service itself', name='elevenlabs.url'
    )
    elevenlabs_model: str = param(MODEL, 'ElevenLabs: model', name='elevenlabs.model', live=True)

    def __post_init__(self) -> None:
        """Raise ValueError for what the service would refuse."""
        try:
            self.scribe  # noqa: B018 - it checks itself
        except EngineError as err:
            raise ValueError(str(err)) from err

    @property
    def scribe(self) -> ScribeRequest:
        """How ElevenLabs recognises."""
        return ScribeRequest(
            self.elevenlabs_url or SERVICE,
            self.elevenlabs_model,
            self.language,
            split_keyterms(self.keyterms),
        )


class SttNode(ProtNode[Params]):
    """Recognises one utterance at a time."""

    params_class = Params

    def declare(self) -> None:
        self.utterances = self.mailbox(graph.UTTERANCE)
        self.names = self.mailbox(graph.NAMES)
        self.publisher(graph.PARTIAL)
        self.publisher(graph.TRANSCRIPT)
        self._recognised = 0
        self._failed = 0
        self._failure = ''
        self._known: tuple[str, ...] = ()

    async def open(self, stack: AsyncExitStack) -> None:
        choice = await selection_online.recognizer(self.params, self.get_logger(), self._scribe)
        stack.push_async_callback(choice.engine.close)
        self.get_logger().info(choice.sentence('speech recogniser'))
        self.engine: Recognizer = choice.engine

    def _scribe(self) -> ScribeRequest:
        request = self.params.scribe
        known = self._known if self.params.keyterms_from_memory else ()
        return replace(request, names=expected(request.keyterms, known))

    def on_params_changed(self, old: Params, new: Params) -> None:
        # What failed with the old settings may work with the new ones.
        failover.mended(getattr(self, 'engine', None))

    async def start(self, stack: AsyncExitStack) -> None:
        self._silenced = NEVER
        self._forget()
        stack.push_async_callback(self._give_up)

    def _forget(self) -> None:
        self._turn = NEVER
        self._recognition: Recognition | None = None
        self._resampler: Resampler | None = None
        self._lost = False
        self._partial = ''
        self._before = ''
        self._seq = 0

    async def _give_up(self) -> None:
        if self._recognition is not None:
            await self._recognition.close()
        self._forget()

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        if interrupt.voids_speech:
            self._silenced = max(self._silenced, interrupt.stamp)
            self.utterances.flush(lambda chunk: chunk.turn <= self._silenced)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_names())
            await self._follow_utterances()

    async def _follow_names(self) -> None:
        async for known in self.names:
            self._known = known.names

    async def _follow_utterances(self) -> None:
        while True:
            try:
                async with asyncio.timeout(STALLED_S if self._turn != NEVER else None):
                    chunk = await self.utterances.take()
            except TimeoutError:
                if self._turn <= self._silenced:
                    await self._give_up()  # its end was flushed with the rest of it
                    continue
                self.get_logger().warning('the utterance stopped arriving; it is ended here')
                await self._finish(self._stalled_end())
                continue
            await self._take(chunk)

    def _stalled_end(self) -> AudioChunk:
        return AudioChunk(
            pcm=b'', rate=self.engine.rate, turn=self._turn, stamp=self.now(), final=True
        )

    async def _take(self, chunk: AudioChunk) -> None:
        if self._turn not in (NEVER, chunk.turn):
            # The end of the utterance before was lost; what it said is not.
            await self._finish(self._stalled_end())
        if chunk.turn <= self._silenced:
            await self._give_up()
            return
        if self._turn == NEVER:
            self._turn = chunk.turn
        if chunk.final:
            await self._finish(chunk)
        else:
            await self._push(chunk)

    async def _push(self, chunk: AudioChunk) -> None:
        if self._lost:
            return
        if self._recognition is None:
            self._recognition = self.engine.start()
            self._resampler = Resampler(chunk.rate, self.engine.rate)
        assert self._resampler is not None
        try:
            text = await self._recognition.push(self._resampler.push(chunk.pcm))
        except EngineError as err:
            await self._lose(self._recognition, err)
            return
        if text and text != self._partial and self._turn > self._silenced:
            self._partial = text
            partial = Transcript(self._turn, self._joined(text), self._seq, stamp=self.now())
            self.publish(graph.PARTIAL, partial)
            self._seq += 1

    async def _lose(self, recognition: Recognition, error: EngineError) -> None:
        """Count the utterance as not understood."""
        self._lost = True
        self._before = ''
        self._recognition = None
        self._failed += 1
        self._failure = str(error)
        self.get_logger().error(f'recognition failed, the utterance is not understood: {error}')
        await recognition.close()

    async def _text(self, recognition: Recognition) -> str:
        """End a recognition and return what was understood."""
        assert self._resampler is not None
        try:
            tail = self._resampler.end()
            if tail:
                await recognition.push(tail)
            text = await recognition.finish()
        except EngineError as err:
            await self._lose(recognition, err)
            return ''
        await recognition.close()
        self._recognition = None
        return text

    async def _finish(self, end: AudioChunk) -> None:
        """End the stretch of audio; publish, unless the same turn goes on after a cut."""
        endpoint = self.now()
        text = await self._text(self._recognition) if self._recognition is not None else ''
        self._before = self._joined(text)
        self._partial = ''
        if end.continues:
            return
        if end.turn > self._silenced:
            self._recognised += 1
            self.publish(
                graph.TRANSCRIPT,
                Transcript(
                    turn=end.turn,
                    text=self._before,
                    seq=self._seq,
                    final=True,
                    speech_end=Stamp(min(end.stamp, endpoint)),
                    endpoint=endpoint,
                    stamp=self.now(),
                ),
            )
        self._forget()

    def _joined(self, text: str) -> str:
        return f'{self._before} {text}'.strip()[-TEXT_LIMIT:]

    def concern(self) -> str:
        return failover.concern(getattr(self, 'engine', None))

    def status(self) -> dict[str, object]:
        engine = getattr(self, 'engine', None)
        return {
            **failover.shown(engine),
            'recognised': getattr(self, '_recognised', 0),
            'failed': getattr(self, '_failed', 0),
            'failure': getattr(self, '_failure', ''),
        }
