# SPDX-License-Identifier: Apache-2.0
"""The stt node outlives its recogniser: an utterance is lost, and the next one is understood."""

from __future__ import annotations

import os
import signal

import pytest
from utterances import CHUNK, RATE, spoken
from waiting import until

from prot_ros import graph
from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.nodes.stt import SttNode


def utterance(turn: Stamp, sentence: str, *, cut: bool = False) -> list[AudioChunk]:
    """Return the chunks in which the vad node sends it; `cut` for the first of two stretches."""
    pcm = spoken(sentence)
    chunks = [
        AudioChunk(pcm[at : at + CHUNK], RATE, turn=turn, stamp=turn, seq=number)
        for number, at in enumerate(range(0, len(pcm), CHUNK))
    ]
    end = AudioChunk(b'', RATE, turn=turn, stamp=turn, seq=len(chunks), final=True, continues=cut)
    return [*chunks, end]


@pytest.mark.parametrize('moment', ['beginning', 'middle', 'cut'])
def test_an_utterance_whose_recogniser_dies_is_not_understood_and_the_next_one_is(ros, moment):
    async def scenario() -> None:
        async with ros.node(SttNode, 'stt') as node, ros.peer() as peer:
            await ros.bring_up(node)
            transcripts = await peer.hear(graph.TRANSCRIPT)
            partials = await peer.hear(graph.PARTIAL)
            turn = node.now()
            chunks = utterance(turn, 'what is my name')
            if moment == 'cut':
                chunks = [*utterance(turn, 'what is my name', cut=True), *chunks]
            before = {'beginning': 1, 'middle': len(chunks) // 2, 'cut': len(chunks) // 2 + 20}
            await peer.say(graph.UTTERANCE, *chunks[: before[moment]])
            # Killed before the node has heard anything, it would be started again in time.
            await until(lambda: node._recognition, what='the recognition')
            if moment == 'middle':
                await until(lambda: partials, what='a hypothesis')
            if moment == 'cut':
                await until(lambda: node._before and node._recognition, what='the second stretch')
            os.kill((await node.engine.process()).pid, signal.SIGKILL)
            await peer.say(graph.UTTERANCE, *chunks[before[moment] :])
            await until(lambda: transcripts, what='a transcript')
            assert (transcripts[0].turn, transcripts[0].text) == (turn, '')
            report = await until(
                lambda: (found := peer.report('stt')) and found['failed'] == '1' and found
            )
            assert 'was killed by signal 9' in report['failure']
            later = Stamp(turn + SECOND)
            await peer.say(graph.UTTERANCE, *utterance(later, 'hello robot'))
            await until(lambda: len(transcripts) == 2, what='the next transcript')
            assert (transcripts[1].turn, transcripts[1].text) == (later, 'hello robot')
            assert node.failure == ''

    ros.run(scenario)
