# SPDX-License-Identifier: Apache-2.0
"""prot sim: the services are there, what it prints leads to them, and nothing is left of them."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Place, command, prot, wait_until


@pytest.fixture
def place() -> Iterator[Place]:
    held = Place()
    yield held
    held.close()


def test_sim_serves_what_the_doctor_then_finds(place: Place, tmp_path: Path) -> None:
    log = tmp_path / 'sim.log'
    with log.open('wb') as out:
        sim = subprocess.Popen(
            command('sim', '--port', '0'), env=place.environment, stdout=out, stderr=out
        )
    try:
        wait_until(lambda: '--online' in log.read_text(), 'the services are there')
        said = log.read_text()
        keys = dict(re.findall(r'export (\w+)=(\w+)', said))
        options = re.findall(r'^    (-p) (\S+)', said, re.MULTILINE)
        done = prot(
            {**place.environment, **keys}, 'doctor', '--online',
            *(word for option in options for word in option),
        )  # fmt: skip
        assert 'elevenlabs takes the key and listens' in done.stdout, done.stdout + done.stderr
        assert 'claude takes the key and answers' in done.stdout
        assert 'voyage:voyage-4 takes the key' in done.stdout
        assert 'elevenlabs takes the key and speaks' in done.stdout
        sim.send_signal(signal.SIGINT)
        assert sim.wait(10) == 0, log.read_text()
    finally:
        if sim.poll() is None:
            sim.kill()
            sim.wait()
    assert 'Traceback' not in log.read_text()
    assert place.alive() == []


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--port', '80'], "'80' is no port"),
        (['--fault', 'mind=lazy'], "there is no 'lazy'"),
        (['--fault', 'body=stall'], 'expected SERVICE=..., with ears, voice, mind, embeddings'),
        (['--delay', 'mind=soon'], 'expected 0 to 3600 seconds'),
    ],
)
def test_sim_refuses_what_it_does_not_know(place: Place, options: list[str], words: str) -> None:
    done = prot(place.environment, 'sim', *options)
    assert done.returncode == 2
    assert words in done.stderr


def test_sim_says_that_a_port_is_taken(place: Place, tmp_path: Path) -> None:
    import socket

    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        done = prot(place.environment, 'sim', '--port', str(min(port, 65_530)))
    assert done.returncode == 1
    assert done.stderr.startswith('error: a port is not to be had: ')
    assert place.alive() == []
