# SPDX-License-Identifier: Apache-2.0
"""How fast the loudspeaker does what it is told, and how true it is about what is heard.

    python benchmarks/loudspeaker.py [--rounds 30] [--busy 2] [--play 60] [--own-server]

A private PulseAudio with a loudspeaker that only exists on paper is started, and its monitor
recorded. Times are in milliseconds of that monitor, counted from the call:

    begins      from the first write into silence to the first sample
    lowered     from duck() to the last sample louder than -18 dB, the glide of 10 ms included
    held        from hold() to the last sample
    on          from resume() to the first sample
    missing     how much of the reply a hold and a resume swallowed; less than 0 is heard twice
    silent      from abort() to the last sample
    returned    from abort() to its return
    position    how far `played()` is from what the monitor has, by cross-correlation
    told        how far the time told of a piece is from the one at which the monitor has it

Then a reply of --play seconds is played, and the gaps in it are counted. All of it is done twice,
the second time with --busy processes that compute as fast as they can. With --own-server it is
the audio server of this user, PipeWire for instance, that gets a loudspeaker on paper for as long.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / 'test/system')]

from audio_server import AudioServer  # noqa: E402
from monitor import Monitor  # noqa: E402

from prot_ros.engines.playback.paced import DUCKED  # noqa: E402
from prot_ros.engines.playback.pulse import PulsePlayback  # noqa: E402

RATE = 24000
QUIETEST, LOUDEST = 3000, 12000
SINK = 'prot_benchmark'
MS = RATE // 1000


def noise(seconds: float, seed: int) -> np.ndarray:
    """Return sound that is loud in every sample and like itself at no other place."""
    chance = np.random.default_rng(seed)
    count = round(seconds * RATE)
    return chance.integers(QUIETEST, LOUDEST, count) * chance.choice((-1, 1), count)


def place(piece: np.ndarray, whole: np.ndarray) -> int:
    """Return where in `whole` the piece is, by cross-correlation."""
    size = len(piece) + len(whole)
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size))
    return int(np.fft.irfft(spectrum, size)[: len(whole)].argmax())


def burn() -> None:
    while True:
        pass


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep the machine busy."""
    busy = [multiprocessing.Process(target=burn, daemon=True) for _ in range(processes)]
    for process in busy:
        process.start()
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.join()


