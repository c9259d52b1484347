# SPDX-License-Identifier: Apache-2.0
"""The vad node: the stages of a barge-in, a microphone that falls silent, and a button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from conftest import Peer, Ros
from recordings import GO_FORWARD
from std_srvs.srv import SetBool
from waiting import until

from prot_ros import graph
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.core.wire import AudioChunk, BargeInStage
from prot_ros.nodes.vad import VadNode

FRAME = 640
FRAMES = [GO_FORWARD.pcm[at : at + FRAME] for at in range(0, len(GO_FORWARD.pcm) - FRAME, FRAME)]
SILENCE = [bytes(FRAME)] * 50


@asynccontextmanager
async def hearing(
    ros: Ros, **parameters: Any
) -> AsyncIterator[tuple[VadNode, Peer, dict[str, list[Any]]]]:
    async with ros.node(VadNode, 'vad', **parameters) as node, ros.peer() as peer:
        seen = {
            topic.name: await peer.hear(topic)
            for topic in (graph.SPEECH, graph.UTTERANCE, graph.BARGE_IN)
        }
        await ros.bring_up(node)
        yield node, peer, seen


class Microphone:
    """Publishes frames as if time went by; the node only counts them."""

    def __init__(self, node: VadNode, peer: Peer) -> None:
        self._node, self._peer, self._seq = node, peer, 0
        self._began = node.now()

    async def hear(self, frames: list[bytes]) -> None:
        for frame in frames:
            stamp = Stamp(self._began + self._seq * 20 * MILLISECOND)
            chunk = AudioChunk(frame, 16000, stamp=stamp, seq=self._seq)
            await self._peer.say(graph.MIC_AUDIO, chunk)
            self._seq += 1
            if self._seq % 10 == 0:  # best effort: no more than the queue takes
                await until(lambda: self._node._next_seq == self._seq, what='frames taken')


def stages(seen: dict[str, list[Any]]) -> list[str]:
    return [barge_in.stage for barge_in in seen['barge_in']]


def test_speech_is_suspected_confirmed_and_sustained_under_the_name_of_its_turn(ros):
    async def scenario():
        async with hearing(ros) as (node, peer, seen):
            microphone = Microphone(node, peer)
            await microphone.hear(SILENCE + FRAMES + SILENCE)
            await until(lambda: seen['vad/utterance'] and seen['vad/utterance'][-1].final)
            told = [s for s in stages(seen) if s != BargeInStage.DISMISSED]
            first = told.index(BargeInStage.CONFIRMED)
            assert told[first : first + 2] == [BargeInStage.CONFIRMED, BargeInStage.SUSTAINED]
            turn = seen['vad/utterance'][-1].turn
            assert {
                b.turn
                for b in seen['barge_in']
                if b.stage in (BargeInStage.CONFIRMED, BargeInStage.SUSTAINED)
            } == {turn}
            assert seen['vad/speech'][-2:] == [True, False]

    ros.run(scenario)


def test_a_suspicion_is_dismissed_under_the_name_under_which_it_was_raised(ros):
    word = FRAMES[len(FRAMES) // 2 :][:8]

    async def scenario():
        async with hearing(ros, engine='webrtcvad', start_ms=300) as (node, peer, seen):
            microphone = Microphone(node, peer)
            for _ in range(3):
                await microphone.hear(SILENCE + word)
            await microphone.hear(SILENCE)
            await until(lambda: stages(seen).count(BargeInStage.DISMISSED) >= 3)
            raised = None
            for barge_in in seen['barge_in']:
                if barge_in.stage == BargeInStage.DISMISSED:
                    assert barge_in.turn == raised
                elif barge_in.stage in (BargeInStage.SUSPECTED, BargeInStage.LIKELY):
                    raised = barge_in.turn

    ros.run(scenario)


def test_silence_is_nothing(ros):
    async def scenario():
        async with hearing(ros) as (node, peer, seen):
            await Microphone(node, peer).hear(SILENCE * 3)
            assert stages(seen) == []

    ros.run(scenario)


def test_an_utterance_ends_when_the_microphone_gives_nothing_more(ros):
    async def scenario():
        async with hearing(ros) as (node, peer, seen):
            microphone = Microphone(node, peer)
            await microphone.hear(SILENCE[:10] + FRAMES[:60])
            await until(lambda: seen['vad/speech'] and seen['vad/speech'][-1])
            await until(lambda: not seen['vad/speech'][-1], what='the end of the utterance')
            await until(lambda: seen['vad/utterance'][-1].final)
            # And the next one is another.
            first = seen['vad/utterance'][-1].turn
            await microphone.hear(SILENCE + FRAMES[:60])
            await until(lambda: seen['vad/utterance'][-1].turn > first)

    ros.run(scenario)


def test_a_button_begins_and_ends_the_utterance(ros):
    async def scenario():
        async with hearing(ros, listen='push_to_talk') as (node, peer, seen):
            microphone = Microphone(node, peer)
            await microphone.hear(FRAMES[:40])
            assert stages(seen) == []
            pressed = await peer.call(SetBool, 'vad/push_to_talk', SetBool.Request(data=True))
            assert (pressed.success, pressed.message) == (True, 'listening')
            await microphone.hear(FRAMES[:40])
            await until(lambda: stages(seen) == [BargeInStage.CONFIRMED])
            await peer.say(graph.PUSH_TO_TALK, False)
            await until(lambda: not node._endpointer._pressed)
            await microphone.hear(FRAMES[:20])
            await until(lambda: seen['vad/utterance'][-1].final)
            assert seen['vad/speech'] == [True, False] or seen['vad/speech'] == [
                False,
                True,
                False,
            ]

    ros.run(scenario)


def test_a_button_where_none_is_asked_for_is_refused_with_the_parameter_to_set(ros, capfd):
    async def scenario():
        async with hearing(ros) as (_, peer, _seen):
            refused = await peer.call(SetBool, 'vad/push_to_talk', SetBool.Request(data=True))
            assert not refused.success
            assert "set the parameter 'listen' to 'push_to_talk'" in refused.message

    ros.run(scenario)
