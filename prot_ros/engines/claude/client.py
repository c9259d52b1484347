# SPDX-License-Identifier: Apache-2.0
"""A client of the Messages API: where, with which key, and for how long it is waited for."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2

from prot_ros.core.survival import Limits
from prot_ros.engines.claude.failures import FAILURES, KEY_VARIABLE, as_engine_error
from prot_ros.engines.claude.rehearsal import rehearse
from prot_ros.engines.claude.request import BASE_URL, KEY_HEADERS
from prot_ros.engines.kinds import EngineError

_log = logging.getLogger(__name__)

KEEP_ALIVE_S = 300.0
"""Of a connection that nobody uses. That a service has ended it is noticed before its next use."""
CLOSE_S = 2.0


@dataclass(frozen=True)
class Access:
    """Where the service is and what opens it."""

    key: str = field(repr=False)
    """'' for servers that want none, such as those on the robot itself."""
    base_url: str = BASE_URL
    key_header: str = KEY_HEADERS[0]
    """One of KEY_HEADERS."""

    def check(self) -> None:
        """Raise EngineError for what cannot work, without showing the key."""
        if not self.key and self.base_url == BASE_URL:
            raise EngineError(
                f'Claude needs a key: set {KEY_VARIABLE}, or base_url to a server without keys'
            )
        # The HTTP layer would show it in its complaint.
        if not all('!' <= char <= '~' for char in self.key):
            raise EngineError(
                f'{KEY_VARIABLE} has characters that no key has, such as spaces or Hangul; set '
                'it to the key alone'
            )
        if not self.base_url.startswith(('https://', 'http://')):
            raise EngineError(
                f'base_url is {self.base_url!r}, expected https://host or http://host:port'
            )
        if self.key_header not in KEY_HEADERS:
            raise EngineError(f'key_header is {self.key_header!r}, expected one of {KEY_HEADERS}')

    def failure(self, err: Exception, model: str) -> EngineError:
        """Return what has gone wrong in the words of whoever has to mend it."""
        return as_engine_error(err, model, self.base_url, self.key)


async def connect(access: Access, limits: Limits) -> anthropic.AsyncAnthropic:
    """Return a client; nothing is sent yet. Raises EngineError for what can never work."""
    access.check()
    # Reading the system's certificates takes up to 100 ms, the rehearsal as long.
    client = await asyncio.to_thread(_client, access, limits)
    await asyncio.to_thread(asyncio.run, rehearse())
    return client


def _client(access: Access, limits: Limits) -> anthropic.AsyncAnthropic:
    headers: dict[str, Any] = {}
    if access.key_header == 'x-api-key' or not access.key:
        headers['Authorization'] = anthropic.Omit()
    if access.key_header == 'x-api-key' and access.key:
        headers['x-api-key'] = access.key
    longest_s = max(limits.first_response_s, limits.stall_s) + 1.0
    return anthropic.AsyncAnthropic(
        # Given in any case, because the library looks for one in many other places.
        api_key=access.key or 'none',
        base_url=access.base_url,
        # It would sleep for as long as a server asks it to.
        max_retries=0,
        timeout=httpx2.Timeout(longest_s, connect=limits.connect_s, pool=limits.connect_s),
        default_headers=headers,
        http_client=anthropic.DefaultAsyncHttpxClient(
            base_url=access.base_url,
            # The key goes where it was meant to go, and nowhere else.
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=8, keepalive_expiry=KEEP_ALIVE_S),
        ),
    )


async def disconnect(client: anthropic.AsyncAnthropic) -> None:
    """Close its connections."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.close()
    except (TimeoutError, *FAILURES) as err:
        _log.warning('Claude: the connections were not closed in good order: %r', err)
