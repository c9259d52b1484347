# SPDX-License-Identifier: Apache-2.0
"""The mic node: what it makes of the robot's own voice, in each mode."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Peer, Ros
from echo_path import level_db
from recordings import LIBRIVOX
from room import RATE, Room, Sound, pcm, samples
from waiting import until

from prot_ros import graph
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp
from prot_ros.core.wire import AudioChunk
from prot_ros.nodes.mic import MicNode

ROBOT = np.concatenate([samples(recording.pcm) for recording in LIBRIVOX[:2]])[: 4 * RATE]
FRAME = RATE // 50
LEAD_MS = 400
AHEAD_S = 0.2
"""What lies in the pipe: a microphone never has nothing, however busy the machine is."""
QUIET_S = 0.5
"""Before the robot speaks, so that the order in which things come up does not matter."""


@asynccontextmanager
async def listening(
    ros: Ros, pipe: Path, **parameters: Any
) -> AsyncIterator[tuple[MicNode, Peer, list[AudioChunk]]]:
    parameters = {'engine': 'pipe', 'file': str(pipe), **parameters}
    async with ros.node(MicNode, 'mic', **parameters) as node, ros.peer() as peer:
        frames = await peer.hear(graph.MIC_AUDIO)
        await ros.bring_up(node)
        yield node, peer, frames


class Loudspeaker:
    """Tells of each piece shortly before its echo is in the room, as the speaker node does."""

    def __init__(self, node: MicNode, peer: Peer, pipe: Path) -> None:
        self._node, self._peer, self._pipe = node, peer, pipe

    async def play(self, robot: Sound, room: Room) -> Stamp:
        """Return when the first sample was in the room."""
        heard = pcm(room.microphone(robot))
        loop = asyncio.get_running_loop()
        with self._pipe.open('wb', buffering=0) as pipe:
            began, stamp = loop.time(), self._node.now()
            for number, at in enumerate(range(0, robot.size - FRAME, FRAME)):
                ahead = at + LEAD_MS * RATE // 1000
                piece = AudioChunk(
                    pcm=pcm(robot[ahead : ahead + FRAME]),
                    rate=RATE,
                    stamp=Stamp(stamp + ahead * 1000 // RATE * MILLISECOND),
                    seq=number,
                )
                await self._peer.say(graph.REFERENCE, piece)
                pipe.write(heard[2 * at : 2 * (at + FRAME)])
                await asyncio.sleep(began + (at + FRAME) / RATE - AHEAD_S - loop.time())
        return stamp


def share_of_silence(frames: list[AudioChunk]) -> float:
    return sum(not any(chunk.pcm) for chunk in frames) / len(frames)


def level(frames: list[AudioChunk]) -> float:
    return level_db(samples(b''.join(chunk.pcm for chunk in frames)))


@pytest.mark.parametrize('mode', ['reference', 'system', 'gate', 'none'])
def test_each_mode_makes_its_own_of_the_robots_voice(ros, tmp_path, mode):
    pipe = tmp_path / 'microphone'
    robot = np.concatenate((np.zeros(int(QUIET_S * RATE)), ROBOT))
    room = Room(echo_db=0)
    loud = level_db(room.microphone(robot)[int((QUIET_S + 1) * RATE) :])

    async def scenario() -> None:
        async with listening(ros, pipe, **{'echo.mode': mode}) as (node, peer, frames):
            began = await Loudspeaker(node, peer, pipe).play(robot, room)

            def between(start_s: float, stop_s: float) -> list[AudioChunk]:
                start, stop = began + start_s * SECOND, began + stop_s * SECOND
                return [chunk for chunk in frames if start <= chunk.stamp < stop]

            await until(lambda: between(4.3, 4.4), what='the frames')
            late = between(QUIET_S + 1, 4.3)
            if mode in ('reference', 'system'):
                # By far most of it: on a machine that stumbles, what was heard loses its place.
                assert statistics.median(level([chunk]) for chunk in late) < loud - 20
                assert share_of_silence(late) < 0.1, 'turned down, and not cut out'
            elif mode == 'gate':
                assert share_of_silence(late) == 1
                assert share_of_silence(between(0.1, QUIET_S - 0.1)) == 0
            else:
                assert abs(level(late) - loud) < 1
            assert node.status()['echo.mode'] == mode
            if mode in ('reference', 'system'):
                # The pipe is read as fast as time goes, so the echo is late by what was told.
                assert 'late' in str(node.status()['echo'])

    ros.run(scenario)


def test_without_the_wheel_it_says_once_that_it_will_not_listen(ros, tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, 'livekit', None)

    async def scenario() -> None:
        async with listening(ros, tmp_path / 'microphone') as (node, _, _):
            assert node.echo is not None
            assert node.echo.name == 'gate'

    ros.run(scenario)
    log = capfd.readouterr()
    assert (log.out + log.err).count('cannot be interrupted by voice, because aec3 cannot') == 1


def test_without_the_wheel_the_audio_servers_canceller_is_left_to_itself(
    ros, tmp_path, monkeypatch, capfd
):
    monkeypatch.setitem(sys.modules, 'livekit', None)

    async def scenario() -> None:
        pipe = tmp_path / 'microphone'
        async with listening(ros, pipe, **{'echo.mode': 'system'}) as (node, *_):
            assert node.echo is None

    ros.run(scenario)
    log = capfd.readouterr()
    assert (log.out + log.err).count('leaves of the robot stays: AEC3 needs the Python') == 1


def test_a_reference_nobody_can_use_is_dropped_and_listening_goes_on(ros, tmp_path):
    pipe = tmp_path / 'microphone'

    async def scenario() -> None:
        async with listening(ros, pipe) as (node, peer, frames):
            stereo = AudioChunk(pcm=bytes(1280), rate=RATE, channels=2, stamp=node.now())
            await peer.say(graph.REFERENCE, stereo, replace(stereo, channels=1, pcm=b''))
            writer = os.open(pipe, os.O_WRONLY)
            try:
                os.write(writer, pcm(ROBOT[:RATE]))
                await until(lambda: len(frames) > 20, what='the frames')
            finally:
                os.close(writer)
            assert node.lifecycle_state == 'active'

    ros.run(scenario)
