# SPDX-License-Identifier: Apache-2.0
"""How well the robot listens while it speaks: does it interrupt itself, is it interruptible?

    python benchmarks/echo.py [--minutes 5] [--vad auto] [--modes reference,system] [--write]

A robot (Flite's slt) tells a long story into the room of test/room.py, whose microphone hears it
20 to 300 ms later, at four levels relative to the user. The microphone goes through the engine
that each `echo.mode` uses, the voice detector of the node vad and the rule that begins utterances.

- *Self-interruptions*: utterances that begin while only the robot speaks, per hour of its speech.
- *Caught*: of the barge-ins, how many have begun an utterance within 400 ms of their first sample
  of speech. The users are the voices of benchmarks/voices.py without slt, some of them people.
- *Words*: what PocketSphinx makes of the barge-ins in English: the share of the user's words that
  are there, and how many of the words are there that the robot says then. The robot falls silent
  when the utterance has begun, as it does.
- *CPU*: of the engine, for a second of audio; for `system` the audio server's is added.

Everything is computed from the same seeds each time, and nothing is played, except for `system`: a
private PulseAudio takes as long as the sound lasts, and wants a machine that comes in time: --keep
lets it be measured apart. --write replaces docs/echo.md and docs/echo.svg, for which matplotlib is
needed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'test'), str(HERE)]

import voices  # noqa: E402
from detectors import Silences  # noqa: E402
from echo_path import heard, reference  # noqa: E402
from echo_through_server import cancelled  # noqa: E402
from recordings import word_overlap  # noqa: E402
from room import RATE, Room, Sound, pcm, samples  # noqa: E402

from prot_ros.core.endpointing import Endpointer, SpeechEnded  # noqa: E402
from prot_ros.engines import selection  # noqa: E402
from prot_ros.engines.kinds import EchoCanceller, EngineError  # noqa: E402
from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer  # noqa: E402
from prot_ros.engines.voices.flite import FliteSynthesizer  # noqa: E402

DOCUMENT = HERE.parent / 'docs' / 'echo.md'
DESCRIPTION = HERE / 'echo.md.in'
STORY = HERE.parent / 'prot_ros' / 'engines' / 'stories' / 'en.txt'

MODES = ('reference', 'system', 'gate', 'none')
LEVELS_DB = (-20.0, -10.0, -6.0, 0.0)
DELAYS_MS = (20.0, 80.0, 150.0, 300.0)
SERVER_REACH_MS = 50.0
"""Later than it thinks by so much, an audio server may hear an echo: it knows its devices. What
`echo_through_server` adds is not in it."""
ROOM = Room(drift_ppm=50)
FRAME = RATE // 50
FRAME_S = 0.02
END_SILENCE_MS = 600
WITHIN_S = 0.4
LEAD_IN_S = 8.0
"""The robot has spoken for so long when the first user does; what is before is measured too."""
APART_S = 5.0
LONGEST_S = 2.5
PAUSE_S = 3.0
"""Between one reply and the next."""
SILENT_AFTER_S = 0.08
"""From the beginning of an utterance to the robot's silence (docs/bargein.md)."""
PRE_ROLL_S = 0.3
ATTEMPTS = 5
"""At a recognition."""
SERVERS = 2
"""Audio servers at once."""


