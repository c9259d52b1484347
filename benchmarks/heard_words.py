# SPDX-License-Identifier: Apache-2.0
"""How many words history is off by when a reply is cut, measured against the sound itself.

    python benchmarks/heard_words.py [--cuts 40] [--write]

Sentences of the offline mind are spoken by the offline voices and aligned, word by word, with
their text by PocketSphinx (forced alignment, 10 ms frames). Each sentence is cut at moments spread
over its length. What was heard is every word of which at least half had sounded; the estimate is
that of core/heard.py, which knows only how long the sentence was played. `known` is the length of
a sentence whose end had been synthesised when it was cut, `unknown` that of one whose end had not.
`--write` replaces docs/heard.md.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'test'))

import numpy as np
from conversations import talk
from pocketsphinx import Config, Decoder

from prot_ros.core.heard import SpokenSentence, heard
from prot_ros.core.playout import Playout
from prot_ros.core.sentences import SentenceSplitter
from prot_ros.engines.resample import Resampler
from prot_ros.engines.voices.flite import FliteSynthesizer

RATE = 16000
FRAME_MS = 10
VOICES = ('slt', 'rms', 'awb')
DOCUMENT = Path(__file__).resolve().parent.parent / 'docs' / 'heard.md'
DESCRIPTION = Path(__file__).resolve().parent / 'heard.md.in'


def sentences() -> list[str]:
    """Return what the robot says in a conversation, stories included."""
    splitter = SentenceSplitter()
    text = ' '.join(
        talk(said) for said in ('tell me a long story', 'what can you do', 'who are you')
    )
    return [one for one in (*splitter.push(text), *splitter.end()) if len(one.split()) >= 4]


async def spoken(text: str, voice: str) -> bytes:
    """Return a sentence at 16 kHz."""
    engine = FliteSynthesizer(voice)
    pcm = b''.join([piece async for piece in engine.speak(text, 'en')])
    resampler = Resampler(engine.rate, RATE)
    return resampler.push(pcm) + resampler.end()


def middles(decoder: Decoder, text: str, pcm: bytes) -> list[float] | None:
    """Return when the middle of each word sounds, in ms; None where it cannot be aligned."""
    words = [re.sub(r"[^a-z']", '', word.lower()) for word in text.split()]
    if not all(words) or any(decoder.lookup_word(word) is None for word in words):
        return None
    decoder.set_align_text(' '.join(words))
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    found = [
        ((segment.start_frame + segment.end_frame + 1) / 2 * FRAME_MS)
        for segment in decoder.seg()
        if not segment.word.startswith(('<', '['))
    ]
    return found if len(found) == len(words) else None


def errors(text: str, true: list[float], pcm: bytes, cuts: int) -> Iterator[tuple[int, int]]:
    """Yield words too many (or too few) with the length known and unknown."""
    for at in np.linspace(0, len(pcm) // 2, cuts, endpoint=False, dtype=int):
        count = sum(middle <= at * 1000 / RATE for middle in true)
        yield tuple(estimate(text, pcm, int(at), known) - count for known in (True, False))


def estimate(text: str, pcm: bytes, played: int, known: bool) -> int:
    """Return how many words history would keep."""
    playout = Playout(RATE)
    playout.write(0, pcm, complete=known)
    at = playout.position(played)
    cut = SpokenSentence(text, at.played_ms, at.total_ms, at.sounding_ms, at.sounding_total_ms)
    return len(heard([cut]).text.split())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--cuts', type=int, default=40, help='cuts of each sentence (default: 40)')
    parser.add_argument('--write', action='store_true', help='write docs/heard.md')
    options = parser.parse_args()
    decoder = Decoder(Config(logfn='/dev/null'))
    rows = [
        '| voice | sentences | cuts | length | mean error | exact | within one word | worst |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ]
    for voice in VOICES:
        both: list[tuple[int, int]] = []
        aligned = 0
        for text in sentences():
            pcm = asyncio.run(spoken(text, voice))
            true = middles(decoder, text, pcm)
            if true is not None:
                aligned += 1
                both += errors(text, true, pcm, options.cuts)
        for name, column in (('known', 0), ('unknown', 1)):
            off = [abs(pair[column]) for pair in both]
            mean = sum(off) / len(off)
            close = 100 * sum(each <= 1 for each in off) / len(off)
            exact = 100 * off.count(0) / len(off)
            rows.append(
                f'| {voice} | {aligned} | {len(off)} | {name} | {mean:.2f} words | '
                f'{exact:.0f} % | {close:.1f} % | {max(off)} |'
            )
        print(*rows[-2:], sep='\n', file=sys.stderr, flush=True)
    table = '\n'.join(rows)
    print(table)
    if options.write:
        text = DESCRIPTION.read_text(encoding='utf-8').format(cuts=options.cuts, table=table)
        DOCUMENT.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
