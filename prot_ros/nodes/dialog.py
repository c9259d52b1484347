# SPDX-License-Identifier: Apache-2.0
"""dialog: decides what to say, and remembers.

Subscribes
    stt/transcript     String (JSON)   Transcript: what the user said
    hear               String          treat this as if the user had said it
    say                String          speak this, when nobody else is speaking
    announce           String (JSON)   Announcement: speak this, with a priority and a policy
    vad/speech         Bool            whether the user is speaking
    barge_in           String (JSON)   BargeIn: somebody may be speaking over the robot
    stt/partial        String (JSON)   Transcript: what it will turn out to be
    speaker/playback   String (JSON)   Playback: what has really been heard
    tts/alignment      String (JSON)   Alignment: when the words of what is said sound
    recall, forget     String (JSON)   RecallRequest, ForgetRequest: others ask the memory
    interrupt          Header          ends the turn; history keeps what was heard of it
Publishes
    dialog/sentence   String (JSON)   Sentence: the next thing to say
    dialog/names      String (JSON)   latched: Names, whom the robot knows
    state             String          latched: idle, listening, thinking, speaking
    heard, said       String          what the user said; what was audibly spoken
    recalled          String (JSON)   Recalled: the answer to recall
    forgotten         String (JSON)   Forgotten: the answer to forget
    turn              String (JSON)   TurnReport: one for each finished turn
    interrupt         Header          latched: voids a reply that has to make way
    barge_in          String (JSON)   BargeIn: dismissed, where it was a cough or a "mm-hm"
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict
from datetime import datetime

from prot_ros import graph
from prot_ros.core.announcements import Announcements, Request
from prot_ros.core.conversation import Conversation, Event, State
from prot_ros.core.interruption import Overlap, Policy, wants_the_floor
from prot_ros.core.offline.forgetting import answer, asks_to_forget
from prot_ros.core.offline.phrasebook import Line
from prot_ros.core.pending import UnansweredSpeech
from prot_ros.core.reply import Reply
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.turns import ANNOUNCEMENT, BARGE_IN, HEAR, Interrupt, Verdict
from prot_ros.core.wire import (
    BargeIn,
    BargeInStage,
    Names,
    Playback,
    PlaybackState,
    Transcript,
)
from prot_ros.engines import selection_online
from prot_ros.engines.failover import failover
from prot_ros.engines.kinds import EngineError, Message, Responder, Usage
from prot_ros.engines.persona import read as read_persona
from prot_ros.memory.context import ConversationContext
from prot_ros.memory.in_time import MemoryInTime
from prot_ros.memory.recall_tool import RecallTool
from prot_ros.node import ProtNode
from prot_ros.nodes.delivery import Delivery
from prot_ros.nodes.dialog_params import Params
from prot_ros.nodes.memory_desk import MemoryDesk

LISTENING_S = 120.0
"""Nobody speaks for longer without a pause that ends an utterance."""
TRANSCRIBING_S = 15.0
"""A transcript that has not come this long after the speech ended never will."""
FORGET_S = 5.0
"""What somebody waits who wants something forgotten; it is a promise, and takes its time."""


class DialogNode(ProtNode[Params]):
    """Answers one turn at a time."""

    params_class = Params

    def declare(self) -> None:
        self.transcripts = self.mailbox(graph.TRANSCRIPT)
        self.hears = self.mailbox(graph.HEAR)
        self.says = self.mailbox(graph.SAY)
        self.announces = self.mailbox(graph.ANNOUNCE)
        self.recalls = self.mailbox(graph.RECALL)
        self.forgets = self.mailbox(graph.FORGET)
        self.barge_ins = self.mailbox(graph.BARGE_IN)
        self.partials = self.mailbox(graph.PARTIAL)
        self.speech = self.mailbox(graph.SPEECH, bound=16)
        self.playback = self.mailbox(graph.PLAYBACK)
        self.alignments = self.mailbox(graph.ALIGNMENT)
        for topic in (
            graph.SENTENCE, graph.STATE, graph.HEARD, graph.SAID, graph.TURN, graph.INTERRUPT,
            graph.BARGE_IN, graph.NAMES, graph.RECALLED, graph.FORGOTTEN,
        ):  # fmt: skip
            self.publisher(topic)
        self._turns = 0
        self._cuts = 0
        self._false_alarms = 0

    async def open(self, stack: AsyncExitStack) -> None:
        persona = read_persona(self.params.persona, self.params.language)
        self.memory = await stack.enter_async_context(MemoryInTime(self.params, self.get_logger()))
        searches = self.memory.keeps and self.params.tools
        tools = (RecallTool(self.memory),) if searches else ()
        choice = await selection_online.responder(self.params, self.get_logger(), tools)
        stack.push_async_callback(choice.engine.close)
        self.get_logger().info(choice.sentence('language model'))
        self.engine: Responder = choice.engine
        summarizer = await selection_online.summarizer(self.params)
        if summarizer is not None:
            stack.push_async_callback(summarizer.close)
        self.talk = ConversationContext(
            persona,
            self.memory,
            summarizer,
            self.params.history,
            self.params.history_tokens(persona),
        )
        stack.push_async_callback(self.talk.close)
        await self.talk.open()

    async def start(self, stack: AsyncExitStack) -> None:
        self.conversation = Conversation()
        self.unanswered = UnansweredSpeech()
        self._silenced = NEVER
        self.announcements = Announcements()
        self.overlap = Overlap()
        self._reply: Reply | None = None
        # What is answered when a reply that does not yield at once has ended.
        self._next: Reply | None = None
        self._latest = NEVER
        self._forgettings = self.memory.forgettings
        self._answering: asyncio.Task[None] | None = None
        self._delivery = Delivery(
            lambda: self.params,
            lambda sentence: self.publish(graph.SENTENCE, sentence),
            self.now,
            self.get_logger(),
        )

    async def run(self) -> None:
        self.publish(graph.STATE, self.conversation.state.value)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_speech())
            tasks.create_task(self._follow_transcripts())
            tasks.create_task(self._follow_hears())
            tasks.create_task(self._follow_says())
            tasks.create_task(self._follow_announces())
            tasks.create_task(self._follow_barge_ins())
            tasks.create_task(self._follow_partials())
            tasks.create_task(self._follow_playback())
            tasks.create_task(self._follow_alignments())
            tasks.create_task(self._tell_names())
            desk = MemoryDesk(self.memory)
            tasks.create_task(
                desk.recall(self.recalls, lambda told: self.publish(graph.RECALLED, told))
            )
            tasks.create_task(
                desk.forget(self.forgets, lambda told: self.publish(graph.FORGOTTEN, told))
            )

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
                self._nothing_understood(self.overlap.turn)
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
        self.overlap.end(transcript.turn)
        over = self._spoken_over(transcript.turn)
        if over is not None and not wants_the_floor(transcript.text, asked=over.asked):
            self._nothing_understood(transcript.turn)
            return
        if not transcript.text and not self.unanswered.waiting:
            self._nothing_understood(transcript.turn)
            return
        reply = Reply(transcript.turn, 'speech', transcript.text, self.params.policy)
        reply.mark('speech_end', transcript.speech_end)
        reply.mark('endpoint', transcript.endpoint)
        reply.mark('stt', transcript.stamp)
        await self._answer(reply)

    def _nothing_understood(self, turn: Stamp) -> None:
        """There was a sound, and it asks for nothing: what was under way goes on."""
        if turn != NEVER:
            self.publish(graph.BARGE_IN, BargeIn(turn, BargeInStage.DISMISSED, self.now()))
        reply = self._spoken_over(turn)
        if reply is None:
            self._apply(Event.NOTHING_UNDERSTOOD)
            self._say_next()
            return
        self._false_alarms += 1
        self._apply(Event.REPLY_RESUMED if reply.audible else Event.UTTERANCE)

    # --- somebody speaks over the robot --------------------------------------------------------

    def _spoken_over(self, turn: Stamp) -> Reply | None:
        """Return the reply that is under way and began before the utterance `turn` did."""
        reply = self._reply
        return reply if reply is not None and reply.cut is None and reply.turn < turn else None

    async def _follow_barge_ins(self) -> None:
        async for barge_in in self.barge_ins:
            if barge_in.stage == BargeInStage.CONFIRMED:
                self.gate.seen(barge_in.turn, self.now())
                self.overlap.begin(barge_in.turn)
            sustained = barge_in.stage == BargeInStage.SUSTAINED
            if sustained and self.overlap.sustain(barge_in.turn):
                await self._yield_to(barge_in.turn)

    async def _follow_partials(self) -> None:
        async for partial in self.partials:
            self.memory.expect(partial.text)
            over = self._spoken_over(partial.turn)
            asked = over is not None and over.asked
            if self.overlap.partial(partial.turn, partial.text, asked=asked):
                await self._yield_to(partial.turn)

    async def _yield_to(self, turn: Stamp) -> None:
        """Give the floor to the user, as far as what is being said allows it."""
        reply = self._spoken_over(turn)
        if reply is None or reply.policy == Policy.NEVER:
            return
        if reply.policy == Policy.FINISH_SENTENCE and reply.audible:
            if reply.yield_after is None:
                reply.yield_after = reply.finished_sentences
            return
        await self._interrupt(Interrupt(Stamp(turn - 1), BARGE_IN))

    async def _follow_hears(self) -> None:
        async for line in self.hears:
            text = line.strip()
            if not text:
                self.get_logger().warning('an empty line on hear is ignored')
                continue
            turn = self.gate.begin(self.now())
            self.publish(graph.HEARD, text)
            reply = Reply(turn, 'hear', text, self.params.policy)
            reply.mark('speech_end', self.now())
            await self._answer(reply)

    async def _follow_says(self) -> None:
        async for line in self.says:
            text = line.strip()
            if not text:
                self.get_logger().warning('an empty line on say is ignored')
                continue
            self._announce(Request(self.gate.begin(self.now()), text, 'say'))

    async def _follow_announces(self) -> None:
        async for asked in self.announces:
            text = asked.text.strip()
            if not text:
                self.get_logger().warning('an announcement without a text is ignored')
                continue
            self._announce(
                Request(
                    self.gate.begin(self.now()),
                    text,
                    'announce',
                    asked.policy,
                    asked.priority,
                    asked.max_age_s,
                )
            )

    def _announce(self, request: Request) -> None:
        gone = self.announcements.add(request)
        if gone is not None:
            self.get_logger().warning(
                f'{len(self.announcements)} requests to speak are waiting; the least important '
                f'is dropped: {gone.text[:60]!r}'
            )
        reply = self._reply
        if (
            reply is not None
            and reply.cut is None
            and reply.priority < request.priority
            and reply.policy != Policy.NEVER
        ):
            # Not what the user is saying meanwhile.
            make_way = self._interrupt(Interrupt(reply.turn, ANNOUNCEMENT))
            self.tasks.create_task(make_way, name='make way')
        self._say_next()

    def _say_next(self) -> None:
        """Begin what waits to be said, if anything does and nobody else is speaking."""
        for late in self.announcements.expire(self.now()):
            self.get_logger().warning(
                f'{late.text[:60]!r} is not said: it waited longer than {late.max_age_s:g} s'
            )
        if self._reply is not None:
            return
        if self._next is not None:
            reply, self._next = self._next, None
            # What got no answer because the user went on talking belongs to it.
            reply.utterance = self.unanswered.take(reply.utterance)
            self._begin_turn(reply)
            return
        request = self.announcements.first()
        # What is never to be interrupted does not wait for somebody to finish, either.
        if request is None or not (
            self.conversation.state is State.IDLE or request.policy == Policy.NEVER
        ):
            return
        self.announcements.remove(request)
        source = (
            'announce' if request.priority or request.policy != Policy.INTERRUPTIBLE else 'say'
        )
        reply = Reply(request.turn, source, request.text, request.policy, request.priority)
        reply.mark('speech_end', self.now())
        self._begin_turn(reply)

    async def _follow_playback(self) -> None:
        async for report in self.playback:
            reply = self._reply
            if reply is None or report.turn != reply.turn:
                continue
            self._note_playback(reply, report)
            if reply.must_yield and reply.cut is None:
                # Not awaited here: the turn waits for the loudspeaker's last word.
                reply.yield_after = None
                make_way = self._interrupt(Interrupt(reply.turn, BARGE_IN))
                self.tasks.create_task(make_way, name='make way')

    async def _follow_alignments(self) -> None:
        async for alignment in self.alignments:
            if self._reply is not None and alignment.turn == self._reply.turn:
                self._reply.align(alignment)

    async def _tell_names(self) -> None:
        async for names in self.memory.names():
            self.publish(graph.NAMES, Names(names))

    def _note_playback(self, reply: Reply, report: Playback) -> None:
        was_audible = reply.audible
        reply.play(report)
        self._delivery.played(reply)
        if reply.audible and not was_audible and reply.cut is None:
            self.unanswered.clear()
            self._apply(Event.REPLY_AUDIBLE)

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        if interrupt.voids_speech:
            self._silenced = max(self._silenced, interrupt.stamp)
            self.unanswered.clear()
            self.announcements.void(interrupt.stamp)
            if self._next is not None and self.gate.is_void(self._next.turn):
                self._next = None
        reply = self._reply
        if reply is not None and self.gate.is_void(reply.turn):
            if reply.cut is None:
                reply.cut, reply.cut_at = interrupt.source, interrupt.stamp
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
        """Answer at once, or as soon as what is being said has made way."""
        if self._next is not None:
            reply.utterance = f'{self._next.utterance} {reply.utterance}'
        self._next = reply
        under_way = self._reply
        if under_way is None:
            self._say_next()
        elif under_way.cut is not None or under_way.turn >= reply.turn:
            # It is settling its books, or it was asked for after this: this is answered then.
            pass
        elif under_way.policy == Policy.NEVER or (
            under_way.policy == Policy.FINISH_SENTENCE and under_way.audible
        ):
            if under_way.policy == Policy.FINISH_SENTENCE and under_way.yield_after is None:
                under_way.yield_after = under_way.finished_sentences
            self._apply(Event.REPLY_RESUMED)
        else:
            source = HEAR if reply.source == 'hear' else BARGE_IN
            stamp = Stamp(max(under_way.turn, reply.turn - 1))
            await self._interrupt(Interrupt(stamp, source))

    def _begin_turn(self, reply: Reply) -> None:
        if reply.turn <= self._latest or self.gate.is_void(reply.turn):
            # Something that began later has come before it; turns are spoken in their order.
            reply.turn = self.gate.begin(self.now())
        self._latest = reply.turn
        self._reply = reply
        self._delivery.begin()
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
        if not reply.is_answer:
            await self._delivery.say(reply, _one(reply.utterance))
            return
        if self.memory.keeps and asks_to_forget(reply.utterance):
            await self._forget(reply)
            return
        # Not the turn's own task: what the user said is kept, also when its answer is cut.
        committing = self.tasks.create_task(self._commit(reply), name='commit')
        recalled = await self.memory.recall(reply.utterance)
        if self.memory.forgettings != self._forgettings:
            await self.talk.reload()
            self._forgettings = self.memory.forgettings
        reply.remembered = len(recalled.facts)
        reply.mark('memory', self.now())
        prompt = self.talk.prompt(reply.utterance, recalled, datetime.now().astimezone())

        def counted(usage: Usage) -> None:
            if not reply.tokens:
                self.talk.counted(prompt, usage)  # later ones have more in them
            reply.count(asdict(usage))

        pieces = self.engine.reply(prompt, counted)
        await self._delivery.say(reply, _after(committing, pieces))

    async def _forget(self, reply: Reply) -> None:
        """Let what was said last be gone, and that anybody asked for it."""
        turns = [turn for turn in (self.talk.last_turn(), reply.turn) if turn is not None]
        try:
            async with asyncio.timeout(FORGET_S):
                await self.memory.forget(turns)
        except (EngineError, TimeoutError) as err:
            self.get_logger().error(f'what was said is not forgotten: {err or "no answer"}')
            line = Line.NOT_FORGOTTEN
        else:
            reply.forgotten = True
            line = Line.FORGOTTEN
        await self._delivery.say(reply, _one(answer(line, reply.utterance)))

    async def _commit(self, reply: Reply) -> None:
        await self.memory.record_utterance(reply.turn, reply.utterance, reply.source)
        reply.mark('commit', self.now())

    async def _conclude(self, reply: Reply) -> None:
        """Settle what was heard, in history, in memory and for everyone else."""
        cut_off = reply.cut is not None and reply.audible
        if cut_off and not await self._delivery.last_word(reply):
            self.get_logger().warning('the loudspeaker did not say how much was heard')
        if reply.ended == PlaybackState.FAILED and reply.failure is None:
            reply.failure = 'the loudspeaker failed'
        heard = reply.heard()
        joined = reply.cut is not None and not heard.text and reply.is_answer
        if joined and reply.turn > self._silenced:
            if reply.cut == ANNOUNCEMENT:
                # Nobody has said anything more that it could be joined to.
                self._next = self._next or Reply(
                    reply.turn, reply.source, reply.utterance, reply.policy
                )
            else:
                self.unanswered.add(reply.turn, reply.utterance)
        elif reply.is_answer and not reply.forgotten:
            self.talk.add(Message('user', reply.utterance, turn=reply.turn))
        if heard.text:
            if not reply.forgotten:
                self.talk.add(Message('robot', heard.text, cut=heard.cut, turn=reply.turn))
            self.publish(graph.SAID, heard.text)
        self._turns += 1
        self._cuts += reply.cut is not None
        self._reply = None
        self.publish(graph.TURN, reply.report())
        if self.conversation.state in (State.THINKING, State.SPEAKING):
            self._apply(Event.REPLY_ENDED)
        if reply.is_answer:
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

    def concern(self) -> str:
        memory = getattr(self, 'memory', None)
        return failover.concern(getattr(self, 'engine', None)) or (
            memory.concern() if memory is not None else ''
        )

    def status(self) -> dict[str, object]:
        engine = getattr(self, 'engine', None)
        conversation = getattr(self, 'conversation', None)
        memory = getattr(self, 'memory', None)
        talk = getattr(self, 'talk', None)
        return {
            **failover.shown(engine),
            'conversation': conversation.state.value if conversation is not None else '',
            'turns': getattr(self, '_turns', 0),
            'turns cut': getattr(self, '_cuts', 0),
            'false alarms': getattr(self, '_false_alarms', 0),
            **(memory.status() if memory is not None else {}),
            **(talk.status() if talk is not None else {}),
        }


async def _one(text: str) -> AsyncIterator[str]:
    yield text


async def _after(task: asyncio.Task[None], pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Yield the pieces of a reply, none before the task is done, which has a deadline.

    Nothing is said in answer to what is not committed; but to ask for the answer takes so long
    that the commit delays nothing.
    """
    async with aclosing(pieces) as stream:  # type: ignore[type-var]
        async for piece in stream:
            if not task.done():
                await asyncio.wait({task})
            yield piece
