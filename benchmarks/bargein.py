# SPDX-License-Identifier: Apache-2.0
"""How fast the robot falls silent when somebody speaks over it, on sound and not on logs.

    python benchmarks/bargein.py [--rounds 2] [--player null|paplay] [--vad silero] [--write]

Twenty voices and sentences: nine recordings of people, and synthetic voices in English and
Korean, two of them with nothing but "stop", at -23 dBFS, in a room of digital silence and in one
with white noise 20 dB below the voice. The whole graph runs as processes.

`silent` counts from the arrival of the 20 ms frame that holds the first speech sample at the
microphone node, to the end, in play-out time, of the last audio of the reply. With `--player
paplay` a private audio server stands for the room, and `monitor` counts to the last sample above
-50 dBFS on the loudspeaker's monitor, which is what a person would hear; `on request` counts the
same from an `interrupt` message. `--write` replaces the table and the plot in docs/.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'test'), str(HERE.parent / 'test/system'), str(HERE)]
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

import voices  # noqa: E402
from audio_server import AudioServer  # noqa: E402
from monitor import Monitor  # noqa: E402
from running_graph import RunningGraph  # noqa: E402

from prot_ros import graph  # noqa: E402
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp  # noqa: E402
from prot_ros.core.turns import Interrupt  # noqa: E402
from prot_ros.core.wire import Playback, PlaybackState  # noqa: E402

RATE = 16000
FRAME = RATE // 50
SNR_DB = 20.0
AUDIBLE = round(10 ** (-50 / 20) * 32768)
PAUSE_S = 0.2
"""Longer than the robot is silent within a sentence."""
SETTLED_S = 0.1
"""What the loudspeaker says is silent may still sound on its monitor for this long."""
BEFORE_S, SPOKEN_S = 0.5, 2.5
"""Of a clip, what is played before its first sample of speech (breath, a recording's own noise),
and from there on."""


def clips() -> list[voices.Clip]:
    """Return people, and synthetic voices each with something else to say."""
    flite, espeak, korean = voices.VOICES[:4], voices.VOICES[4:8], voices.VOICES[8:]
    lone = [voices.said(voice, 'stop') for voice in flite[:2]]
    english = [
        voices.said(voice, words)
        for voice, words in zip(flite[2:] + espeak, voices.ENGLISH, strict=True)
    ]
    others = [
        voices.said(voice, words) for voice, words in zip(korean, voices.KOREAN, strict=False)
    ]
    return [*voices.people(), *lone, *english, *others]


class Room:
    """Feeds the microphone's pipe in real time: its noise, and now and then somebody's voice."""

    def __init__(self, pipe: Path, noise_dbfs: float | None) -> None:
        self._pipe = pipe
        self._sigma = 0.0 if noise_dbfs is None else 10 ** (noise_dbfs / 20) * 32768
        self._random = np.random.default_rng(1)
        self._voice = np.zeros(0)
        self._hum = np.zeros(FRAME)
        self._until_onset = 0
        self._ended = threading.Event()
        self.onset: bytes = b''
        """The frame with the first speech sample, as it was written."""
        self._thread = threading.Thread(target=self._run, name='room')
        self._thread.start()

    def expect(self, clip: voices.Clip) -> None:
        """Let the recording's own noise be there, which does not begin with the first word."""
        before = clip.samples[: clip.onset]
        count = len(before) // FRAME
        if count:
            frames = before[: count * FRAME].reshape(count, FRAME)
            quietest = frames[np.argmin(np.mean(frames**2, axis=1))] * 32768
            self._hum = np.concatenate((quietest, quietest[::-1]))  # no click where it is joined
        else:
            self._hum = np.zeros(FRAME)

    def speak(self, clip: voices.Clip) -> None:
        """Let somebody speak from the next frame on."""
        first = max(0, clip.onset - int(BEFORE_S * RATE))
        self.onset, self._until_onset = b'', clip.onset - first
        self._voice = clip.samples[first : clip.onset + int(SPOKEN_S * RATE)] * 32768

    def _run(self) -> None:
        with contextlib.suppress(BrokenPipeError), self._pipe.open('wb', buffering=0) as pipe:
            # One frame ahead: a writer that is late for once leaves no gap in what is heard.
            pipe.write(bytes(2 * FRAME))
            due = time.monotonic()
            while not self._ended.is_set():
                frame = self._random.standard_normal(FRAME) * self._sigma
                voice, self._voice = self._voice[:FRAME], self._voice[FRAME:]
                if len(voice):
                    frame[: len(voice)] += voice
                else:
                    frame += self._hum[:FRAME]
                    self._hum = np.roll(self._hum, -FRAME)
                written = np.clip(frame, -32768, 32767).astype('<i2').tobytes()
                if len(voice) and not self.onset:
                    self._until_onset -= FRAME
                    if self._until_onset < 0:
                        self.onset = written
                pipe.write(written)
                due += 0.02
                time.sleep(max(0.0, due - time.monotonic()))

    @property
    def quiet(self) -> bool:
        """Whether nobody is speaking."""
        return not len(self._voice)

    def close(self) -> None:
        """Leave the pipe."""
        self._ended.set()
        self._thread.join(5)


DOCUMENT = HERE.parent / 'docs/bargein'
DESCRIPTION = HERE / 'bargein.md.in'
NAMES = {
    'silent': 'speech at the microphone node to the last audio played',
    'monitor': 'speech at the microphone node to silence on the monitor',
    'request': 'an `interrupt` message to silence',
}


@dataclass
class Figures:
    """Milliseconds, one for each barge-in."""

    silent: list[float] = field(default_factory=list)
    monitor: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)
    missed: int = 0


