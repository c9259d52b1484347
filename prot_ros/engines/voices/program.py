# SPDX-License-Identifier: Apache-2.0
"""Speech from a program: text goes in by its standard input, a WAV file comes out.

Both ends are files in memory and no pipes. Flite needs that: it writes its header first and comes
back to it, and with a pipe for its output it waits for ever. And a program that has neither to
wait for a reader nor for a writer needs one deadline and leaves nothing behind when it is killed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

import numpy as np

from prot_ros.engines.kinds import EngineError

DEADLINE_S = 10.0
"""The slowest text of `TEXT_LIMIT` characters takes either program about a second."""
TEXT_LIMIT = 300
"""Characters that are spoken in one go. Flite works on all of it before it returns anything: 0.2 s
for this much, but 15 s for a word of 5,000 letters."""
STDERR_TAIL = 300
QUIET = 100
"""Below -50 dBFS is no speech; both programs' silence is within 20 steps of zero."""
LEAD_MS = 20
"""Silence kept before speech. Flite begins with 110 to 240 ms, which would be heard as latency;
this much keeps the breath of an `h`."""
PAUSE_MS = 200
"""Silence after speech: the pause between two sentences of a reply, whichever program speaks."""


@dataclass(frozen=True)
class Sound:
    """S16 mono."""

    rate: int
    pcm: bytes

    def with_even_edges(self) -> Sound:
        """Begin `LEAD_MS` before speech does and end `PAUSE_MS` after it; '' without speech."""
        samples = np.frombuffer(self.pcm, '<i2')
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET)
        if not loud.size:
            return Sound(self.rate, b'')
        first = max(0, int(loud[0]) - self.rate * LEAD_MS // 1000)
        pause = self.rate * PAUSE_MS // 1000
        last = int(loud[-1]) + 1
        pcm = self.pcm[2 * first : 2 * (last + pause)]
        return Sound(self.rate, pcm.ljust(2 * (last + pause - first), b'\0'))


class SpeechProgram:
    """A program on PATH that reads text and writes a WAV file, each in a process of its own."""

    def __init__(self, program: str, package: str) -> None:
        """`package` is what has to be installed, as Debian and Ubuntu call it."""
        self.program = program
        self._package = package

    def find(self) -> None:
        """Raise EngineError, saying how to mend it, unless the program is installed."""
        if shutil.which(self.program) is None:
            raise EngineError(
                f'the program {self.program} is not on PATH; '
                f'install it with: apt install {self._package}'
            )

    async def speak(self, options: Sequence[str], text: str) -> Sound:
        """Run it once with `text` as its input; the options must make it write to stdout."""
        return self._sound(await self.run(options, text))

    async def run(self, options: Sequence[str], text: str = '') -> bytes:
        """Return what it writes to stdout.

        Raises EngineError when it cannot be started, fails, or takes longer than `DEADLINE_S`;
        then, and when cancelled, it has been killed and waited for.
        """
        with ExitStack() as files:
            given, output, errors = (
                files.enter_context(_file_in_memory(f'{self.program} {name}'))
                for name in ('text', 'sound', 'errors')
            )
            given.write(text.encode(errors='replace'))
            given.seek(0)
            code = await self._run_to_its_end(options, given, output, errors, text)
            if code != 0:
                raise self._failure(code, _content(errors))
            return _content(output)

    async def _run_to_its_end(
        self,
        options: Sequence[str],
        given: IO[bytes],
        output: IO[bytes],
        errors: IO[bytes],
        text: str,
    ) -> int:
        try:
            process = await asyncio.create_subprocess_exec(
                self.program,
                *options,
                stdin=given,
                stdout=output,
                stderr=errors,
                # Out of reach of Ctrl-C in our terminal: when to end is ours to say.
                start_new_session=True,
            )
        except OSError as err:
            raise EngineError(f'cannot start {self.program}: {err.strerror}') from err
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await process.wait()
        except TimeoutError:
            raise EngineError(
                f'{self.program} was not finished after {DEADLINE_S:g} s with {text[:60]!r}',
                retryable=True,
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _failure(self, code: int, errors: bytes) -> EngineError:
        tail = ' '.join(errors[-STDERR_TAIL:].decode(errors='replace').split())
        how = f'was killed by signal {-code}' if code < 0 else f'ended with exit code {code}'
        return EngineError(f'{self.program} {how}: {tail or "it said nothing"}', retryable=True)

    def _sound(self, wav: bytes) -> Sound:
        # Both write the plain header of 44 bytes, and eSpeak NG declares 2 GiB in it: what counts
        # is what follows.
        if len(wav) < 44 or wav[:4] != b'RIFF' or wav[36:40] != b'data':
            raise EngineError(f'{self.program} wrote no WAV file but {wav[:44]!r}')
        channels, rate = struct.unpack_from('<HI', wav, 22)
        if channels != 1:
            raise EngineError(f'{self.program} wrote {channels} channels, expected 1')
        return Sound(rate, wav[44 : 44 + (len(wav) - 44) // 2 * 2])


def _file_in_memory(name: str) -> IO[bytes]:
    return open(os.memfd_create(name), 'w+b', buffering=0)


def _content(file: IO[bytes]) -> bytes:
    # From the beginning: the program's writes have moved the position that we share with it.
    file.seek(0)
    return file.read()


def portions(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """Cut a text into pieces of at most `limit` characters, at clauses or words where it can be.

    Nothing is lost but the space at the cuts, and no piece is empty.
    """
    pieces = []
    rest = text.strip()
    while len(rest) > limit:
        cut = max(rest.rfind(mark, 0, limit) for mark in (', ', '; ', ': ', '. ')) + 1
        if cut < limit // 2:
            cut = rest.rfind(' ', 0, limit + 1)
        if cut <= 0:
            cut = limit
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces
