# SPDX-License-Identifier: Apache-2.0
"""What a loudspeaker plays, sample by sample, each with the time at which it is heard."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping

import numpy as np

LOUD = 500
"""Of 32767. What a null sink's monitor shows in silence is 0."""
REPORT = re.compile(rb'Time: ([0-9.]+) sec')
SETTLED_S = 0.02
"""How far the latest reports may be apart. PulseAudio's are true to a millisecond, PipeWire's move
by half a cycle; the median of two seconds of them counts."""


class Monitor:
    """Records a sink's monitor with parec, whose reports of its position give the time.

    The server counts the sink's own latency in. The sink of a monitor that is recorded works in
    steps of `latency_ms`; what was rendered and then taken back still shows in the step it was in.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        rate: int = 24000,
        latency_ms: int = 10,
        source: str = 'loudspeaker.monitor',
    ) -> None:
        self.rate = rate
        self._process = subprocess.Popen(
            ['parec', '--raw', '--format=s16le', '--channels=1', f'--rate={rate}', '--verbose',
             f'--latency-msec={latency_ms}', f'--device={source}'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **environment, 'LC_ALL': 'C'},
        )  # fmt: skip
        self._pcm = bytearray()
        self._offsets: deque[float] = deque(maxlen=40)
        self._readers = [
            threading.Thread(target=self._read_pcm), threading.Thread(target=self._read_reports)
        ]  # fmt: skip
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Monitor:
        """Wait until it knows the time, which an idle sink takes two seconds for."""
        deadline = time.monotonic() + 20
        while not self._settled():
            if time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(f'parec does not tell where it is: {self._offsets}')
            time.sleep(0.05)
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        for reader in self._readers:
            reader.join(5)
        self._process.wait(5)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdout.close()
        self._process.stderr.close()

    @property
    def began(self) -> float:
        """The second of `time.monotonic` at which the first sample was heard."""
        return statistics.median(self._offsets)

    def now(self) -> int:
        """Return how many samples there are so far."""
        return len(self._pcm) // 2

    def samples(self, since: int = 0) -> np.ndarray:
        """Return what was played, from a sample on."""
        pcm = bytes(self._pcm[2 * since :])
        return np.frombuffer(pcm[: len(pcm) // 2 * 2], '<i2').astype(int)

    def loud_at(self, since: int = 0, level: int = LOUD) -> np.ndarray:
        """Return the times, as of `time.monotonic`, at which it was loud."""
        loud = np.flatnonzero(np.abs(self.samples(since)) > level)
        return self.began + (since + loud) / self.rate

    def _settled(self) -> bool:
        latest = list(self._offsets)[-10:]
        return len(latest) == 10 and max(latest) - min(latest) < SETTLED_S

    def _read_pcm(self) -> None:
        assert self._process.stdout is not None
        while piece := os.read(self._process.stdout.fileno(), 65536):
            self._pcm += piece

    def _read_reports(self) -> None:
        assert self._process.stderr is not None
        while said := os.read(self._process.stderr.fileno(), 4096):
            now = time.monotonic()
            # It says 0 as long as nothing has come out of an idle sink.
            self._offsets.extend(now - float(at) for at in REPORT.findall(said) if float(at) > 0)
