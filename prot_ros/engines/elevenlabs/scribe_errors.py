# SPDX-License-Identifier: Apache-2.0
"""What ElevenLabs' realtime speech-to-text complains of, and what follows from it."""

from __future__ import annotations

from websockets.exceptions import InvalidStatus

from prot_ros.engines.elevenlabs.errors import failure
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.retry_after import wait_s

SETTLED = ('commit_throttled', 'input_error', 'insufficient_audio_activity')
"""After a commit they say that there is nothing more to commit."""
_AT_ONCE = (
    'session_time_limit_exceeded', 'transcriber_error', 'error', 'insufficient_audio_activity',
    'commit_throttled',
)  # fmt: skip
"""A new session need not wait after these; after those that ask for patience it must."""
_WAYS_OUT = {
    'unaccepted_terms': (
        'ElevenLabs wants its terms of use accepted: do so in the account whose key is in '
        'ELEVENLABS_API_KEY'
    ),
    'invalid_request': (
        'ElevenLabs refuses the session: check elevenlabs.model, language and keyterms'
    ),
    'input_error': 'ElevenLabs refuses the audio: check elevenlabs.model',
    'chunk_size_exceeded': 'ElevenLabs refuses a chunk of audio as too long',
}


class SessionLostError(EngineError):
    """The session is gone, and a new one may be tried at once."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


def complaint(kind: str, words: str, key: str) -> EngineError:
    """Return what an error message of a session comes to; the key is taken out of its words."""
    error = failure({'error': kind, 'message': words}, key=key, ways_out=_WAYS_OUT)
    return SessionLostError(str(error)) if kind in _AT_ONCE else error


def refusal(err: Exception, key: str) -> EngineError:
    """Say why no socket was had."""
    if isinstance(err, InvalidStatus):
        answer = err.response
        if 300 <= answer.status_code < 400:
            return EngineError(
                f'ElevenLabs redirects ({answer.status_code}), which would carry the key away: '
                'set elevenlabs.url to where it is'
            )
        if answer.status_code == 404:
            return EngineError('there is no speech-to-text (404): check elevenlabs.url')
        return failure(
            answer.body,
            status=answer.status_code,
            retry_after_s=wait_s(answer.headers),
            key=key,
            ways_out=_WAYS_OUT,
        )
    if isinstance(err, ImportError):
        return EngineError(f'the proxy to ElevenLabs needs another Python package: {err}')
    return EngineError(f'ElevenLabs cannot be reached: {err}'.replace(key, '***'), retryable=True)
