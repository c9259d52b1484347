# SPDX-License-Identifier: Apache-2.0
"""How fast a conversation is, stage by stage, through all nodes as processes.

    python benchmarks/conversation.py [--turns 10] [--barge-ins 10]

A synthetic voice speaks in real time into the microphone; the loudspeaker is paced and silent.
Figures are medians with minimum and maximum, in milliseconds. Barge-in is counted from the first
loud sample that the microphone node publishes, to the loudspeaker's report that the reply was cut.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'test'))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

from running_graph import RunningGraph, synthesise

from prot_ros import graph
from prot_ros.core.stamps import MILLISECOND
from prot_ros.core.wire import PlaybackState

QUESTIONS = ('what time is it', 'where do i live', 'what is my name', 'how are you')
INTERRUPTIONS = ('stop please i want to ask something else', 'what time is it', 'stop')
LOUD = 500


def median(values: list[float]) -> str:
    """Return `median [min to max]`."""
    return f'{statistics.median(values):7.1f} [{min(values):.1f} to {max(values):.1f}]'


def ask(robot: RunningGraph, turns: int) -> dict[str, list[float]]:
    """Hold turns and return each stage's latencies."""
    stages: dict[str, list[float]] = {}
    for number in range(turns):
        began = time.monotonic()
        robot.speak(synthesise(QUESTIONS[number % len(QUESTIONS)])).join()
        report = robot.observer.wait(graph.TURN, within=40, since=began)
        for stage, ms in report.latency_ms.items():
            stages.setdefault(stage, []).append(ms)
        print(f'turn {number + 1} of {turns}: {report.utterance!r}', file=sys.stderr)
    return stages


def interrupt(robot: RunningGraph, times: int) -> list[float]:
    """Speak over the robot and return how long it took to fall silent."""
    out = []
    for number in range(times):
        began = time.monotonic()
        robot.observer.publish(graph.HEAR, 'tell me a long story')
        robot.observer.wait(
            graph.PLAYBACK, lambda p: p.turn_played_ms > 1500, within=40, since=began
        )
        spoken = time.monotonic()
        voice = robot.speak(synthesise(INTERRUPTIONS[number % len(INTERRUPTIONS)]))
        cut = robot.observer.wait(
            graph.PLAYBACK, lambda p: p.state == PlaybackState.CUT, within=40, since=spoken
        )
        voice.join()
        first = next(
            chunk for chunk in robot.observer.of(graph.MIC_AUDIO, spoken)
            if max(map(abs, array('h', chunk.pcm)), default=0) > LOUD
        )  # fmt: skip
        out.append((cut.stamp - first.stamp) / MILLISECOND)
        robot.observer.wait_for(
            lambda: robot.observer.of(graph.STATE)[-1:] == ['idle'], within=60, what='idle'
        )
        print(f'barge-in {number + 1} of {times}', file=sys.stderr)
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('--turns', type=int, default=10, help='questions to ask (default: 10)')
    parser.add_argument('--barge-ins', type=int, default=10, help='stories to cut (default: 10)')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='prot-benchmark-') as folder:
        os.chmod(folder, 0o755)  # the database server may run as another user
        memory = {'database': 'embedded', 'data_folder': f'{folder}/data'}
        with RunningGraph(Path(folder), {'dialog': memory}) as robot:
            stages = ask(robot, options.turns)
            silent = interrupt(robot, options.barge_ins)
    for stage, values in stages.items():
        print(f'{stage:20} {median(values)} ms')
    print(f'{"barge-in to silence":20} {median(silent)} ms')


if __name__ == '__main__':
    main()
