# SPDX-License-Identifier: Apache-2.0
"""The speaker node: lowered, held, going on, cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from conftest import Peer, Ros
from waiting import until

from prot_ros import graph
from prot_ros.core.audio import dbfs
from prot_ros.core.interruption import Policy
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import AudioChunk, BargeIn, BargeInStage, PlaybackState
from prot_ros.nodes import speaker as speaker_module
from prot_ros.nodes.speaker import SpeakerNode

RATE = 24000
CHUNK = RATE * 60 // 1000
TONE = (8000 * np.sin(np.arange(CHUNK) * 2 * np.pi * 500 / RATE)).astype('<i2').tobytes()


@asynccontextmanager
async def playing(
    ros: Ros, seconds: float, policy: str = Policy.INTERRUPTIBLE, sentence_chunks: int = 1000
) -> AsyncIterator[tuple[SpeakerNode, Peer, dict[str, list[Any]], Stamp]]:
    """A speaker that is playing a tone, which is all of one turn."""
    async with ros.node(SpeakerNode, 'speaker', engine='null') as node, ros.peer() as peer:
        seen = {topic.name: await peer.hear(topic) for topic in (graph.PLAYBACK, graph.REFERENCE)}
        await ros.bring_up(node)
        turn = node.now()
        count = round(seconds * RATE / CHUNK)
        chunks = [
            AudioChunk(
                TONE,
                RATE,
                turn=turn,
                seq=seq,
                final=seq == count - 1,
                sentence=seq // sentence_chunks,
                sentence_final=(seq + 1) % sentence_chunks == 0 or seq == count - 1,
                policy=policy,
            )
            for seq in range(count)
        ]
        await peer.say(graph.SPEECH_AUDIO, *chunks)
        await until(lambda: seen['speaker/playback'], what='sound')
        yield node, peer, seen, turn


async def tell(peer: Peer, stage: str, turn: Stamp) -> None:
    await peer.say(graph.BARGE_IN, BargeIn(turn, stage))


def loudness(seen: dict[str, list[Any]], since: int) -> list[float]:
    """Return the level of each piece that was handed over since a moment."""
    return [dbfs(c.pcm) for c in seen['speaker/reference'] if c.stamp >= since]


async def loud_again(seen: dict[str, list[Any]], since: int) -> None:
    """Wait until what is handed over after a moment has its full level."""
    await until(lambda: loudness(seen, since)[-1:] == [pytest.approx(dbfs(TONE), abs=0.5)])


def states(seen: dict[str, list[Any]]) -> list[str]:
    return [p.state for p in seen['speaker/playback']]


def test_a_suspicion_lowers_the_voice_and_its_dismissal_raises_it_again(ros):
    async def scenario():
        async with playing(ros, 3.0) as (node, peer, seen, _):
            normal = dbfs(TONE)
            suspicion = node.now()
            await tell(peer, BargeInStage.SUSPECTED, suspicion)
            await until(lambda: loudness(seen, suspicion) and loudness(seen, suspicion)[-1] < -25)
            assert loudness(seen, suspicion)[-1] == pytest.approx(normal - 18, abs=2)
            dismissed = node.now()
            await tell(peer, BargeInStage.DISMISSED, suspicion)
            await loud_again(seen, dismissed)
            assert PlaybackState.HELD not in states(seen)

    ros.run(scenario)


def test_what_is_likely_makes_the_voice_inaudible_and_costs_no_time_if_it_was_nothing(ros):
    async def scenario():
        async with playing(ros, 2.4) as (node, peer, seen, _):
            suspicion = node.now()
            await tell(peer, BargeInStage.SUSPECTED, suspicion)
            await tell(peer, BargeInStage.LIKELY, suspicion)
            await until(lambda: PlaybackState.HUSHED in states(seen))
            await until(lambda: states(seen).count(PlaybackState.HUSHED) >= 3)
            hushed = [p for p in seen['speaker/playback'] if p.state == PlaybackState.HUSHED]
            assert loudness(seen, hushed[1].stamp)[-1] < -90
            assert hushed[-1].turn_played_ms > hushed[0].turn_played_ms
            await tell(peer, BargeInStage.DISMISSED, suspicion)
            await until(lambda: states(seen)[-1] == PlaybackState.PROGRESS)
            heard_again = seen['speaker/playback'][-1].stamp
            await loud_again(seen, heard_again)
            await until(lambda: states(seen)[-1] == PlaybackState.FINISHED)
            assert PlaybackState.HELD not in states(seen)

    ros.run(scenario)


def test_what_is_likely_and_then_confirmed_is_held_and_no_sound_comes_between(ros):
    async def scenario():
        async with playing(ros, 2.4) as (node, peer, seen, _):
            suspicion = node.now()
            await tell(peer, BargeInStage.LIKELY, suspicion)
            await until(lambda: states(seen)[-1] == PlaybackState.HUSHED)
            hushed = seen['speaker/playback'][-1].stamp
            told = len(seen['speaker/reference'])  # what was told before is told anew
            await tell(peer, BargeInStage.CONFIRMED, Stamp(suspicion - MILLISECOND))
            await until(lambda: states(seen).count(PlaybackState.HELD) >= 2)
            after = [p.state for p in seen['speaker/playback'] if p.stamp >= hushed]
            assert set(after) == {PlaybackState.HUSHED, PlaybackState.HELD}
            later = seen['speaker/reference'][told + 2 :]  # its glide
            assert max([dbfs(c.pcm) for c in later], default=-100.0) < -90

    ros.run(scenario)


def test_a_dismissal_of_something_else_does_not_let_go_of_what_is_held(ros):
    async def scenario():
        async with playing(ros, 1.5) as (node, peer, seen, _):
            spoken = node.now()
            await tell(peer, BargeInStage.CONFIRMED, spoken)
            await until(lambda: states(seen)[-1] == PlaybackState.HELD)
            await tell(peer, BargeInStage.DISMISSED, node.now())
            count = len(states(seen))
            await until(lambda: len(states(seen)) > count + 3)
            assert set(states(seen)[count:]) == {PlaybackState.HELD}

    ros.run(scenario)


def test_a_suspicion_that_nobody_follows_up_ends_by_itself(ros, monkeypatch, capfd):
    monkeypatch.setattr(speaker_module, 'SUSPICION_S', 0.2)

    async def scenario():
        async with playing(ros, 3.0) as (node, peer, seen, _):
            await tell(peer, BargeInStage.SUSPECTED, node.now())
            await until(lambda: loudness(seen, 0)[-1] < -25)
            await until(lambda: loudness(seen, 0)[-1] == pytest.approx(dbfs(TONE), abs=0.5))

    ros.run(scenario)
    assert 'nobody told what became of the barge-in' in capfd.readouterr().err


def test_an_utterance_holds_the_reply_and_a_cough_lets_it_go_on_where_it_was(ros):
    async def scenario():
        async with playing(ros, 1.5) as (node, peer, seen, _):
            spoken = node.now()
            await tell(peer, BargeInStage.CONFIRMED, spoken)
            await until(lambda: states(seen)[-1] == PlaybackState.HELD)
            held = seen['speaker/playback'][-1].turn_played_ms
            await until(lambda: states(seen).count(PlaybackState.HELD) >= 3)
            assert seen['speaker/playback'][-1].turn_played_ms == held
            await tell(peer, BargeInStage.DISMISSED, spoken)
            await until(lambda: states(seen)[-1] == PlaybackState.FINISHED)
            assert seen['speaker/playback'][-1].turn_played_ms == pytest.approx(1500, abs=1)

    ros.run(scenario)


def test_a_new_suspicion_that_fades_does_not_let_go_of_what_is_held(ros):
    async def scenario():
        async with playing(ros, 1.5) as (node, peer, seen, _):
            spoken = node.now()
            await tell(peer, BargeInStage.CONFIRMED, spoken)
            await until(lambda: states(seen)[-1] == PlaybackState.HELD)
            click = node.now()
            await tell(peer, BargeInStage.SUSPECTED, click)
            await tell(peer, BargeInStage.DISMISSED, click)
            await tell(peer, BargeInStage.DISMISSED, Stamp(spoken - MILLISECOND))
            count = len(states(seen))
            await until(lambda: len(states(seen)) > count + 3)
            assert set(states(seen)[count:]) == {PlaybackState.HELD}

    ros.run(scenario)


def test_a_reply_that_begins_while_somebody_speaks_waits_and_one_to_that_speech_does_not(ros):
    async def scenario():
        async with ros.node(SpeakerNode, 'speaker', engine='null') as node, ros.peer() as peer:
            played = await peer.hear(graph.PLAYBACK)
            await ros.bring_up(node)
            old = node.now()
            spoken = Stamp(old + MILLISECOND)
            await tell(peer, BargeInStage.CONFIRMED, spoken)
            await until(lambda: node._yielding_to == spoken)
            await peer.say(graph.SPEECH_AUDIO, AudioChunk(TONE, RATE, turn=old))
            await until(lambda: node._turn == old)
            asked = time.monotonic()
            await until(lambda: time.monotonic() > asked + 0.2)
            assert played == []
            # The answer's own turn is that of the utterance.
            await peer.say(graph.INTERRUPT, Interrupt(Stamp(spoken - 1), 'barge_in'))
            await peer.say(graph.SPEECH_AUDIO, AudioChunk(TONE, RATE, turn=spoken, final=True))
            await until(lambda: [p.state for p in played][-1:] == [PlaybackState.FINISHED])
            assert {p.turn for p in played if p.turn_played_ms > 0} == {spoken}

    ros.run(scenario)


def test_a_sentence_that_may_be_finished_is_and_the_next_waits(ros):
    async def scenario():
        # Sentences of 600 ms.
        async with playing(ros, 1.8, Policy.FINISH_SENTENCE, 10) as (node, peer, seen, _):
            spoken = node.now()
            await tell(peer, BargeInStage.CONFIRMED, spoken)
            await until(lambda: PlaybackState.SENTENCE in states(seen))
            silent = node.now()
            await until(lambda: node.now() > silent + 300 * MILLISECOND)
            assert seen['speaker/playback'][-1].turn_played_ms == pytest.approx(600, abs=1)
            await tell(peer, BargeInStage.DISMISSED, spoken)
            await until(lambda: states(seen)[-1] == PlaybackState.FINISHED)

    ros.run(scenario)


def test_what_must_be_heard_is_neither_lowered_nor_held(ros):
    async def scenario():
        async with playing(ros, 0.9, Policy.NEVER) as (node, peer, seen, _):
            await tell(peer, BargeInStage.SUSPECTED, node.now())
            await tell(peer, BargeInStage.CONFIRMED, node.now())
            await until(lambda: states(seen)[-1] == PlaybackState.FINISHED)
            assert PlaybackState.HELD not in states(seen)
            assert min(loudness(seen, 0)) > -20

    ros.run(scenario)


def test_a05_an_interrupt_empties_the_queue_and_nothing_stale_sounds_after_it(ros):
    async def scenario():
        async with playing(ros, 3.0) as (node, peer, seen, turn):
            at = node.now()
            await peer.say(graph.INTERRUPT, Interrupt(at, 'operator'))
            await until(lambda: states(seen)[-1] == PlaybackState.CUT)
            cut = seen['speaker/playback'][-1]
            assert node.audio.gauge.size == 0
            assert node.audio.gauge.flushed > 0
            await peer.say(graph.SPEECH_AUDIO, AudioChunk(TONE, RATE, turn=turn, seq=999))
            heard = len(seen['speaker/reference'])
            new = node.now()
            await peer.say(graph.SPEECH_AUDIO, AudioChunk(TONE, RATE, turn=new, final=True))
            await until(lambda: states(seen)[-1] == PlaybackState.FINISHED)
            assert {c.turn for c in seen['speaker/reference'][heard:]} == {new}
            assert [p for p in seen['speaker/playback'] if p.turn == turn][-1] == cut

    ros.run(scenario)


@pytest.mark.parametrize('held', [False, True])
def test_a_cut_reply_leaves_no_task_behind(ros, held):
    async def scenario():
        async with ros.node(SpeakerNode, 'speaker', engine='null') as node, ros.peer() as peer:
            await ros.bring_up(node)
            before = len(asyncio.all_tasks())
            for _ in range(5):
                turn = node.now()
                await peer.say(
                    graph.SPEECH_AUDIO,
                    *(AudioChunk(TONE, RATE, turn=turn, seq=seq) for seq in range(20)),
                )
                await until(lambda turn=turn: node._turn == turn)
                if held:
                    await tell(peer, BargeInStage.CONFIRMED, node.now())
                    await until(lambda: node._held_at)
                await peer.say(graph.INTERRUPT, Interrupt(node.now(), 'operator'))
                await until(lambda: node._turn == 0)
            await until(lambda: len(asyncio.all_tasks()) == before)

    ros.run(scenario)
