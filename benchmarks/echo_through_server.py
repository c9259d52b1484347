# SPDX-License-Identifier: Apache-2.0
"""What the audio server's own echo canceller leaves of an echo, in real time.

A private PulseAudio with the canceller that `prot audio setup` loads plays the robot's voice, and,
as its microphone, what test/room.py makes of it. Both go the server's own way, so their delay is
the room's and some milliseconds more, and what comes out is set right by its likeness to the user.
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
BEHIND_S = 0.2
"""What is played goes through the canceller, whose buffers take longer than the microphone's; an
echo that came before its cause could not be cancelled."""
SPARE_S = 60.0


def cancelled(microphone: Sound, robot: Sound, user: Sound) -> tuple[Sound, float]:
    """Return what the server's microphone gives, and the server's own CPU time in s.

    To be called in a process of its own: the server is found by the environment.
    """
    with AudioServer() as server:
        os.environ.update(server.environment)
        asyncio.run(echo_system.set_up('room.monitor', 'loudspeaker'))
        process = psutil.Process(server.pid)
        recorder = server.record(echo_system.SOURCE)
        began = _cpu_s(process)
        early, behind = np.zeros(int(EARLY_S * RATE)), np.zeros(int(BEHIND_S * RATE))
        loudspeaker = server.play(pcm(np.append(early, robot)), device=echo_system.SINK)
        room = server.play(pcm(np.concatenate((early, behind, microphone))), device='room')
        for player in (loudspeaker, room):
            try:
                code = player.wait(robot.size / RATE + EARLY_S + SPARE_S)
            except subprocess.TimeoutExpired:
                player.kill()
                raise
            assert code == 0, f'paplay ended with {code}'
        cpu_s = _cpu_s(process) - began
        out = samples(recorder.stop())
    return _aligned(out, user), cpu_s


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _aligned(out: Sound, user: Sound) -> Sound:
    """Return it as long as the user's sound, and in time with it."""
    if not user.any():
        return out
    size = 1 << (out.size + user.size - 1).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(out, size) * np.conj(np.fft.rfft(user, size)), size)
    late = int(np.argmax(likeness[: out.size]))
    return np.append(out[late:], np.zeros(user.size))[: user.size]
