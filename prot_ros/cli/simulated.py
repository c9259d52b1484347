# SPDX-License-Identifier: Apache-2.0
"""The online services, simulated on this machine, and what points the nodes at them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

from prot_ros.cli.failure import CommandError
from prot_ros.engines import keys
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Plan
from prot_ros.simulators.claude import ClaudeSimulator
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.embeddings import EmbeddingsSimulator
from prot_ros.simulators.scribe import ScribeSimulator

KEY = 'simulated'
"""They take every key; this one cannot be mistaken for one that is worth anything."""
SERVICES = ('ears', 'voice', 'mind', 'embeddings')


class SimulatedServices:
    """All of them while it is entered, at ports from `port` on; 0 takes free ones."""

    def __init__(self, port: int = 0, behaviours: dict[str, Behaviour] | None = None) -> None:
        """`behaviours` are those of the services by name, one of SERVICES."""
        plans = {name: Plan(rule) for name, rule in (behaviours or {}).items()}
        ports = [port + number if port else 0 for number in range(5)]
        self.ears = ScribeSimulator(plans.get('ears'), ports[0])
        self.voice = ElevenLabsVoiceSimulator(plans.get('voice'), ports[1], ports[2])
        self.mind = ClaudeSimulator(plans.get('mind'), ports[3])
        self.embeddings = EmbeddingsSimulator(plans.get('embeddings'), ports[4], key='')
        self._held = AsyncExitStack()

    async def __aenter__(self) -> SimulatedServices:
        async with AsyncExitStack() as held:
            try:
                for service in (self.ears, self.voice, self.mind, self.embeddings):
                    await held.enter_async_context(service)
            except OSError as err:
                raise CommandError(f'a port is not to be had: {err.strerror or err}') from err
            except EngineError as err:
                raise CommandError(str(err)) from err
            self._held = held.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._held.aclose()

    @property
    def environment(self) -> dict[str, str]:
        """The keys, as the nodes' processes find them."""
        return dict.fromkeys((keys.ELEVENLABS, keys.ANTHROPIC, keys.VOYAGE), KEY)

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Node to parameter to value: where the services are."""
        return {
            'stt': {'elevenlabs.url': self.ears.url},
            'tts': {'elevenlabs.url': self.voice.url},
            'dialog': {
                'base_url': self.mind.url,
                'embedding.engine': 'voyage',
                'embedding.base_url': self.embeddings.url,
            },
        }

    @property
    def asked(self) -> dict[str, int]:
        """How often each service was asked for something, as far back as it remembers."""
        return {
            'ears': len(self.ears.sessions),
            'voice': len(self.voice.ear.messages),
            'mind': len(self.mind.requests),
            'embeddings': len(self.embeddings.requests),
        }
