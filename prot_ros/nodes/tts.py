# SPDX-License-Identifier: Apache-2.0
"""tts: turns sentences into audio.

Subscribes
    dialog/sentence    String (JSON)   Sentence: the next thing to say
    speaker/playback   String (JSON)   Playback: how far the loudspeaker has come
    vad/speech         Bool            who speaks will be answered: the voice connects meanwhile
    interrupt          Header          work for void turns is dropped at once
Publishes
    tts/audio       Int16MultiArray   60 ms chunks, mono; the last of a reply is marked final
    tts/alignment   String (JSON)     Alignment: when the words sound, before their audio

At most `window_ms` of audio is published that has not been played, so nothing is lost in a queue
and little is wasted when the reply is cut. The same sentence of a turn is spoken once, however
often it is delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial

from prot_ros import graph
from prot_ros.core.flow import Window
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import Alignment, AudioChunk, Sentence
from prot_ros.engines import selection_online
from prot_ros.engines.elevenlabs.voice_settings import SPEEDS, VoiceSetting
from prot_ros.engines.failover import failover
from prot_ros.engines.kinds import EngineError, Mark, Preparable, Synthesizer
from prot_ros.node import ProtNode
from prot_ros.online_params import OnlineParams
from prot_ros.params import param

CHUNK_MS = 60
"""Two seconds of window are 34 messages then, well under the topic's depth of 64."""


@dataclass(frozen=True)
class Params(OnlineParams):
    """Parameters of the node tts."""

    engine: str = param(
        'auto',
        'What speaks; auto takes the best one that can work here',
        one_of=('auto', *selection_online.SYNTHESIZERS),
    )
    voice: str = param('slt', 'offline: the Flite voice for English')
    rate: int = param(24000, 'Sample rate of tts/audio', unit='Hz', ge=8000, le=48000)
    window_ms: int = param(
        2000, 'Audio that may be on its way unplayed', unit='ms', ge=200, le=2000
    )
    elevenlabs_url: str = param(
        '', 'ElevenLabs: where it is, empty for the service itself', name='elevenlabs.url'
    )
    elevenlabs_voice: str = param(
        VoiceSetting.voice, 'ElevenLabs: voice id', name='elevenlabs.voice', live=True
    )
    elevenlabs_model: str = param(
        VoiceSetting.model, 'ElevenLabs: model', name='elevenlabs.model', live=True
    )
    elevenlabs_speed: float = param(
        VoiceSetting.speed,
        'ElevenLabs: how fast, 1.0 is as the voice was made',
        ge=SPEEDS[0],
        le=SPEEDS[1],
        name='elevenlabs.speed',
        live=True,
    )
    elevenlabs_language: str = param(
        VoiceSetting.language,
        'ElevenLabs: ISO 639-1 code that all is read in, empty to tell by the text',
        name='elevenlabs.language',
        live=True,
    )
    stall_s: float = param(
        10.0,
        'A loudspeaker that plays nothing for this long has failed',
        unit='s',
        ge=1.0,
        le=60.0,
    )

    @property
    def elevenlabs(self) -> VoiceSetting:
        """How ElevenLabs' voice speaks."""
        return VoiceSetting(
            self.elevenlabs_voice,
            self.elevenlabs_model,
            self.elevenlabs_speed,
            self.elevenlabs_language,
        )


