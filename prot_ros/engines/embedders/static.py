# SPDX-License-Identifier: Apache-2.0
"""Static models: a vector for each token, and a text is the mean of its tokens' vectors.

Taken from a folder, as Model2Vec and sentence-transformers write it, or as one file with its
tokenizer beside it. It takes about as long as hashing n-grams, and there are such models for
over a hundred languages. Nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prot_ros.engines.embedders.http import MOST_DIMENSIONS
from prot_ros.engines.embedders.model_files import TOKENIZER, library, sha256, tokenizer
from prot_ros.engines.embedders.shared_model import Floats, SharedModelEmbedder
from prot_ros.engines.kinds import EngineError

FILES = ('model.safetensors', 'embeddings.npy', 'model.npy')
"""In a folder, the first that is there."""
MATRICES = ('embeddings', 'embedding.weight')
"""As Model2Vec and sentence-transformers call the matrix; a file with but one needs no name."""
_ROWS, _WEIGHTS = 'mapping', 'weights'
"""What newer models of Model2Vec have beside it: each token's row, and how much it counts."""
MOST_TOKENS = 512
_DIGITS = 8
"""Of the digest, in the name."""

Array = NDArray[Any]


class StaticEmbedder(SharedModelEmbedder):
    """Implements `Embedder`."""

    def __init__(self, path: str) -> None:
        """Take a folder or a file; raise EngineError for ''."""
        if not path:
            raise EngineError(
                'embedding.model is empty, expected the path of a static model: a folder with '
                f'{FILES[0]} and {TOKENIZER}'
            )
        self._path = Path(path).expanduser().resolve()
        super().__init__('static', f'static {self._path}')

    def _load(self) -> StaticModel:
        return StaticModel(self._path)


class StaticModel:
    """The matrix, loaded."""

    def __init__(self, path: Path) -> None:
        file = matrix_file(path)
        words = file.parent / TOKENIZER
        self._tokenizer: Any = tokenizer(words, MOST_TOKENS)
        tensors = _npy(file) if file.suffix == '.npy' else _safetensors(file)
        self._matrix = _matrix(file, tensors)
        self.dimensions = int(self._matrix.shape[1])
        tokens = self._tokenizer.get_vocab_size()
        self._rows = _per_token(file, tensors, _ROWS, tokens)
        self._weights = _per_token(file, tensors, _WEIGHTS, tokens)
        last = tokens - 1 if self._rows is None else int(self._rows.max(initial=0))
        if last >= len(self._matrix) or (self._rows is not None and self._rows.min(initial=0) < 0):
            raise EngineError(
                f'{file} has {len(self._matrix)} vectors, too few for the {tokens} tokens of '
                f'{words}'
            )
        self._unknown = _unknown(self._tokenizer, words)
        # Another model by the same path has a space of its own.
        self.name = f'static:{file.parent.name}@{sha256([file, words])[:_DIGITS]}'

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return (texts, dimensions); zeros where no token is known."""
        out = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(out, texts, strict=True):
            ids = self._tokenizer.encode(text, add_special_tokens=False).ids
            known = [number for number in ids if number != self._unknown]
            if known:
                at = known if self._rows is None else self._rows[known]
                found = self._matrix[at].astype(np.float32)
                if self._weights is not None:
                    found *= self._weights[known].astype(np.float32)[:, None]
                row[:] = found.mean(axis=0)
        return out


def matrix_file(path: Path) -> Path:
    """Return the file of the matrix; raise EngineError where there is none."""
    if path.is_dir():
        for name in FILES:
            if (path / name).is_file():
                return path / name
        raise EngineError(f'{path} has no static model, expected {", ".join(FILES)} in it')
    if not path.is_file():
        raise EngineError(f'embedding.model is {str(path)!r}, which is not there')
    if path.suffix not in ('.npy', '.safetensors'):
        raise EngineError(f'{path} is no static model, expected a .npy or .safetensors file')
    return path


def _npy(file: Path) -> dict[str, Array]:
    try:
        found = np.load(file, allow_pickle=False)
        if not isinstance(found, np.ndarray):
            raise ValueError('several arrays in one file')
    except (OSError, ValueError, EOFError) as err:
        raise EngineError(f'{file} is no .npy file with one matrix: {err}') from err
    return {MATRICES[0]: found}


def _safetensors(file: Path) -> dict[str, Array]:
    numbers = library('safetensors', 'a static model')
    try:
        with numbers.safe_open(file, 'np') as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (OSError, ValueError, TypeError, AttributeError, numbers.SafetensorError) as err:
        raise EngineError(
            f'{file} is no .safetensors file with float32, float16 or int8 tensors: {err}'
        ) from err


def _matrix(file: Path, tensors: Mapping[str, Array]) -> Array:
    """Return the matrix of shape (tokens, dimensions), as it is stored."""
    named = [tensors[name] for name in MATRICES if name in tensors]
    found = named or [each for each in tensors.values() if each.ndim == 2]
    if len(found) != 1:
        raise EngineError(f'{file} has the tensors {sorted(tensors)}, expected {MATRICES[0]!r}')
    matrix = found[0]
    if matrix.ndim != 2 or not len(matrix) or not 1 <= matrix.shape[1] <= MOST_DIMENSIONS:
        raise EngineError(
            f'{file} has a matrix of shape {matrix.shape}, expected (tokens, dimensions) with at '
            f'most {MOST_DIMENSIONS} dimensions'
        )
    if matrix.dtype.kind not in 'fi':
        raise EngineError(f'{file} has a matrix of {matrix.dtype}, expected numbers')
    return matrix


def _per_token(file: Path, tensors: Mapping[str, Array], name: str, tokens: int) -> Array | None:
    """Return the tensor of one number for each token, where there is one."""
    found = tensors.get(name)
    if found is not None and (found.ndim != 1 or len(found) < tokens):
        raise EngineError(f'{file}: {name} is of shape {found.shape}, expected ({tokens},)')
    if found is not None and name == _ROWS and found.dtype.kind not in 'iu':
        raise EngineError(f'{file}: {name} is of {found.dtype}, expected whole numbers')
    return found


def _unknown(tokenizer: Any, words: Path) -> int | None:
    """Return the number of the token that stands for what is not known, where there is one."""
    word = getattr(tokenizer.model, 'unk_token', None)
    if word:
        found: int | None = tokenizer.token_to_id(word)
        return found
    # The library does not tell what a unigram model has.
    number = json.loads(words.read_bytes())['model'].get('unk_id')
    return number if isinstance(number, int) else None
