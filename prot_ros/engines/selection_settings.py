# SPDX-License-Identifier: Apache-2.0
"""What choosing an engine depends on: the parameters of the nodes, as far as engines know them."""

from __future__ import annotations

from typing import Protocol

from prot_ros.core.circuit import CircuitLimits
from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.scribe_request import ScribeRequest
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting


class MicSettings(Protocol):
    """What choosing a microphone depends on."""

    @property
    def engine(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def realtime(self) -> bool: ...

    @property
    def rate(self) -> int: ...


class EchoSettings(Protocol):
    """What choosing an echo canceller depends on."""

    @property
    def echo_mode(self) -> str: ...

    @property
    def echo_tail_ms(self) -> int: ...

    @property
    def rate(self) -> int: ...


class PlaybackSettings(Protocol):
    """What choosing a loudspeaker depends on."""

    @property
    def engine(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def rate(self) -> int: ...

    @property
    def latency_ms(self) -> int: ...


class VoiceActivitySettings(Protocol):
    """What choosing a voice activity detector depends on."""

    @property
    def engine(self) -> str: ...

    @property
    def aggressiveness(self) -> int: ...


class OnlineSettings(Protocol):
    """What choosing an engine that may be an online one depends on."""

    @property
    def engine(self) -> str: ...

    @property
    def online_stand_in(self) -> bool: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def circuit(self) -> CircuitLimits: ...


class RecognizerSettings(OnlineSettings, Protocol):
    """What choosing a speech recogniser depends on."""

    @property
    def scribe(self) -> ScribeRequest: ...

    @property
    def keep_warm(self) -> bool: ...

    @property
    def rest_s(self) -> float: ...


class SynthesizerSettings(OnlineSettings, Protocol):
    """What choosing a voice depends on."""

    @property
    def voice(self) -> str: ...

    @property
    def elevenlabs(self) -> VoiceSetting: ...

    @property
    def elevenlabs_url(self) -> str: ...

    @property
    def rate(self) -> int: ...


class ResponderSettings(OnlineSettings, Protocol):
    """What choosing a language model depends on."""

    @property
    def model(self) -> str: ...

    @property
    def max_tokens(self) -> int: ...

    @property
    def effort(self) -> str: ...

    @property
    def thinking(self) -> str: ...

    @property
    def base_url(self) -> str: ...

    @property
    def key_header(self) -> str: ...
