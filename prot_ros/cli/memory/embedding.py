# SPDX-License-Identifier: Apache-2.0
"""The vector of what is looked for, made as the dialog would make it where nothing else is set."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncpg import Connection

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines.embedders.http import IN_FLIGHT
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.selection_embedder import embedder
from prot_ros.memory.retrieval import vector_indexes
from prot_ros.memory.retrieval.vector_indexes import Space

NOWHERE = Space(0, 0)

_SPACE = 'SELECT id FROM space WHERE name = $1'


@dataclass(frozen=True)
class Settings:
    """Implements `EmbedderSettings` with the defaults of the dialog's parameters."""

    embedding_engine: str
    embedding_model: str = ''
    embedding_base_url: str = ''
    embedding_dimensions: int = 0
    embedding_in_flight: int = IN_FLIGHT
    limits: Limits = field(default_factory=Limits)
    circuit: CircuitLimits = field(default_factory=CircuitLimits)


@dataclass(frozen=True)
class Embedding:
    """A vector, and of which space."""

    name: str
    """Of the space."""
    vector: list[float]
    """All zeros where there is none."""
    lack: str
    """Why there is none, in a sentence; '' where there is one."""

    @classmethod
    async def of(cls, text: str, engine: str) -> Embedding:
        """Return the vector of a text; raise EngineError for one that cannot be asked."""
        choice = await embedder(Settings(engine), logging.getLogger(__name__))
        name = f'{choice.engine.name}/{choice.engine.dimensions}'
        try:
            return cls(name, (await choice.engine.embed([text]))[0], '')
        except EngineError as err:
            return cls(name, [0.0] * choice.engine.dimensions, f'{name} makes no vectors: {err}')
        finally:
            await choice.engine.close()

    async def space(self, connection: Connection, scopes: Sequence[int]) -> tuple[Space, str]:
        """Return the space, and why nothing is compared in it; '' where it is."""
        number = await connection.fetchval(_SPACE, self.name)
        if number is None:
            return NOWHERE, self.lack or f'there are no vectors of {self.name} in this memory'
        of = Space(number, len(self.vector))
        return await vector_indexes.look(connection, scopes, of), self.lack
