# SPDX-License-Identifier: Apache-2.0
"""Embeddings by OpenAI and by every server that speaks its protocol: Ollama, vLLM, llama.cpp."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from prot_ros.core.survival import Limits
from prot_ros.engines import keys
from prot_ros.engines.embedders.http import IN_FLIGHT, HttpEmbedder
from prot_ros.engines.kinds import EngineError

BASE_URL = 'https://api.openai.com/v1'
MODEL = 'text-embedding-3-small'
USUAL_DIMENSIONS = {
    'text-embedding-3-small': 1536,
    'text-embedding-3-large': 3072,
    'text-embedding-ada-002': 1536,
}
_SHORTENED = 'text-embedding-3'
"""Beginning of the models that give as many dimensions as they are asked for."""


class OpenAiEmbedder(HttpEmbedder):
    """Implements `Embedder`."""

    service = 'OpenAI'
    variable = keys.OPENAI

    def __init__(
        self,
        key: str,
        model: str = '',
        dimensions: int = 0,
        base_url: str = '',
        *,
        limits: Limits = Limits(),
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """'' and 0 stand for what is usual; raise EngineError where nothing is."""
        model = model or MODEL
        self._usual = USUAL_DIMENSIONS.get(model, 0)
        if not dimensions and not self._usual:
            raise EngineError(
                f'it is not known how many dimensions the model {model!r} gives: set '
                'embedding.dimensions'
            )
        name = f'openai:{model}'
        if base_url and base_url.rstrip('/') != BASE_URL:
            # What another server calls by the same name may be another model.
            self.service = urlsplit(base_url).netloc or base_url
            self.keyless = True
            name = f'openai@{self.service}:{model}'
        super().__init__(
            name,
            key,
            model,
            dimensions or self._usual,
            base_url or BASE_URL,
            limits=limits,
            in_flight=in_flight,
        )

    def _body(self, texts: list[str]) -> dict[str, Any]:
        # Not base64, which the library of the service asks for: compatible servers may refuse it.
        body: dict[str, Any] = {'input': texts, 'model': self.model, 'encoding_format': 'float'}
        if self.model.startswith(_SHORTENED) and self.dimensions != self._usual:
            body['dimensions'] = self.dimensions  # others reject the field itself
        return body

    def _said(self, answer: dict[str, Any]) -> str:
        error = answer.get('error')
        return str(error.get('message') or '') if isinstance(error, dict) else str(error or '')
