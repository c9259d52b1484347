# SPDX-License-Identifier: Apache-2.0
"""Sounds that are no speech: synthesised, and recorded ones where a package has installed them.

The synthesised ones are sketches with the envelope and the spectrum of the real thing, drawn with
a seed so that everyone gets the same. They are no recordings: a cough is shaped noise through two
formants with some voice at its end, a door is a few decaying wooden modes after an impact, typing
is pairs of short resonant bursts, music is plucked and held chords with a drum. What is true of
them need not be true of a given cough. The recorded ones come from Debian packages:

    bucklespring-data        a keyboard, each key by itself
    minetest-data            doors, steps, digging, glass
    asterisk-moh-opsound-wav music
    sound-theme-freedesktop  a desktop's alerts
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from prot_ros.engines.resample import resample

RATE = 16000
Samples = NDArray[np.float64]
"""Mono at RATE, full scale is 1."""
Rng = np.random.Generator

EVENT_DBFS = (-33.0, -13.0)
"""RMS of what sounds now and then, over its loudest 50 ms: 10 dB around a voice at -23 dBFS."""
STEADY_DBFS = (-55.0, -28.0)
"""RMS of what sounds on and on; it changes every 10 s."""
APART_S = (1.6, 3.2)
"""From one event to the next: long enough that each begins an utterance of its own, or none."""

KEYS = Path('/usr/share/buckle/wav')
MINETEST = Path('/usr/share/games/minetest/games/minetest_game/mods')
MUSIC = Path('/usr/share/asterisk/moh')
DESKTOP = Path('/usr/share/sounds/freedesktop/stereo')


def amplitude(dbfs: float) -> float:
    """Return what RMS a level is."""
    return float(10 ** (dbfs / 20))


def rms(samples: Samples) -> float:
    """Return the root of the mean square, never quite 0."""
    return float(np.sqrt(np.mean(samples**2)) + 1e-12)


def at_level(samples: Samples, dbfs: float) -> Samples:
    """Return it so loud that the loudest 50 ms of it have this RMS."""
    block = RATE // 20
    blocks = [samples[i : i + block] for i in range(0, max(1, len(samples) - block + 1), block)]
    return samples * (amplitude(dbfs) / max(map(rms, blocks)))


def coloured(rng: Rng, length: int, slope: float) -> Samples:
    """Return noise of unit RMS whose power falls by the `slope`-th power of the frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20.0)
    noise = np.fft.irfft(spectrum * frequency ** (-slope / 2), length)
    return noise / rms(noise)


def white(rng: Rng, length: int) -> Samples:
    return coloured(rng, length, 0)


def pink(rng: Rng, length: int) -> Samples:
    return coloured(rng, length, 1)


def hum(rng: Rng, length: int) -> Samples:
    """Mains hum with its harmonics, and a fan's rush and blades."""
    t = np.arange(length) / RATE
    mains = float(rng.choice([50.0, 60.0]))
    tones = sum(np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 6)) / k for k in range(1, 9))
    blades = np.sin(2 * np.pi * rng.uniform(90, 240) * t) * (1 + 0.3 * np.sin(2 * np.pi * 5 * t))
    mix = tones + 0.5 * blades + 0.7 * coloured(rng, length, 2)
    return mix / rms(mix)


def resonance(source: Samples, hertz: float, bandwidth: float) -> Samples:
    """Return it through a two-pole resonator."""
    r = np.exp(-np.pi * bandwidth / RATE)
    a1, a2 = 2 * r * np.cos(2 * np.pi * hertz / RATE), -r * r
    out = np.zeros(len(source))
    one = two = 0.0
    for i, value in enumerate(source):
        one, two = value + a1 * one + a2 * two, one
        out[i] = one
    return out / rms(out)


