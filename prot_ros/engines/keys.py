# SPDX-License-Identifier: Apache-2.0
"""The keys of the online services. They come from the environment and go to their service only.

Never into a parameter, which every node on the network can read, nor into a log or an exception.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

ELEVENLABS = 'ELEVENLABS_API_KEY'
ANTHROPIC = 'ANTHROPIC_API_KEY'
VOYAGE = 'VOYAGE_API_KEY'
OPENAI = 'OPENAI_API_KEY'

VARIABLES = {
    ELEVENLABS: "ElevenLabs' ears and voice; without it the offline ones are taken",
    ANTHROPIC: 'Claude, the language model; without it the offline one is taken',
    VOYAGE: "Voyage's embeddings for the memory; without it they are made here",
    OPENAI: 'embeddings of OpenAI, or of a server that speaks its protocol',
}
"""What each is for."""


def key(variable: str, environment: Mapping[str, str] | None = None) -> str:
    """Return a key without surrounding white space, '' where it is not set."""
    return (os.environ if environment is None else environment).get(variable, '').strip()
