# SPDX-License-Identifier: Apache-2.0
"""What the audio server has, and changing it, through `pactl`: PulseAudio, and PipeWire's pulse.

The text form of `pactl list short` is read because it is the same in all versions; JSON came with
PulseAudio 16.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from dataclasses import dataclass

from prot_ros.engines.kinds import EngineError

DEADLINE_S = 5.0
"""A server that works answers in milliseconds."""
START = 'pulseaudio --start (XDG_RUNTIME_DIR has to be set), or PipeWire with pipewire-pulse'


@dataclass(frozen=True)
class Module:
    """A module that is loaded."""

    index: str
    name: str
    arguments: dict[str, str]


async def pactl(*arguments: str) -> str:
    """Run it and return what it prints; raise EngineError with its complaint."""
    shown = shlex.join(('pactl', *arguments))
    try:
        process = await asyncio.create_subprocess_exec(
            'pactl',
            *arguments,
            env={**os.environ, 'LC_ALL': 'C'},  # what it says is read
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise EngineError(
            'the program pactl is not installed: apt install pulseaudio-utils'
        ) from None
    try:
        async with asyncio.timeout(DEADLINE_S):
            out, err = await process.communicate()
    except TimeoutError:
        raise EngineError(
            f'the audio server does not answer within {DEADLINE_S:g} s; restart it '
            '(pulseaudio -k, or systemctl --user restart pipewire-pulse)',
            retryable=True,
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return out.decode(errors='replace')
    reason = ' '.join(err.decode(errors='replace').split()) or 'no reason given'
    if 'Connection' in reason:
        raise EngineError(f'no audio server answers ({reason}); start one: {START}')
    raise EngineError(f'`{shown}` failed: {reason}')


async def modules() -> list[Module]:
    """Return the modules that are loaded."""
    found = []
    for index, name, *rest in await _short('modules'):
        found.append(Module(index, name, _arguments(rest[0] if rest else '')))
    return found


async def names(kind: str) -> list[str]:
    """Return the names of all `sources` or `sinks`."""
    return [row[1] for row in await _short(kind)]


async def default(kind: str) -> str:
    """Return the name of the default `source` or `sink`, '' where there is none."""
    head = f'Default {kind.capitalize()}: '
    for line in (await pactl('info')).splitlines():
        if line.startswith(head):
            return line.removeprefix(head).strip()
    return ''


async def _short(kind: str) -> list[list[str]]:
    lines = (await pactl('list', 'short', kind)).splitlines()
    return [row for row in (line.split('\t') for line in lines) if len(row) >= 2]


def _arguments(text: str) -> dict[str, str]:
    """Read `name=value name="two words"`; what is no such list has no arguments."""
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    return dict(word.split('=', 1) for word in words if '=' in word)
