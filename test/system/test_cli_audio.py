# SPDX-License-Identifier: Apache-2.0
"""`prot audio` and the doctor's word on echo, with a real PulseAudio server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from audio_server import AudioServer

MICROPHONE = ('--source', 'room.monitor')


@pytest.fixture
def server() -> Iterator[AudioServer]:
    with AudioServer() as running:
        yield running


def prot(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'prot_ros.cli.main', *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def defaults(server: AudioServer) -> list[str]:
    lines = server.run('pactl', 'info').stdout.decode().splitlines()
    facts = dict(line.split(': ', 1) for line in lines if ': ' in line)
    return [facts['Default Sink'], facts['Default Source']]


def state(server: AudioServer) -> tuple[list[str], bytes]:
    modules = server.run('pactl', 'list', 'short', 'modules').stdout
    return defaults(server), b'\n'.join(line.split(b'\t', 1)[1] for line in modules.splitlines())


def test_setup_is_done_shown_and_undone(server):
    before = state(server)
    assert prot(server.environment, 'audio', 'show').returncode == 1
    done = prot(server.environment, 'audio', 'setup', *MICROPHONE)
    assert done.returncode == 0, done.stderr
    assert 'prot_microphone  is room.monitor without echo' in done.stdout
    assert 'prot audio setup --undo' in done.stdout
    assert defaults(server) == ['prot_loudspeaker', 'prot_microphone']
    assert 'it is the default' in prot(server.environment, 'audio', 'show').stdout
    again = prot(server.environment, 'audio', 'setup', *MICROPHONE)
    assert again.stdout.startswith('nothing to do')
    undone = prot(server.environment, 'audio', 'setup', '--undo')
    assert undone.returncode == 0, undone.stderr
    assert state(server) == before
    assert prot(server.environment, 'audio', 'setup', '--undo').stdout.startswith('nothing to')


def test_what_cannot_be_done_gets_one_sentence_and_changes_nothing(server):
    before = state(server)
    monitor = prot(server.environment, 'audio', 'setup')
    assert monitor.returncode == 1
    assert "'room.monitor' records what a loudspeaker plays" in monitor.stderr
    unknown = prot(server.environment, 'audio', 'setup', '--source', 'nonesuch')
    assert unknown.returncode == 1
    assert "no source 'nonesuch'; the sources here are loudspeaker.monitor" in unknown.stderr
    assert prot(server.environment, 'audio', 'setup', '--undo', *MICROPHONE).returncode == 2
    assert state(server) == before


def test_without_a_server_or_without_pactl_it_says_what_to_install_or_start(tmp_path: Path):
    nowhere = {'PULSE_SERVER': f'unix:{tmp_path}/none', 'XDG_RUNTIME_DIR': str(tmp_path)}
    asked = prot(nowhere, 'audio', 'setup')
    assert asked.returncode == 1
    assert 'no audio server answers' in asked.stderr
    assert 'pulseaudio --start' in asked.stderr
    asked = prot({**nowhere, 'PATH': str(tmp_path)}, 'audio', 'show')
    assert asked.returncode == 1
    assert 'apt install pulseaudio-utils' in asked.stderr


@pytest.mark.parametrize('mode', ['reference', 'system'])
def test_the_doctor_says_which_echo_mode_is_used_and_whether_the_server_cancels(server, mode):
    option = ('-p', f'mic.echo.mode={mode}', '-p', 'dialog.database=none')
    without = prot(server.environment, 'doctor', *option).stdout
    assert f'echo.mode is {mode}' in without
    assert 'the audio server cancels none' in without
    assert ('prot audio setup' in without) == (mode == 'system')
    assert prot(server.environment, 'audio', 'setup', *MICROPHONE).returncode == 0
    assert 'cancels it in prot_microphone' in prot(server.environment, 'doctor', *option).stdout
