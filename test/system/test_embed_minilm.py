# SPDX-License-Identifier: Apache-2.0
"""all-MiniLM-L6-v2 with its real weights, each look at its memory in a process of its own."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import subprocess
import sys

import numpy as np
import pytest

from prot_ros.engines.embedders.minilm import INSTALL, PACKAGE, MiniLmEmbedder

pytest.importorskip('tokenizers', reason=INSTALL)
pytest.importorskip('safetensors', reason=INSTALL)
try:
    importlib.metadata.version(PACKAGE)
except importlib.metadata.PackageNotFoundError:
    pytest.skip(f'its weights are not here: {INSTALL}', allow_module_level=True)


def embedded(texts: list[str]) -> np.ndarray:
    async def run() -> np.ndarray:
        one = MiniLmEmbedder()
        await one.open()
        try:
            assert (one.name, one.dimensions) == ('minilm-1', 384)
            return np.array(await one.embed(texts))
        finally:
            await one.close()

    return asyncio.run(run())


def test_sentences_are_as_near_as_the_authors_of_the_model_say() -> None:
    # From the documentation of sentence-transformers, made there with torch.
    vectors = embedded(
        ['The weather is lovely today.', "It's so sunny outside!", 'He drove to the stadium.']
    )
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    texts = ['my sister lives in Busan', 'she moved', 'a' * 900, 'word ' * 500, '여동생']
    together = embedded(texts)
    alone = np.concatenate([embedded([text]) for text in texts[:2]])
    np.testing.assert_allclose(together[:2], alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-9)


PROGRAM = """
import asyncio, json, os
from prot_ros.engines.embedders import minilm
from prot_ros.engines.embedders.model_files import library

library('safetensors', ''), library('tokenizers', '')
loads = []
read = minilm.MiniLm.__init__
def counted(self, path):
    loads.append(path)
    read(self, path)
minilm.MiniLm.__init__ = counted

def resident_mb():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20

async def run():
    seen = [resident_mb()]
    embedders = [minilm.MiniLmEmbedder() for _ in range(3)]
    for number in (1, 3):
        await asyncio.gather(*(each.open() for each in embedders[:number]))
        for each in embedders[:number]:
            await each.embed(['my sister lives in Busan'])
        seen.append(resident_mb())
    for each in embedders:
        await each.close()
    seen.append(resident_mb())
    print(json.dumps([len(loads), *seen]))

asyncio.run(run())
"""


def test_c09_b06_three_of_them_take_the_memory_of_one_and_leave_none_of_it() -> None:
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loads, before, with_one, with_three, after = json.loads(done.stdout)
    assert loads == 1
    assert 80 < with_one - before < 200  # its weights alone are 87 MB
    assert with_three - with_one < 20
    assert after - before < 60
