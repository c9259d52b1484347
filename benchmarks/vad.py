# SPDX-License-Identifier: Apache-2.0
"""How soon each voice activity detector notices speech, and how often it is mistaken.

    python benchmarks/vad.py [--minutes 10] [--seed 1] [--write docs/vad.md]

All hear the same audio, and by the rule that goes with each of them begin utterances. Printed as
Markdown; --write keeps it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import sounds
import voices
from detectors import FRAME, RATE, SUSTAIN_MS, Detector, Pcm, Silences, detectors
from sounds import Rng, Samples

from prot_ros.core.endpointing import (
    SpeechLikely,
    SpeechStarted,
    SpeechSuspected,
    SpeechSustained,
)

FLOOR_DBFS = -75.0
"""A quiet room: pink noise under everything."""
SNRS: dict[str, float | None] = {'quiet': None, '20 dB': 20.0, '10 dB': 10.0}
SPOKEN_S = 1.5
"""How much of a clip is played: its beginning is what matters."""
BEFORE_S = 0.5
"""How much of a recording is kept from before its first speech: breath, and its own noise."""
PAUSE_S = (1.2, 2.2)
HEARD_MS = 1500
REPEATS = 2
BABBLE_DBFS = -38.0
DESCRIPTION = Path(__file__).resolve().parent / 'vad.md.in'


@dataclass(frozen=True)
class Speech:
    """Clips one after the other in one room."""

    pcm: Pcm
    onsets: tuple[int, ...]
    """Index of each clip's first sample of speech."""
    groups: tuple[str, ...]


@dataclass
class Heard:
    """What a detector made of it, each time as the index of the sample after the step."""

    suspected: list[int] = field(default_factory=list)
    """Of what begins without having been suspected, the beginning."""
    started: list[int] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    """Since when the robot is inaudible for what has begun."""
    mistaken: int = 0
    """How often it was inaudible for nothing."""
    sustained: list[int] = field(default_factory=list)
    cpu_s: float = 0.0


def speech(clips: Sequence[tuple[str, voices.Clip]], snr: float | None, rng: Rng) -> Speech:
    """Play each clip REPEATS times, at another place in the frame each time."""
    parts: list[Samples] = []
    onsets, groups, at = [], [], 0
    for group, clip in [one for _ in range(REPEATS) for one in clips]:
        pause = int(rng.uniform(*PAUSE_S) * RATE)
        first = max(0, clip.onset - int(BEFORE_S * RATE))
        spoken = clip.samples[first : clip.onset + int(SPOKEN_S * RATE)]
        onsets.append(at + pause + clip.onset - first)
        groups.append(group)
        parts += [np.zeros(pause), spoken]
        at += pause + len(spoken)
    parts.append(np.zeros(RATE))
    dry = np.concatenate(parts)
    level = FLOOR_DBFS if snr is None else voices.LEVEL_DBFS - snr
    room = sounds.pink(rng, len(dry)) * sounds.amplitude(level)
    return Speech(pcm_of(dry + room), tuple(onsets), tuple(groups))


def pcm_of(samples: Samples) -> Pcm:
    """Return it as a microphone would give it."""
    return np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)


def hear(detector: Detector, pcm: Pcm) -> Heard:
    """Let a detector listen to the whole of it."""
    out = Heard()
    endpointer = detector.endpointer()
    kept = {
        SpeechSuspected: out.suspected,
        SpeechStarted: out.started,
        SpeechSustained: out.sustained,
    }
    suspicious = False
    silences = Silences()
    began = time.process_time()
    for number, (probability, rising) in enumerate(detector.hear(pcm), 1):
        events = endpointer.push(probability, rising=rising)
        since = silences.push(events, number * detector.step)
        if since is not None:
            out.silent.append(since)
        for event in events:
            if type(event) in kept:
                kept[type(event)].append(number * detector.step)
            if isinstance(event, SpeechStarted) and not suspicious:
                out.suspected.append(number * detector.step)
            # Dismissed or begun, a suspicion is over.
            suspicious = isinstance(event, SpeechSuspected | SpeechLikely)
    out.mistaken = silences.mistaken
    out.cpu_s = time.process_time() - began
    return out


