# SPDX-License-Identifier: Apache-2.0
"""prot demo, as `make demo` runs it: twice, and ended in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Place, command, prot, wait_until
from database import reachable_folder


@pytest.fixture(scope='module')
def folder() -> Iterator[Path]:
    """A folder that outlives one conversation."""
    with reachable_folder() as made:
        yield made


@pytest.fixture
def place() -> Iterator[Place]:
    held = Place()
    yield held
    held.close()


def levels(path: Path) -> tuple[int, int, float]:
    """Return the loudest sample of the left and of the right, and the length in seconds."""
    with wave.open(str(path)) as sound:
        assert sound.getnchannels() == 2
        both = array('h', sound.readframes(sound.getnframes()))
        lasts = sound.getnframes() / sound.getframerate()
    return max(both[0::2]), max(both[1::2]), lasts


@pytest.mark.timeout(260)
def test_demo_holds_its_conversation(place: Place, folder: Path) -> None:
    recording = folder / 'talk.wav'
    done = prot(
        place.environment, 'demo', '--data', str(folder / 'data'), '--wav', str(recording),
        within=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'nothing is remembered yet' in done.stdout
    assert 'ok     the greeting is returned' in done.stdout
    assert 'FAILED' not in done.stdout
    assert '\x1b' not in done.stdout
    assert done.stdout.count('You:') >= 8
    assert '✂ interrupted by barge_in, heard until then: “' in done.stdout
    user, robot, lasts = levels(recording)
    assert user > 3000
    assert robot > 3000
    assert lasts > 40
    assert place.alive() == []


def test_demo_knows_the_user_the_second_time_and_leaves_nothing_at_a_signal(
    place: Place, tmp_path: Path, folder: Path
) -> None:
    runs = tmp_path / 'runs'
    runs.mkdir()
    log = tmp_path / 'demo.log'
    environment = {**place.environment, 'TMPDIR': str(runs)}
    with log.open('wb') as out:
        demo = subprocess.Popen(
            command('demo', '--data', str(folder / 'data')), env=environment, cwd=tmp_path,
            stdout=out, stderr=out, stdin=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
    try:
        wait_until(lambda: 'Robot:   Hello Alice' in log.read_text(), 'the robot knows her')
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(25) == 128 + signal.SIGINT, log.read_text()
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert 'Alice is known' in log.read_text()
    assert 'nothing is left running' in log.read_text()
    assert 'Traceback' not in log.read_text()
    assert place.alive() == []
    assert list(runs.iterdir()) == []


def test_demo_refuses_a_folder_with_a_robots_memories(place: Place, tmp_path: Path) -> None:
    (tmp_path / 'memory').mkdir()
    done = prot(place.environment, 'demo', '--fresh', '--data', str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        f"error: --data '{tmp_path}': the memories in it are not of the demo; "
        'name another folder\n'
    )
    assert (tmp_path / 'memory').is_dir()


def test_demo_refuses_a_voice_that_there_is_not(place: Place, tmp_path: Path) -> None:
    done = prot(place.environment, 'demo', '--voice', 'hal', '--data', str(tmp_path))
    assert done.returncode == 2
    assert "--voice: there is no voice 'hal', expected one of kal" in done.stderr


@pytest.mark.campaign
@pytest.mark.timeout(260)
def test_demo_converses_through_the_simulated_online_services(place: Place) -> None:
    # A key that is there is not used: nothing leaves this machine.
    environment = {**place.environment, 'ANTHROPIC_API_KEY': 'sk-of-somebody'}
    with reachable_folder() as folder:
        done = prot(
            environment, 'demo', '--online', '--data', str(folder / 'data'),
            '--wav', str(folder / 'talk.wav'), '--logs', str(folder / 'logs'), within=250,
        )  # fmt: skip
        logs = ''.join(log.read_text() for log in (folder / 'logs').iterdir())
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'ok     every online service was used' in done.stdout
    assert 'ok     nothing had to stand in for them' in done.stdout
    for choice in ('speech recogniser: elevenlabs', 'language model: claude', 'voice: elevenlabs'):
        assert choice in logs
    assert 'sk-of-somebody' not in logs + done.stdout
    assert place.alive() == []