class Measurement:
    """One robot in one room."""

    def __init__(self, robot: RunningGraph, monitor: Monitor | None) -> None:
        self._robot = robot
        self._monitor = monitor

    def story(self) -> None:
        """Let the robot speak, until it is well under way."""
        observer = self._robot.observer
        observer.wait_for(
            lambda: observer.of(graph.STATE)[-1:] in ([], ['idle']), within=60, what='idle'
        )
        began = time.monotonic()
        observer.publish(graph.HEAR, 'tell me a long story')
        observer.wait(graph.PLAYBACK, lambda p: p.turn_played_ms > 1500, within=40, since=began)

    def barge_in(self, room: Room, clip: voices.Clip, figures: Figures) -> None:
        """Speak over the robot once."""
        observer = self._robot.observer
        room.expect(clip)
        self.story()
        spoken = time.monotonic()
        room.speak(clip)
        try:
            held = observer.wait(
                graph.PLAYBACK,
                lambda p: p.state in (PlaybackState.HELD, PlaybackState.CUT),
                within=3, since=spoken,
            )  # fmt: skip
        except AssertionError:
            figures.missed += 1
            print(f'missed: {clip.who} {clip.words!r}', file=sys.stderr)
            self._silence()
            return
        # The robot may have been silent before what is labelled as the beginning.
        silenced = self._silenced(held)
        first = observer.wait(
            graph.MIC_AUDIO, lambda c: c.pcm == room.onset, within=3, since=spoken
        )
        arrived = Stamp(first.stamp + 20 * MILLISECOND)
        figures.silent.append((silenced - arrived) / MILLISECOND)
        if self._monitor is not None:
            figures.monitor.append(self._last_audible(spoken, arrived, silenced))
        observer.wait_for(lambda: room.quiet, within=10, what='the end of what is said')
        self._silence()

    def on_request(self, figures: Figures) -> None:
        """Silence the robot by a message."""
        observer = self._robot.observer
        self.story()
        asked = time.monotonic()
        now = Stamp(time.time_ns())
        observer.publish(graph.INTERRUPT, Interrupt(now, 'operator'))
        cut = observer.wait(
            graph.PLAYBACK, lambda p: p.state == PlaybackState.CUT and p.stamp > now, within=3
        )
        figures.request.append(
            (cut.stamp - now) / MILLISECOND
            if self._monitor is None
            else self._last_audible(asked, now, cut.stamp)
        )

    def _silenced(self, held: Playback) -> Stamp:
        """Return since when a reply that is held has been inaudible."""
        silent = held.stamp
        before = [p for p in self._robot.observer.of(graph.PLAYBACK) if p.stamp < held.stamp]
        for report in reversed(before):
            if report.state == PlaybackState.HUSHED and report.turn == held.turn:
                silent = report.stamp
            elif report.state != PlaybackState.SENTENCE:
                break
        return silent

    def _silence(self) -> None:
        """Bring the robot back to rest, whatever it is doing."""
        observer = self._robot.observer
        began = time.monotonic()
        while time.monotonic() < began + 10:
            observer.publish(graph.INTERRUPT, Interrupt(Stamp(time.time_ns()), 'operator'))
            time.sleep(0.3)
            if observer.of(graph.STATE)[-1:] == ['idle'] and not observer.of(graph.SPEECH)[-1]:
                return

    def _last_audible(self, began: float, since: Stamp, silenced: Stamp) -> float:
        """Return milliseconds from `since` to the last loud sample before the silence.

        That is the one that lasts on beyond `silenced`, when the loudspeaker says it was silent: a
        robot that was between two sentences and did not begin the next one was silent at once.
        """
        assert self._monitor is not None
        monitor = self._monitor
        deadline = time.monotonic() + 5
        offset = time.time() - time.monotonic()
        while True:
            heard = monitor.loud_at(level=AUDIBLE)
            heard = heard[heard > began - 3.0]
            known = monitor.began + monitor.now() / monitor.rate
            goes_on = np.append(heard[1:], known)
            last = goes_on > silenced / SECOND - offset + SETTLED_S
            ends = heard[(np.append(np.diff(heard), known - heard[-1:]) > PAUSE_S) & last]
            if len(ends):
                return max(0.0, float(((ends[0] + offset) * SECOND - since) / MILLISECOND))
            assert time.monotonic() < deadline, 'the robot does not fall silent'
            time.sleep(0.05)


