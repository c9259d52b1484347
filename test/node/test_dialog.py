# SPDX-License-Identifier: Apache-2.0
"""The dialog node: what it gives up at an interrupt, and what it does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from conftest import Peer, Ros
from waiting import until

from prot_ros import graph
from prot_ros.core.interruption import Policy
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import (
    Announcement,
    BargeIn,
    BargeInStage,
    Playback,
    PlaybackState,
    Transcript,
)
from prot_ros.engines import selection_online
from prot_ros.engines.kinds import Prompt, Usage
from prot_ros.engines.selection import Choice
from prot_ros.nodes import delivery
from prot_ros.nodes.dialog import DialogNode


class Socket:
    """A language model behind a TCP connection, as online ones are. It says what it is sent."""

    name = 'socket'

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.given = ''
        self.closed = 0
        self._server: asyncio.Server | None = None
        self.connections: list[asyncio.StreamWriter] = []
        self.gone = asyncio.Event()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, '127.0.0.1', 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self.gone.set()
        writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def reply(
        self, prompt: Prompt, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncIterator[str]:
        assert self._server is not None
        self.asked.append(prompt.utterance)
        port = self._server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        try:
            while piece := await reader.read(1000):
                self.given += piece.decode()
                yield piece.decode()
        finally:
            writer.close()
            self.closed += 1


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> list[Socket]:
    made: list[Socket] = []

    async def responder(settings: Any, *_: Any) -> Any:
        made.append(Socket())
        await made[0].open()
        return Choice(made[0], 'the test asks for it')

    monkeypatch.setattr(selection_online, 'responder', responder)
    return made


@asynccontextmanager
async def talking(ros: Ros) -> AsyncIterator[tuple[DialogNode, Peer, dict[str, list[Any]]]]:
    """An active dialog node, somebody who talks to it, and what it publishes."""
    async with ros.node(DialogNode, 'dialog', database='none') as node, ros.peer() as peer:
        seen = {
            topic.name: await peer.hear(topic)
            for topic in (graph.SENTENCE, graph.STATE, graph.TURN, graph.BARGE_IN, graph.INTERRUPT)
        }
        await ros.bring_up(node)
        yield node, peer, seen


def transcript(turn: Stamp, text: str) -> Transcript:
    return Transcript(turn, text, final=True, speech_end=turn, endpoint=turn, stamp=turn)


async def speaking(node: DialogNode, peer: Peer, model: Socket, text: str, at: Stamp) -> None:
    """Let the reply to the latest question be `text`, and be audible."""
    await until(lambda: model.connections, what='a question to the model')
    model.connections[-1].write(text.encode())
    reply = node._reply
    assert reply is not None
    await until(lambda: reply.sentences, what='a sentence')
    await peer.say(
        graph.PLAYBACK,
        Playback(reply.turn, 0, PlaybackState.STARTED, 300.0, None, 300.0, started=at, stamp=at),
    )
    await until(lambda: reply.audible, what='a reply that sounds')


def test_a08_an_interrupt_closes_the_models_stream_at_once_also_while_nothing_comes(ros, model):
    async def scenario():
        async with talking(ros) as (node, peer, seen):
            await peer.say(graph.HEAR, 'tell me everything')
            await until(lambda: model and model[0].connections)
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
            async with asyncio.timeout(1.0):
                await model[0].gone.wait()
            assert model[0].closed == 1
            await until(lambda: seen['turn'])
            assert seen['turn'][0].cut == 'operator'
            # And the stream is closed before the next one is opened.
            await peer.say(graph.HEAR, 'and now')
            await until(lambda: len(model[0].connections) == 2)
            assert model[0].asked == ['tell me everything', 'and now']

    ros.run(scenario)


def test_c02_a_new_line_voids_the_request_of_the_one_before(ros, model):
    async def scenario():
        async with talking(ros) as (_, peer, _seen):
            await peer.say(graph.HEAR, 'first')
            await until(lambda: model and model[0].connections)
            await peer.say(graph.HEAR, 'second')
            await until(lambda: len(model[0].connections) == 2)
            assert model[0].closed == 1
            # Nobody heard an answer to the first, so it belongs to the second.
            assert model[0].asked[1] == 'first second'

    ros.run(scenario)


def test_a_cough_over_the_robot_is_dismissed_and_words_void_the_reply(ros, model):
    async def scenario():
        async with talking(ros) as (node, peer, seen):
            await peer.say(graph.HEAR, 'tell me everything')
            await until(lambda: model)
            await speaking(node, peer, model[0], 'It began long ago. ', node.now())
            cough = Stamp(node.now())
            await peer.say(graph.BARGE_IN, BargeIn(cough, BargeInStage.CONFIRMED), listeners=2)
            await peer.say(graph.SPEECH, True)
            await until(lambda: seen['state'][-1] == 'listening')
            await peer.say(graph.TRANSCRIPT, transcript(cough, ''))
            await until(lambda: any(b.stage == BargeInStage.DISMISSED for b in seen['barge_in']))
            assert seen['barge_in'][-1].turn == cough
            await until(lambda: seen['state'][-1] == 'speaking')
            assert seen['interrupt'] == []
            words = Stamp(node.now())
            await peer.say(graph.BARGE_IN, BargeIn(words, BargeInStage.CONFIRMED), listeners=2)
            await peer.say(graph.TRANSCRIPT, transcript(words, 'stop it'))
            await until(lambda: seen['interrupt'])
            assert seen['interrupt'][0] == Interrupt(Stamp(words - 1), 'barge_in')
            await until(lambda: len(model[0].connections) == 2)
            assert model[0].asked[1] == 'stop it'

    ros.run(scenario)


def test_long_speech_with_words_voids_the_reply_before_it_ends(ros, model):
    async def scenario():
        async with talking(ros) as (node, peer, seen):
            await peer.say(graph.HEAR, 'tell me everything')
            await until(lambda: model)
            await speaking(node, peer, model[0], 'It began long ago. ', node.now())
            turn = Stamp(node.now())
            await peer.say(graph.BARGE_IN, BargeIn(turn, BargeInStage.CONFIRMED), listeners=2)
            await until(lambda: node.overlap.turn == turn)
            await peer.say(graph.PARTIAL, Transcript(turn, 'but i wanted'))
            await peer.say(graph.BARGE_IN, BargeIn(turn, BargeInStage.SUSTAINED), listeners=2)
            await until(lambda: seen['interrupt'])
            await until(lambda: model[0].closed == 1, what='the end of the request')

    ros.run(scenario)


def test_yes_is_an_answer_to_a_question_and_no_interruption_of_a_statement(ros, model):
    async def scenario(text: str, answered: bool) -> None:
        model.clear()
        async with talking(ros) as (node, peer, seen):
            await peer.say(graph.HEAR, 'hello')
            await until(lambda: model)
            await speaking(node, peer, model[0], text, node.now())
            turn = Stamp(node.now())
            await peer.say(graph.TRANSCRIPT, transcript(turn, 'yes'))
            if answered:
                await until(lambda: len(model[0].connections) == 2)
            else:
                await until(lambda: seen['barge_in'])
                assert len(model[0].connections) == 1

    ros.run(lambda: scenario('Shall I go on? ', True))
    ros.run(lambda: scenario('It began long ago. ', False))


def test_what_was_said_before_a_line_was_typed_is_answered_after_it(ros, model):
    async def scenario():
        async with talking(ros) as (node, peer, seen):
            spoken = Stamp(node.now() - 500 * MILLISECOND)
            await peer.say(graph.HEAR, 'typed')
            await until(lambda: model)
            await speaking(node, peer, model[0], 'Yes. ', node.now())
            await peer.say(graph.TRANSCRIPT, transcript(spoken, 'spoken before'))
            await until(lambda: node._next is not None)
            assert seen['interrupt'] == []
            reply = node._reply
            model[0].connections[-1].write_eof()
            await until(lambda: reply.complete)
            await peer.say(
                graph.PLAYBACK,
                Playback(reply.turn, 0, PlaybackState.FINISHED, 500.0, 500.0, 500.0,
                         started=node.now(), stamp=node.now()),
            )  # fmt: skip
            await until(lambda: len(model[0].connections) == 2)
            assert model[0].asked == ['typed', 'spoken before']
            assert node._reply.turn > reply.turn, 'turns are spoken in their order'

    ros.run(scenario)


def test_what_must_be_heard_yields_to_nobody_but_an_operator(ros, model):
    async def scenario():
        async with talking(ros) as (node, peer, seen):
            await peer.say(graph.ANNOUNCE, Announcement('Danger.', Policy.NEVER, 9))
            await until(lambda: seen['dialog/sentence'])
            await peer.say(graph.ANNOUNCE, Announcement('Tea is ready.', priority=9))
            await peer.say(graph.HEAR, 'what is it')
            await until(lambda: node._next is not None)
            assert seen['interrupt'] == []
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
            await until(lambda: seen['turn'])
            assert (seen['turn'][0].reply, seen['turn'][0].cut) == ('Danger.', 'operator')
            await until(lambda: node._reply is None)
            assert len(node.announcements) == 0, 'who silences the robot lets the matter rest'

    ros.run(scenario)


def test_a_voice_that_comes_late_gets_what_was_to_be_said(ros, model, monkeypatch):
    monkeypatch.setattr(delivery, 'RESEND_S', 0.3)

    async def scenario():
        async with talking(ros) as (_, peer, seen):
            await peer.say(graph.ANNOUNCE, Announcement('One. Two.'))
            await until(lambda: len(seen['dialog/sentence']) >= 6)
            said = [(s.seq, s.text, s.final) for s in seen['dialog/sentence']]
            assert said[:3] == [(0, 'One.', False), (1, 'Two.', False), (2, '', True)]
            assert said[3:6] == said[:3]

    ros.run(scenario)


def test_a_loudspeaker_that_hears_of_the_interrupt_first_changes_nothing(ros, model):
    async def scenario():
        async with talking(ros) as (node, peer, seen):
            await peer.say(graph.ANNOUNCE, Announcement('One.'))
            await until(lambda: node._reply is not None and node._reply.complete)
            turn = node._reply.turn
            await peer.say(
                graph.PLAYBACK,
                Playback(turn, 0, PlaybackState.CUT, 300.0, 400.0, 300.0,
                         started=node.now(), stamp=node.now()),
            )  # fmt: skip
            await until(lambda: node._reply is None or node._reply.ended is not None)
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'estop'))
            await until(lambda: seen['turn'])
            assert seen['turn'][0].cut == 'estop'

    ros.run(scenario)


def test_the_model_is_asked_while_the_turn_is_committed_and_nothing_is_said_before_it_is(
    ros, model
):
    async def scenario() -> None:
        async with talking(ros) as (node, peer, seen):
            committed = asyncio.Event()

            async def record(*_: Any) -> None:
                await committed.wait()

            node.memory.record_utterance = record
            await peer.say(graph.HEAR, 'how are you')
            await until(lambda: model and model[0].connections, what='a question to the model')
            model[0].connections[0].write(b'Fine. And you?')
            model[0].connections[0].write_eof()
            await until(lambda: model[0].given, what='an answer of the model')
            at = node.now()
            committed.set()
            await until(lambda: seen[graph.SENTENCE.name], what='a sentence')
            assert seen[graph.SENTENCE.name][0].stamp >= at

    ros.run(scenario)
