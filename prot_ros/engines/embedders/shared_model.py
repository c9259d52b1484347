# SPDX-License-Identifier: Apache-2.0
"""Embeddings by a model in this process: loaded once, used by all who open it, in one thread.

A model is in memory once per process, or not at all: the first who opens it has it loaded, and the
last who closes it lets it go. A thread of its own does the work, in small pieces one after the
other, so that a memory that is filled anew does not keep the turn that is answered waiting.
"""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.own_thread import OwnThread

Floats = NDArray[np.float32]

MOST_TEXT = 2_000
"""Characters of a text that are read."""
PIECE_TEXTS = 4
PIECE_CHARACTERS = 400
"""Of the texts that are embedded in one go; who comes next waits for no more than that."""
LET_GO_S = 5.0
"""How long closing waits for what is being embedded, and loading for what is being let go."""


class Model(Protocol):
    """What is loaded."""

    name: str
    """Of the space in which its vectors may be compared."""
    dimensions: int

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return a vector of any length for each text, of shape (texts, dimensions). It blocks."""
        ...


class _Resident:
    """A model that is loaded or about to be, and the thread that works with it."""

    def __init__(self, key: str, place: threading.Lock) -> None:
        self.key = key
        self.users = 0
        self.thread = OwnThread(f'embed {key}')
        self._place = place
        self._model: Model | None = None

    def model(self, load: Callable[[], Model]) -> Model:
        """Return it, loaded if need be; for the thread."""
        if self._model is None:
            # Taken from loading to letting go, so that there are never two of them.
            if not self._place.acquire(timeout=LET_GO_S):
                raise EngineError(
                    f'{self.key} is still being let go after {LET_GO_S:g} s', retryable=True
                )
            try:
                self._model = load()
            except BaseException:
                self._place.release()
                raise
        return self._model

    def let_go(self) -> None:
        """Free it; for the thread."""
        if self._model is not None:
            self._model = None
            self._place.release()


_guard = threading.Lock()
_residents: dict[str, _Resident] = {}
_places: dict[str, threading.Lock] = {}


def residents() -> dict[str, int]:
    """Return which models this process has, and how many have each of them open."""
    with _guard:
        return {key: resident.users for key, resident in _residents.items()}


def _entered(key: str) -> _Resident:
    with _guard:
        resident = _residents.get(key)
        if resident is None:
            resident = _Resident(key, _places.setdefault(key, threading.Lock()))
            _residents[key] = resident
        resident.users += 1
        return resident


async def _left(resident: _Resident) -> None:
    with _guard:
        resident.users -= 1
        if resident.users:
            return
        del _residents[resident.key]
    await resident.thread.end(LET_GO_S, resident.let_go)


class SharedModelEmbedder(abc.ABC):
    """Implements `Embedder`, but for what is loaded from where."""

    def __init__(self, kind: str, key: str) -> None:
        """Embedders of one `key` share one model. `kind` is its name as long as it is closed."""
        self.name = kind
        self.dimensions = 0
        """Known once it is open."""
        self._kind = kind
        self._key = key
        self._resident: _Resident | None = None
        self._model: Model | None = None

    @abc.abstractmethod
    def _load(self) -> Model:
        """Read the model; raise EngineError where it is not what it should be. It blocks."""

    async def open(self) -> None:
        """Load the model, unless somebody in this process has it already."""
        if self._resident is not None:
            return
        resident = _entered(self._key)
        try:
            model = await resident.thread.run(partial(resident.model, self._load))
        except BaseException:
            await _left(resident)
            raise
        self._resident, self._model = resident, model
        self.name, self.dimensions = model.name, model.dimensions

    async def close(self) -> None:
        resident, self._resident, self._model = self._resident, None, None
        if resident is not None:
            await _left(resident)

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return unit vectors; zeros for a text without letters and digits."""
        vectors: list[list[float]] = []
        for piece in _pieces(texts):
            if self._resident is None or self._model is None:
                raise EngineError(f'{self._kind} is not open')
            vectors += await self._resident.thread.run(partial(_unit, self._model, piece))
        return vectors


def _pieces(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts in order, cut to what is read of them, a few at a time."""
    piece: list[str] = []
    for text in texts:
        # What is no character, such as half of a pair, is refused by tokenizers.
        read = text[:MOST_TEXT].encode('utf-8', 'replace').decode('utf-8')
        characters = sum(map(len, piece)) + len(read)
        if piece and (len(piece) == PIECE_TEXTS or characters > PIECE_CHARACTERS):
            yield piece
            piece = []
        piece.append(read)
    if piece:
        yield piece


def _unit(model: Model, texts: Sequence[str]) -> list[list[float]]:
    """Embed what has words, and bring it to unit length."""
    said = [at for at, text in enumerate(texts) if any(map(str.isalnum, text))]
    out = np.zeros((len(texts), model.dimensions))
    if said:
        found = np.asarray(model.vectors([texts[at] for at in said]), np.float64)
        if found.shape != (len(said), model.dimensions) or not np.isfinite(found).all():
            raise EngineError(
                f'{model.name} made no vectors of {model.dimensions} finite numbers: its files '
                'are broken'
            )
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        out[said] = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    vectors: list[list[float]] = out.tolist()
    return vectors
