# SPDX-License-Identifier: Apache-2.0
"""What can be set of the node dialog: its engine and memory, and how it talks."""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.core.context import history_tokens
from prot_ros.core.interruption import Policy
from prot_ros.core.language_models import traits
from prot_ros.engines import selection_online
from prot_ros.engines.claude.request import DEFAULT_MODEL, EFFORTS, KEY_HEADERS, THINKING
from prot_ros.online_params import EmbeddingParams, ExtractionParams, OnlineParams
from prot_ros.params import param


@dataclass(frozen=True)
class Params(OnlineParams, EmbeddingParams, ExtractionParams):
    """Parameters of the node dialog."""

    engine: str = param(
        'auto',
        'What makes replies; auto takes the best one that can work here',
        one_of=('auto', *selection_online.RESPONDERS),
    )
    database: str = param(
        'auto',
        'Where turns are kept; auto takes PROT_DATABASE_URL where it is set, else embedded',
        one_of=('auto', 'embedded', 'url', 'none'),
    )
    data_folder: str = param('', "embedded: its folder, empty for the user's data folder")
    person: str = param('someone', 'Whose memories these are')
    robot: str = param(
        '', 'Whose the memories are among several robots on one database; each has its own'
    )
    shared: bool = param(
        False, 'Whether everyone who talks with this robot may hear what this person has told it'
    )
    language: str = param('en', 'ISO 639-1 code of what is spoken where the script does not tell')
    persona: str = param(
        'auto',
        'Who the robot is, as the language model is told: the name of a file in config/personas, '
        'the path of another text file, or auto for that of the language',
    )
    model: str = param(DEFAULT_MODEL, "claude: the language model's name at its service")
    max_tokens: int = param(
        1024, 'claude: most tokens of a reply, thinking included', ge=16, le=64_000
    )
    effort: str = param(
        'auto', "claude: auto is the model's least, none leaves it to the service", one_of=EFFORTS
    )
    thinking: str = param(
        'auto', "claude: auto is the model's least, none leaves it to the service", one_of=THINKING
    )
    base_url: str = param('', "claude: a compatible server, empty for Anthropic's")
    key_header: str = param(
        'authorization', 'claude: the header in which the key is sent', one_of=KEY_HEADERS
    )
    tools: bool = param(
        True, 'claude: whether it may search the memory by itself; not every server knows tools'
    )
    context_tokens: int = param(
        0,
        'Tokens that the language model takes in one request; 0 is what is known of the model',
        ge=0,
        le=2_000_000,
    )
    policy: str = param(
        Policy.INTERRUPTIBLE, 'How replies yield to somebody who speaks', one_of=Policy.ALL
    )
    memory_budget_ms: int = param(
        80, 'A reply waits no longer than this for memories', unit='ms', ge=0, le=2000
    )
    retention_days: int = param(
        0,
        'What was said longer ago is forgotten; 0 keeps it for ever',
        unit='days',
        ge=0,
        le=36_500,
    )
    memory_tokens: int = param(
        1_000,
        'Memories take no more than this of what a reply is made from',
        unit='tokens',
        ge=50,
        le=20_000,
    )
    commit_deadline_s: float = param(
        2.0, 'A turn is answered uncommitted after this', unit='s', ge=0.1, le=30.0
    )
    piece_deadline_s: float = param(
        15.0,
        'The language model has failed when it is silent this long',
        unit='s',
        ge=1.0,
        le=60.0,
    )
    stall_s: float = param(
        15.0, 'The voice has failed when nothing is heard this long', unit='s', ge=2.0, le=60.0
    )
    history: int = param(
        200, 'Most messages of the conversation that the language model is shown', ge=0, le=400
    )

    def history_tokens(self, persona: str) -> int:
        """Return how many tokens the history may have."""
        takes = self.context_tokens or traits(self.model).context_tokens
        return history_tokens(takes, self.max_tokens, persona)
