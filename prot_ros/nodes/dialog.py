# SPDX-License-Identifier: Apache-2.0
"""dialog: decides what to say, and remembers.

Subscribes
    stt/transcript     String (JSON)   Transcript: what the user said
    hear               String          treat this as if the user had said it
    say                String          speak this, when nobody else is speaking
    vad/speech         Bool            whether the user is speaking
    speaker/playback   String (JSON)   Playback: what has really been heard
    interrupt          Header          ends the turn; history keeps what was heard of it
Publishes
    dialog/sentence   String (JSON)   Sentence: the next thing to say
    state             String          latched: idle, listening, thinking, speaking
    heard, said       String          what the user said; what was audibly spoken
    turn              String (JSON)   TurnReport: one for each finished turn
    interrupt         Header          latched: when a typed line replaces what is being said
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import datetime

from prot_ros import graph
from prot_ros.core import language
from prot_ros.core.conversation import Conversation, Event, State
from prot_ros.core.flow import Window
from prot_ros.core.pending import UnansweredSpeech
from prot_ros.core.reply import Reply
from prot_ros.core.sentences import SentenceSplitter
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.turns import HEAR, Interrupt, Verdict
from prot_ros.core.wire import Playback, PlaybackState, Sentence, Transcript
from prot_ros.engines import selection
from prot_ros.engines.kinds import EngineError, Message, Prompt, Responder
from prot_ros.memory.in_time import MemoryInTime
from prot_ros.node import ProtNode
from prot_ros.params import param

SENTENCES_AHEAD = 32
"""Sentences on their way that have not been heard yet."""
SAYS_WAITING = 10
LISTENING_S = 120.0
"""Nobody speaks for longer without a pause that ends an utterance."""
TRANSCRIBING_S = 15.0
"""A transcript that has not come this long after the speech ended never will."""
CUT_REPORT_S = 0.3
"""How long the loudspeaker's last word on a cut reply is waited for; it comes within 20 ms."""


@dataclass(frozen=True)
class Params:
    """Parameters of the node dialog."""

    engine: str = param(
        'auto',
        'What makes replies; auto takes the best one that can work here',
        one_of=('auto', *selection.RESPONDERS),
    )
    database: str = param(
        'auto',
        'Where turns are kept; auto takes PROT_DATABASE_URL where it is set, else embedded',
        one_of=('auto', 'embedded', 'url', 'none'),
    )
    data_folder: str = param('', "embedded: its folder, empty for the user's data folder")
    person: str = param('someone', 'Whose memories these are')
    language: str = param('en', 'ISO 639-1 code of what is spoken where the script does not tell')
    persona: str = param(
        'You are a friendly robot. You talk with people: short sentences, no markup.',
        'Who the robot is, as the language model is told',
    )
    memory_budget_ms: int = param(
        80, 'A reply waits no longer than this for memories', unit='ms', ge=0, le=2000
    )
    commit_deadline_s: float = param(
        2.0, 'A turn is answered uncommitted after this', unit='s', ge=0.1, le=30.0
    )
    piece_deadline_s: float = param(
        15.0,
        'The language model has failed when it is silent this long',
        unit='s',
        ge=1.0,
        le=60.0,
    )
    stall_s: float = param(
        15.0, 'The voice has failed when nothing is heard this long', unit='s', ge=2.0, le=60.0
    )
    history: int = param(
        40, 'Messages of the conversation that the language model is shown', ge=0, le=400
    )


