# SPDX-License-Identifier: Apache-2.0
"""What ElevenLabs complains of, in whichever of its shapes, as an EngineError with the way out.

Its HTTP answers and refused handshakes have a `detail`: an object with `code` or (older) `status`,
a list (of what does not validate), or a string. Its sockets say `{message, error, code}`, where
`code` is the number with which the socket is closed next.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from prot_ros.engines.kinds import EngineError

KEY_VARIABLE = 'ELEVENLABS_API_KEY'
MESSAGE_LIMIT = 200
"""Characters of the service's own words that a message repeats."""

_KEY = f'ElevenLabs refuses the key: set {KEY_VARIABLE} to a valid one'
_QUOTA = (
    'the ElevenLabs account has no credits left: add some, or set '
    f'{KEY_VARIABLE} to the key of another account'
)
_PLAN = 'the ElevenLabs plan does not allow this: change the plan or what is asked for'
_BUSY = 'too much is asked of ElevenLabs at once'

_WAYS_OUT = {
    'invalid_api_key': _KEY,
    'missing_api_key': _KEY,
    'needs_authorization': _KEY,
    'auth_error': _KEY,
    'unauthorized': _KEY,
    'missing_permissions': (
        f'the key in {KEY_VARIABLE} lacks a permission: grant it in the ElevenLabs account'
    ),
    'quota_exceeded': _QUOTA,
    'insufficient_credits': _QUOTA,
    'payment_required': _QUOTA,
    'detected_unusual_activity': (
        'ElevenLabs has blocked the account for unusual activity: use a paid plan, or no proxy'
    ),
    'subscription_required': _PLAN,
    'only_for_creator+': _PLAN,
    'output_format_not_allowed': _PLAN,
}
_TRANSIENT = {
    'too_many_concurrent_requests': _BUSY,
    'concurrent_limit_exceeded': _BUSY,
    'max_active_conversations': _BUSY,
    'rate_limit_exceeded': _BUSY,
    'rate_limited': _BUSY,
    'queue_overflow': _BUSY,
    'resource_exhausted': _BUSY,
    'system_busy': 'ElevenLabs is overloaded',
    'input_timeout_exceeded': 'ElevenLabs has closed a connection that was not used',
    'internal_server_error': 'ElevenLabs has failed',
}
_POLICY_VIOLATION = 1008
"""The close code of whatever the client should not have asked."""


@dataclass(frozen=True)
class Complaint:
    """The service's name of the error, and its words; '' where it gives none."""

    code: str
    message: str


def complaint(body: object) -> Complaint:
    """Read any shape of error; what fits none is quoted."""
    if isinstance(body, bytes | bytearray):  # websockets has the latter
        body = body.decode('utf-8', 'replace')
    if isinstance(body, str):
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            return Complaint('', body)
        return complaint(parsed) if isinstance(parsed, dict) else Complaint('', body)
    if not isinstance(body, Mapping):
        return Complaint('', '' if body is None else str(body))
    detail = body.get('detail')
    if isinstance(detail, Mapping):
        code = detail.get('code') or detail.get('status') or detail.get('type') or ''
        return Complaint(str(code), str(detail.get('message') or ''))
    if isinstance(detail, list):
        return Complaint('', '; '.join(map(_invalid_field, detail)))
    if detail is not None:
        return Complaint('', str(detail))
    # On a socket `code` is a number and `error` the name.
    return Complaint(str(body.get('error') or ''), str(body.get('message') or ''))


def _invalid_field(item: object) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    where = item.get('loc')
    path = '.'.join(map(str, where)) if isinstance(where, list) else ''
    return f'{path}: {item.get("msg", "")}'


def failure(
    body: object,
    *,
    status: int | None = None,
    retry_after_s: float | None = None,
    key: str = '',
    ways_out: Mapping[str, str] | None = None,
) -> EngineError:
    """Return the error to raise.

    `status` is that of HTTP (100 to 599) or the code with which a socket was closed (from 1000),
    `retry_after_s` what the service asks to be left alone for.
    `ways_out` adds what to do about further names of errors. The key is taken out of the service's
    words, should they repeat it.
    """
    found = complaint(body)
    words = found.message.replace(key, '***') if key else found.message
    said = f' ({found.code or status}: {" ".join(words.split())[:MESSAGE_LIMIT]})'
    known = (ways_out or {}).get(found.code) or _WAYS_OUT.get(found.code)
    if known is not None:
        return EngineError(known + said)
    passing = _TRANSIENT.get(found.code)
    if passing is not None:
        return EngineError(passing + said, retryable=True, retry_after_s=retry_after_s)
    if status == 401:
        return EngineError(_KEY + said)
    if status == 402:
        return EngineError(_QUOTA + said)
    if status == 429:
        return EngineError(_BUSY + said, retryable=True, retry_after_s=retry_after_s)
    final = status == _POLICY_VIOLATION or (status is not None and 300 <= status < 500)
    what = 'ElevenLabs refuses what is asked' if final else 'ElevenLabs has failed'
    return EngineError(what + said, retryable=not final, retry_after_s=retry_after_s)
