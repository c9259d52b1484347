# SPDX-License-Identifier: Apache-2.0
"""What the audio server's own echo canceller leaves of an echo, in real time.

A private PulseAudio with the canceller that `prot audio setup` loads plays the robot's voice, and,
as its microphone, what test/room.py makes of it. A server knows how long its own buffers take, so
what counts for its canceller is by how much later an echo comes than it thinks: that is the room's
delay, some milliseconds of starting two players, and `BEHIND_S`. A sound in the second before all
that is played says when each sample of what comes out was heard.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'test'), str(HERE.parent / 'test/system')]

from audio_server import AudioServer  # noqa: E402
from room import RATE, Sound, pcm, samples  # noqa: E402

from prot_ros.engines.echo import system as echo_system  # noqa: E402

EARLY_S = 1.0
"""Recorded before anything is played."""
BEHIND_S = 0.03
"""Two players never start at quite the same time, and an echo that came before its cause could not
be cancelled."""
SPARE_S = 60.0
RECORDING_S = 2.0
"""At most so long before the players begin."""
MARK_AT_S, MARK_S = 0.3, 0.25
MARK_HZ = (500.0, 3000.0)
MARK_PEAK = 2000.0
"""Of a tone that rises, in the microphone alone, before the robot speaks: nothing cancels it."""


def cancelled(microphone: Sound, robot: Sound) -> tuple[Sound, float]:
    """Return what the server's microphone gives, and the server's own CPU time in s.

    To be called in a process of its own: the server is found by the environment.
    """
    with AudioServer() as server:
        os.environ.update(server.environment)
        asyncio.run(echo_system.set_up('room.monitor', 'loudspeaker'))
        process = psutil.Process(server.pid)
        recorder = server.record(echo_system.SOURCE)
        began = _cpu_s(process)
        early, behind = int(EARLY_S * RATE), int(BEHIND_S * RATE)
        loudspeaker = server.play(pcm(_after(early, robot)), device=echo_system.SINK)
        heard = _after(early + behind, microphone)
        mark, at = _mark(), int(MARK_AT_S * RATE)
        heard[at : at + mark.size] += mark
        room = server.play(pcm(heard), device='room')
        for player in (loudspeaker, room):
            try:
                code = player.wait(robot.size / RATE + EARLY_S + SPARE_S)
            except subprocess.TimeoutExpired:
                player.kill()
                raise
            assert code == 0, f'paplay ended with {code}'
        cpu_s = _cpu_s(process) - began
        out = samples(recorder.stop())
    began_at = _place(mark, out[: int((RECORDING_S + EARLY_S) * RATE)]) - at + early + behind
    out = out[began_at : began_at + microphone.size]
    return _after(0, out, microphone.size), cpu_s


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _after(silence: int, sound: Sound, length: int = 0) -> Sound:
    """Return a sound after so many samples of silence, and at least `length` long."""
    rest = max(0, length - silence - sound.size)
    return np.concatenate((np.zeros(silence), sound, np.zeros(rest)))


def _mark() -> Sound:
    """Return a tone that rises, which is like itself at one place only."""
    time = np.arange(int(MARK_S * RATE)) / RATE
    low, high = MARK_HZ
    phase = 2 * np.pi * (low * time + (high - low) / (2 * MARK_S) * time**2)
    return MARK_PEAK * np.hanning(time.size) * np.sin(phase)


def _place(mark: Sound, sound: Sound) -> int:
    """Return where the mark begins."""
    likeness = np.correlate(sound, mark, 'valid')
    return int(np.argmax(likeness))
