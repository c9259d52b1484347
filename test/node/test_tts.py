# SPDX-License-Identifier: Apache-2.0
"""The tts node: what an interrupt ends, and that each sentence is spoken once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
from conftest import Peer, Ros
from waiting import until

from prot_ros import graph
from prot_ros.core.interruption import Policy
from prot_ros.core.stamps import Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import AudioChunk, Sentence
from prot_ros.nodes.tts import TtsNode

LONG = 'the robot goes on and on about a story that has no end ' * 60


@asynccontextmanager
async def voiced(ros: Ros) -> AsyncIterator[tuple[TtsNode, Peer, list[AudioChunk]]]:
    async with ros.node(TtsNode, 'tts', engine='offline') as node, ros.peer() as peer:
        audio = await peer.hear(graph.SPEECH_AUDIO)
        await ros.bring_up(node)
        yield node, peer, audio


def programs() -> list[str]:
    return [child.name() for child in psutil.Process().children()]


def test_a07_an_interrupt_ends_the_voice_at_once_and_its_program_before_the_next_turn(ros):
    async def scenario():
        async with voiced(ros) as (node, peer, audio):
            tasks = len(asyncio.all_tasks())
            for _ in range(5):
                old = node.now()
                before = len(audio)
                await peer.say(graph.SENTENCE, Sentence(old, 0, LONG, final=True))
                # Nobody plays, so the voice waits at the end of its window, or in its program.
                await until(lambda before=before: len(audio) > before)
                await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
                new = node.now()
                await peer.say(graph.SENTENCE, Sentence(new, 0, 'Yes.', final=True))
                await until(lambda new=new: any(c.turn == new and c.final for c in audio))
                turns = [chunk.turn for chunk in audio[before:]]
                assert turns == sorted(turns), 'nothing of the old turn came after the new one'
            assert programs() == []
            await until(lambda: len(asyncio.all_tasks()) <= tasks)

    ros.run(scenario)


def test_a05_sentences_that_wait_are_emptied_and_counted(ros):
    async def scenario():
        async with voiced(ros) as (node, peer, audio):
            turn = node.now()
            await peer.say(graph.SENTENCE, *(Sentence(turn, seq, LONG) for seq in range(20)))
            await until(lambda: audio and node.sentences.gauge.size >= 10)
            await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
            await until(lambda: node.sentences.gauge.size == 0)
            assert node.sentences.gauge.flushed >= 10

    ros.run(scenario)


def test_c03_a_sentence_is_spoken_once_however_often_it_is_delivered(ros):
    async def scenario():
        async with voiced(ros) as (node, peer, audio):
            turn = node.now()
            for _ in range(3):
                await peer.say(graph.SENTENCE, Sentence(turn, 0, 'Hello.'))
            await peer.say(graph.SENTENCE, Sentence(turn, 1, '', final=True))
            await until(lambda: any(c.final for c in audio))
            assert [c.sentence for c in audio if c.sentence_final] == [0, 1]
            assert node._repeated == 2

    ros.run(scenario)


def test_a_policy_goes_with_the_sound(ros):
    async def scenario():
        async with voiced(ros) as (node, peer, audio):
            said = Sentence(Stamp(node.now()), 0, 'Danger.', final=True, policy=Policy.NEVER)
            await peer.say(graph.SENTENCE, said)
            await until(lambda: any(c.final for c in audio))
            assert {c.policy for c in audio} == {Policy.NEVER}

    ros.run(scenario)
