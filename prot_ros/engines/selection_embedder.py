# SPDX-License-Identifier: Apache-2.0
"""Which engine makes vectors of what is remembered."""

from __future__ import annotations

from typing import Protocol

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines import keys
from prot_ros.engines.embedders.local import LocalEmbedder
from prot_ros.engines.failover.embedder import FailoverEmbedder
from prot_ros.engines.kinds import Embedder, Log
from prot_ros.engines.selection import AS_ASKED, Choice

MODELS = ('minilm', 'static', 'onnx')
"""That run in this process and want more than the default does."""
EMBEDDERS = ('voyage', 'openai', 'local', *MODELS)
_VARIABLES = {'voyage': keys.VOYAGE, 'openai': keys.OPENAI}


class EmbedderSettings(Protocol):
    """What choosing an embedder depends on."""

    @property
    def embedding_engine(self) -> str: ...

    @property
    def embedding_model(self) -> str: ...

    @property
    def embedding_base_url(self) -> str: ...

    @property
    def embedding_dimensions(self) -> int: ...

    @property
    def embedding_in_flight(self) -> int: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def circuit(self) -> CircuitLimits: ...


async def embedder(settings: EmbedderSettings, log: Log | None = None) -> Choice[Embedder]:
    """Choose an embedder; it is returned open, an online one also while its service is away.

    `auto` takes the first whose key is set, else the local one. Raises EngineError for what cannot
    be asked for, and for a model that is not here.
    """
    name, why = settings.embedding_engine, AS_ASKED
    if name == 'auto':
        found = [each for each, variable in _VARIABLES.items() if keys.key(variable)]
        name = found[0] if found else 'local'
        missing = ' or '.join(_VARIABLES.values())
        why = f'{_VARIABLES[name]} is set' if found else f'{missing} would have to be set'
    if name == 'local':
        return Choice(LocalEmbedder(), why)
    if name in MODELS:
        found_here = model(name, settings.embedding_model)
        await found_here.open()
        return Choice(found_here, why)
    engine = FailoverEmbedder(service(name, settings), settings.limits, settings.circuit, log=log)
    await engine.open()
    return Choice(engine, why)


def model(name: str, path: str) -> Embedder:
    """Return one of `MODELS`, closed; raise EngineError where a path is wanted and there is none.

    The packages that it needs are imported when it is opened.
    """
    from prot_ros.engines.embedders.minilm import MiniLmEmbedder
    from prot_ros.engines.embedders.onnx import OnnxEmbedder
    from prot_ros.engines.embedders.static import StaticEmbedder

    if name == 'minilm':
        return MiniLmEmbedder()
    return (StaticEmbedder if name == 'static' else OnnxEmbedder)(path)


def service(name: str, settings: EmbedderSettings) -> Embedder:
    """Return the embedder of a service, closed and on its own; raise EngineError for bad settings.

    The model, dimensions and URL that are set belong to the engine that is asked for.
    """
    from prot_ros.engines.embedders.openai import OpenAiEmbedder
    from prot_ros.engines.embedders.voyage import VoyageEmbedder

    return (VoyageEmbedder if name == 'voyage' else OpenAiEmbedder)(
        keys.key(_VARIABLES[name]),
        settings.embedding_model,
        settings.embedding_dimensions,
        settings.embedding_base_url,
        limits=settings.limits,
        in_flight=settings.embedding_in_flight,
    )