@dataclass(frozen=True, eq=False)
class BargeIn:
    """Somebody who speaks over the robot."""

    clip: voices.Clip
    at: int
    """The first sample of the clip; that of speech is `onset` later."""

    @property
    def onset_s(self) -> float:
        """When the speech begins."""
        return (self.at + self.clip.onset) / RATE

    @property
    def end_s(self) -> float:
        """When the clip ends."""
        return (self.at + self.length) / RATE

    @property
    def length(self) -> int:
        """Samples."""
        return min(len(self.clip.samples), self.clip.onset + int(LONGEST_S * RATE))

    def sound(self, room: Room) -> Sound:
        """Return it at the user's level."""
        voice = room.user(self.clip.samples)[: self.length]
        fade = min(voice.size, RATE // 50)
        voice[-fade:] *= np.linspace(1, 0, fade)  # where it is cut
        return voice


@dataclass
class Score:
    """What one mode does at one level, over all delays."""

    robot_s: float = 0.0
    own: int = 0
    """Utterances that only the robot began."""
    latencies: list[float] = field(default_factory=list)
    """Of the barge-ins that were caught, s."""
    barge_ins: int = 0
    cpu_s: float = 0.0
    audio_s: float = 0.0
    kept: list[float] = field(default_factory=list)
    leaked: list[int] = field(default_factory=list)

    @property
    def own_per_hour(self) -> float:
        """Self-interruptions."""
        return self.own * 3600 / self.robot_s

    @property
    def caught(self) -> float:
        """Share of the barge-ins."""
        return sum(late <= WITHIN_S for late in self.latencies) / self.barge_ins

    @property
    def cpu_percent(self) -> float:
        """Of one core."""
        return 100 * self.cpu_s / self.audio_s


Scores = dict[tuple[str, float], Score]
"""By mode and level."""


@dataclass(frozen=True)
class Settings:
    """Parameters of mic and vad, as far as they matter here."""

    echo_mode: str
    engine: str
    echo_tail_ms: int = 500
    rate: int = RATE
    aggressiveness: int = 2


@dataclass(frozen=True)
class Run:
    """All that one measurement needs."""

    robot: Sound
    clips: list[voices.Clip]
    room: Room
    settings: Settings
    canceller: EchoCanceller | None

    async def heard(self, robot: Sound, user: Sound) -> tuple[Sound, float]:
        """Return what the mic node publishes, from its activation on, and the CPU that took, s."""
        microphone = self.room.microphone(robot, user)
        server_cpu_s = 0.0
        if self.settings.echo_mode == 'system':
            microphone, server_cpu_s = await asyncio.to_thread(cancelled, microphone, robot)
        if self.canceller is None:
            return microphone, 0.0
        await self.canceller.open()
        began = time.process_time()
        out = heard(self.canceller, microphone, reference(robot), drift_ppm=self.room.drift_ppm)
        return out, server_cpu_s + time.process_time() - began


def clips() -> list[voices.Clip]:
    """Return what users say: every other sentence of each voice, lone words, people."""
    said = [clip for clip in voices.sentences() if clip.who != 'flite slt'][::2]
    lone = [clip for clip in voices.lone_words() if clip.who != 'flite slt'][::2]
    announcers = voices.announcers(np.random.default_rng(1), 2)
    mixed = [*said, *lone, *voices.people(), *announcers]
    order = np.random.default_rng(2).permutation(len(mixed))
    return [mixed[number] for number in order]


async def story() -> Sound:
    """Return the robot's voice."""
    flite = FliteSynthesizer('slt')
    await flite.open()
    pieces = [piece async for piece in flite.speak(' '.join(STORY.read_text().split()), 'en')]
    await flite.close()
    return samples(b''.join(pieces))


def speaking(sound: Sound, seconds: float) -> Sound:
    """Return so much of it, over and over, with the pauses between replies."""
    reply = np.concatenate((sound, np.zeros(int(PAUSE_S * RATE))))
    return np.resize(reply, int(seconds * RATE))


def placed(users: list[voices.Clip], seed: int = 3) -> list[BargeIn]:
    """Return when each of them speaks."""
    random = np.random.default_rng(seed)
    return [
        BargeIn(clip, int((LEAD_IN_S + number * APART_S + random.uniform(0, 1)) * RATE))
        for number, clip in enumerate(users)
    ]


def staged(robot: Sound, room: Room, users: list[BargeIn]) -> tuple[Sound, Sound]:
    """Return the robot's and the users' sound."""
    voice = speaking(robot, users[-1].at / RATE + APART_S)
    user = np.zeros_like(voice)
    for one in users:
        user[one.at : one.at + one.length] += one.sound(room)
    return voice, user


def utterances(sound: Sound, settings: Settings) -> Iterator[tuple[float, float]]:
    """Yield since when the robot is silent for each utterance, and when that has ended, s."""
    vad = selection.voice_activity(settings, RATE).engine
    endpointer = Endpointer(start=vad.start, likely=vad.likely, end_silence_ms=END_SILENCE_MS)
    audio, began = pcm(sound), 0.0
    silences = Silences()
    for number in range(len(sound) // FRAME):
        end_s = (number + 1) * FRAME_S
        frame = audio[2 * number * FRAME : 2 * (number + 1) * FRAME]
        events = endpointer.push(vad.probability(frame), rising=vad.rising)
        since = silences.push(events, number + 1)
        if since is not None:
            began = since * FRAME_S
        for event in events:
            if isinstance(event, SpeechEnded):
                yield began, end_s
                began = 0.0
    if began:
        yield began, len(sound) / RATE


# --- what is measured ---------------------------------------------------------------------------


def measured(mode: str, level_db: float, robot: Sound, options: argparse.Namespace) -> Score:
    """Return what a mode does at one level, print it too."""
    score = asyncio.run(measure(mode, level_db, robot, options))
    print(*row(mode, level_db, score), sep='  ', file=sys.stderr, flush=True)
    return score


async def measure(mode: str, level_db: float, robot: Sound, options: argparse.Namespace) -> Score:
    """Return what a mode does at one level."""
    settings = Settings(mode, options.vad)
    choice = await selection.echo_canceller(settings)
    canceller = None if choice is None else choice.engine
    score = Score()
    # Without a canceller, and behind a gate, it does not matter when the echo comes.
    delays = {
        'reference': options.delays,
        'system': [delay for delay in options.delays if delay <= SERVER_REACH_MS],
    }.get(mode, options.delays[:1])
    for number, delay_ms in enumerate(delays):
        room = replace(ROOM, delay_ms=delay_ms, echo_db=level_db)
        run = Run(robot, options.clips, room, settings, canceller)
        await alone(score, run, options.minutes)
        await interrupted(score, run)
        if number == (len(delays) - 1) // 2 and not options.no_words:
            await words(score, run)
    if canceller is not None:
        await canceller.close()
    return score


async def alone(score: Score, run: Run, minutes: float) -> None:
    """Let the robot speak, and nobody else."""
    voice = speaking(run.robot, 60 * minutes)
    out, cpu_s = await run.heard(voice, np.zeros_like(voice))
    score.cpu_s += cpu_s
    score.audio_s += voice.size / RATE
    score.robot_s += voice.size / RATE
    score.own += sum(1 for _ in utterances(out, run.settings))


async def interrupted(score: Score, run: Run) -> None:
    """Let people speak over the robot, which minds none of them."""
    users = placed(run.clips)
    voice, user = staged(run.robot, run.room, users)
    out, _ = await run.heard(voice, user)
    heard_as = list(utterances(out, run.settings))
    score.barge_ins += len(users)
    score.latencies += [start - one.onset_s for one, start in matched(users, heard_as).items()]
    score.own += sum(not _is_theirs(start, users) for start, _ in heard_as)
    score.robot_s += voice.size / RATE


def matched(users: list[BargeIn], heard_as: list[tuple[float, float]]) -> dict[BargeIn, float]:
    """Return for each who was heard when.

    Breath before the first word counts, an utterance that has begun already does not: nobody would
    know that it is somebody else's.
    """
    found = {}
    for one in users:
        starts = [start for start, _ in heard_as if one.at / RATE <= start <= one.end_s]
        if starts:
            found[one] = starts[0]
    return found


def _is_theirs(start: float, users: list[BargeIn]) -> bool:
    return any(one.at / RATE <= start <= one.end_s + 0.3 for one in users)


async def words(score: Score, run: Run) -> None:
    """Recognise the barge-ins, from a robot that falls silent when they have begun."""
    users = placed([clip for clip in run.clips if clip.who.startswith(('flite', 'person'))])
    voice, user = staged(run.robot, run.room, users)
    out, _ = await run.heard(voice, user)
    starts = matched(users, list(utterances(out, run.settings)))
    for one, start in starts.items():
        voice[int((start + SILENT_AFTER_S) * RATE) : one.at + int(3.5 * RATE)] = 0
    out, _ = await run.heard(voice, user)
    without_robot = user + run.room.noise(user.size)
    reply_s = run.robot.size / RATE + PAUSE_S
    recognizer = PocketSphinxRecognizer()
    await recognizer.open()
    try:
        for one in users:
            begin, end = one.at - int(PRE_ROLL_S * RATE), one.at + one.length + RATE // 4
            wanted = await recognised(recognizer, without_robot[begin:end])
            if not wanted:
                continue
            if one not in starts:
                score.kept.append(0.0)
                continue
            got = await recognised(recognizer, out[begin:end])
            score.kept.append(word_overlap(got, wanted))
            said = spoken(begin / RATE, starts[one] + SILENT_AFTER_S, reply_s)
            score.leaked.append(sum(w in said and w not in wanted.split() for w in got.split()))
    finally:
        await recognizer.close()


def spoken(start_s: float, stop_s: float, reply_s: float) -> list[str]:
    """Return the words that the robot says in a time, and two before and after, for safety."""
    text = re.sub(r"[^a-z' ]", ' ', STORY.read_text().lower().replace('\n', ' ')).split()
    pace = len(text) / (reply_s - PAUSE_S)
    first, last = (int(at % reply_s * pace) for at in (start_s, stop_s))
    return text[max(0, first - 2) : last + 3]


async def recognised(recognizer: PocketSphinxRecognizer, sound: Sound) -> str:
    """Return the words of an utterance."""
    attempt = 1
    while True:
        recognition = recognizer.start()
        try:
            await recognition.push(pcm(sound))
            return await recognition.finish()
        except EngineError as err:
            # Another program has had the processor for two seconds; that is not what is measured.
            if not err.retryable or attempt == ATTEMPTS:
                raise
            attempt += 1


# --- what is printed ----------------------------------------------------------------------------


HEAD = [
    'mode', 'echo', 'self-interruptions per hour', 'caught within 400 ms', 'median',
    "user's words kept", "robot's words in it", 'CPU',
]  # fmt: skip


def row(mode: str, level_db: float, score: Score) -> list[str]:
    """Return a line of the table."""
    late = sorted(score.latencies)
    return [
        f'`{mode}`',
        f'{level_db:+g} dB',
        f'{score.own_per_hour:.1f}',
        f'{100 * score.caught:.0f} %',
        f'{1000 * late[len(late) // 2]:.0f} ms' if late else '-',
        f'{100 * float(np.mean(score.kept)):.0f} %' if score.kept else '-',
        f'{float(np.mean(score.leaked)):.2f}' if score.leaked else '-',
        f'{score.cpu_percent:.1f} %',
    ]


def table(rows: list[list[str]]) -> str:
    """Return it as Markdown."""
    lines = [HEAD, ['---'] * len(HEAD), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def kept(scores: Scores, path: Path) -> Scores:
    """Add scores to those of a file; return all of them, in the order of `MODES`."""
    if path.exists():
        there = json.loads(path.read_text(encoding='ascii'))
        scores = {(mode, level): Score(**score) for mode, level, score in there} | scores
    order = sorted(scores, key=lambda one: (MODES.index(one[0]), one[1]))
    scores = {one: scores[one] for one in order}
    lines = [[*one, asdict(score)] for one, score in scores.items()]
    path.write_text(json.dumps(lines), encoding='ascii')
    return scores


def plot(scores: Scores, path: Path) -> None:
    """Draw what the table says."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams['svg.hashsalt'] = 'prot'  # the same figures make the same file
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for mode in dict.fromkeys(mode for mode, _ in scores):
        levels = [level for one, level in scores if one == mode]
        found = [scores[mode, level] for level in levels]
        left.plot(levels, [100 * score.caught for score in found], 'o-', label=mode)
        right.plot(levels, [score.own_per_hour for score in found], 'o-', label=mode)
    left.plot([-6, 0], [95, 85], 'k_', markersize=16, label='goal')
    left.set(ylabel='barge-ins caught within 400 ms [%]', ylim=(-3, 103))
    right.set(ylabel='self-interruptions per hour', yscale='symlog', ylim=(-0.2, None))
    for axes in (left, right):
        axes.set(xlabel='echo, relative to the user [dB]')
        axes.grid(alpha=0.3)
        axes.legend(fontsize='small')
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        '--minutes',
        type=float,
        default=5,
        help='that the robot speaks alone at each level and delay (default: 5)',
    )
    parser.add_argument('--vad', default='auto', help="the vad node's engine (default: auto)")
    parser.add_argument('--modes', default=','.join(MODES), help='of mic.echo.mode (default: all)')
    parser.add_argument('--levels', type=numbers, default=LEVELS_DB, help='of the echo, dB')
    parser.add_argument('--delays', type=numbers, default=DELAYS_MS, help='of the echo, ms')
    parser.add_argument('--no-words', action='store_true', help='without recognition')
    parser.add_argument(
        '--keep', type=Path, metavar='FILE', help='add what is measured to what is there already'
    )
    parser.add_argument('--write', action='store_true', help='write docs/echo.md and .svg')
    options = parser.parse_args()
    options.clips = clips()
    robot = asyncio.run(story())
    wanted = [(mode, level) for mode in options.modes.split(',') for level in options.levels]
    # What a server cancels takes time and little work. One that comes too late cancels nothing.
    with (
        # In the background: the server must not come too late.
        ProcessPoolExecutor(os.cpu_count(), initializer=os.nice, initargs=(10,)) as computed,
        ProcessPoolExecutor(SERVERS, max_tasks_per_child=1) as played,
    ):
        jobs = {
            one: (played if one[0] == 'system' else computed).submit(
                measured, *one, robot, options
            )
            for one in wanted
        }
        try:
            scores = {one: job.result() for one, job in jobs.items()}
        except BaseException:
            for pool in (computed, played):
                pool.shutdown(cancel_futures=True)  # the rest would be measured for nothing
            raise
    if options.keep:
        scores = kept(scores, options.keep)
    text = table([row(mode, level, score) for (mode, level), score in scores.items()])
    print(text)
    if options.write:
        description = DESCRIPTION.read_text().format(
            table=text,
            users=len(options.clips),
            minutes=f'{options.minutes:g}',
            levels=','.join(f'{level:g}' for level in options.levels),
        )
        DOCUMENT.write_text(description, encoding='utf-8')
        plot(scores, DOCUMENT.with_suffix('.svg'))


def numbers(text: str) -> tuple[float, ...]:
    """Read numbers joined by commas."""
    return tuple(float(part) for part in text.split(','))


if __name__ == '__main__':
    main()
