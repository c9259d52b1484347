# SPDX-License-Identifier: Apache-2.0
"""The robot's own voice in its microphone: cancelled, told from a user's, or not listened to."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import psutil
import pytest
from echo_path import BEGAN, FRAME, heard, level_db, loss_db, reference
from recordings import CARDS, LIBRIVOX
from room import RATE, Room, Sound, pcm, samples

from prot_ros.core.echo import FilterBank
from prot_ros.core.stamps import MILLISECOND, Stamp
from prot_ros.engines import selection
from prot_ros.engines.echo.aec3 import Aec3Canceller
from prot_ros.engines.echo.gate import EchoGate
from prot_ros.engines.kinds import EngineError

ROBOT = np.concatenate([samples(recording.pcm) for recording in LIBRIVOX])[: 9 * RATE]
"""A person stands for the robot: nothing here depends on whose voice it is."""
USER_AT = 6 * RATE


def user(room: Room) -> Sound:
    """Return 'seven of clubs' and the like, at USER_AT, as long as the robot's voice."""
    voice = room.user(samples(CARDS[2].pcm))
    track = np.zeros_like(ROBOT)
    track[USER_AT : USER_AT + voice.size] = voice
    return track


def with_canceller(work: Callable[[Aec3Canceller], Sound]) -> Sound:
    async def main() -> Sound:
        canceller = Aec3Canceller(RATE)
        await canceller.open()
        try:
            return work(canceller)
        finally:
            await canceller.close()

    return asyncio.run(main())


def likeness(a: Sound, b: Sound) -> float:
    """Return the correlation of how loud each band is when, which no filter's phase disturbs."""
    levels = FilterBank(RATE, 2).levels(np.stack((a, b)))
    first, second = (levels[:, i] - levels[:, i].mean(axis=0) for i in (0, 1))
    return float(np.sum(first * second) / (np.linalg.norm(first) * np.linalg.norm(second)))


@pytest.mark.parametrize(
    'room',
    [Room(), Room(delay_ms=20, echo_db=0), Room(delay_ms=300, echo_db=6, clipped_at=0.4)],
    ids=lambda room: f'{room.delay_ms:g} ms, {room.echo_db:g} dB',
)
def test_the_echo_is_20_db_down_within_2_s(room):
    microphone = room.microphone(ROBOT)
    out = with_canceller(lambda c: heard(c, microphone, reference(ROBOT)))
    assert loss_db(microphone, out, 2, 9) > 20
    assert loss_db(microphone, out, 0.5, 2) > 15, 'before that it is turned down'


@pytest.mark.parametrize('echo_db', [-6.0, 0.0])
def test_a_user_who_speaks_over_the_robot_is_kept(echo_db):
    room = Room(echo_db=echo_db)
    voice = user(room)
    out = with_canceller(lambda c: heard(c, room.microphone(ROBOT, voice), reference(ROBOT)))
    said = slice(USER_AT, USER_AT + 20000)
    assert level_db(out[said]) > level_db(voice[said]) - 8
    assert likeness(out[said], voice[said]) > 0.6
    assert loss_db(room.microphone(ROBOT, voice), out, 2, 5.8) > 20


def test_without_a_reference_what_is_heard_passes():
    room = Room()
    voice = user(room)
    microphone = voice + room.noise(voice.size)
    out = with_canceller(lambda c: heard(c, microphone, []))
    assert np.array_equal(out[FRAME:], np.rint(microphone)[FRAME:])


def test_where_the_robot_cannot_be_heard_its_speaking_takes_nothing_away():
    # A headset. AEC3 by itself silences its user: it expects an echo that never comes.
    room = Room(echo_db=-80)
    microphone = room.microphone(ROBOT, user(room))
    out = with_canceller(lambda c: heard(c, microphone, reference(ROBOT)))
    said = slice(USER_AT, USER_AT + 20000)
    assert abs(level_db(out[said]) - level_db(microphone[said])) < 1


def test_a_closed_canceller_lets_everything_pass():
    canceller = Aec3Canceller(RATE)
    frame = pcm(ROBOT[:FRAME])
    assert canceller.captured(frame, BEGAN) == frame


