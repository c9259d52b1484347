# SPDX-License-Identifier: Apache-2.0
"""prot up: all nodes in one process or one each, and how they end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from command_line import QUIET, Place, brought_up, crash, prot, wait_until

from prot_ros import graph


@pytest.fixture
def place() -> Iterator[Place]:
    held = Place()
    yield held
    held.close()


def test_up_with_processes_ends_in_order_at_a_signal(place: Place, tmp_path: Path) -> None:
    log = tmp_path / 'up.log'
    with brought_up(place, log, '--processes', *QUIET) as up:
        children = psutil.Process(up.pid).children()
        assert len(children) == len(graph.ALL_NODES)
        up.send_signal(signal.SIGTERM)
        assert up.wait(15) == 0, log.read_text()
    assert place.alive() == []


def test_a_terminals_ctrl_c_reaches_no_child_of_up(place: Place, tmp_path: Path) -> None:
    with brought_up(place, tmp_path / 'up.log', '--processes', *QUIET) as up:
        groups = {os.getpgid(child.pid) for child in psutil.Process(up.pid).children()}
        assert os.getpgid(up.pid) not in groups
        up.send_signal(signal.SIGINT)
        assert up.wait(15) == 0


def test_children_of_up_end_when_it_is_killed(place: Place, tmp_path: Path) -> None:
    with brought_up(place, tmp_path / 'up.log', '--processes', *QUIET) as up:
        up.kill()
        up.wait()
        wait_until(lambda: place.alive() == [], 'all children have ended', within=15)


def test_a_killed_child_is_told_and_makes_the_exit_code(place: Place, tmp_path: Path) -> None:
    log = tmp_path / 'up.log'
    with brought_up(place, log, '--processes', *QUIET) as up:
        (tts,) = (c for c in psutil.Process(up.pid).children() if 'tts' in c.cmdline())
        crash(tts)
        wait_until(
            lambda: 'the process of tts ended by SIGKILL' in log.read_text(), 'the end is told'
        )
        assert up.poll() is None
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 1
    assert 'error: tts ended by SIGKILL' in log.read_text()


def test_up_in_one_process_takes_files_and_parameters(place: Place, tmp_path: Path) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text('/**/speaker:\n  ros__parameters: {engine: paplay, rate: 16000}\n')
    log = tmp_path / 'up.log'
    with brought_up(place, log, '--params-file', str(mine), *QUIET, '--namespace', 'house') as up:
        done = prot(place.environment, 'doctor', '--namespace', 'house', '--json', *QUIET)
        found = json.loads(done.stdout)['findings']['nodes']
        assert {one['name']: one['level'] for one in found} == {
            spec.name: 'ok' for spec in graph.ALL_NODES
        }
        (speaker,) = (one for one in found if one['name'] == 'speaker')
        assert speaker['detail'] == 'active (null)'
        up.send_signal(signal.SIGTERM)
        assert up.wait(15) == 0, log.read_text()


@pytest.mark.parametrize('how', [[], ['--processes']])
def test_up_refuses_what_no_node_takes(place: Place, tmp_path: Path, how: list[str]) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text('/**/mic:\n  ros__parameters: {rat: 16000}\n')
    done = prot(place.environment, 'up', *how, '--params-file', str(mine))
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        f"error: {mine}:2: mic: there is no parameter 'rat', did you mean 'rate'?\n"
    )
    done = prot(place.environment, 'up', *how, '-p', 'mic.rate=7')
    assert (done.returncode, done.stdout) == (2, '')
    assert 'expected 8000 to 48000' in done.stderr
    done = prot(place.environment, 'up', *how, '-p', 'mic.rate=11025')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith("error: mic: parameter 'rate' is 11025")