def cough(rng: Rng) -> Samples:
    """One to three expulsions: a burst, its tail of breath, and often a voiced end."""
    parts = []
    first, second = rng.uniform(500, 900), rng.uniform(1200, 2200)
    for _ in range(rng.integers(1, 4)):
        burst, breath = int(rng.uniform(0.03, 0.06) * RATE), int(rng.uniform(0.12, 0.25) * RATE)
        length = burst + breath
        envelope = np.exp(-np.arange(length) / (0.07 * RATE))
        envelope[:burst] += np.hanning(2 * burst)[:burst]
        source = rng.standard_normal(length) * envelope
        if rng.random() < 0.6:
            pitch = rng.uniform(120, 380) * np.linspace(1, 0.8, length)
            pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0)
            late = np.clip((np.arange(length) / length - 0.5) * 4, 0, 1)
            source += 6 * pulses * late * envelope
        parts += [
            resonance(source, first, 150) + 0.8 * resonance(source, second, 250) + source,
            np.zeros(int(rng.uniform(0.05, 0.2) * RATE)),
        ]
    return np.concatenate(parts)


def decaying(rng: Rng, hertz: tuple[float, float], seconds: float, modes: int) -> Samples:
    """Return a struck thing: modes within a band, each gone after about `seconds`."""
    t = np.arange(int(3 * seconds * RATE)) / RATE
    out = np.zeros(len(t))
    for _ in range(modes):
        out += (
            rng.uniform(0.3, 1)
            * np.sin(2 * np.pi * rng.uniform(*hertz) * t)
            * np.exp(-t / (seconds * rng.uniform(0.5, 1)))
        )
    return out


def click(rng: Rng) -> Samples:
    """A switch or a pen: a few milliseconds."""
    return decaying(rng, (800, 6000), rng.uniform(0.0008, 0.004), 4)


def door(rng: Rng) -> Samples:
    """A door that falls shut: the latch, the slam, and what rattles after it."""
    slam = decaying(rng, (50, 260), rng.uniform(0.06, 0.15), 7)
    impact = coloured(rng, len(slam), 1.5) * np.exp(-np.arange(len(slam)) / (0.03 * RATE))
    latch = np.zeros(len(slam))
    tick = decaying(rng, (900, 3500), 0.008, 4)[: len(slam)]
    latch[: len(tick)] = 0.4 * tick
    return latch + np.roll(slam + 1.5 * impact, int(rng.uniform(0, 0.06) * RATE))


def typing(rng: Rng) -> Samples:
    """A burst of one to two seconds: each key goes down and, quieter, up."""
    out = np.zeros(int(rng.uniform(0.8, 2.0) * RATE))
    at = 0
    while at < len(out) - RATE // 5:
        for delay, level in ((0, 1.0), (int(rng.uniform(0.06, 0.1) * RATE), 0.4)):
            key = level * rng.uniform(0.5, 1) * decaying(rng, (1000, 5000), 0.006, 5)
            begin = min(at + delay, len(out) - len(key))
            out[begin : begin + len(key)] += key
        at += int(rng.uniform(0.07, 0.3) * RATE)
    return out


def music(rng: Rng, length: int) -> Samples:
    """Chords, some plucked and some held, a melody and a drum, at 70 to 140 beats a minute."""
    out = np.zeros(length + 2 * RATE)
    beat = int(RATE * 60 / rng.uniform(70, 140))
    scale = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    for number, begin in enumerate(range(0, length, beat)):
        held = rng.random() < 0.5
        t = np.arange(int(beat * (1.2 if held else 0.9))) / RATE
        fade = np.minimum(1, t / 0.03) * np.exp(-t / (2.0 if held else 0.25))
        for pitch in (*rng.choice(scale, 3, replace=False) / 2, float(rng.choice(scale))):
            tone = sum(np.sin(2 * np.pi * pitch * k * t) / k**1.5 for k in range(1, 7))
            out[begin : begin + len(t)] += tone * fade
        drum = decaying(rng, (60, 120), 0.05, 2) if number % 2 else 0.5 * click(rng)
        out[begin : begin + len(drum)] += 2 * drum
    return out[:length] / rms(out[:length])


