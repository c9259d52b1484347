# SPDX-License-Identifier: Apache-2.0
"""speaker: plays what the robot says, and tells what has really been heard.

Subscribes
    tts/audio    Int16MultiArray   chunks of a reply
    interrupt    Header            what belongs to void turns falls silent at once
Publishes
    speaker/playback   String (JSON)   Playback: started, progress (10 Hz), each sentence's end,
                                       finished or cut
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from prot_ros import graph
from prot_ros.core.playout import Playout, Position
from prot_ros.core.stamps import MILLISECOND, NEVER, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import AudioChunk, Playback, PlaybackState
from prot_ros.engines import selection
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.kinds import Playback as PlaybackEngine
from prot_ros.engines.resample import Resampler
from prot_ros.node import ProtNode
from prot_ros.params import param

REPORT_S = 0.1


@dataclass(frozen=True)
class Params:
    """Parameters of the node speaker."""

    engine: str = param(
        'auto',
        'Where sound goes; auto takes paplay where an audio server answers, else null',
        one_of=('auto', *selection.PLAYBACKS),
    )
    device: str = param('', 'paplay: name of the sink, empty for the default')
    file: str = param('', 'wav: the file to write')
    rate: int = param(24000, 'Sample rate of the device', unit='Hz', ge=8000, le=48000)
    latency_ms: int = param(
        40, 'paplay: buffer asked of the audio server', unit='ms', ge=10, le=500
    )


class SpeakerNode(ProtNode[Params]):
    """Plays one reply at a time."""

    params_class = Params

    def declare(self) -> None:
        self.audio = self.mailbox(graph.SPEECH_AUDIO)
        self.publisher(graph.PLAYBACK)
        self._replies = 0
        self._cuts = 0
        self._lost = 0

    async def open(self, stack: AsyncExitStack) -> None:
        choice = await selection.playback(self.params)
        self.get_logger().info(choice.sentence('loudspeaker'))
        self.engine: PlaybackEngine = choice.engine

    async def start(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self.engine.close)
        await self.engine.open()
        self._turn = NEVER
        self._ended = NEVER
        self._next_seq = 0
        self._playing: asyncio.Task[None] | None = None

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        self.audio.flush(lambda chunk: self.gate.is_void(chunk.turn))
        if self._turn != NEVER and self.gate.is_void(self._turn):
            # Silence first; the books after.
            await self.engine.abort()
            if self._playing is not None:
                self._playing.cancel()
                await asyncio.wait({self._playing})
            self._cuts += 1
            self._end_turn(PlaybackState.CUT)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report_progress())
            async for chunk in self.audio:
                if self.gate.is_void(chunk.turn) or chunk.turn <= self._ended:
                    continue
                if chunk.turn != self._turn:
                    self._begin_turn(chunk)
                if chunk.seq > self._next_seq:
                    self._lost += chunk.seq - self._next_seq
                elif chunk.seq < self._next_seq:
                    continue  # delivered twice
                self._next_seq = chunk.seq + 1
                # A task of its own, so that an interrupt can end a write or a drain that waits.
                self._playing = tasks.create_task(self._play(chunk))
                await asyncio.wait({self._playing})
                self._playing = None

    def _begin_turn(self, chunk: AudioChunk) -> None:
        if self._turn != NEVER:
            # The end of the reply before never came; what was heard of it is all there is.
            self._end_turn(PlaybackState.FAILED)
        self._turn = chunk.turn
        self._next_seq = chunk.seq
        self._synthesized = chunk.stamp
        self._started = NEVER
        self._audible = False
        self._resampler = Resampler(chunk.rate, self.engine.rate)
        self._playout = Playout(self.engine.rate)
        self._replies += 1

    async def _play(self, chunk: AudioChunk) -> None:
        pcm = self._resampler.push(chunk.pcm)
        if chunk.final:
            pcm += self._resampler.end()
        try:
            # Noted before it is written: the engine's position may run into it while we wait.
            self._playout.write(chunk.sentence, len(pcm) // 2, complete=chunk.sentence_final)
            if pcm:
                await self.engine.write(pcm)
                self._audible = True
                self._note_start()
            if chunk.final:
                await self.engine.drain()
                self._report_sentences()
                self._end_turn(PlaybackState.FINISHED)
        except EngineError as err:
            self.get_logger().error(f'the loudspeaker failed: {err}')
            await self.engine.abort()
            self._end_turn(PlaybackState.FAILED)

    def _note_start(self) -> None:
        # Until the first write the engine still tells of the reply before.
        played = self.engine.played() if self._audible else 0
        if self._started == NEVER and played > 0:
            ago = played * 1000 * MILLISECOND // self.engine.rate
            self._started = Stamp(self.now() - ago)
            self._report(PlaybackState.STARTED, self._playout.position(played))

    async def _report_progress(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            if self._turn == NEVER:
                continue
            self._note_start()
            if self._started != NEVER:
                self._report_sentences()
                self._report(PlaybackState.PROGRESS, self._playout.position(self.engine.played()))

    def _report_sentences(self) -> None:
        for position in self._playout.finished(self.engine.played()):
            self._report(PlaybackState.SENTENCE, position)

    def _end_turn(self, state: str) -> None:
        played = self.engine.played() if self._audible else 0
        self._report(state, self._playout.position(played))
        self._ended, self._turn = self._turn, NEVER

    def _report(self, state: str, position: Position) -> None:
        self.publish(
            graph.PLAYBACK,
            Playback(
                turn=self._turn,
                seq=position.sentence,
                state=state,
                played_ms=position.played_ms,
                total_ms=position.total_ms,
                turn_played_ms=(
                    self.engine.played() * 1000 / self.engine.rate if self._audible else 0.0
                ),
                started=self._started,
                synthesized=self._synthesized,
                stamp=self.now(),
            ),
        )

    def status(self) -> dict[str, object]:
        engine = getattr(self, 'engine', None)
        return {
            'engine': engine.name if engine is not None else '',
            'replies': getattr(self, '_replies', 0),
            'cut': getattr(self, '_cuts', 0),
            'chunks lost': getattr(self, '_lost', 0),
        }
