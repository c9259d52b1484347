# SPDX-License-Identifier: Apache-2.0
"""Voices: synthetic ones of many kinds, and people's where there are recordings of them.

People are those of test/data/speech and, where Debian's asterisk-core-sounds-{en,es,fr,it,ru}-wav
are installed, five announcers at telephone bandwidth. Each clip is made as loud as the others, by
its speech alone, and knows the first sample of its speech.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'test'))

import recordings
from sounds import RATE, Rng, Samples, amplitude, read, rms

LEVEL_DBFS = -23.0
SPEECH_DB = -20.0
"""Blocks of 5 ms no further below a clip's level than this are speech. The s of "stop" is above,
breath and a recording's own noise are mostly below."""
ABOVE_FLOOR_DB = 10.0
"""Nor are blocks speech that are no further above the quietest twentieth of the clip than this: a
recording's own hum may be no more than 20 dB below its level."""
CLEAR_DB = -6.0
CLOSURE_S = 0.1
"""A clip's speech begins with its first clear block, or with the first block of speech from which
there is no longer pause than the closure of a plosive to that one."""
ASTERISK = Path('/usr/share/asterisk/sounds')

ENGLISH = (
    'stop please i want to ask something else',
    'what time is it',
    'hold on that is not what i meant',
    'can you say that again',
    'how far is the kitchen from here',
    'excuse me where is the door',
)
KOREAN = (
    '잠깐만요 다른 걸 물어볼게요',
    '지금 몇 시예요',
    '그게 아니라 내일 날씨 말이에요',
    '다시 한번 말해 주세요',
)
LONE = {'en': ('stop', 'no', 'wait'), 'ko': ('잠깐', '아니')}
BACKCHANNELS = {
    'flite': ('uh-huh', 'yeah', 'okay'),
    # In double brackets are phonemes: spelled, it would read the letters of "mm-hm".
    'espeak-ng': ('[[m@hm]]', 'uh-huh', 'yeah'),
    'ko': ('응', '네', '그래'),
}


@dataclass(frozen=True)
class Voice:
    """Somebody who can be made to say anything."""

    program: str
    """`flite` or `espeak-ng`."""
    name: str
    language: str


VOICES = (
    *(Voice('flite', name, 'en') for name in ('slt', 'rms', 'awb', 'kal16')),
    *(
        Voice('espeak-ng', name, 'en')
        for name in ('en-us', 'en-gb+f3', 'en-us+m7', 'en-gb+klatt2')
    ),
    *(Voice('espeak-ng', name, 'ko') for name in ('ko', 'ko+f2', 'ko+m3')),
)


@dataclass(frozen=True)
class Clip:
    """One utterance at LEVEL_DBFS."""

    who: str
    words: str
    samples: Samples
    onset: int
    """Index of its first sample of speech."""


def clip(who: str, words: str, samples: Samples) -> Clip:
    """Level it, and find where its speech begins."""
    block = RATE // 200
    count = len(samples) // block
    levels = np.sqrt(np.mean(samples[: count * block].reshape(count, block) ** 2, axis=1))
    speech = levels[levels > levels.max() * amplitude(SPEECH_DB)]
    level = float(np.sqrt(np.mean(speech**2)))
    first = int(np.argmax(levels > level * amplitude(CLEAR_DB)))
    floor = float(np.percentile(levels, 5))
    # Where there is no pause in a clip, its quietest blocks are speech, too.
    least = max(level * amplitude(SPEECH_DB), min(floor, level / 20) * amplitude(ABOVE_FLOOR_DB))
    for index in range(first, -1, -1):
        if first - index > CLOSURE_S * RATE / block:
            break
        if levels[index] > least:
            first = index
    return Clip(who, words, samples * (amplitude(LEVEL_DBFS) / level), first * block)


@cache
def said(voice: Voice, words: str) -> Clip:
    """Let a voice say something."""
    with tempfile.TemporaryDirectory(prefix='prot-benchmark-') as folder:
        path = Path(folder) / 'said.wav'
        if voice.program == 'flite':
            command = ['flite', '-voice', voice.name, '-t', words, '-o', str(path)]
        else:
            command = ['espeak-ng', '-v', voice.name, '-w', str(path), '--', words]
        subprocess.run(
            command, stdin=subprocess.DEVNULL, check=True, timeout=30, capture_output=True
        )
        return clip(f'{voice.program} {voice.name}', words, read(path))


def people() -> list[Clip]:
    """Return the recordings that the tests have."""
    out = []
    for one in recordings.ALL:
        samples = np.frombuffer(one.pcm, '<i2').astype(np.float64) / 32768
        out.append(clip(f'person {one.path.stem}', one.words, samples))
    return out


def announcers(rng: Rng, each: int) -> list[Clip]:
    """Return some prompts of each announcer who is installed."""
    out = []
    for folder in sorted(ASTERISK.glob('??_??_[fm]_*')):
        # One second or more: what is shorter are tones and letters.
        found = [path for path in sorted(folder.glob('*.wav')) if _seconds(path) > 1]
        for index in rng.choice(len(found), min(each, len(found)), replace=False):
            samples = read(found[index])
            if rms(samples) > amplitude(-40):
                out.append(clip(f'announcer {folder.name}', found[index].stem, samples))
    return out


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def sentences() -> list[Clip]:
    """Return every sentence in every synthetic voice of its language."""
    said_in = {'en': ENGLISH, 'ko': KOREAN}
    return [said(voice, words) for voice in VOICES for words in said_in[voice.language]]


def lone_words() -> list[Clip]:
    """Return the words that stand alone when somebody wants silence."""
    return [said(voice, words) for voice in VOICES for words in LONE[voice.language]]


def backchannels() -> list[Clip]:
    """Return what listeners say to show that they listen."""
    return [
        said(voice, words)
        for voice in VOICES
        for words in BACKCHANNELS['ko' if voice.language == 'ko' else voice.program]
    ]


def babble(rng: Rng, length: int, talkers: int = 7) -> Samples:
    """Return a room full of people: sentences on and on, several at a time, at unit RMS."""
    clips = sentences()
    out = np.zeros(length)
    for _ in range(talkers):
        at = 0
        while at < length:
            piece = clips[rng.integers(len(clips))].samples[: length - at]
            out[at : at + len(piece)] += piece
            at += len(piece)
    return out / rms(out)
