# SPDX-License-Identifier: Apache-2.0
"""What ElevenLabs' realtime speech-to-text takes from a client, and what it says of the rest."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PATH = '/v1/speech-to-text/realtime'
LEAST_COMMIT_S = 0.3
CHUNK_LIMIT_S = 10.0
"""The service does not say how long a chunk may be; its examples have up to 1 s."""
EDIT_LIMIT = 2000
"""Characters of an instruction."""
_MODELS = ('scribe_v2_realtime', 'scribe_v3_live')
_RATES = (8000, 16000, 22050, 24000, 44100, 48000)
_LANGUAGE = re.compile(r'[a-z]{2,3}')


class RefusedError(Exception):
    """What the service says instead of what was asked for."""

    def __init__(self, kind: str, words: str) -> None:
        """Take the message's type and its text."""
        super().__init__(words)
        self.kind = kind
        self.words = words


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda value: value in values


def _between(low: float, high: float) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            return low <= float(value) <= high
        except ValueError:
            return False

    return check


_flag = _one_of('true', 'false')
_SINGLE: Mapping[str, Callable[[str], bool]] = {
    'model_id': _one_of(*_MODELS),
    'audio_format': _one_of(*(f'pcm_{rate}' for rate in _RATES)),
    'commit_strategy': _one_of('manual'),
    'vad_silence_threshold_secs': _between(0.3, 3.0),
    'vad_threshold': _between(0.1, 0.9),
    'min_speech_duration_ms': _between(50, 2000),
    'min_silence_duration_ms': _between(50, 2000),
    'language_code': lambda value: _LANGUAGE.fullmatch(value) is not None,
    'include_timestamps': _flag,
    'include_language_detection': _flag,
    'no_verbatim': _flag,
    'filter_background_audio': _flag,
    'enable_logging': _flag,
    'entity_redaction_mode': _one_of('redacted', 'entity_type', 'enumerated_entity_type'),
    'transcript_edit': lambda value: len(value) <= EDIT_LIMIT,
    'token': lambda value: bool(value),
}
_REPEATED: Mapping[str, tuple[int, Callable[[str], bool]]] = {
    'keyterms': (50, lambda value: 0 < len(value) <= 20),
    'secondary_languages': (50, lambda value: _LANGUAGE.fullmatch(value) is not None),
    'entity_detection': (50, bool),
    'entity_redaction': (50, bool),
}
_APART = (
    ('filter_background_audio', 'include_timestamps'),
    ('transcript_edit', 'entity_detection'),
    ('transcript_edit', 'entity_redaction'),
)


@dataclass(frozen=True)
class Wish:
    """What a session is asked to be."""

    rate: int
    """Hz."""
    language: str
    timestamps: bool
    """Whether each commit comes again with the times of its words."""
    config: Mapping[str, object]
    """As `session_started` repeats it."""


def wish(query: Mapping[str, Sequence[str]]) -> Wish:
    """Read a session's query; raise RefusedError for what the service does not take.

    More strictly than the service, an unknown parameter is refused, too, and of the strategies and
    formats only the manual one and PCM are there.
    """
    for name, values in query.items():
        if name in _REPEATED:
            most, good = _REPEATED[name]
            if len(values) > most:
                raise _invalid(f'{name} has {len(values)} values, at most {most} are allowed')
        elif name in _SINGLE:
            good = _SINGLE[name]
            if len(values) > 1:
                raise _invalid(f'{name} is given {len(values)} times')
        else:
            raise _invalid(f'there is no parameter {name}')
        for value in values:
            if not good(value):
                raise _invalid(f'{name} is {value!r}, which is not allowed')
    if 'model_id' not in query:
        raise _invalid('model_id is required')
    for one, other in _APART:
        if _given(query, one) and _given(query, other):
            raise _invalid(f'{one} cannot be combined with {other}')
    single = {name: values[0] for name, values in query.items() if name != 'token'}
    audio_format = single.get('audio_format', 'pcm_16000')
    return Wish(
        rate=int(audio_format.removeprefix('pcm_')),
        language=single.get('language_code', ''),
        timestamps='true'
        in (single.get('include_timestamps'), single.get('include_language_detection')),
        config={
            'sample_rate': int(audio_format.removeprefix('pcm_')),
            'audio_format': audio_format,
            'model_id': single['model_id'],
            'language_code': single.get('language_code'),
            'vad_commit_strategy': False,
            'keyterms': list(query.get('keyterms', ())),
        },
    )


@dataclass(frozen=True)
class Chunk:
    """What a client sends."""

    pcm: bytes
    commit: bool
    previous_text: str


def chunk(message: str | bytes, rate: int, *, first: bool) -> Chunk:
    """Read a message; raise RefusedError for what the service does not take."""
    if isinstance(message, bytes):
        raise _bad_input('a binary frame, expected JSON in a text frame')
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        raise _bad_input('this is not JSON') from None
    if not isinstance(said, dict) or said.get('message_type') != 'input_audio_chunk':
        raise _bad_input('message_type must be input_audio_chunk')
    audio, commit = said.get('audio_base_64'), said.get('commit')
    if not isinstance(audio, str) or not isinstance(commit, bool):
        raise _bad_input('audio_base_64 (a string) and commit (a boolean) are required')
    if said.get('sample_rate') != rate:
        raise _bad_input(f'sample_rate is {said.get("sample_rate")!r}, the session has {rate}')
    try:
        pcm = base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise _bad_input('audio_base_64 is not base64') from None
    if len(pcm) % 2:
        raise _bad_input(f'{len(pcm)} bytes are no whole number of samples')
    if len(pcm) > CHUNK_LIMIT_S * 2 * rate:
        raise RefusedError('chunk_size_exceeded', f'A chunk of {len(pcm)} bytes is too long.')
    previous = said.get('previous_text')
    if previous is not None and (not isinstance(previous, str) or not first):
        raise _bad_input('previous_text is text, and goes with the first chunk only')
    return Chunk(pcm, commit, previous or '')


def throttled(uncommitted_s: float) -> RefusedError:
    """Return what is said of a commit that comes too soon."""
    return RefusedError(
        'commit_throttled',
        f'Commit request ignored: only {uncommitted_s:.2f}s of uncommitted audio. '
        f'You need at least {LEAST_COMMIT_S}s of uncommitted audio before committing.',
    )


def _given(query: Mapping[str, Sequence[str]], name: str) -> bool:
    return bool(query.get(name)) and query[name][0] != 'false'


def _invalid(words: str) -> RefusedError:
    return RefusedError('invalid_request', words)


def _bad_input(words: str) -> RefusedError:
    return RefusedError('input_error', words)
