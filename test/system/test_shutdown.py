# SPDX-License-Identifier: Apache-2.0
"""A22: each process ends within 5 s of SIGINT or SIGTERM with exit code 0, whatever it does."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest
from nothing_left import mapped, things
from running_graph import RunningGraph, synthesise

from prot_ros import graph


def get_to(robot: RunningGraph, state: str) -> None:
    """Bring the conversation to a state."""
    robot.observer.wait(graph.STATE, within=10)
    if state == 'listening':
        robot.speak(synthesise('this is somebody who talks and talks and talks to the robot'))
    elif state == 'thinking':
        robot.observer.publish(graph.HEAR, 'tell me a long story')
    elif state == 'speaking':
        robot.observer.publish(graph.SAY, 'This is a rather long announcement. ' * 10)
    robot.observer.wait(graph.STATE, lambda seen: seen == state, within=20)


@pytest.mark.parametrize(
    ('state', 'sig'),
    [
        ('idle', signal.SIGTERM),
        ('listening', signal.SIGINT),
        ('thinking', signal.SIGTERM),
        ('speaking', signal.SIGINT),
        ('speaking', signal.SIGTERM),
    ],
)
def test_a22_it_ends_in_every_state_and_leaves_nothing(state, sig, tmp_path, data_folder):
    memory = {'database': 'embedded', 'data_folder': str(data_folder)}
    robot = RunningGraph(tmp_path, {'dialog': memory}, composed=state != 'speaking')
    with robot:
        get_to(robot, state)
        family = [
            child
            for process in robot.processes.values()
            for child in psutil.Process(process.pid).children(recursive=True)
        ]
        # Other robots of the machine have shared memory, too: what is ours we have mapped.
        ours = set().union(*(mapped(process.pid) for process in robot.processes.values()))
        codes = robot.stop(sig)
        logs = {name: robot.log(name) for name in robot.processes}
    assert set(codes.values()) == {0}, f'{codes}\n{logs}'
    _gone, alive = psutil.wait_procs(family, timeout=0)
    assert alive == []
    for name, log in logs.items():
        for word in ('Traceback', '[ERROR]', '[FATAL]', 'was destroyed', 'never retrieved'):
            assert word not in log, f'{name}: {log}'
    assert not robot.pipe.exists(), 'the named pipe was left'
    assert ours
    assert ours & things() == set(), 'shared memory was left'


def test_a23_two_signals_are_one(tmp_path):
    with RunningGraph(tmp_path, composed=True) as robot:
        process = robot.processes['composed']
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0


def test_a_signal_during_start_up_ends_it_as_well(tmp_path: Path):
    robot = RunningGraph(tmp_path, composed=True)
    try:
        process = robot.start_process('composed')
        deadline = time.monotonic() + 20
        while 'Configuring' not in robot.log('composed'):
            assert time.monotonic() < deadline, robot.log('composed')
            assert process.poll() is None, robot.log('composed')
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0, robot.log('composed')
    finally:
        robot.close()
