# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with the Messages API, in the words of whoever has to mend it.

Failures come in three shapes: an HTTP status, an `error` event in mid-stream (which the library
raises with the status 200 of the stream that had begun), and a raw exception of the library's own
HTTP layer when the connection breaks or is silent in mid-stream.
"""

from __future__ import annotations

import anthropic
import httpx2

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.retry_after import wait_s

KEY_VARIABLE = 'ANTHROPIC_API_KEY'
FAILURES = (anthropic.APIError, httpx2.TransportError, httpx2.StreamError)
_MOST = 300
"""Characters of a service's own words that are repeated."""
_BUSY = {'overloaded_error', 'rate_limit_error', 'api_error', 'timeout_error'}
_STATUS = {
    'authentication_error': 401,
    'billing_error': 402,
    'permission_error': 403,
    'not_found_error': 404,
    'request_too_large': 413,
}


def as_engine_error(err: Exception, model: str, base_url: str, key: str) -> EngineError:
    """Return what the node is told. It never contains the key, whatever the service repeats."""
    if isinstance(err, anthropic.APIStatusError):
        message = _status(err, model, base_url)
        retryable = err.type in _BUSY or err.status_code in (408, 409) or err.status_code >= 429
    elif isinstance(err, anthropic.APIError | httpx2.TimeoutException | httpx2.TransportError):
        cause = err.__cause__ or err
        message = (
            f'Claude cannot be reached at {base_url}: {cause or type(cause).__name__}; check the '
            'network, or the parameter base_url'
        )
        retryable = True
    else:
        message = f'Claude at {base_url} sends what cannot be read: {type(err).__name__}: {err}'
        retryable = True
    response = getattr(err, 'response', None)
    return EngineError(
        message.replace(key, '***') if key else message,
        retryable=retryable,
        retry_after_s=None if response is None else wait_s(response.headers),
    )


def _status(err: anthropic.APIStatusError, model: str, base_url: str) -> str:
    said = ' '.join(str(err).split())[:_MOST]
    # In mid-stream the status is that of the stream, and the type tells.
    status = _STATUS.get(err.type or '', err.status_code)
    if status == 401:
        return f'Claude refuses the key: set {KEY_VARIABLE} to a valid one ({said})'
    if status == 402:
        return f'Claude wants to be paid: add credit to the account of {KEY_VARIABLE} ({said})'
    if status == 403:
        return (
            f'Claude does not allow this: choose another model than {model!r}, or set '
            f'{KEY_VARIABLE} to a key that may use it ({said})'
        )
    if status == 404:
        return f'there is no model {model!r} at {base_url}: set the parameter model ({said})'
    if status == 413:
        return f'the request is too long for Claude: lower the parameter context_tokens ({said})'
    if status == 429 or err.type == 'rate_limit_error':
        return f'Claude has had too many requests with this key ({said})'
    if err.type in _BUSY or status >= 500:
        return f'Claude cannot answer now ({said})'
    if 300 <= status < 400:
        return (
            f'{base_url} wants Claude to be asked elsewhere: set the parameter base_url to where '
            f'the service really is ({said})'
        )
    return (
        'Claude refuses the request: check the parameters model, max_tokens, effort, thinking, '
        f'context_tokens and tools ({said})'
    )
