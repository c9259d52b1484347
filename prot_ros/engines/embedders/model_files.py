# SPDX-License-Identifier: Apache-2.0
"""The files of a model, read with complaints that say what is wrong with which of them."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prot_ros.engines.kinds import EngineError

TOKENIZER = 'tokenizer.json'
_BLOCK = 1 << 20


def library(name: str, purpose: str) -> Any:
    """Import an optional package; raise EngineError with the command that installs it."""
    try:
        return importlib.import_module(name)
    except ImportError as err:
        raise EngineError(
            f'{purpose} needs the Python package {name}: pip install {name} ({err})'
        ) from err


def sha256(paths: Iterable[Path]) -> str:
    """Return the digest of the files one after the other, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open('rb') as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as err:
            raise EngineError(f'{path} cannot be read: {err.strerror}') from err
    return digest.hexdigest()


def tokenizer(path: Path, most_tokens: int) -> Any:
    """Return the `tokenizers.Tokenizer` of a file, which cuts and does not pad."""
    tokenizers = library('tokenizers', 'embedding with a model')
    if not path.is_file():
        raise EngineError(f"there is no {path}, expected the model's {TOKENIZER}")
    try:
        made = tokenizers.Tokenizer.from_file(str(path))
    except Exception as err:  # the library raises nothing more particular
        raise EngineError(f'{path} is no {TOKENIZER} of the library tokenizers: {err}') from err
    made.no_padding()
    made.enable_truncation(most_tokens)
    return made
