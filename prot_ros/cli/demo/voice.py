# SPDX-License-Identifier: Apache-2.0
"""The user's voice: Flite makes the sentences, a named pipe carries them in real time."""

from __future__ import annotations

import asyncio
import io
import os
import wave
from collections.abc import Sequence
from pathlib import Path

from prot_ros.cli.failure import CommandError, UsageError
from prot_ros.core.audio import milliseconds
from prot_ros.engines.resample import resample

RATE = 16000
"""Hz of the microphone."""
FLITE_S = 20.0
"""A sentence takes a tenth of a second; the first one on a small board some seconds."""
INSTALL = 'apt install flite'


async def voices() -> tuple[str, ...]:
    """Return the voices of Flite; CommandError when it is not installed."""
    said = (await _flite('-lv')).decode(errors='replace')
    return tuple(said.partition(':')[2].split())


async def check(voice: str) -> None:
    """Raise UsageError when Flite has no such voice."""
    known = await voices()
    if voice not in known:
        raise UsageError(f'--voice: there is no voice {voice!r}, expected one of {listed(known)}')


def listed(names: Sequence[str]) -> str:
    """Return each name once."""
    return ', '.join(dict.fromkeys(names))


async def synthesize(text: str, voice: str) -> bytes:
    """Return a sentence as PCM S16 mono at RATE."""
    made = await _flite('-voice', voice, '-t', text, '-o', '/dev/stdout')
    with wave.open(io.BytesIO(made)) as sound:
        rate = sound.getframerate()
        # The header is written before the length is known, so it promises any number of frames.
        pcm = sound.readframes(len(made) // 2)
    return resample(pcm[: len(pcm) // 2 * 2], rate, RATE)


async def _flite(*arguments: str) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            'flite',
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise CommandError(
            f'the program flite, the voice of the user, is not installed: {INSTALL}'
        ) from None
    try:
        async with asyncio.timeout(FLITE_S):
            out, err = await process.communicate()
    except TimeoutError:
        raise CommandError(f'flite did not end within {FLITE_S:g} s') from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CommandError(
            f'flite ended with exit code {process.returncode}: '
            f'{err.decode(errors="replace").strip()}'
        )
    return out


async def speak(pcm: bytes, pipe: Path) -> None:
    """Say something into the microphone; return when it has been said.

    The microphone takes it at the speed of time. Raises CommandError when it takes nothing.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    lasts = milliseconds(pcm, RATE) / 1000
    try:
        # O_NONBLOCK: without a reader this fails at once instead of waiting for one.
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as err:
        raise CommandError(f'nobody listens to the microphone {pipe}: {err.strerror}') from err
    try:
        async with asyncio.timeout(lasts + 10.0):
            await _write(loop, descriptor, memoryview(pcm))
            await asyncio.sleep(max(0.0, began + lasts - loop.time()))
    except TimeoutError:
        raise CommandError('the microphone does not take what is said into it') from None
    except BrokenPipeError:
        raise CommandError('the microphone was closed while the user spoke') from None
    finally:
        os.close(descriptor)


async def _write(loop: asyncio.AbstractEventLoop, descriptor: int, left: memoryview) -> None:
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            room = asyncio.Event()
            loop.add_writer(descriptor, room.set)
            try:
                await room.wait()
            finally:
                loop.remove_writer(descriptor)
