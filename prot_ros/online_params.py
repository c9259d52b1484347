# SPDX-License-Identifier: Apache-2.0
"""Parameters of each node that has an online engine: how long it is waited for, and what then."""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines.embedders.http import IN_FLIGHT, MOST_DIMENSIONS
from prot_ros.engines.selection_embedder import EMBEDDERS
from prot_ros.engines.selection_extractor import EXTRACTORS
from prot_ros.params import param


@dataclass(frozen=True)
class OnlineParams:
    """What a node's own parameters inherit. Defaults are those of `Limits` and `CircuitLimits`."""

    online_stand_in: bool = param(
        True,
        'Whether the offline engine takes over while the online one fails',
        name='online.stand_in',
    )
    online_connect_s: float = param(
        Limits.connect_s,
        'An online engine that is not connected after this has failed',
        unit='s',
        ge=0.1,
        le=30.0,
        name='online.connect_s',
    )
    online_first_response_s: float = param(
        Limits.first_response_s,
        'An online engine that has not begun to answer after this has failed',
        unit='s',
        ge=0.1,
        le=60.0,
        name='online.first_response_s',
    )
    online_stall_s: float = param(
        Limits.stall_s,
        'An online engine that is silent this long within an answer has failed',
        unit='s',
        ge=0.1,
        le=60.0,
        name='online.stall_s',
    )
    online_retries: int = param(
        Limits.retries,
        'Further tries of a request to an online engine, while there is time for them',
        ge=0,
        le=5,
        name='online.retries',
    )
    online_failures: int = param(
        CircuitLimits.failures,
        'Failed requests in a row after which an online engine is left alone',
        ge=1,
        le=20,
        name='online.failures',
    )
    online_rest_s: float = param(
        CircuitLimits.rest_s,
        'How long it is left alone at first; each try that fails doubles it, up to two minutes',
        unit='s',
        ge=0.1,
        le=120.0,
        name='online.rest_s',
    )

    @property
    def limits(self) -> Limits:
        """What the online engine may take."""
        return Limits(
            self.online_connect_s,
            self.online_first_response_s,
            self.online_stall_s,
            self.online_retries,
        )

    @property
    def circuit(self) -> CircuitLimits:
        """When it is left alone."""
        return CircuitLimits(failures=self.online_failures, rest_s=self.online_rest_s)


@dataclass(frozen=True)
class ExtractionParams:
    """What the parameters of a node inherit that has facts read out of what was said."""

    extraction_engine: str = param(
        'auto',
        'What reads facts out of what was said; auto takes claude where its key is set and the '
        'parameter engine lets the robot talk through it, else the offline rules',
        one_of=('auto', *EXTRACTORS),
        name='extraction.engine',
    )


@dataclass(frozen=True)
class EmbeddingParams:
    """What the parameters of a node inherit that has vectors made."""

    embedding_engine: str = param(
        'auto',
        'What makes vectors of what is remembered; auto takes an online engine whose key is set, '
        'else local. minilm, static and onnx are models in this process (docs/embedders.md). Each '
        'has vectors of its own, made in the background',
        one_of=('auto', *EMBEDDERS),
        name='embedding.engine',
    )
    embedding_model: str = param(
        '',
        'voyage, openai: the model, empty for the usual one; static, onnx: the path of its folder '
        'or file',
        name='embedding.model',
    )
    embedding_base_url: str = param(
        '',
        "voyage, openai: another server that speaks the same protocol, such as Ollama's "
        'http://localhost:11434/v1 for openai',
        name='embedding.base_url',
    )
    embedding_dimensions: int = param(
        0,
        'voyage, openai: of each vector; 0 is what the model usually gives, where that is known',
        ge=0,
        le=MOST_DIMENSIONS,
        name='embedding.dimensions',
    )
    embedding_in_flight: int = param(
        IN_FLIGHT,
        'voyage, openai: most requests that are under way at once',
        ge=1,
        le=64,
        name='embedding.in_flight',
    )
