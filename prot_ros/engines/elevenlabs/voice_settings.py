# SPDX-License-Identifier: Apache-2.0
"""What ElevenLabs' voice is asked for, over a socket or over HTTP alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prot_ros.engines.elevenlabs.errors import failure
from prot_ros.engines.kinds import EngineError

RATES = (8_000, 16_000, 22_050, 24_000)
"""Hz of PCM that every plan may ask for."""
SPEEDS = (0.7, 1.2)


@dataclass(frozen=True)
class VoiceSetting:
    """How it speaks. Each sentence takes what is set when it begins."""

    voice: str = '21m00Tcm4TlvDq8ikWAM'
    """A voice id of the account; this is Rachel, which every account has."""
    model: str = 'eleven_flash_v2_5'
    speed: float = 1.0
    """0.7 to 1.2."""
    language: str = ''
    """ISO 639-1 code that the model is held to; '' lets it tell by the text."""

    def check(self) -> None:
        """Raise EngineError for what no request could carry."""
        # It becomes a part of the URL's path.
        if not (self.voice.isascii() and self.voice.isalnum()):
            raise EngineError(
                f'the voice {self.voice!r} is no voice id of ElevenLabs, which has letters and '
                'digits only: set elevenlabs.voice'
            )
        if not SPEEDS[0] <= self.speed <= SPEEDS[1]:
            raise EngineError(
                f'the speed {self.speed:g} is not one of ElevenLabs: set elevenlabs.speed to '
                f'{SPEEDS[0]} to {SPEEDS[1]}'
            )

    def ways_out(self) -> Mapping[str, str]:
        """Return what to do about the service's errors that these settings cause."""
        voice = (
            f'ElevenLabs has no voice {self.voice!r} for this account: set elevenlabs.voice to a '
            'voice id of it'
        )
        model = f'ElevenLabs has no model {self.model!r} for this: set elevenlabs.model'
        language = (
            f'the model {self.model!r} does not take the language {self.language!r}: '
            'set elevenlabs.language or elevenlabs.model'
        )
        text = 'the sentence is too long for ElevenLabs'
        return {
            'voice_not_found': voice,
            'voice_id_does_not_exist': voice,
            'invalid_voice_id': voice,
            'model_not_found': model,
            'model_does_not_exist': model,
            'invalid_model_id': model,
            'unsupported_model': model,
            'unsupported_language': language,
            'language_not_supported': language,
            'max_character_limit_exceeded': text,
            'text_too_long': text,
        }

    def refusal(
        self,
        body: object,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        key: str = '',
    ) -> EngineError:
        """Return the error to raise for what the service answers (`errors.failure`)."""
        ways_out = self.ways_out()
        if status == 404:
            # Of what the path names only the voice can be missing.
            ways_out = dict.fromkeys(('', 'not_found'), ways_out['voice_not_found']) | dict(
                ways_out
            )
        return failure(
            body, status=status, retry_after_s=retry_after_s, key=key, ways_out=ways_out
        )


def service_rate(rate: int) -> int:
    """Return the Hz to ask for where `rate` is wanted: the same, or the best there is."""
    return rate if rate in RATES else RATES[-1]
