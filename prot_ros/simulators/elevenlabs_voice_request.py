# SPDX-License-Identifier: Apache-2.0
"""What a client asks of the simulated ElevenLabs voice as it connects, and what is kept of it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from prot_ros.simulators.behaviour import Exchange, Plan, exchanges
from prot_ros.simulators.elevenlabs_speech import (
    SOCKET_RATES,
    RefusedError,
    Speech,
    check_model,
    check_voice,
    rate_of,
)

_PATH = re.compile(r'/v1/text-to-speech/([^/]+)/(multi-stream-input|stream-input)')
KEPT = 1_000


@dataclass
class Ear:
    """What the sessions share: how to behave, how to speak, and what they heard."""

    plan: Plan
    speech: Speech
    snake: bool = False
    """Spell `is_final` and `context_id` instead of `isFinal` and `contextId`."""
    messages: deque[Mapping[str, object]] = field(default_factory=lambda: deque(maxlen=KEPT))
    """What clients sent, the latest of it."""
    exchanges: deque[Exchange] = field(default_factory=exchanges)
    """Of texts and their sound, over the sockets."""
    most_contexts: int = 0
    """At the same time on one socket."""

    def note(self, message: Mapping[str, object]) -> None:
        """Keep a message for who wants to know."""
        self.messages.append(message)


@dataclass(frozen=True)
class SocketRequest:
    """The URL of a socket, taken apart."""

    voice: str
    multi: bool
    query: Mapping[str, str]

    @staticmethod
    def read(target: str) -> SocketRequest:
        """Read a path with its query; raise RefusedError (404) for a socket that is not there."""
        parts = urlsplit(target)
        found = _PATH.fullmatch(parts.path)
        if found is None:
            raise RefusedError('not_found', f'there is no {parts.path}', 404)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return SocketRequest(found[1], found[2] == 'multi-stream-input', query)

    def check(self) -> None:
        """Raise RefusedError for what the service tells only once the socket is open."""
        check_voice(self.voice)
        check_model(self.query.get('model_id', ''), self.query.get('language_code'), socket=True)
        _ = self.rate
        if not 1 <= self.inactivity_s <= 180:
            raise RefusedError('invalid_inactivity_timeout', 'inactivity_timeout is 1 to 180')

    @property
    def rate(self) -> int:
        """Hz."""
        return rate_of(self.query.get('output_format', 'mp3_44100_128'), SOCKET_RATES)

    @property
    def inactivity_s(self) -> int:
        """How long a context may wait for text."""
        given = self.query.get('inactivity_timeout', '20')
        return int(given) if given.isascii() and given.isdigit() else 0

    @property
    def auto_mode(self) -> bool:
        """Whether each text is said at once."""
        return self.query.get('auto_mode') == 'true'

    @property
    def sync_alignment(self) -> bool:
        """Whether the times of characters are wanted."""
        return self.query.get('sync_alignment') == 'true'
