# SPDX-License-Identifier: Apache-2.0
"""vad: finds utterances, and notices that somebody starts to speak.

Subscribes
    mic/audio       Int16MultiArray   20 ms frames
    push_to_talk    Bool              whether the button is pressed, where `listen` asks for one
    interrupt       Header            so that a new turn is later than any interrupt
Publishes
    vad/speech      Bool              latched: whether somebody is speaking
    vad/utterance   Int16MultiArray   pre-roll, speech, then an empty chunk marked final
    barge_in        String (JSON)     BargeIn: suspected, likely, confirmed, sustained, dismissed
Services
    ~/push_to_talk  SetBool           as the topic

The turn is the time of the first speech frame. Whether the robot is speaking then does not matter
here: who speaks listens to `barge_in`, and who is silent has nothing to lower.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass

from std_srvs.srv import SetBool

from prot_ros import graph
from prot_ros.bridge import Answer
from prot_ros.core.endpointing import (
    Endpointer,
    SpeechCut,
    SpeechEnded,
    SpeechLikely,
    SpeechStarted,
    SpeechSuspected,
    SpeechSustained,
    SuspicionDismissed,
)
from prot_ros.core.push_to_talk import PushToTalk
from prot_ros.core.stamps import MILLISECOND, NEVER, Stamp
from prot_ros.core.wire import AudioChunk, BargeIn, BargeInStage
from prot_ros.engines import selection
from prot_ros.engines.kinds import VoiceActivity
from prot_ros.node import ProtNode
from prot_ros.params import param

FRAME_MS = 20
USUAL_RATE = 16000
"""Hz. What the detector is loaded for until the microphone's first frame tells its rate."""
SILENT_S = 0.5
"""A microphone that gives nothing for so long has been closed, or lost."""
NO_BUTTON = "push_to_talk is ignored: set the parameter 'listen' to 'push_to_talk'"


@dataclass(frozen=True)
class Params:
    """Parameters of the node vad."""

    engine: str = param(
        'auto',
        'What tells speech from noise',
        one_of=('auto', *selection.VOICE_ACTIVITIES),
    )
    aggressiveness: int = param(
        2, 'webrtcvad: 0 takes much for speech, 3 takes much for noise', ge=0, le=3
    )
    listen: str = param(
        'always',
        'When people are listened to: always, or while a button is pressed',
        one_of=('always', 'push_to_talk'),
    )
    start_ms: int = param(
        0,
        'Speech that confirms that an utterance has begun; 0: what suits the engine',
        unit='ms',
        ge=0,
        le=1000,
    )
    sustain_ms: int = param(
        1000,
        'Speech that is longer than a cough or a listening noise',
        unit='ms',
        ge=100,
        le=5000,
    )
    end_silence_ms: int = param(600, 'Silence that ends an utterance', unit='ms', ge=100, le=5000)
    pre_roll_ms: int = param(
        300, 'Sound from before the first speech that goes with it', unit='ms', ge=0, le=2000
    )
    max_utterance_ms: int = param(
        30000, 'Length at which speech is cut and goes on', unit='ms', ge=1000, le=120000
    )