def read(path: Path) -> Samples:
    """Read a sound file of any rate as mono at RATE."""
    data, rate = soundfile.read(path, dtype='int16', always_2d=True)
    mono = data.astype(np.int32).mean(axis=1).astype('<i2').tobytes()
    return np.frombuffer(resample(mono, rate, RATE), '<i2').astype(np.float64) / 32768


def steady(make: Callable[[Rng, int], Samples], rng: Rng, seconds: int) -> Samples:
    """Let it sound on and on, at another level every 10 s."""
    return np.concatenate(
        [make(rng, 10 * RATE) * amplitude(rng.uniform(*STEADY_DBFS)) for _ in range(seconds // 10)]
    )


def now_and_then(make: Callable[[Rng], Samples], rng: Rng, seconds: int) -> tuple[Samples, int]:
    """Let it sound again and again; return that and how often it does."""
    out = np.zeros(seconds * RATE)
    at, count = RATE, 0
    while True:
        event = at_level(make(rng), rng.uniform(*EVENT_DBFS))
        if at + len(event) > len(out):
            return out, count
        out[at : at + len(event)] += event
        count += 1
        at += len(event) + int(rng.uniform(*APART_S) * RATE)


def recorded(folder: Path, pattern: str) -> list[Samples]:
    """Read all that a package has installed, [] where it has not; nothing under 10 ms."""
    found = [read(path) for path in sorted(folder.glob(pattern))]
    return [one[: 4 * RATE] for one in found if len(one) > RATE // 100 and rms(one) > 1e-5]


def one_of(found: list[Samples]) -> Callable[[Rng], Samples]:
    """Return what draws one of them."""
    return lambda rng: found[rng.integers(len(found))]


def keystrokes(found: list[Samples]) -> Callable[[Rng], Samples]:
    """Return what types 5 to 15 recorded keys in a row."""

    def burst(rng: Rng) -> Samples:
        out = np.zeros(4 * RATE)
        at = 0
        for _ in range(rng.integers(5, 16)):
            key = found[rng.integers(len(found))][: RATE // 2]
            out[at : at + len(key)] += key
            at += int(rng.uniform(0.07, 0.22) * RATE)
        return out[: at + RATE // 4]

    return burst


def recorded_music(seconds: int) -> Samples | None:
    """Return the beginning of each piece in turn, at the level of a radio in the room."""
    pieces = sorted(MUSIC.glob('*.wav'))
    if not pieces:
        return None
    each = seconds * RATE // len(pieces)
    levels = np.linspace(*EVENT_DBFS, len(pieces))
    cut = [read(path)[:each] for path in pieces]
    return np.concatenate(
        [piece * amplitude(level) / rms(piece) for piece, level in zip(cut, levels, strict=True)]
    )


def streams(seed: int, seconds: int) -> dict[str, tuple[Samples, int | None]]:
    """Return every kind by its name: the sound, and how many events it has, None where steady."""
    rng = np.random.default_rng(seed)
    out: dict[str, tuple[Samples, int | None]] = {
        'white noise': (steady(white, rng, seconds), None),
        'pink noise': (steady(pink, rng, seconds), None),
        'hum and fan': (steady(hum, rng, seconds), None),
        'music': (steady(music, rng, seconds), None),
    }
    real = recorded_music(seconds)
    if real is not None:
        out['music, recorded'] = (real, None)
    events: dict[str, Callable[[Rng], Samples]] = {
        'coughs': one_of([cough(rng) for _ in range(80)]),
        'clicks': click,
        'doors': door,
        'typing': typing,
    }
    # Those that begin with an a are voices and a test signal.
    for name, folder, pattern in (
        ('doors, recorded', MINETEST, '**/*door*.ogg'),
        ('steps and digging, recorded', MINETEST, 'default/sounds/default_*.ogg'),
        ('desktop alerts, recorded', DESKTOP, '[!a]*.oga'),
    ):
        found = recorded(folder, pattern)
        if found:
            events[name] = one_of(found)
    keys = recorded(KEYS, '*-1.wav')
    if keys:
        events['typing, recorded'] = keystrokes(keys)
    for name, make in events.items():
        out[name] = now_and_then(make, rng, seconds)
    return out
