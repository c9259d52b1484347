# SPDX-License-Identifier: Apache-2.0
"""The program that decodes: requests on standard input, replies on standard output.

A process and no thread, because PocketSphinx keeps Python's lock while it works: half a second
while it loads, and up to a second at the end of a long utterance, in which neither the loop nor
the microphone's callback would run. It imports nothing of prot, so that it is started as a file.

Request: one byte, the payload's length in four bytes (little-endian), payload.

    B  begin an utterance; payload: the cepstral mean to start from, as 13 numbers and commas
    A  audio; payload: S16 little-endian mono at 16 kHz
    E  end the utterance

Reply to each, in order, and once when the model is loaded: length in four bytes, then JSON with
`text`, the hypothesis so far; after E also `mean`, the utterance's own. Or only `error`, and then
it ends. It also ends when its input does, and is killed when the thread that started it ends, so
that it never outlives whoever did, not even where it hangs.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
from typing import BinaryIO

HEAD = struct.Struct('<cI')
LENGTH = struct.Struct('<I')
BEGIN, AUDIO, END = b'B', b'A', b'E'
LIMIT = 1 << 16
"""Bytes of a payload. A longer one means that the two have lost step."""
PR_SET_PDEATHSIG = 1
RATE = 16000
WARM_UP = bytes(2 * RATE // 2)
"""Half a second of silence: the first decoding pages the model in, some 100 ms."""


def main() -> None:
    """Serve until the input ends, or until there is an error, which is told."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # What a library prints must not get between the replies.
    replies = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, replies)
    except (ImportError, OSError, RuntimeError, ValueError) as err:
        if not isinstance(err, BrokenPipeError):  # nobody listens any more
            send(replies, {'error': f'{type(err).__name__}: {err}'})


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer one request after another; raise what ends it early."""
    worker = Worker()
    send(replies, {'text': ''})
    while len(head := requests.read(HEAD.size)) == HEAD.size:
        kind, length = HEAD.unpack(head)
        if length > LIMIT:
            raise ValueError(f'a request of {length} bytes, expected at most {LIMIT}')
        payload = requests.read(length)
        if len(payload) < length:
            return  # whoever asked died in the middle of it
        send(replies, worker.answer(kind, payload))


def send(replies: BinaryIO, reply: dict[str, str]) -> None:
    """Write one reply."""
    data = json.dumps(reply).encode()
    replies.write(LENGTH.pack(len(data)) + data)
    replies.flush()


class Worker:
    """The decoder, with at most one utterance under way."""

    def __init__(self) -> None:
        # Not at the top: whoever starts the worker reads the constants above, and only those.
        from pocketsphinx import Config, Decoder

        self._decoder = Decoder(Config(logfn='/dev/null', samprate=float(RATE)))
        self._under_way = False
        self._begin('')
        self._decoder.process_raw(WARM_UP)
        self._end()

    def answer(self, kind: bytes, payload: bytes) -> dict[str, str]:
        """Do what a request asks; raise RuntimeError or ValueError when it cannot be done."""
        if kind == BEGIN:
            self._begin(payload.decode('ascii'))
        elif kind == AUDIO:
            self._hear(payload)
        elif kind == END:
            self._end()
            return {'text': self._text(), 'mean': self._decoder.get_cmn(True)}
        else:
            raise ValueError(f'there is no request {kind!r}')
        return {'text': self._text()}

    def _begin(self, mean: str) -> None:
        self._end()
        if mean:
            self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._under_way = True

    def _hear(self, pcm: bytes) -> None:
        if not self._under_way:
            raise ValueError('audio outside of an utterance')
        if len(pcm) % 2:
            raise ValueError(f'{len(pcm)} bytes of audio, expected an even number')
        if pcm:  # the decoder takes no empty buffer
            self._decoder.process_raw(pcm)

    def _end(self) -> None:
        if self._under_way:
            self._under_way = False
            self._decoder.end_utt()

    def _text(self) -> str:
        hypothesis = self._decoder.hyp()
        return '' if hypothesis is None else str(hypothesis.hypstr)


if __name__ == '__main__':
    main()