def latency_ms(events: Sequence[int], onset: int) -> int | None:
    """Return when the first event after a clip's beginning is known, None when there is none.

    From the arrival of the 20 ms frame that holds the first sample of speech to the arrival of
    the frame that completes what the event needs; 0 if it was known even before, from a breath.
    """
    arrived = -(-(onset + 1) // FRAME)
    for event in events:
        known = -(-event // FRAME)
        if event > onset - BEFORE_S * RATE:
            late = 20 * (known - arrived)
            return max(0, late) if late <= HEARD_MS else None
    return None


def spread(values: Iterable[int | None]) -> str:
    """Return `median / 95th percentile`, and how many are missing where any is."""
    all_of_them = list(values)
    found = [value for value in all_of_them if value is not None]
    missed = len(all_of_them) - len(found)
    if not found:
        return f'all {missed} missed'
    words = f'{np.median(found):.0f} / {np.percentile(found, 95):.0f}'
    return f'{words}, {missed} missed' if missed else words


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def clips(rng: Rng) -> list[tuple[str, voices.Clip]]:
    """Return everybody who can be heard here, by group."""
    groups = {
        'synthetic voices': voices.sentences(),
        'recorded people': voices.people(),
        'recorded announcers': voices.announcers(rng, 12),
        'lone words': voices.lone_words(),
        'backchannels': voices.backchannels(),
    }
    return [(group, clip) for group, found in groups.items() for clip in found]


def onsets(found: list[Detector], rng: Rng) -> tuple[str, dict[str, float]]:
    """Return the tables of latencies, and each detector's CPU per second of audio."""
    everybody = clips(rng)
    rooms = {name: speech(everybody, snr, rng) for name, snr in SNRS.items()}
    heard = {
        one.name: {name: hear(one, room.pcm) for name, room in rooms.items()} for one in found
    }

    def cells(name: str, kind: str, groups: Sequence[str]) -> list[str]:
        return [
            spread(
                latency_ms(getattr(heard[name][room], kind), onset)
                for onset, group in zip(rooms[room].onsets, rooms[room].groups, strict=True)
                if group in groups
            )
            for room in rooms
        ]

    groups = list(dict.fromkeys(group for group, _ in everybody))
    speaking = [group for group in groups if group != 'backchannels']
    counts = {group: REPEATS * sum(g == group for g, _ in everybody) for group in groups}
    total = sum(counts[group] for group in speaking)
    out = [
        '## Onset\n\nFrom the first sample of speech to the decision by which it is silent, '
        f'median / 95th percentile in ms. {total} utterances. That is `SpeechStarted` or, for '
        'prot, `SpeechLikely` where the former follows before it is dismissed.\n',
        table(['', *SNRS], [[one.name, *cells(one.name, 'silent', speaking)] for one in found]),
        '\nTo `SpeechStarted`, by which an utterance has begun:\n',
        table(['', *SNRS], [[one.name, *cells(one.name, 'started', speaking)] for one in found]),
        '\nTo `SpeechSuspected`, which lowers the voice, or to a beginning at once:\n',
        table(['', *SNRS], [[one.name, *cells(one.name, 'suspected', speaking)] for one in found]),
    ]
    for group in groups:
        out += [
            f'\nTo silence, for {group} ({counts[group]}):\n',
            table(['', *SNRS], [[one.name, *cells(one.name, 'silent', [group])] for one in found]),
        ]
    out += [
        '\nBackchannels that go on long enough to take the turn from the robot '
        f'(`SpeechSustained`, {SUSTAIN_MS} ms):\n',
        table(
            ['', *SNRS],
            [
                [
                    one.name,
                    *(_sustained(heard[one.name][name], room) for name, room in rooms.items()),
                ]
                for one in found
            ],
        ),
    ]
    cpu = {
        one.name: sum(heard[one.name][name].cpu_s for name in rooms)
        / sum(len(room.pcm) / RATE for room in rooms.values())
        for one in found
    }
    return '\n'.join(out), cpu


def _sustained(heard: Heard, room: Speech) -> str:
    """Return the share of backchannels that were."""
    asked = [
        o for o, group in zip(room.onsets, room.groups, strict=True) if group == 'backchannels'
    ]
    taken = sum(any(0 < at - onset < 2 * RATE for at in heard.sustained) for onset in asked)
    return f'{taken} of {len(asked)}'


def false_starts(found: list[Detector], rng: Rng, seed: int, minutes: int) -> str:
    """Return the table of how often sounds that are no speech begin an utterance."""
    heard: dict[str, list[str]] = {}
    totals = {one.name: np.zeros(4) for one in found}
    streams = dict(sounds.streams(seed, 60 * minutes))
    far = voices.babble(rng, 60 * minutes * RATE) * sounds.amplitude(BABBLE_DBFS)
    streams['babble (people, but far)'] = (far, None)
    for kind, (samples, events) in streams.items():
        room = sounds.pink(rng, len(samples)) * sounds.amplitude(FLOOR_DBFS)
        pcm = pcm_of(samples + room)
        hours = len(pcm) / RATE / 3600
        row = [kind, '' if events is None else f'{events / hours:.0f}']
        for one in found:
            result = hear(one, pcm)
            counts = np.array([len(result.started), result.mistaken, len(result.suspected)])
            row.append('{:.0f} ({:.0f}, {:.0f})'.format(*counts / hours))
            if not kind.startswith('babble'):
                totals[one.name] += np.append(counts, hours)
        heard[kind] = row
        print(kind, row[1:], file=sys.stderr)
    means = ['{:.1f} ({:.0f}, {:.0f})'.format(*total[:3] / total[3]) for total in totals.values()]
    mean = ['mean, without babble', '', *means]
    return table(['per hour of', 'events', *(one.name for one in found)], [*heard.values(), mean])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--minutes', type=int, default=10, help='of each sound (default: 10)')
    parser.add_argument('--seed', type=int, default=1, help='of pauses and sounds (default: 1)')
    parser.add_argument('--write', type=Path, help='file to keep the tables in')
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    found = detectors()
    latencies, cpu = onsets(found, rng)
    mistakes = false_starts(found, rng, options.seed, options.minutes)
    work = table(
        ['', 'ms of CPU for a second of audio'],
        [[name, f'{1000 * seconds:.1f}'] for name, seconds in cpu.items()],
    )
    command = f'python benchmarks/vad.py --minutes {options.minutes} --seed {options.seed}'
    text = DESCRIPTION.read_text(encoding='utf-8').format(
        command=command, onsets=latencies, mistakes=mistakes, cpu=work
    )
    print(text)
    if options.write:
        options.write.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
