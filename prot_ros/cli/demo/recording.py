# SPDX-License-Identifier: Apache-2.0
"""The conversation as a stereo recording: user left, robot right, each when heard."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

from prot_ros.cli.demo.course import Course
from prot_ros.core.audio import SAMPLE_BYTES, Timeline, samples
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.wire import AudioChunk, PlaybackState
from prot_ros.engines.resample import resample

RATE = 24000
"""Hz of the recording, the robot's own; the microphone's is raised to it."""
USER, ROBOT = 0, 1
LIMIT_S = 600.0


def write(course: Course, path: Path) -> float:
    """Write the recording and return its length in seconds; OSError when it cannot be written."""
    pieces = [
        *((USER, *stretch) for stretch in _user(course)),
        *((ROBOT, *stretch) for stretch in _robot(course)),
    ]
    origin = min((start for _, start, _ in pieces), default=NEVER)
    timeline = Timeline(RATE, origin, limit_s=LIMIT_S)
    for channel, start, pcm in sorted(pieces, key=lambda piece: piece[1]):
        timeline.place(channel, start, pcm)
    with wave.open(str(path), 'wb') as out:
        out.setnchannels(2)
        out.setsampwidth(SAMPLE_BYTES)
        out.setframerate(RATE)
        out.writeframes(timeline.render())
    return timeline.seconds


def _user(course: Course) -> Iterator[tuple[Stamp, bytes]]:
    """Yield stretches of the microphone's frames between which none is missing."""
    stretch: list[AudioChunk] = []
    for chunk in [*course.user_audio, None]:
        follows = chunk is not None and stretch and chunk.seq == stretch[-1].seq + 1
        if stretch and not follows:
            pcm = b''.join(one.pcm for one in stretch)
            yield stretch[0].stamp, resample(pcm, stretch[0].rate, RATE)
            stretch = []
        if chunk is not None:
            stretch.append(chunk)


def _robot(course: Course) -> Iterator[tuple[Stamp, bytes]]:
    """Yield what was heard of each reply, at the time at which it was."""
    voices: dict[Stamp, list[AudioChunk]] = {}
    for chunk in course.robot_audio:
        voices.setdefault(chunk.turn, []).append(chunk)
    for turn, chunks in voices.items():
        began, reports = course.audible_from(turn), course.playback_of(turn)
        if began is None:
            continue  # cut before it was heard
        pcm = b''.join(chunk.pcm for chunk in chunks)
        if reports[-1].state != PlaybackState.FINISHED:
            heard = samples(max(report.turn_played_ms for report in reports), chunks[0].rate)
            pcm = pcm[: SAMPLE_BYTES * heard]
        yield began, resample(pcm, chunks[0].rate, RATE)
