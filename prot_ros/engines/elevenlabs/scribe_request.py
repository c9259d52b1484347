# SPDX-License-Identifier: Apache-2.0
"""What ElevenLabs' realtime speech-to-text is asked for: a session's URL, and its messages."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

from prot_ros.engines.kinds import EngineError

SERVICE = 'wss://api.elevenlabs.io'
MODEL = 'scribe_v2_realtime'
RATE = 16000
AUTO = 'auto'
KEYTERMS_LIMIT = 50
KEYTERM_LIMIT = 20
"""Characters."""
NAMES_LENGTH = 3_000
"""Characters of a session's URL for names: many servers take no more than 8,000 in all, and fifty
names in Hangul would have 9,000."""
CONTEXT_LIMIT = 50
"""Characters of earlier text that may precede a session's audio; longer is discouraged."""
_SCHEMES = {'wss': 'wss', 'ws': 'ws', 'https': 'wss', 'http': 'ws'}
_LANGUAGE = re.compile(r'[a-z]{2,3}')


def split_keyterms(text: str) -> tuple[str, ...]:
    """Read words and names separated by commas, without empty ones and repetitions."""
    return tuple(dict.fromkeys(filter(None, (' '.join(term.split()) for term in text.split(',')))))


def expected(own: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that the service takes besides one's own words.

    Names come from speech and from other nodes: what is too long, or cannot be said, would have
    the whole session refused.
    """
    known = {term.casefold() for term in own}
    taken: list[str] = []
    length = 0
    for name in names:
        words = ' '.join(name.split())
        if len(words) > KEYTERM_LIMIT or not words.isprintable() or words.casefold() in known:
            continue
        if not any(map(str.isalnum, words)):
            continue
        length += len(f'&keyterms={quote_plus(words)}')
        if len(own) + len(taken) == KEYTERMS_LIMIT or length > NAMES_LENGTH:
            break
        known.add(words.casefold())
        taken.append(words)
    return tuple(taken)


@dataclass(frozen=True)
class ScribeRequest:
    """What a session is opened with and keeps; another wish needs another session."""

    url: str = SERVICE
    model: str = MODEL
    language: str = AUTO
    """`auto`, or a code of ISO 639-1 or 639-3 without a region."""
    keyterms: tuple[str, ...] = ()
    """Words to listen for, such as names."""
    names: tuple[str, ...] = ()
    """Further words of that kind, without which a session is had where it is refused with them; as
    `expected` returns them."""

    def __post_init__(self) -> None:
        """Raise EngineError for what the service would refuse, or worse, not understand."""
        parts = urlsplit(self.url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise EngineError(f'elevenlabs.url is {self.url!r}, expected such as {SERVICE}')
        if not self.model:
            raise EngineError(f'elevenlabs.model is empty, expected such as {MODEL}')
        if self.language != AUTO and not _LANGUAGE.fullmatch(self.language):
            raise EngineError(
                f'language is {self.language!r}, expected {AUTO} or a code of ISO 639 without a '
                'region, such as ko or en'
            )
        if len(self.keyterms) > KEYTERMS_LIMIT:
            raise EngineError(
                f'keyterms has {len(self.keyterms)} terms, expected at most {KEYTERMS_LIMIT}'
            )
        for term in self.keyterms:
            if len(term) > KEYTERM_LIMIT:
                raise EngineError(
                    f'keyterms has {term!r} of {len(term)} characters, expected at most '
                    f'{KEYTERM_LIMIT}'
                )

    @property
    def socket_url(self) -> str:
        """Where a session with all this is had."""
        query = [
            ('model_id', self.model),
            ('audio_format', f'pcm_{RATE}'),
            ('commit_strategy', 'manual'),
        ]
        if self.language != AUTO:
            query.append(('language_code', self.language))
        query += [('keyterms', term) for term in (*self.keyterms, *self.names)]
        scheme, _, rest = self.url.partition('://')
        path = '/v1/speech-to-text/realtime?'
        return f'{_SCHEMES[scheme.lower()]}://{rest.rstrip("/")}{path}{urlencode(query)}'


def audio_chunk(pcm: bytes, *, commit: bool = False, context: str = '') -> str:
    """Return the one message there is; without audio it keeps the session alive.

    `context` may go with a session's first chunk only.
    """
    message: dict[str, object] = {
        'message_type': 'input_audio_chunk',
        'audio_base_64': base64.b64encode(pcm).decode('ascii'),
        'commit': commit,
        'sample_rate': RATE,
    }
    if context:
        message['previous_text'] = context[-CONTEXT_LIMIT:]
    return json.dumps(message)
