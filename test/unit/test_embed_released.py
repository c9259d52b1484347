# SPDX-License-Identifier: Apache-2.0
"""Embedders that come and go leave nothing behind, each kind in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from embedding_models import network, static, tokenizer

ROUNDS = """
import asyncio, os, sys, time
from prot_ros.engines.selection_embedder import MODELS, model
from prot_ros.engines.embedders.local import LocalEmbedder

kind, path = sys.argv[1:]

def held():
    return len(os.listdir('/proc/self/task')), len(os.listdir('/proc/self/fd'))

def resident_mb():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20

async def rounds(count):
    sizes = [0.0]
    for _ in range(count):
        one = model(kind, path) if kind in MODELS else LocalEmbedder()
        await one.open()
        assert any((await one.embed(['sister dog']))[0])
        sizes.append(resident_mb())
        await one.close()
    return max(sizes)

async def run():
    before = resident_mb()
    await rounds(10)
    level, size = held(), resident_mb()
    most = await rounds(50)
    # A thread that was joined is gone from the kernel's list only a moment later.
    deadline = time.monotonic() + 5
    while held() > level:
        assert time.monotonic() < deadline, (level, held())
        time.sleep(0.01)
    print(size - before, most - before, resident_mb() - size)

asyncio.run(run())
"""
WIDTH = 256
TOKENS = 40_000
MODEL_MB = 4 * WIDTH * TOKENS / 2**20


def large() -> np.ndarray:
    """A matrix whose 39 MB are seen in the memory of a process, whether they stay or go."""
    return np.random.default_rng(1).random((TOKENS, WIDTH), np.float32)


@pytest.mark.skipif(not os.path.isdir('/proc/self/task'), reason='no /proc here')
@pytest.mark.parametrize('kind', ['local', 'static', 'onnx', 'minilm'])
def test_b06_fifty_rounds_of_an_embedder_return_memory_threads_and_files(
    kind: str, tmp_path: Path
) -> None:
    path = ''
    if kind == 'static':
        pytest.importorskip('safetensors', reason='pip install safetensors')
        pytest.importorskip('tokenizers', reason='pip install tokenizers')
        path = str(static(tmp_path, {'embeddings': large()}))
    elif kind == 'onnx':
        for package in ('tokenizers', 'onnxruntime', 'onnx'):
            pytest.importorskip(package, reason=f'pip install {package}')
        tokenizer(tmp_path)
        path = str(network(tmp_path / 'model.onnx', matrix=large()).parent)
    elif kind == 'minilm':
        from prot_ros.engines.embedders import minilm
        from prot_ros.engines.kinds import EngineError

        try:
            minilm.folder()
        except EngineError as err:
            pytest.skip(str(err))
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-c', ROUNDS, kind, path],
        # numpy's own threads are not what is counted here.
        env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, '')
    after_ten, most, growth = map(float, done.stdout.split())
    print(f'{kind}: {after_ten:.1f} MB after ten rounds, {growth:+.1f} MB after fifty more')
    if kind != 'local':
        assert most > 0.9 * MODEL_MB, 'it was never seen in memory, so its going cannot be either'
    assert growth < 0.5 * MODEL_MB
