# SPDX-License-Identifier: Apache-2.0
"""A PocketSphinx worker from its start to its end: requests go out, replies come back in order.

Requests are written without waiting for the replies to those before. Each wait has a deadline
that begins anew with each reply, so a worker that has fallen behind is waited for and one that
hangs is not. A worker that died, hung or complained is of no more use: whoever holds it asks
`alive`, ends it, and starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from dataclasses import dataclass

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.pocketsphinx import worker

LOAD_S = 20.0
"""Loading takes half a second; from a slow card, beside everything else that starts, more."""
ANSWER_S = 2.0
"""A chunk takes milliseconds."""
ANSWER_SHARE = 0.25
"""Of the utterance's length, on top of `ANSWER_S`: its end takes 0.04 of it on a desktop's core,
and robots have slower ones."""
END_S = 1.0
"""For a worker that is told to end, before it is killed; it is, when it is in a long decoding."""
AHEAD = 2 * worker.RATE // 5
"""Bytes of audio, 200 ms, that may be unanswered: enough to keep the worker busy, and little
enough that the hypothesis is that of now."""
TAIL = 400
"""Bytes kept of what the worker says on its standard error."""

Reply = dict[str, str]


@dataclass(frozen=True)
class Request:
    """One that has been sent and not been answered."""

    reply: asyncio.Future[Reply]
    audio: int = 0
    """Bytes of it."""
    ended: int = 0
    """Bytes of the utterance that it ends."""


class PocketSphinxProcess:
    """One worker. Made by `start`; used from the loop in which that ran."""

    def __init__(self, process: Process, answer_s: float) -> None:
        self._process = process
        self._answer_s = answer_s
        self._requests: deque[Request] = deque()
        self._unanswered = 0
        """Bytes of audio in them."""
        self._under_way = 0
        """Bytes of audio since the last request that ended an utterance."""
        self._undecided = 0
        """Bytes of audio in all utterances whose end has not been answered."""
        self._replied = asyncio.Event()
        self._failure = ''
        """Why it is of no more use."""
        self._said = b''
        self._tasks = (
            asyncio.create_task(self._read(), name='pocketsphinx replies'),
            asyncio.create_task(self._listen(), name='pocketsphinx stderr'),
        )

    @classmethod
    async def start(
        cls, answer_s: float = ANSWER_S, load_s: float = LOAD_S
    ) -> PocketSphinxProcess:
        """Start a worker and wait until its model is loaded; raise EngineError when it cannot."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                '-P',  # or the modules beside the file could be taken for those of a library
                worker.__file__,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,  # Ctrl-C in our terminal is ours to answer
            )
        except OSError as err:
            raise EngineError(f'cannot start PocketSphinx: {err}') from err
        started = cls(process, answer_s)
        try:
            async with asyncio.timeout(load_s):
                await started._expect()
        except TimeoutError:
            await started.end()
            raise EngineError(
                f'PocketSphinx has not loaded its model after {load_s:g} s', retryable=True
            ) from None
        except EngineError as err:
            await started.end()
            raise EngineError(
                f'{err}; check that it is installed: pip install pocketsphinx', retryable=True
            ) from err
        except BaseException:
            await started.end()
            raise
        return started

    @property
    def alive(self) -> bool:
        """Whether it can be expected to answer."""
        return not self._failure and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def send(self, kind: bytes, payload: bytes = b'') -> asyncio.Future[Reply]:
        """Write a request; return where its reply will be, or the EngineError instead of it.

        Nobody has to wait for it, and to cancel it changes nothing for the requests after it.
        Raises EngineError when the worker is no more.
        """
        if self._failure:
            raise EngineError(self._failure, retryable=True)
        assert self._process.stdin is not None
        self._process.stdin.write(worker.HEAD.pack(kind, len(payload)) + payload)
        if kind == worker.AUDIO:
            self._unanswered += len(payload)
            self._under_way += len(payload)
            self._undecided += len(payload)
            return self._expect(audio=len(payload))
        ended, self._under_way = self._under_way, 0
        return self._expect(ended=ended)

    async def room(self) -> None:
        """Wait until at most `AHEAD` bytes of audio are unanswered; raise EngineError if never."""
        while self._unanswered > AHEAD:
            await self._progress()

    async def answer(self, reply: asyncio.Future[Reply]) -> Reply:
        """Wait for a reply; raise EngineError when the worker died, or nothing comes in time."""
        while not reply.done():
            await self._progress()
        return await reply

    async def end(self) -> None:
        """End the process, by force where it must be, and wait for it; may be called twice."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S if self.alive else 0.0):
                    await self._process.wait()
        finally:
            self._kill()
            # Dead, or the kernel will not let it die; the loop's child watcher reaps it even so.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._process.wait()
                    await asyncio.wait(self._tasks)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def _expect(self, *, audio: int = 0, ended: int = 0) -> asyncio.Future[Reply]:
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._requests.append(Request(reply, audio, ended))
        return reply

    async def _progress(self) -> None:
        """Wait for any reply."""
        if self._failure:
            raise EngineError(self._failure, retryable=True)
        self._replied.clear()
        deadline_s = self._answer_s + ANSWER_SHARE * self._undecided / (2 * worker.RATE)
        try:
            async with asyncio.timeout(deadline_s):
                await self._replied.wait()
        except TimeoutError:
            self._fail(f'has not answered for {deadline_s:.1f} s')

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                head = await self._process.stdout.readexactly(worker.LENGTH.size)
                (length,) = worker.LENGTH.unpack(head)
                if length > worker.LIMIT:
                    raise ValueError(f'a reply of {length} bytes')
                self._take(json.loads(await self._process.stdout.readexactly(length)))
        except (asyncio.IncompleteReadError, OSError):
            self._fail(await self._how_it_ended())
        except (ValueError, LookupError, TypeError) as err:
            self._fail(f'does not keep to the protocol: {err}')

    def _take(self, reply: Reply) -> None:
        if 'error' in reply:
            self._fail(f'cannot go on: {reply["error"]}')
            return
        reply['text']  # without it this is where it fails, and not at whoever waits
        request = self._requests.popleft()
        self._unanswered -= request.audio
        self._undecided -= request.ended
        if not request.reply.done():
            request.reply.set_result(reply)
        self._replied.set()

    def _fail(self, why: str) -> None:
        """Tell all who wait, once, and kill the process."""
        self._kill()
        if self._failure:
            return
        self._failure = f'PocketSphinx {why}'
        for request in self._requests:
            if not request.reply.done():
                request.reply.set_exception(EngineError(self._failure, retryable=True))
                request.reply.exception()  # seen: that nobody waits for a chunk's is no mistake
        self._requests.clear()
        self._replied.set()

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _how_it_ended(self) -> str:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._process.wait()
                await asyncio.wait({self._tasks[1]})
        code = self._process.returncode
        if code is None:
            return 'has closed its output'
        how = f'was killed by signal {-code}' if code < 0 else f'ended with exit code {code}'
        said = ' '.join(self._said.decode(errors='replace').split())
        return f'{how}: {said or "it said nothing"}'

    async def _listen(self) -> None:
        """Keep the end of what it says; without a reader it would stop when its pipe fills."""
        assert self._process.stderr is not None
        while said := await self._process.stderr.read(4096):
            self._said = (self._said + said)[-TAIL:]
