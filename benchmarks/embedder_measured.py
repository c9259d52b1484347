# SPDX-License-Identifier: Apache-2.0
"""One embedder, measured in a process of its own; prints JSON. `embedders.py` starts it.

    python benchmarks/embedder_measured.py NAME [--path PATH] [--quality] [--locomo LOCOMO.json]

NAME is local, minilm, static, onnx, or a number: hashed n-grams in so many dimensions.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import inspect
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from locomo_data import conversations
from numpy.typing import NDArray

from prot_ros.engines.embedders import local
from prot_ros.engines.kinds import Embedder
from prot_ros.engines.selection_embedder import model

PARAPHRASES = Path(__file__).resolve().parents[1] / 'test' / 'data' / 'paraphrases'
LANGUAGES = ('en', 'ko')
DEPTHS = (1, 5)
LOCOMO_DEPTH = 10
BATCH = 32

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Paraphrase:
    """A fact, a question for it, and whether it is asked in the fact's own words."""

    fact: str
    question: str
    shared: bool


class Hashed(local.LocalEmbedder):
    """The default's way with another number of dimensions."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        self._told = 'dimensions' in inspect.signature(local.vector).parameters
        if not self._told:
            local.DIMENSIONS = dimensions

    async def embed(self, texts: list[str]) -> list[list[float]]:
        if self._told:
            return [local.vector(text, dimensions=self.dimensions) for text in texts]  # type: ignore[call-arg]
        return [local.vector(text) for text in texts]


def paraphrases(language: str) -> list[Paraphrase]:
    with (PARAPHRASES / f'{language}.tsv').open(encoding='utf-8', newline='') as file:
        rows = csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE)
        return [Paraphrase(row['fact'], row['question'], row['words'] == 'shared') for row in rows]


def resident_mb() -> float:
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20


def embedder(name: str, path: str) -> Embedder:
    if name == 'local':
        return local.LocalEmbedder()
    return Hashed(int(name)) if name.isdecimal() else model(name, path)


async def embedded(one: Embedder, texts: Sequence[str]) -> Vectors:
    found: list[list[float]] = []
    for at in range(0, len(texts), BATCH):
        found += await one.embed(list(texts[at : at + BATCH]))
    return np.array(found)


def ranked(question: Vectors, among: Vectors) -> NDArray[np.int64]:
    """Return the positions of the nearest, best first; of equals the first is first."""
    return np.argsort(-(among @ question), kind='stable')


async def recalls(one: Embedder, language: str) -> dict[str, dict[str, float]]:
    """Return the share of questions whose fact is among the nearest, of 0 to 1."""
    told = paraphrases(language)
    facts = await embedded(one, [each.fact for each in told])
    questions = await embedded(one, [each.question for each in told])
    places = [int(np.flatnonzero(ranked(q, facts) == n)[0]) for n, q in enumerate(questions)]
    kinds = {
        'all': places,
        'shared': [at for at, each in zip(places, told, strict=True) if each.shared],
        'other': [at for at, each in zip(places, told, strict=True) if not each.shared],
    }
    return {
        kind: {str(depth): float(np.mean([at < depth for at in found])) for depth in DEPTHS}
        for kind, found in kinds.items()
    }


async def locomo(one: Embedder, path: Path) -> list[float]:
    """Return the mean share of a question's evidence among the nearest turns of its talk.

    First with the turns' words alone, then with the speaker's name before them.
    """
    shares: list[list[float]] = [[], []]
    for talk in conversations(path):
        questions = await embedded(one, [question.text for question in talk.questions])
        plain = [turn.text for turn in talk.turns]
        named = [f'{turn.speaker}: {turn.text}' for turn in talk.turns]
        for kind, texts in enumerate((plain, named)):
            turns = await embedded(one, texts)
            for question, vector in zip(talk.questions, questions, strict=True):
                found = set(ranked(vector, turns)[:LOCOMO_DEPTH].tolist())
                shares[kind].append(len(question.evidence & found) / len(question.evidence))
    return [float(np.mean(each)) for each in shares]


async def measured(options: argparse.Namespace) -> dict[str, object]:
    texts = {
        language: [text for each in paraphrases(language) for text in (each.fact, each.question)]
        for language in LANGUAGES
    }
    before = resident_mb()
    one = embedder(options.name, options.path)
    began = time.perf_counter()
    await one.open()
    out: dict[str, object] = {'load_s': time.perf_counter() - began}
    await one.embed(['prot'])
    for language, sentences in texts.items():
        took_ms = []
        cpu = time.process_time()
        for sentence in sentences:
            began = time.perf_counter()
            await one.embed([sentence])
            took_ms.append(1000 * (time.perf_counter() - began))
        out[f'{language}_cpu'] = 1000 * (time.process_time() - cpu) / len(sentences)
        out[f'{language}_p50'] = float(np.percentile(took_ms, 50))
        out[f'{language}_p95'] = float(np.percentile(took_ms, 95))
    out |= {'mb': resident_mb() - before, 'dimensions': one.dimensions, 'name': one.name}
    if options.quality:
        out['recall'] = {language: await recalls(one, language) for language in LANGUAGES}
        out['locomo'] = await locomo(one, options.locomo) if options.locomo else None
    await one.close()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument('name')
    parser.add_argument('--path', default='')
    parser.add_argument('--quality', action='store_true')
    parser.add_argument('--locomo', type=Path)
    print(json.dumps(asyncio.run(measured(parser.parse_args()))))


if __name__ == '__main__':
    main()
