# SPDX-License-Identifier: Apache-2.0
"""What the doctor finds, and probes that cannot hang it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How good or bad it is."""

    OK = 'ok'
    NOTE = 'note'
    """Neither good nor bad."""
    DEGRADED = 'degraded'
    """A conversation can be held, but not as well as it could be."""
    FAILED = 'failed'
    """No conversation can be held."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: Level
    detail: str
    fix: str = ''
    """What a person can do about it."""


Findings = list[Finding]


async def bounded(
    name: str, probe: Awaitable[Findings], deadline_s: float, late: Level = Level.FAILED
) -> Findings:
    """Return what a probe finds, or that it did not answer in time, which is as bad as `late`."""
    try:
        async with asyncio.timeout(deadline_s):
            return await probe
    except TimeoutError:
        detail = f'did not answer within {deadline_s:g} s'
        return [Finding(name, late, detail, 'see whether the machine is overloaded')]


async def output_of(*command: str, deadline_s: float) -> tuple[int, str, str]:
    """Run a program; return its exit code, output and complaints.

    Raises FileNotFoundError when there is no such program, TimeoutError after the deadline, when
    it has been killed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, 'LC_ALL': 'C'},  # what it says is read
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(deadline_s):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(errors='replace'), err.decode(errors='replace')