@pytest.mark.parametrize('trouble', ['duplicate', 'late', 'lost', 'far ahead'])
def test_a_reference_that_comes_badly_does_no_harm(trouble):
    chunks = reference(ROBOT)
    for number in range(150, 190, 4):
        chunk = chunks[number]
        if trouble == 'duplicate':
            chunks[number + 1] = chunks[number]
        elif trouble == 'late':
            chunks[number], chunks[number + 1] = chunks[number + 1], chunk
        elif trouble == 'far ahead':
            chunks[number] = replace(chunk, stamp=Stamp(chunk.stamp + 5000 * MILLISECOND))
        else:
            chunks[number] = replace(chunk, pcm=b'', seq=chunk.seq - 1, stamp=Stamp(0))
    room = Room()
    voice = user(room)
    microphone = room.microphone(ROBOT, voice)
    out = with_canceller(lambda c: heard(c, microphone, chunks))
    assert loss_db(microphone, out, 1.5, 5.8) > 20
    said = slice(USER_AT, USER_AT + 20000)
    assert level_db(out[said]) > level_db(voice[said]) - 8, 'and the user is heard afterwards'


def test_a_reference_that_is_not_mono_is_refused():
    chunk = replace(reference(ROBOT)[0], channels=2)
    with pytest.raises(EngineError, match='2 channels, expected 1'):
        Aec3Canceller(RATE).played(chunk, BEGAN)


def test_a_rate_that_aec3_does_not_take_is_named():
    with pytest.raises(EngineError, match=r'44100 Hz, expected one of \(8000'):
        asyncio.run(Aec3Canceller(44100).open())


def test_b03_many_rounds_leave_no_memory_no_thread_and_no_descriptor():
    async def rounds(count: int) -> None:
        canceller = Aec3Canceller(RATE)
        for _ in range(count):
            await canceller.open()
            heard(canceller, ROBOT[: RATE // 10], reference(ROBOT[: RATE // 10]))
            await canceller.close()
            await canceller.close()

    asyncio.run(rounds(3))
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss, process.num_threads(), process.num_fds()
    asyncio.run(rounds(50))
    gc.collect()
    after = process.memory_info().rss, process.num_threads(), process.num_fds()
    assert after[0] - before[0] < 5_000_000
    assert after[1:] <= before[1:]


# --- half duplex --------------------------------------------------------------------------------


def test_the_gate_is_closed_while_the_robot_is_audible_and_for_the_tail_after():
    gate = EchoGate(RATE, 300)
    robot = np.zeros(3 * RATE)
    robot[RATE : 2 * RATE] = ROBOT[:RATE]
    loud = np.full(3 * RATE, 1000.0)
    out = heard(gate, loud, reference(robot), late_ms=0)
    open_ = out.reshape(-1, FRAME).any(axis=1)
    assert open_[:46].all()
    assert not open_[50 : 100 + 12].any()
    assert open_[100 + 18 :].all()


def test_a_gate_without_a_robot_is_open():
    gate = EchoGate(RATE, 300)
    assert heard(gate, ROBOT[:RATE], []).any()


# --- which one ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    echo_mode: str = 'reference'
    echo_tail_ms: int = 500
    rate: int = RATE


def chosen(settings: Settings) -> tuple[str, str]:
    async def main() -> tuple[str, str]:
        choice = await selection.echo_canceller(settings)
        return ('', '') if choice is None else (choice.engine.name, choice.why)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ('mode', 'name'), [('reference', 'aec3'), ('system', 'aec3'), ('gate', 'gate'), ('none', '')]
)
def test_each_mode_has_its_canceller(mode, name):
    assert chosen(Settings(mode))[0] == name


def test_without_the_wheel_the_robot_does_not_listen_while_it_speaks(monkeypatch):
    monkeypatch.setitem(sys.modules, 'livekit', None)
    name, why = chosen(Settings())
    assert name == 'gate'
    assert 'pip install livekit' in why
    with pytest.raises(EngineError, match='pip install livekit'):
        chosen(Settings('system'))  # the audio server's canceller is there all the same
