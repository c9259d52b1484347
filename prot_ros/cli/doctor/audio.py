# SPDX-License-Identifier: Apache-2.0
"""Audio devices and the audio server, each asked by a process that can be given up."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from prot_ros.cli.doctor.finding import Finding, Findings, Level, output_of

DEVICES_S = 10.0
SERVER_S = 3.0
START = 'pulseaudio --start (XDG_RUNTIME_DIR has to be set), or PipeWire with pipewire-pulse'


async def audio(mic: Any) -> Findings:
    """Look for input devices, the server and its echo canceller, given the node mic's parameters.

    What lacks degrades; the engines decide.
    """
    return [await _devices(), await _server(), await _echo(mic.echo_mode)]


async def _devices() -> Finding:
    name = 'input devices'
    # A process of its own: a driver that hangs could not be given up here, and PortAudio writes
    # pages to stderr.
    command = (sys.executable, '-m', 'prot_ros.cli.doctor.input_devices')
    try:
        code, out, err = await output_of(*command, deadline_s=DEVICES_S)
    except TimeoutError:
        lack = f'PortAudio did not answer within {DEVICES_S:g} s'
        return Finding(name, Level.DEGRADED, lack, 'a sound driver hangs; see dmesg')
    if code != 0:
        last = (err.strip().splitlines() or ['unknown'])[-1]
        return Finding(name, Level.DEGRADED, f'cannot be listed: {last}', 'pip install pyaudio')
    devices = json.loads(out)
    if not devices:
        return Finding(name, Level.NOTE, 'none')
    return Finding(name, Level.OK, '; '.join(devices))


async def _server() -> Finding:
    name = 'audio server'
    try:
        code, out, err = await output_of('pactl', 'info', deadline_s=SERVER_S)
    except TimeoutError:
        lack = f'does not answer within {SERVER_S:g} s'
        return Finding(name, Level.DEGRADED, lack, 'restart it: pulseaudio -k')
    except FileNotFoundError:
        lack = 'the program pactl is not installed'
        return Finding(name, Level.DEGRADED, lack, 'apt install pulseaudio-utils')
    if code != 0:
        where = os.environ.get('PULSE_SERVER') or os.environ.get('XDG_RUNTIME_DIR') or 'nowhere'
        lack = f'none answers ({(err.splitlines() or ["no reason given"])[0]}; looked at {where})'
        return Finding(name, Level.DEGRADED, lack, START)
    facts = dict(line.split(': ', 1) for line in out.splitlines() if ': ' in line)
    parts = [
        f'{key.lower()} {facts[key]}' for key in ('Default Sink', 'Default Source') if key in facts
    ]
    return Finding(name, Level.OK, f'{facts.get("Server Name", "answers")}: {", ".join(parts)}')


async def _echo(mode: str) -> Finding:
    """Say what keeps the robot from hearing itself, as far as the audio server goes."""
    from prot_ros.engines.echo import system as echo_system
    from prot_ros.engines.kinds import EngineError

    name = 'echo'
    try:
        found = await echo_system.find()
    except EngineError as err:
        level = Level.DEGRADED if mode == 'system' else Level.NOTE
        return Finding(name, level, f"echo.mode is {mode}; the audio server's: {err}", START)
    if found is None:
        there, fix = (
            'the audio server cancels none',
            'prot audio setup, or -p mic.echo.mode=reference',
        )
    elif not found.is_default:
        there = f'the audio server cancels it in {found.source}, which is not the default source'
        fix = f'pactl set-default-source {found.source}'
    else:
        there = f'the audio server cancels it in {found.source}'
        ready = Level.OK if mode == 'system' else Level.NOTE
        return Finding(name, ready, f'echo.mode is {mode}; {there}')
    if mode == 'system':
        return Finding(name, Level.DEGRADED, f'echo.mode is {mode}, but {there}', fix)
    return Finding(name, Level.OK, f'echo.mode is {mode}; {there}')