class DialogNode(ProtNode[Params]):
    """Answers one turn at a time."""

    params_class = Params

    def declare(self) -> None:
        self.transcripts = self.mailbox(graph.TRANSCRIPT)
        self.hears = self.mailbox(graph.HEAR)
        self.says = self.mailbox(graph.SAY)
        self.speech = self.mailbox(graph.SPEECH, bound=16)
        self.playback = self.mailbox(graph.PLAYBACK)
        for topic in (
            graph.SENTENCE, graph.STATE, graph.HEARD, graph.SAID, graph.TURN, graph.INTERRUPT,
        ):  # fmt: skip
            self.publisher(topic)
        self._turns = 0
        self._cuts = 0

    async def open(self, stack: AsyncExitStack) -> None:
        choice = await selection.responder(self.params)
        stack.push_async_callback(choice.engine.close)
        self.get_logger().info(choice.sentence('language model'))
        self.engine: Responder = choice.engine
        self.memory = await stack.enter_async_context(MemoryInTime(self.params, self.get_logger()))
        self.history: deque[Message] = deque(maxlen=max(1, self.params.history))
        self.history.extend(await self.memory.recent(self.params.history))

    async def start(self, stack: AsyncExitStack) -> None:
        self.conversation = Conversation()
        self.unanswered = UnansweredSpeech()
        self._silenced = NEVER
        self._waiting: deque[tuple[Stamp, str]] = deque(maxlen=SAYS_WAITING)
        self._reply: Reply | None = None
        self._answering: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._window = Window(SENTENCES_AHEAD)

    async def run(self) -> None:
        self.publish(graph.STATE, self.conversation.state.value)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_speech())
            tasks.create_task(self._follow_transcripts())
            tasks.create_task(self._follow_hears())
            tasks.create_task(self._follow_says())
            tasks.create_task(self._follow_playback())

    # --- what comes in -------------------------------------------------------------------------

    async def _follow_speech(self) -> None:
        patience: float | None = None
        while True:
            try:
                async with asyncio.timeout(patience):
                    speaking = await self.speech.take()
            except TimeoutError:
                # Whoever should have told what was said is gone; do not listen for ever.
                patience = None
                self._apply(Event.NOTHING_UNDERSTOOD)
                continue
            patience = LISTENING_S if speaking else TRANSCRIBING_S
            if speaking:
                self._apply(Event.SPEECH_STARTED)

    async def _follow_transcripts(self) -> None:
        async for transcript in self.transcripts:
            await self._on_transcript(transcript)

    async def _on_transcript(self, transcript: Transcript) -> None:
        if not transcript.final or transcript.turn <= self._silenced:
            return
        self.gate.seen(transcript.turn, self.now())
        if transcript.text:
            self.publish(graph.HEARD, transcript.text)
        if self.gate.is_void(transcript.turn):
            # The user went on talking: this waits for the rest.
            self.unanswered.add(transcript.turn, transcript.text)
            return
        text = self.unanswered.take(transcript.text)
        if not text:
            self._apply(Event.NOTHING_UNDERSTOOD)
            self._say_next()
            return
        reply = Reply(transcript.turn, 'speech', text)
        reply.mark('speech_end', transcript.speech_end)
        reply.mark('endpoint', transcript.endpoint)
        reply.mark('stt', transcript.stamp)
        await self._answer(reply)

    async def _follow_hears(self) -> None:
        async for line in self.hears:
            text = line.strip()
            if not text:
                self.get_logger().warning('an empty line on hear is ignored')
                continue
            turn = self.gate.begin(self.now())
            if self._reply is not None:
                await self._interrupt(Interrupt(Stamp(turn - 1), HEAR))
            self.publish(graph.HEARD, text)
            reply = Reply(turn, 'hear', self.unanswered.take(text))
            reply.mark('speech_end', self.now())
            await self._answer(reply)

    async def _follow_says(self) -> None:
        async for line in self.says:
            text = line.strip()
            if not text:
                self.get_logger().warning('an empty line on say is ignored')
                continue
            if len(self._waiting) == SAYS_WAITING:
                self.get_logger().warning(
                    f'{SAYS_WAITING} say requests are waiting; the oldest is dropped: '
                    f'{self._waiting[0][1][:60]!r}'
                )
            self._waiting.append((self.gate.begin(self.now()), text))
            self._say_next()

    def _say_next(self) -> None:
        if self._waiting and self._reply is None and self.conversation.state is State.IDLE:
            turn, text = self._waiting.popleft()
            reply = Reply(turn, 'say', text)
            reply.mark('speech_end', self.now())
            self._begin_turn(reply)

    async def _follow_playback(self) -> None:
        async for report in self.playback:
            reply = self._reply
            if reply is None or report.turn != reply.turn:
                continue
            self._note_playback(reply, report)
            self._moved.set()

    def _note_playback(self, reply: Reply, report: Playback) -> None:
        was_audible = reply.audible
        reply.play(report)
        self._window.played_total(reply.finished_sentences)
        if reply.audible and not was_audible and reply.cut is None:
            self.unanswered.clear()
            self._apply(Event.REPLY_AUDIBLE)

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        if interrupt.voids_speech:
            self._silenced = max(self._silenced, interrupt.stamp)
            self.unanswered.clear()
        while self._waiting and self.gate.is_void(self._waiting[0][0]):
            self._waiting.popleft()
        reply = self._reply
        if reply is not None and self.gate.is_void(reply.turn):
            reply.cut = reply.cut or interrupt.source
            await self._stop_answering()
        if interrupt.voids_speech:
            self._apply(Event.INTERRUPTED)

    async def _interrupt(self, interrupt: Interrupt) -> None:
        """Void what is older, here at once and everywhere through the topic."""
        self.publish(graph.INTERRUPT, interrupt)
        if self.gate.interrupt(interrupt.stamp, self.now()) is Verdict.VOIDS:
            await self.on_interrupt(interrupt)

    # --- one turn ------------------------------------------------------------------------------

    async def _answer(self, reply: Reply) -> None:
        if self._reply is not None:
            # A transcript without the barge-in that should have come before it (lost, or from
            # elsewhere): the newer turn wins all the same.
            await self._interrupt(Interrupt(Stamp(reply.turn - 1), HEAR))
        self._begin_turn(reply)

    def _begin_turn(self, reply: Reply) -> None:
        self._reply = reply
        self._window = Window(SENTENCES_AHEAD)
        self._apply(Event.UTTERANCE)
        self._answering = self.tasks.create_task(self._take_turn(reply), name='turn')

    async def _stop_answering(self) -> None:
        task = self._answering
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait({task})

    async def _take_turn(self, reply: Reply) -> None:
        try:
            await self._produce(reply)
        except asyncio.CancelledError:
            if reply.cut is None:
                raise  # deactivated: there is nobody left to tell
        except EngineError as err:
            reply.failure = str(err)
            self.get_logger().error(f'the turn failed: {err}')
        except TimeoutError as err:
            reply.failure = str(err) or 'a deadline passed'
            self.get_logger().error(f'the turn failed: {reply.failure}')
        await self._conclude(reply)

    async def _produce(self, reply: Reply) -> None:
        if reply.source == 'say':
            await self._speak(reply, _one(reply.utterance))
            return
        await self.memory.record_utterance(reply.turn, reply.utterance, reply.source)
        reply.mark('commit', self.now())
        facts = await self.memory.recall(reply.utterance)
        reply.remembered = len(facts)
        reply.mark('memory', self.now())
        prompt = Prompt(
            persona=self.params.persona,
            history=tuple(self.history)[-self.params.history :],
            memory=facts,
            utterance=reply.utterance,
            now=datetime.now().astimezone(),
        )
        await self._speak(reply, self.engine.reply(prompt))

    async def _speak(self, reply: Reply, pieces: AsyncIterator[str]) -> None:
        """Publish the pieces sentence by sentence, then wait until all has been heard."""
        splitter = SentenceSplitter()
        async with aclosing(pieces) as stream:  # type: ignore[type-var]
            while True:
                try:
                    async with asyncio.timeout(self.params.piece_deadline_s):
                        piece = await anext(stream)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise TimeoutError(
                        f'the language model was silent for {self.params.piece_deadline_s:g} s'
                    ) from None
                reply.mark('first_token', self.now())
                for text in splitter.push(piece):
                    await self._send(reply, text)
        for text in splitter.end():
            await self._send(reply, text)
        await self._send(reply, '', final=True)
        reply.complete = True
        if reply.sentences:
            await self._until(lambda: reply.ended is not None)

    async def _send(self, reply: Reply, text: str, *, final: bool = False) -> None:
        await self._until(self._window.may_publish)
        if text:
            reply.mark('first_sentence', self.now())
            self._window.published(1)
        sentence = Sentence(
            turn=reply.turn,
            seq=len(reply.sentences),
            text=text,
            final=final,
            language=language.detect(text, self.params.language),
            stamp=self.now(),
        )
        if text:
            reply.sentences.append(text)
        self.publish(graph.SENTENCE, sentence)

    async def _until(self, condition: object) -> None:
        """Wait for a condition on the playback, as long as the playback goes on."""
        assert callable(condition)
        while not condition():
            self._moved.clear()
            try:
                async with asyncio.timeout(self.params.stall_s):
                    await self._moved.wait()
            except TimeoutError:
                raise TimeoutError(
                    f'nothing was heard from the loudspeaker for {self.params.stall_s:g} s'
                ) from None

    async def _conclude(self, reply: Reply) -> None:
        """Settle what was heard, in history, in memory and for everyone else."""
        if reply.cut is not None and reply.audible and reply.ended is None:
            try:
                async with asyncio.timeout(CUT_REPORT_S):
                    while reply.ended is None:
                        self._moved.clear()
                        await self._moved.wait()
            except TimeoutError:
                self.get_logger().warning('the loudspeaker did not say how much was heard')
        if reply.ended == PlaybackState.FAILED and reply.failure is None:
            reply.failure = 'the loudspeaker failed'
        heard = reply.heard()
        joined = reply.cut is not None and not heard.text and reply.source != 'say'
        if joined and reply.turn > self._silenced:
            self.unanswered.add(reply.turn, reply.utterance)
        elif reply.source != 'say':
            self.history.append(Message('user', reply.utterance))
        if heard.text:
            self.history.append(Message('robot', heard.text, cut=heard.cut))
            self.publish(graph.SAID, heard.text)
        self._turns += 1
        self._cuts += reply.cut is not None
        self._reply = None
        self.publish(graph.TURN, reply.report())
        if self.conversation.state in (State.THINKING, State.SPEAKING):
            self._apply(Event.REPLY_ENDED)
        if reply.source != 'say':
            await self.memory.record_reply(
                reply.turn, ' '.join(reply.sentences), heard.text, heard.cut
            )
        self._say_next()

    def _apply(self, event: Event) -> None:
        before = self.conversation.state
        if not self.conversation.apply(event):
            self.get_logger().debug(f'{event} is refused in state {before}')
        elif self.conversation.state is not before:
            self.publish(graph.STATE, self.conversation.state.value)
            if self.conversation.state is State.IDLE:
                self._say_next()

    def status(self) -> dict[str, object]:
        engine = getattr(self, 'engine', None)
        conversation = getattr(self, 'conversation', None)
        memory = getattr(self, 'memory', None)
        return {
            'engine': engine.name if engine is not None else '',
            'conversation': conversation.state.value if conversation is not None else '',
            'turns': getattr(self, '_turns', 0),
            'turns cut': getattr(self, '_cuts', 0),
            **(memory.status() if memory is not None else {}),
        }


async def _one(text: str) -> AsyncIterator[str]:
    yield text
