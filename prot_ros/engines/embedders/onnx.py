# SPDX-License-Identifier: Apache-2.0
"""Any sentence-transformer as an ONNX file, run by onnxruntime on one core.

Taken from a folder as it is published, with `model.onnx` (or `onnx/model.onnx`) and
`tokenizer.json`. Its pooling is that of `1_Pooling/config.json`, else the mean. Nothing is
downloaded. Models that want a prefix such as `query: ` do not get it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prot_ros.engines.embedders.http import MOST_DIMENSIONS
from prot_ros.engines.embedders.model_files import TOKENIZER, library, sha256, tokenizer
from prot_ros.engines.embedders.shared_model import Floats, SharedModelEmbedder
from prot_ros.engines.kinds import EngineError

FILES = ('model.onnx', 'onnx/model.onnx')
"""In a folder, the first that is there."""
POOLING = '1_Pooling/config.json'
INPUTS = ('input_ids', 'attention_mask', 'token_type_ids')
SENTENCE = 'sentence_embedding'
"""The output that is a text's vector already, where there is one."""
STATES = ('last_hidden_state', 'token_embeddings')
"""The output with a vector for each token, of which a text's is made."""
MOST_TOKENS = 256
_TYPES = {'tensor(int64)': np.int64, 'tensor(int32)': np.int32}
_DIGITS = 8
"""Of the digest, in the name."""


class OnnxEmbedder(SharedModelEmbedder):
    """Implements `Embedder`."""

    def __init__(self, path: str) -> None:
        """Take a folder or a file; raise EngineError for ''."""
        if not path:
            raise EngineError(
                'embedding.model is empty, expected the path of an ONNX model: a folder with '
                f'{FILES[0]} and {TOKENIZER}'
            )
        self._path = Path(path).expanduser().resolve()
        super().__init__('onnx', f'onnx {self._path}')

    def _load(self) -> OnnxModel:
        return OnnxModel(self._path)


class OnnxModel:
    """The network, loaded."""

    def __init__(self, path: Path) -> None:
        runtime = library('onnxruntime', 'onnx')
        file = model_file(path)
        folder = _folder(file)
        words = folder / TOKENIZER
        self._file = file
        self._tokenizer: Any = tokenizer(words, MOST_TOKENS)
        self._first = _takes_first(folder / POOLING)
        self._session = _session(runtime, file)
        self._inputs = self._wanted()
        self._output, self._pooled = self._given()
        self.dimensions = int(self._run('prot').shape[-1])
        if not 1 <= self.dimensions <= MOST_DIMENSIONS:
            raise EngineError(
                f'{file} gives {self.dimensions} dimensions, expected 1 to {MOST_DIMENSIONS}'
            )
        # Weights that are too large for the file lie beside it, under names that begin with its.
        weights = sorted(each for each in file.parent.iterdir() if each.name.startswith(file.name))
        # Another model by the same path has a space of its own.
        self.name = f'onnx:{folder.name}@{sha256([*weights, words])[:_DIGITS]}'

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return (texts, dimensions)."""
        return np.stack([self._run(text) for text in texts])

    def _run(self, text: str) -> Floats:
        """Return the vector of one text; alone, it needs no padding."""
        encoded = self._tokenizer.encode(text)
        if not encoded.ids:
            return np.zeros(getattr(self, 'dimensions', 0), np.float32)
        values = dict(
            zip(INPUTS, (encoded.ids, encoded.attention_mask, encoded.type_ids), strict=True)
        )
        fed = {name: np.array([values[name]], kind) for name, kind in self._inputs.items()}
        try:
            (found,) = self._session.run([self._output], fed)
        except Exception as err:  # the runtime names no base class of its own
            raise EngineError(f'{self._file} cannot be run: {_line(err)}') from err
        out: Floats = np.asarray(found, np.float32)
        shape = (1,) if self._pooled else (1, len(encoded.ids))
        if out.ndim != len(shape) + 1 or out.shape[:-1] != shape:
            raise EngineError(
                f'{self._file}: {self._output} is of shape {out.shape}, expected '
                f'{(*shape, "dimensions")}'
            )
        vector: Floats = out[0]
        if not self._pooled:
            vector = vector[0] if self._first else vector.mean(axis=0)
        return vector

    def _wanted(self) -> dict[str, Any]:
        """Return the inputs that the network wants, and the type of each."""
        wanted = {each.name: each.type for each in self._session.get_inputs()}
        for name, kind in wanted.items():
            if name not in INPUTS or kind not in _TYPES:
                raise EngineError(
                    f'{self._file} wants the input {name} of {kind}, expected no others than '
                    f'{", ".join(INPUTS)}, of int64'
                )
        return {name: _TYPES[kind] for name, kind in wanted.items()}

    def _given(self) -> tuple[str, bool]:
        """Return the output to take, and whether it is a text's vector already."""
        given = [each.name for each in self._session.get_outputs()]
        if SENTENCE in given:
            return SENTENCE, True
        for name in STATES:
            if name in given:
                return name, False
        raise EngineError(
            f'{self._file} gives {", ".join(given)}, expected {SENTENCE} or {STATES[0]}'
        )


def model_file(path: Path) -> Path:
    """Return the network's file; raise EngineError where there is none."""
    if path.is_dir():
        for name in FILES:
            if (path / name).is_file():
                return path / name
        raise EngineError(f'{path} has no ONNX model, expected {" or ".join(FILES)} in it')
    if not path.is_file():
        raise EngineError(f'embedding.model is {str(path)!r}, which is not there')
    return path


def _folder(file: Path) -> Path:
    """Return where the tokenizer is: beside the network, or one folder up."""
    beside, above = file.parent, file.parent.parent
    found = (above / TOKENIZER).is_file() and not (beside / TOKENIZER).is_file()
    return above if found else beside


def _takes_first(pooling: Path) -> bool:
    """Return whether a text's vector is that of its first token; False stands for the mean."""
    if not pooling.is_file():
        return False
    try:
        settings = json.loads(pooling.read_bytes())
        modes = {
            name.removeprefix('pooling_mode_')
            for name, value in settings.items()
            if name.startswith('pooling_mode_') and value is True
        }
    except (OSError, ValueError, AttributeError, RecursionError) as err:
        raise EngineError(f'{pooling} cannot be read: {err}') from err
    if modes not in ({'mean_tokens'}, {'cls_token'}):
        raise EngineError(
            f'{pooling} asks for {sorted(modes)}, expected mean_tokens or cls_token alone'
        )
    return modes == {'cls_token'}


def _session(runtime: Any, file: Path) -> Any:
    options = runtime.SessionOptions()
    # Threads that wait by spinning would take the cores that listening and speaking need.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Sentences differ in length, so what is kept from one of them seldom fits the next.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 4  # what goes wrong is raised as well
    try:
        return runtime.InferenceSession(str(file), options, providers=['CPUExecutionProvider'])
    except Exception as err:  # the runtime names no base class of its own
        raise EngineError(f'{file} is no ONNX model that can be run: {_line(err)}') from err


def _line(err: Exception) -> str:
    """Return the first line of what the runtime complains of."""
    return str(err).partition('\n')[0]