@contextlib.contextmanager
def loudspeaker(own_server: bool) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the environment of an audio server, and the name of a sink in it."""
    if not own_server:
        with AudioServer() as server:
            os.environ.update(server.environment)
            yield server.environment, 'loudspeaker'
        return
    load_sink = ['pactl', 'load-module', 'module-null-sink', f'sink_name={SINK}']
    module = subprocess.run(load_sink, check=True, capture_output=True, text=True).stdout.strip()
    try:
        time.sleep(0.5)  # PipeWire's session manager needs a moment until it can be played to
        yield {}, SINK
    finally:
        subprocess.run(['pactl', 'unload-module', module], check=True)


class Bench:
    """Measures one loudspeaker, round by round."""

    def __init__(self, monitor: Monitor, sink: str) -> None:
        self.monitor = monitor
        self.speaker = PulsePlayback(RATE, sink, 40)
        self.seen: dict[str, list[float]] = {}
        self.told: list[tuple[bytes, float]] = []
        self.scale = 1.0
        """What a mono stream's samples are multiplied by on the way to a stereo sink."""

    def note(self, what: str, milliseconds: float) -> None:
        self.seen.setdefault(what, []).append(milliseconds)

    async def round(self, number: int) -> None:
        """Begin, lower, hold, go on and abort, at ever other places in the steps of the sink."""
        speaker, monitor = self.speaker, self.monitor
        sound = noise(4.0, number)
        since, self.told = monitor.now(), []
        speaker.on_piece = lambda piece, at: self.told.append((piece, at))
        began = time.monotonic()
        writing = asyncio.ensure_future(speaker.write(sound.astype('<i2').tobytes()))
        await asyncio.sleep(0.4 + 0.0137 * (number % 15))
        looked, position = time.monotonic(), speaker.played()
        held_at = await self._at(speaker.hold)
        held = speaker.played()
        await asyncio.sleep(0.25)
        resumed_at = await self._at(speaker.resume)
        await asyncio.sleep(0.2)
        ducked_at = await self._at(speaker.duck)
        await asyncio.sleep(0.2)
        aborted_at = await self._at(speaker.abort)
        self.note('returned', 1000 * (time.monotonic() - aborted_at))
        await writing
        await asyncio.sleep(0.3)
        loud = monitor.loud_at(since, 20)
        if number == 0:
            self.scale = np.abs(monitor.samples(since)).max() / LOUDEST
        self.note('begins', 1000 * (loud[0] - began))
        first, second = loud[loud < held_at + 0.2], loud[loud > held_at + 0.2]
        self.note('held', 1000 * (first[-1] - held_at))
        self.note('on', 1000 * (second[0] - resumed_at))
        self.note('silent', 1000 * (second[-1] - aborted_at))
        full = monitor.loud_at(since, round(LOUDEST * DUCKED * 1.05 * self.scale))
        self.note('lowered', 1000 * (full[-1] - ducked_at))
        heard_of = place(self._recorded(looked - 0.05, 0.05), sound) + 50 * MS
        self.note('position', (position - heard_of) / MS)
        end = place(self._recorded(first[-1] - 0.05, 0.05), sound) + 50 * MS
        begin = place(self._recorded(second[0] + 0.02, 0.05), sound) - 20 * MS
        self.note('missing', (begin - end) / MS)
        assert abs(held - end) < RATE, 'a hold keeps the position'
        self._judge_told(held_at)

    async def _at(self, act: object) -> float:
        now = time.monotonic()
        await act()  # type: ignore[operator]
        return now

    def _recorded(self, at: float, seconds: float) -> np.ndarray:
        begin = round((at - self.monitor.began) * RATE)
        return self.monitor.samples(begin)[: round(seconds * RATE)]

    def _judge_told(self, until: float) -> None:
        """Compare what was told with what was heard, but for what was told anew later."""
        superseded = until - 0.05
        for piece, at in reversed(self.told):
            values = np.frombuffer(piece, '<i2').astype(int)
            if at + len(values) / RATE < superseded + 0.001:
                found = place(values, self._recorded(at - 0.1, 0.25)) / RATE - 0.1
                self.note('told', 1000 * found)
            superseded = min(superseded, at)

    async def play(self, seconds: float) -> str:
        """Play a long reply, and say what was wrong with it."""
        sound = noise(seconds, 99)
        since = self.monitor.now()
        self.speaker.on_piece = None
        await self.speaker.write(sound.astype('<i2').tobytes())
        await self.speaker.drain()
        await asyncio.sleep(0.3)
        samples = np.abs(self.monitor.samples(since))
        loud = np.flatnonzero(samples > 20)
        steps = np.diff(loud)
        gaps = steps[steps > MS] / MS
        longest = f', the longest of {gaps.max():.0f} ms' if gaps.size else ''
        return f'{len(gaps)} gaps in {seconds:g} s{longest}; {len(loud) - len(sound)} samples more'


async def measure(monitor: Monitor, sink: str, rounds: int, seconds: float) -> None:
    bench = Bench(monitor, sink)
    await bench.speaker.open()
    try:
        for number in range(rounds):
            await bench.round(number)
        played = await bench.play(seconds)
    finally:
        await bench.speaker.close()
    print(f'{"":10}{"median":>8}{"p95":>8}{"least":>8}{"most":>8}')
    for what, values in bench.seen.items():
        p95 = sorted(values, key=abs)[round(0.95 * (len(values) - 1))]
        figures = (statistics.median(values), p95, min(values), max(values))
        print(f'{what:10}' + ''.join(f'{figure:8.1f}' for figure in figures))
    print(played)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rounds', type=int, default=30)
    parser.add_argument('--busy', type=int, default=2, metavar='PROCESSES')
    parser.add_argument('--play', type=float, default=60, metavar='SECONDS')
    parser.add_argument('--latency', type=int, default=10, help="the monitor's, in ms")
    parser.add_argument('--own-server', action='store_true')
    options = parser.parse_args()
    with loudspeaker(options.own_server) as (environment, sink):
        for busy in dict.fromkeys((0, options.busy)):
            print(f'\n{busy} busy processes', flush=True)
            source = f'{sink}.monitor'
            with load(busy), Monitor(
                environment, rate=RATE, latency_ms=options.latency, source=source
            ) as monitor:  # fmt: skip
                asyncio.run(measure(monitor, sink, options.rounds, options.play))


if __name__ == '__main__':
    main()