class VadNode(ProtNode[Params]):
    """Cuts the microphone's stream into utterances."""

    params_class = Params

    def declare(self) -> None:
        self.audio = self.mailbox(graph.MIC_AUDIO)
        self.buttons = self.mailbox(graph.PUSH_TO_TALK)
        for topic in (graph.SPEECH, graph.UTTERANCE, graph.BARGE_IN):
            self.publisher(topic)
        self.service(SetBool, '~/push_to_talk', self._asked_to_listen)
        self._utterances = 0
        self._lost = 0

    async def open(self, stack: AsyncExitStack) -> None:
        self._choose(USUAL_RATE)

    def _choose(self, rate: int) -> None:
        choice = selection.voice_activity(self.params, rate)
        self.get_logger().info(choice.sentence('voice activity'))
        self._activity: VoiceActivity = choice.engine
        self._rate = rate

    async def start(self, stack: AsyncExitStack) -> None:
        self._begin_afresh()

    async def run(self) -> None:
        self.publish(graph.SPEECH, False)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_button())
                while True:
                    await self._take_next()
        finally:
            if self._turn != NEVER:
                # Going inactive in the middle of an utterance: whoever follows must see its end.
                self._end_utterance(self._last_end, continues=False)
                self.publish(graph.SPEECH, False)

    async def _follow_button(self) -> None:
        async for pressed in self.buttons:
            self._press(pressed)

    def _asked_to_listen(self, request: SetBool.Request, answer: Answer) -> None:
        if self.lifecycle_state != 'active':
            answer.give(False, f'vad is {self.lifecycle_state}, expected active')
        elif self._press(request.data):
            answer.give(True, 'listening' if request.data else 'not listening')
        else:
            answer.give(False, NO_BUTTON)

    def _press(self, pressed: bool) -> bool:
        """Note the button; return whether there is one."""
        if isinstance(self._endpointer, PushToTalk):
            self._endpointer.press(pressed)
            return True
        self.get_logger().warning(NO_BUTTON, throttle_duration_sec=1.0)
        return False

    def _begin_afresh(self) -> None:
        p = self.params
        self._endpointer: Endpointer | PushToTalk
        if p.listen == 'push_to_talk':
            self._endpointer = PushToTalk(max_utterance_ms=p.max_utterance_ms)
        else:
            self._endpointer = Endpointer(
                start_ms=p.start_ms or FRAME_MS,
                start=() if p.start_ms else self._activity.start,
                likely=() if p.start_ms else self._activity.likely,
                sustain_ms=p.sustain_ms,
                end_silence_ms=p.end_silence_ms,
                max_utterance_ms=p.max_utterance_ms,
            )
        self._activity.reset()
        self._turn = NEVER
        self._suspicion = NEVER
        """When the first frame was captured of what may be an utterance."""
        self._seq = 0
        self._next_seq: int | None = None
        self._last_end = NEVER
        # What may still turn out to belong to an utterance: the pre-roll, and the frames in which
        # its start is being confirmed.
        self._recent: deque[AudioChunk] = deque(
            maxlen=p.pre_roll_ms // FRAME_MS + self._endpointer.window + 1
        )

    async def _take_next(self) -> None:
        try:
            async with asyncio.timeout(SILENT_S if self._turn != NEVER else None):
                chunk = await self.audio.take()
        except TimeoutError:
            # Muted, or lost: what was said until then is all there will be.
            self._end_utterance(self._last_end, continues=False)
            self.publish(graph.SPEECH, False)
            self._begin_afresh()
            return
        self._take(chunk)

    def _take(self, chunk: AudioChunk) -> None:
        if chunk.rate != self._rate:
            self._choose(chunk.rate)
        if self._next_seq is not None and chunk.seq > self._next_seq:
            self._lost += chunk.seq - self._next_seq
        self._next_seq = chunk.seq + 1
        probability = self._activity.probability(chunk.pcm)
        self._recent.append(chunk)
        if self._turn != NEVER:
            self._send(chunk)
        for event in self._endpointer.push(probability, rising=self._activity.rising):
            if isinstance(event, SpeechSuspected):
                self._suspect(BargeInStage.SUSPECTED, chunk.stamp)
            elif isinstance(event, SpeechLikely):
                self._suspect(BargeInStage.LIKELY, chunk.stamp)
            elif isinstance(event, SuspicionDismissed):
                self._tell(BargeInStage.DISMISSED, self._suspicion)
                self._suspicion = NEVER
            elif isinstance(event, SpeechStarted):
                self._begin_utterance(event)
            elif isinstance(event, SpeechSustained):
                self._tell(BargeInStage.SUSTAINED, self._turn)
            elif isinstance(event, SpeechCut):
                self._end_utterance(_end(chunk), continues=True)
            elif isinstance(event, SpeechEnded):
                silence = event.silence_frames * FRAME_MS * MILLISECOND
                self._end_utterance(Stamp(_end(chunk) - silence), continues=False)
                self.publish(graph.SPEECH, False)

    def _suspect(self, stage: str, at: Stamp) -> None:
        # All stages of one suspicion have its first frame's time, by which others know it again.
        if self._suspicion == NEVER:
            self._suspicion = at
        self._tell(stage, self._suspicion)

    def _begin_utterance(self, event: SpeechStarted) -> None:
        first = max(0, len(self._recent) - 1 - event.onset_frames_ago)
        onset = self._recent[first].stamp
        self._turn = self.gate.begin(onset)
        self._suspicion = NEVER
        self._seq = 0
        self._utterances += 1
        # Before all else: the robot is silent when this has arrived.
        self._tell(BargeInStage.CONFIRMED, self._turn)
        self.publish(graph.SPEECH, True)
        pre_roll = self.params.pre_roll_ms // FRAME_MS
        for chunk in list(self._recent)[max(0, first - pre_roll) :]:
            self._send(chunk)

    def _tell(self, stage: str, turn: Stamp) -> None:
        self.publish(graph.BARGE_IN, BargeIn(turn, stage, self.now()))

    def _send(self, chunk: AudioChunk) -> None:
        self._last_end = _end(chunk)
        self.publish(
            graph.UTTERANCE,
            AudioChunk(
                pcm=chunk.pcm, rate=chunk.rate, turn=self._turn, stamp=chunk.stamp, seq=self._seq
            ),
        )
        self._seq += 1

    def _end_utterance(self, speech_end: Stamp, *, continues: bool) -> None:
        self.publish(
            graph.UTTERANCE,
            AudioChunk(
                pcm=b'',
                rate=self._rate,
                turn=self._turn,
                stamp=speech_end,
                seq=self._seq,
                final=True,
                continues=continues,
            ),
        )
        self._seq += 1
        if not continues:
            self._turn = NEVER
            # Or a long pre-roll would send the end of this one again.
            self._recent.clear()

    def status(self) -> dict[str, object]:
        return {
            'engine': self._activity.name if hasattr(self, '_activity') else '',
            'utterances': getattr(self, '_utterances', 0),
            'frames lost': getattr(self, '_lost', 0),
        }


def _end(chunk: AudioChunk) -> Stamp:
    """Return when the last sample of a chunk was captured."""
    return Stamp(chunk.stamp + FRAME_MS * MILLISECOND)
