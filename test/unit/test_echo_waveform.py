# SPDX-License-Identifier: Apache-2.0
"""Telling the reference in the microphone by its samples."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import CARDS, LIBRIVOX
from room import RATE, Room, Sound, samples

from prot_ros.core.echo import HOP_MS
from prot_ros.core.echo_waveform import ALIKE, LEAST_HOPS, MOST_HOPS, Waveforms

HOP = RATE * HOP_MS // 1000
ROBOT = np.concatenate([samples(recording.pcm) for recording in LIBRIVOX])[: 4 * RATE]


def compared(microphone: Sound, reference: Sound, at_s: float) -> Waveforms:
    """Return what has heard both up to that time."""
    waveforms = Waveforms(RATE)
    for number in range(int(at_s * RATE) // HOP):
        hop = slice(number * HOP, (number + 1) * HOP)
        waveforms.push(microphone[hop], reference[hop])
    return waveforms


@pytest.mark.parametrize('delay_ms', [0, 20, 150, 440])
def test_an_echo_is_the_reference_at_every_delay_and_loudness(delay_ms):
    room = Room(delay_ms=delay_ms, echo_db=-20, noise_db=-50)
    heard = compared(room.echo(ROBOT) + room.noise(ROBOT.size), ROBOT, 2.0)
    assert heard.likeness(MOST_HOPS) > 0.8
    assert heard.same(MOST_HOPS)
    assert heard.same(10 * MOST_HOPS), 'the latest are looked at'


def test_another_voice_is_not():
    voice = np.resize(samples(CARDS[2].pcm), ROBOT.size)
    same = [compared(voice, ROBOT, at).same(8) for at in np.arange(0.5, 4.0, 0.25)]
    assert not any(same)


def test_little_is_never_enough():
    heard = compared(ROBOT, ROBOT, 2.0)
    assert heard.likeness(LEAST_HOPS - 1) == pytest.approx(1)
    assert [heard.same(hops) for hops in range(LEAST_HOPS + 1)] == [False] * LEAST_HOPS + [True]


@pytest.mark.parametrize('silent', ['microphone', 'reference', 'both'])
def test_silence_is_like_nothing(silent):
    nothing = np.zeros_like(ROBOT)
    heard = compared(
        nothing if silent in ('microphone', 'both') else ROBOT,
        nothing if silent in ('reference', 'both') else ROBOT,
        2.0,
    )
    assert heard.likeness(MOST_HOPS) == 0.0


def test_the_longer_the_less_is_asked_for():
    hops, shares = zip(*ALIKE, strict=True)
    assert list(hops) == sorted(hops)
    assert list(shares) == sorted(shares, reverse=True)
