# SPDX-License-Identifier: Apache-2.0
"""Makes ElevenLabs' voice by the name of one of its two ways."""

from __future__ import annotations

from collections.abc import Callable

from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.voice import ElevenLabsSynthesizer
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting
from prot_ros.engines.kinds import Synthesizer


def elevenlabs_voice(
    name: str,
    key: str,
    setting: Callable[[], VoiceSetting],
    rate: int,
    url: str,
    limits: Limits,
) -> Synthesizer:
    """Return the engine `elevenlabs` or `elevenlabs_http`; `url` may be '' for the service's."""
    at = {'url': url} if url else {}
    if name == ElevenLabsSynthesizer.name:
        return ElevenLabsSynthesizer(key, setting, rate=rate, limits=limits, **at)
    # Imported where it is chosen: the sockets need no HTTP library.
    from prot_ros.engines.elevenlabs.voice_http import ElevenLabsHttpSynthesizer

    return ElevenLabsHttpSynthesizer(key, setting, rate=rate, limits=limits, **at)