class TtsNode(ProtNode[Params]):
    """Synthesises one sentence at a time, in order."""

    params_class = Params

    def declare(self) -> None:
        self.sentences = self.mailbox(graph.SENTENCE)
        self.playback = self.mailbox(graph.PLAYBACK)
        self.speech = self.mailbox(graph.SPEECH, bound=16)
        self.publisher(graph.SPEECH_AUDIO)
        self.publisher(graph.ALIGNMENT)
        self._spoken = 0
        self._failed = 0
        self._repeated = 0

    async def open(self, stack: AsyncExitStack) -> None:
        choice = await selection_online.synthesizer(
            self.params, self.get_logger(), lambda: self.params.elevenlabs
        )
        stack.push_async_callback(choice.engine.close)
        self.get_logger().info(choice.sentence('voice'))
        self.engine: Synthesizer = choice.engine

    def on_params_changed(self, old: Params, new: Params) -> None:
        # What failed with the old voice may work with the new one.
        failover.mended(getattr(self, 'engine', None))

    async def start(self, stack: AsyncExitStack) -> None:
        self._begin_turn(NEVER)
        self._speaking: asyncio.Task[None] | None = None
        self._room = asyncio.Event()

    def _begin_turn(self, turn: Stamp) -> None:
        self._turn = turn
        self._next_sentence = 0
        self._seq = 0
        self._window = Window(self.params.window_ms)

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        self.sentences.flush(lambda sentence: self.gate.is_void(sentence.turn))
        if self._speaking is not None and self.gate.is_void(self._turn):
            self._speaking.cancel()
            # The engine's own clean-up has run before the next turn starts.
            await asyncio.wait({self._speaking})

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_playback())
            tasks.create_task(self._follow_speech())
            async for sentence in self.sentences:
                if self.gate.is_void(sentence.turn):
                    continue
                if sentence.turn < self._turn or (
                    sentence.turn == self._turn and sentence.seq < self._next_sentence
                ):
                    self._repeated += 1
                    continue
                if sentence.turn != self._turn:
                    self._begin_turn(sentence.turn)
                self._next_sentence = sentence.seq + 1
                self._speaking = tasks.create_task(self._speak(sentence))
                await asyncio.wait({self._speaking})
                self._speaking = None

    async def _follow_playback(self) -> None:
        async for report in self.playback:
            if report.turn == self._turn:
                self._window.played_total(report.turn_played_ms)
                self._room.set()

    async def _follow_speech(self) -> None:
        async for speaking in self.speech:
            if speaking and isinstance(self.engine, Preparable):
                self.engine.prepare()

    async def _speak(self, sentence: Sentence) -> None:
        """Speak a sentence to its end; a failure ends the sentence, not the reply."""
        held: bytes | None = None  # one chunk back, because only the last one says that it is
        try:
            if any(char.isalnum() for char in sentence.text):  # a lone emoji has no sound
                chunk_bytes = 2 * self.engine.rate * CHUNK_MS // 1000
                pending = b''
                speech = self.engine.speak(
                    sentence.text,
                    sentence.language,
                    turn=sentence.turn,
                    on_marks=partial(self._align, sentence),
                )
                async with aclosing(speech) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        pending += piece
                        while len(pending) > chunk_bytes:
                            if held is not None:
                                await self._send(sentence, held)
                            held, pending = pending[:chunk_bytes], pending[chunk_bytes:]
                if held is not None:
                    await self._send(sentence, held)
                held = pending
            self._spoken += 1
        except EngineError as err:
            self._failed += 1
            self.get_logger().error(f'speaking {sentence.text[:60]!r} failed: {err}')
        except TimeoutError as err:
            self._failed += 1
            self.get_logger().error(f'the loudspeaker takes no audio: {err}')
            return
        await self._send(sentence, held or b'', last=True)

    def _align(self, sentence: Sentence, marks: Sequence[Mark]) -> None:
        told = tuple((mark.characters, round(mark.milliseconds, 1)) for mark in marks)
        self.publish(graph.ALIGNMENT, Alignment(sentence.turn, sentence.seq, told))

    async def _send(self, sentence: Sentence, pcm: bytes, *, last: bool = False) -> None:
        chunk = AudioChunk(
            pcm=pcm,
            rate=self.engine.rate,
            turn=sentence.turn,
            stamp=self.now(),
            seq=self._seq,
            final=last and sentence.final,
            sentence=sentence.seq,
            sentence_final=last,
            policy=sentence.policy,
        )
        while not self._window.may_publish():
            self._room.clear()
            async with asyncio.timeout(self.params.stall_s):
                await self._room.wait()
        self._seq += 1
        self._window.published(chunk.milliseconds)
        self.publish(graph.SPEECH_AUDIO, chunk)

    def concern(self) -> str:
        return failover.concern(getattr(self, 'engine', None))

    def status(self) -> dict[str, object]:
        engine = getattr(self, 'engine', None)
        return {
            **failover.shown(engine),
            'sentences spoken': getattr(self, '_spoken', 0),
            'sentences failed': getattr(self, '_failed', 0),
            'repeats ignored': getattr(self, '_repeated', 0),
        }
