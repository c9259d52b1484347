# SPDX-License-Identifier: Apache-2.0
"""Embeddings by Voyage."""

from __future__ import annotations

from typing import Any

from prot_ros.core.survival import Limits
from prot_ros.engines import keys
from prot_ros.engines.embedders.http import IN_FLIGHT, HttpEmbedder
from prot_ros.engines.kinds import EngineError

BASE_URL = 'https://api.voyageai.com/v1'
ATLAS_URL = 'https://ai.mongodb.com/v1'
"""Where keys of MongoDB Atlas, which begin with `al-`, are good."""
MODEL = 'voyage-4-lite'
DIMENSIONS = (256, 512, 1024, 2048)
USUAL_DIMENSIONS = 1024


class VoyageEmbedder(HttpEmbedder):
    """Implements `Embedder`."""

    service = 'Voyage'
    variable = keys.VOYAGE

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
        """'' and 0 stand for what is usual; raise EngineError for dimensions there are not."""
        model = model or MODEL
        dimensions = dimensions or USUAL_DIMENSIONS
        if dimensions not in DIMENSIONS:
            raise EngineError(
                f'embedding.dimensions is {dimensions}, but Voyage gives {DIMENSIONS}'
            )
        url = base_url or (ATLAS_URL if key.startswith('al-') else BASE_URL)
        # All models of the fourth series share one space.
        series = 'voyage-4' if model.startswith('voyage-4') else model
        super().__init__(
            f'voyage:{series}', key, model, dimensions, url, limits=limits, in_flight=in_flight
        )

    def _body(self, texts: list[str]) -> dict[str, Any]:
        return {
            'input': texts,
            'model': self.model,
            'truncation': True,
            'output_dimension': self.dimensions,
        }

    def _said(self, answer: dict[str, Any]) -> str:
        return str(answer.get('detail') or '')