def measure(options: argparse.Namespace, noise: bool) -> Figures:
    """Measure all voices in one room."""
    figures = Figures()
    said = clips()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='prot-benchmark-'))
        server = stack.enter_context(AudioServer()) if options.player == 'paplay' else None
        robot = stack.enter_context(
            RunningGraph(
                Path(folder),
                {'speaker': {'engine': options.player}, 'vad': {'engine': options.vad},
                 'mic': {'echo.mode': 'none'} if options.echo_none else {}},
                environment=server.environment if server else None,
                composed=options.composed,
            )
        )  # fmt: skip
        monitor = stack.enter_context(Monitor(server.environment)) if server else None
        measurement = Measurement(robot, monitor)
        room = Room(robot.pipe, voices.LEVEL_DBFS - SNR_DB if noise else None)
        stack.callback(room.close)
        for number in range(options.rounds):
            for clip in said:
                measurement.barge_in(room, clip, figures)
                shown = f'{figures.silent[-1]:.0f} ms' if figures.silent else 'nothing yet'
                print(
                    f'round {number + 1}: {clip.who} {clip.words[:30]!r}: {shown}', file=sys.stderr
                )
            for _ in range(5):
                measurement.on_request(figures)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument(
        '--rounds', type=int, default=2, help='times each voice speaks (default: 2)'
    )
    parser.add_argument(
        '--player', choices=('null', 'paplay'), default='null', help='the loudspeaker'
    )
    parser.add_argument('--vad', default='auto', help="the vad node's engine (default: auto)")
    parser.add_argument('--composed', action='store_true', help='all nodes in one process')
    parser.add_argument('--echo-none', action='store_true', help='without echo cancelling')
    parser.add_argument('--write', action='store_true', help='write docs/bargein.md and .svg')
    options = parser.parse_args()
    rows = {}
    for noise in (False, True):
        name = f'noise, {SNR_DB:g} dB below the voice' if noise else 'quiet'
        rows[name] = measure(options, noise)
    table = tabled(rows)
    print(table)
    if options.write:
        DOCUMENT.with_suffix('.md').write_text(DESCRIPTION.read_text() + table + '\n')
        plot(rows, DOCUMENT.with_suffix('.svg'))


def tabled(rows: dict[str, Figures]) -> str:
    """Return all figures as Markdown."""
    lines = [
        '| room | from, to | n | median | p95 | slowest | missed |',
        '| --- | --- | --- | --- | --- | --- | --- |',
    ]
    for room, figures in rows.items():
        for what, name in NAMES.items():
            values = getattr(figures, what)
            if values:
                missed = figures.missed if what == 'silent' else ''
                lines.append(
                    f'| {room} | {name} | {len(values)} | {statistics.median(values):.0f} ms | '
                    f'{np.percentile(values, 95):.0f} ms | {max(values):.0f} ms | {missed} |'
                )
    return '\n'.join(lines)


def plot(rows: dict[str, Figures], path: Path) -> None:
    """Draw which share of the barge-ins was silent by when."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams['svg.hashsalt'] = 'prot'
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for room, figures in rows.items():
        for what, style in (('silent', '-'), ('monitor', '--')):
            values = sorted(getattr(figures, what))
            if values:
                share = np.arange(1, len(values) + 1) / len(values) * 100
                axes.step(values, share, style, where='post', label=f'{room}, {NAMES[what]}')
    axes.set(xlabel='ms after the first speech sample', ylabel='silent [%]', xlim=(-50, 400))
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})


if __name__ == '__main__':
    main()
