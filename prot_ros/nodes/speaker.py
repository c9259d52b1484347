# SPDX-License-Identifier: Apache-2.0
"""speaker: plays what the robot says, and tells what has really been heard.

Subscribes
    tts/audio    Int16MultiArray   chunks of a reply
    barge_in     String (JSON)     BargeIn: lowers the voice, holds a reply, goes on with it
    interrupt    Header            what belongs to void turns falls silent at once
Publishes
    speaker/playback    String (JSON)     Playback: started, progress (10 Hz), each sentence's
                                          end, hushed, held, finished or cut
    speaker/reference   Int16MultiArray   what sounds, stamped with the time at which it does

Silence comes in stages. Where somebody may be starting to speak the voice is lowered; where that
is likely it is inaudible, and goes on beneath, so that a mistake costs a dip and no time; where an
utterance has begun the reply is held: silent, its place kept. It goes on when the utterance turns
out to be a cough, and ends with the interrupt when it does not.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic

from prot_ros import graph
from prot_ros.core.interruption import Policy
from prot_ros.core.playout import Playout, Position
from prot_ros.core.stamps import MILLISECOND, NEVER, SECOND, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import AudioChunk, BargeInStage, Playback, PlaybackState
from prot_ros.engines import selection
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.kinds import Playback as PlaybackEngine
from prot_ros.engines.resample import Resampler
from prot_ros.node import ProtNode
from prot_ros.params import param

REPORT_S = 0.1
SUSPICION_S = 1.0
"""A suspicion is confirmed or dismissed within a few frames; whoever should say so is gone."""
HELD_S = 20.0
"""A reply is held no longer: what decides on it (the recogniser, the dialog) is gone, or hears a
noise that does not end."""


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
        self.barge_ins = self.mailbox(graph.BARGE_IN)
        self.publisher(graph.PLAYBACK)
        self.publisher(graph.REFERENCE)
        self._replies = 0
        self._cuts = 0
        self._dips = 0
        self._holds = 0
        self._lost = 0
        self._reference_seq = 0

    async def open(self, stack: AsyncExitStack) -> None:
        choice = await selection.playback(self.params)
        self.get_logger().info(choice.sentence('loudspeaker'))
        self.engine: PlaybackEngine = choice.engine

    async def start(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self.engine.close)
        self.engine.on_piece = self._publish_reference
        await self.engine.open()
        self._turn = NEVER
        self._ended = NEVER
        self._next_seq = 0
        self._playing: asyncio.Task[None] | None = None
        self._silencing = asyncio.Lock()
        # Replies that began before this utterance wait until it is known what it is.
        self._yielding_to = NEVER
        self._sentence_to_finish: int | None = None
        self._suspected = NEVER
        self._hushed = False
        self._held_at = NEVER
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        self.audio.flush(lambda chunk: self.gate.is_void(chunk.turn))
        async with self._silencing:
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
            tasks.create_task(self._follow_barge_ins())
            async for chunk in self.audio:
                # What comes next does not begin before what is void has ended.
                async with self._silencing:
                    if not await self._admit(chunk):
                        continue
                    # A task of its own, so that an interrupt can end a write that waits.
                    self._playing = tasks.create_task(self._play(chunk))
                await asyncio.wait({self._playing})
                self._playing = None

    async def _admit(self, chunk: AudioChunk) -> bool:
        """Return whether a chunk is to be played now, the first of a reply or the next."""
        if self.gate.is_void(chunk.turn) or chunk.turn <= self._ended:
            return False
        if chunk.turn != self._turn:
            if self._held_at != NEVER:
                await self.engine.abort()  # what was held will never go on
            self._begin_turn(chunk)
        if chunk.seq < self._next_seq:
            return False  # delivered twice
        self._lost += chunk.seq - self._next_seq
        self._next_seq = chunk.seq + 1
        return True

    # --- somebody speaks -----------------------------------------------------------------------

    async def _follow_barge_ins(self) -> None:
        patience: float | None = None
        while True:
            try:
                async with asyncio.timeout(patience):
                    barge_in = await self.barge_ins.take()
            except TimeoutError:
                patience = None
                # The reply may have ended meanwhile, and all with it.
                if self._held_at or self._suspected:
                    self.get_logger().warning('nobody told what became of the barge-in; going on')
                    await self._go_on()
                continue
            if barge_in.stage in (BargeInStage.SUSPECTED, BargeInStage.LIKELY):
                await self._lower(barge_in.turn, hush=barge_in.stage == BargeInStage.LIKELY)
            elif barge_in.stage == BargeInStage.CONFIRMED:
                await self._hold(barge_in.turn)
            elif barge_in.stage == BargeInStage.DISMISSED:
                await self._dismiss(barge_in.turn)
            patience = HELD_S if self._held_at else SUSPICION_S if self._suspected else None

    async def _dismiss(self, turn: Stamp) -> None:
        # A suspicion may come and go while what was said before it is still being recognised.
        if turn == self._suspected:
            self._suspected = NEVER
            if self._held_at == NEVER:
                await self._resume()
        # Any other than the utterance that is waited for means another.
        elif turn == self._yielding_to:
            await self._go_on()

    def _yields_to(self, turn: Stamp) -> bool:
        return NEVER < self._turn < turn and self._policy != Policy.NEVER

    async def _lower(self, turn: Stamp, *, hush: bool) -> None:
        if not self._yields_to(turn) or self._policy != Policy.INTERRUPTIBLE:
            return
        self._dips += turn != self._suspected
        self._suspected = turn
        if not hush:
            await self.engine.duck()
            return
        await self.engine.hush()
        if self._suspected == turn and self._turn != NEVER:
            self._hushed = True
            self._report(PlaybackState.HUSHED, self._playout.position(self.engine.played()))

    async def _hold(self, turn: Stamp) -> None:
        if self.gate.is_void(turn) or turn <= self._yielding_to:
            return
        self._suspected, self._hushed = NEVER, False
        self._yielding_to = turn
        self._may_go_on.clear()
        if not self._yields_to(turn):
            return
        if self._policy == Policy.FINISH_SENTENCE:
            self._sentence_to_finish = self._playout.position(self.engine.played()).sentence
            return
        self._holds += 1
        await self.engine.hold()
        if self._yielding_to != turn:
            return  # it was let go meanwhile
        self._held_at = self.now()
        if self._turn != NEVER:
            self._report(PlaybackState.HELD, self._playout.position(self.engine.played()))

    async def _go_on(self) -> None:
        self._yielding_to = self._suspected = self._held_at = NEVER
        self._sentence_to_finish = None
        self._may_go_on.set()
        await self._resume()

    async def _resume(self) -> None:
        await self.engine.resume()
        if self._hushed:
            self._hushed = False
            if self._turn != NEVER:
                self._report(PlaybackState.PROGRESS, self._playout.position(self.engine.played()))

    async def _wait_for_the_floor(self, chunk: AudioChunk) -> None:
        """Wait while the reply has to wait; an interrupt cancels who waits here."""
        while (
            chunk.turn < self._yielding_to
            and chunk.policy != Policy.NEVER
            and (self._sentence_to_finish is None or chunk.sentence > self._sentence_to_finish)
        ):
            try:
                async with asyncio.timeout(HELD_S):
                    await self._may_go_on.wait()
            except TimeoutError:
                self.get_logger().warning('nobody told what became of the barge-in; going on')
                await self._go_on()

    # --- playing -------------------------------------------------------------------------------

    def _begin_turn(self, chunk: AudioChunk) -> None:
        if self._turn != NEVER:
            # The end of the reply before never came; what was heard of it is all there is.
            self._end_turn(PlaybackState.FAILED)
        self._turn = chunk.turn
        self._next_seq = chunk.seq
        self._synthesized = chunk.stamp
        self._started = NEVER
        self._audible = False
        self._policy = chunk.policy
        self._sentence_to_finish = None
        self._resampler = Resampler(chunk.rate, self.engine.rate)
        self._playout = Playout(self.engine.rate)
        self._replies += 1

    async def _play(self, chunk: AudioChunk) -> None:
        await self._wait_for_the_floor(chunk)
        pcm = self._resampler.push(chunk.pcm)
        if chunk.final:
            pcm += self._resampler.end()
        try:
            # Noted before it is written: the engine's position may run into it while we wait.
            self._playout.write(chunk.sentence, pcm, complete=chunk.sentence_final)
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

    def _publish_reference(self, pcm: bytes, audible_s: float) -> None:
        ahead = Stamp(round((audible_s - monotonic()) * SECOND))
        self.publish(
            graph.REFERENCE,
            AudioChunk(
                pcm=pcm,
                rate=self.engine.rate,
                turn=self._turn,
                stamp=Stamp(max(0, self.now() + ahead)),
                seq=self._reference_seq,
            ),
        )
        self._reference_seq += 1

    async def _report_progress(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            if self._turn == NEVER:
                continue
            self._note_start()
            if self._started != NEVER:
                self._report_sentences()
                self._report(self._now_playing(), self._playout.position(self.engine.played()))

    def _now_playing(self) -> str:
        if self._held_at != NEVER:
            return PlaybackState.HELD
        return PlaybackState.HUSHED if self._hushed else PlaybackState.PROGRESS

    def _report_sentences(self) -> None:
        for position in self._playout.finished(self.engine.played()):
            self._report(PlaybackState.SENTENCE, position)

    def _end_turn(self, state: str) -> None:
        played = self.engine.played() if self._audible else 0
        self._report(state, self._playout.position(played))
        self._ended, self._turn = self._turn, NEVER
        self._held_at = self._suspected = NEVER
        self._hushed = False

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
                sounding_ms=position.sounding_ms,
                sounding_total_ms=position.sounding_total_ms,
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
            'voice lowered': getattr(self, '_dips', 0),
            'held': getattr(self, '_holds', 0),
            'chunks lost': getattr(self, '_lost', 0),
        }
