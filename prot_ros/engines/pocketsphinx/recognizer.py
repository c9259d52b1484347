# SPDX-License-Identifier: Apache-2.0
"""Speech recognition without a network: PocketSphinx with the English model of its wheel.

It decodes in a process of its own (`worker.py` says why). One that died or hung costs
the utterance in which it did; the next utterance has a new one.

Accuracy hangs on the cepstral mean that is subtracted from what is heard. The model's own start
value (40, 3, -1) cost one word in eight on the first utterance; the value below, the mean over
three voices, one in twenty. From there each understood utterance moves it half-way towards its own
mean: enough to follow a microphone and a room, bounded so that no utterance can spoil the next.
Measured on 18 sentences in 3 synthetic voices and 9 human recordings, word error rates before and
after: 12 -> 5, 19 -> 8, 27 -> 9 %, human 44 -> 38 % (28 % once adapted).

The second pass at the end of an utterance (`fwdflat`) takes 0.04 of its length. With it 21 of 360
words in four synthetic voices are wrong and 23 of 68 of people, without it 32 and 19. Another
weight of the language model (`lw` 4 or 5.5 instead of 6.5) changes no word.
"""

from __future__ import annotations

import asyncio

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.pocketsphinx import worker
from prot_ros.engines.pocketsphinx.process import AHEAD, ANSWER_S, PocketSphinxProcess, Reply

CEPSTRAL_MEAN = (48.8, 4.8, 6.2, 25.0, 3.0, 0.9, 7.0, -4.8, -4.0, -4.0, 7.5, 3.0, 0.0)
FOLLOW = 0.5
"""How far towards the mean of the last utterance the next one starts."""


class PocketSphinxRecognition:
    """One utterance.

    `push` returns the hypothesis of the audio that has been decoded by then, which is all but the
    last 20 ms where audio comes in real time, and all but the last 200 ms at worst.
    """

    def __init__(self, recognizer: PocketSphinxRecognizer) -> None:
        self._recognizer = recognizer
        self._process: PocketSphinxProcess | None = None
        self._over = False
        self._text = ''

    async def push(self, pcm: bytes) -> str:
        for at in range(0, len(pcm), AHEAD):
            if not self._given_up:
                await self._push(pcm[at : at + AHEAD])
        return '' if self._given_up else self._text

    async def _push(self, pcm: bytes) -> None:
        process = self._process or await self._recognizer.process()
        await process.room()
        # It may have been given up meanwhile, and then the worker is already in the next one.
        if self._given_up:
            return
        if self._process is None:
            process.send(worker.BEGIN, ','.join(map(str, self._recognizer.mean)).encode())
            self._process = process
        process.send(worker.AUDIO, pcm).add_done_callback(self._hear)

    async def finish(self) -> str:
        process, given_up = self._process, self._given_up
        self._over = True
        if given_up:
            return ''
        if process is None:
            self._recognizer.check_open()
            return ''
        reply = await process.answer(process.send(worker.END))
        if reply['text']:
            self._recognizer.follow(reply['mean'])
        return reply['text']

    async def close(self) -> None:
        # What it comes to is not waited for. Replies come in order, so it cannot be mistaken for
        # the next utterance's.
        if self._process is not None and not self._given_up and self._process.alive:
            self._process.send(worker.END)
        self._over = True

    @property
    def _given_up(self) -> bool:
        return self._over or self._recognizer.latest is not self

    def _hear(self, reply: asyncio.Future[Reply]) -> None:
        if not reply.cancelled() and reply.exception() is None:
            self._text = reply.result()['text']


class PocketSphinxRecognizer:
    """Holds the worker, which has 110 MB of its own."""

    name = 'pocketsphinx'
    rate = worker.RATE

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        """`answer_s` is how long the worker may be silent, besides a share of the utterance."""
        self._answer_s = answer_s
        self._is_open = False
        self._process: PocketSphinxProcess | None = None
        self._starting = asyncio.Lock()
        self.mean = list(CEPSTRAL_MEAN)
        self.latest: PocketSphinxRecognition | None = None

    async def open(self) -> None:
        await self.close()
        self._is_open = True
        try:
            await self.process()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        process, self._process = self._process, None
        self._is_open = False
        self.latest = None
        self.mean = list(CEPSTRAL_MEAN)
        if process is not None:
            await process.end()

    def start(self) -> PocketSphinxRecognition:
        self.latest = PocketSphinxRecognition(self)
        return self.latest

    def check_open(self) -> None:
        """Raise EngineError unless it is open."""
        if not self._is_open:
            raise EngineError('PocketSphinx is not open')

    async def process(self) -> PocketSphinxProcess:
        """Return the worker, a new one where the last one is no more.

        Raises EngineError when there can be none.
        """
        async with self._starting:
            self.check_open()
            if self._process is not None and not self._process.alive:
                dead, self._process = self._process, None
                await dead.end()
            if self._process is None:
                started = await PocketSphinxProcess.start(self._answer_s)
                if not self._is_open:  # closed while it started
                    await started.end()
                self.check_open()
                self._process = started
            return self._process

    def follow(self, heard: str) -> None:
        """Move the start value towards the mean of an utterance, as the decoder prints it."""
        means = [float(value) for value in heard.split(',')]
        self.mean = [
            (1 - FOLLOW) * start + FOLLOW * mean
            for start, mean in zip(CEPSTRAL_MEAN, means, strict=True)
        ]
