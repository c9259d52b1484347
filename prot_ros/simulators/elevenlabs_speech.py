# SPDX-License-Identifier: Apache-2.0
"""What the simulated ElevenLabs voice says and refuses, over its socket and over HTTP alike."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from prot_ros.core import language
from prot_ros.engines.voices.offline import OfflineSynthesizer

VOICES = {
    '21m00Tcm4TlvDq8ikWAM': 'slt',
    'pNInz6obpgDQGcFmaJgB': 'rms',
    'ErXwobaYiN019PkySvjV': 'awb',
}
"""Voice ids, three that every account has, and whose Flite voice stands for each."""
MODELS = (
    'eleven_flash_v2_5', 'eleven_flash_v2', 'eleven_turbo_v2_5', 'eleven_turbo_v2',
    'eleven_multilingual_v2',
)  # fmt: skip
DIALOGUE_MODELS = ('eleven_v3', 'eleven_v3_conversational', 'eleven_v4', 'eleven_v4_turbo')
SOCKET_RATES = (8_000, 16_000, 22_050, 24_000, 44_100)
HTTP_RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
TEXT_LIMIT = 40_000
"""Characters of one request to the flash models."""
SPEEDS = (0.7, 1.2)
PIECE_MS = 250
LEAD_MS = 20
PAUSE_MS = 200
"""How the offline voices begin and end: without speech."""

Speech = Callable[[str, str, int], Awaitable[bytes]]
"""Text, voice and Hz to PCM."""


class RefusedError(Exception):
    """What the service does not do, in its own words."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """`status` is that of HTTP; a socket is closed with 1008."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def detail(self) -> dict[str, object]:
        """Return it as HTTP has it."""
        return {
            'detail': {
                'type': 'authentication_error' if self.status == 401 else 'validation_error',
                'code': self.code,
                'status': self.code,
                'message': self.message,
            }
        }

    def frame(self) -> dict[str, object]:
        """Return it as the sockets have it."""
        return {'message': self.message, 'error': self.code, 'code': 1008}


STATUSES = {
    'invalid_api_key': 401,
    'needs_authorization': 401,
    'quota_exceeded': 401,
    'voice_not_found': 404,
    'too_many_concurrent_requests': 429,
    'concurrent_limit_exceeded': 429,
    'rate_limit_exceeded': 429,
    'system_busy': 429,
    'internal_server_error': 500,
}


def scripted(code: str) -> RefusedError:
    """Return the error of that name, for a behaviour that asks for one."""
    name = code or 'internal_server_error'
    return RefusedError(name, f'simulated {name}', STATUSES.get(name, 400))


def check_key(headers: Mapping[str, str], key: str) -> None:
    """Raise RefusedError unless the request has the key; '' takes any."""
    given = headers.get('xi-api-key', '')
    if not given:
        raise RefusedError('needs_authorization', 'There is no xi-api-key header', 401)
    if key and given != key:
        raise RefusedError('invalid_api_key', 'Invalid API key', 401)


def check_voice(voice: str) -> None:
    """Raise RefusedError for a voice that the account does not have."""
    if voice not in VOICES:
        raise RefusedError('voice_not_found', f'A voice with voice_id {voice} was not found.', 404)


def check_model(model: str, language_code: str | None, *, socket: bool) -> None:
    """Raise RefusedError for a model that is not there, or not for this."""
    if model in DIALOGUE_MODELS and socket:
        raise RefusedError('unsupported_model', f'{model} is not available on this endpoint', 400)
    if model not in MODELS and model not in DIALOGUE_MODELS:
        raise RefusedError('model_not_found', f'The model {model} does not exist.', 400)
    if language_code and model == 'eleven_multilingual_v2':
        raise RefusedError(
            'unsupported_language', f'Model {model} does not support language_code.', 400
        )


def check_settings(settings: object) -> None:
    """Raise RefusedError for voice settings out of their ranges."""
    if settings is None:
        return
    if not isinstance(settings, Mapping):
        raise RefusedError('invalid_voice_settings', 'voice_settings must be an object', 422)
    speed = settings.get('speed')
    if speed is not None and not (
        isinstance(speed, int | float) and SPEEDS[0] <= speed <= SPEEDS[1]
    ):
        raise RefusedError('invalid_voice_settings', f'speed must be in {SPEEDS}', 422)
    for name in ('stability', 'similarity_boost', 'style'):
        value = settings.get(name)
        if value is not None and not (isinstance(value, int | float) and 0 <= value <= 1):
            raise RefusedError('invalid_voice_settings', f'{name} must be in [0, 1]', 422)


def check_text(text: object) -> str:
    """Return the text; raise RefusedError for what is none or too long."""
    if not isinstance(text, str):
        raise RefusedError('invalid_text', 'text must be a string', 422)
    if len(text) > TEXT_LIMIT:
        raise RefusedError(
            'max_character_limit_exceeded', f'{len(text)} of {TEXT_LIMIT} characters', 400
        )
    return text


def rate_of(output_format: str, rates: tuple[int, ...]) -> int:
    """Return the Hz of a PCM format; raise RefusedError for what cannot be had."""
    codec, _, rate = output_format.partition('_')
    if codec != 'pcm' or not rate.isdigit() or int(rate) not in rates:
        raise RefusedError(
            'output_format_not_allowed', f'{output_format} is not to be had here, only PCM', 403
        )
    return int(rate)


async def offline_speech(text: str, voice: str, rate: int) -> bytes:
    """Speak with the offline voices."""
    engine = OfflineSynthesizer(rate, VOICES.get(voice, 'slt'))
    async with aclosing(engine.speak(text, language.detect(text, 'en'))) as pieces:  # type: ignore[type-var]
        return b''.join([piece async for piece in pieces])


@dataclass(frozen=True)
class SpokenPiece:
    """Some sound of a text and the characters that are in it. Times count from its beginning."""

    pcm: bytes
    begins_ms: float
    """From the beginning of the text."""
    characters: tuple[str, ...]
    starts_ms: tuple[int, ...]
    lasts_ms: tuple[int, ...]

    @property
    def base64(self) -> str:
        """The sound as it travels."""
        return base64.b64encode(self.pcm).decode()


def pieces_of(text: str, pcm: bytes, rate: int) -> list[SpokenPiece]:
    """Cut sound into pieces, with its characters spread evenly over what is not silence.

    Pieces end at odd bytes, as the service's may.
    """
    total_ms = len(pcm) / 2 / rate * 1000
    spoken_ms = max(1.0, total_ms - LEAD_MS - PAUSE_MS)
    starts = [LEAD_MS + spoken_ms * at / max(1, len(text)) for at in range(len(text) + 1)]
    size = 2 * rate * PIECE_MS // 1000 + 1
    pieces = []
    for begin in range(0, len(pcm), size):
        begins_ms = begin / 2 / rate * 1000
        ends_ms = (begin + size) / 2 / rate * 1000
        # The last piece takes what is left, however long.
        last = begin + size >= len(pcm)
        here = [
            at
            for at in range(len(text))
            if begins_ms <= starts[at] and (last or starts[at] < ends_ms)
        ]
        pieces.append(
            SpokenPiece(
                pcm[begin : begin + size],
                begins_ms,
                tuple(text[at] for at in here),
                tuple(round(starts[at] - begins_ms) for at in here),
                tuple(round(starts[at + 1] - starts[at]) for at in here),
            )
        )
    return pieces
