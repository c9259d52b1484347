# SPDX-License-Identifier: Apache-2.0
"""WebSockets to the online services: connected under a deadline, and never redirected."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

PING_S = 10.0
"""Between two pings. A connection whose other end has gone without a word is noticed after 20 s
at the latest."""
CLOSE_S = 0.5
"""How long the other end is waited for when a connection is closed in good order."""
QUEUED_FRAMES = 64
"""Between the socket and its reader, which never waits for anything."""
_LOGGER = logging.getLogger(f'{__name__}.wire')
# At the level DEBUG websockets writes down the headers of each handshake, and the key in them.
_LOGGER.setLevel(logging.INFO)


class _Direct(connect):
    """Follows no redirect: the headers, and the key in them, would go along to any host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def tls(url: str) -> ssl.SSLContext | None:
    """Return what a `wss:` URL needs; made once, because reading the certificates takes 20 ms."""
    if not url.startswith('wss:'):
        return None
    return await asyncio.to_thread(ssl.create_default_context)


def is_loopback(url: str) -> bool:
    """Tell whether a URL is of this machine, where no proxy is in between."""
    host = urlsplit(url).hostname or ''
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


async def open_websocket(
    url: str,
    headers: Mapping[str, str],
    *,
    context: ssl.SSLContext | None,
    connect_s: float,
    frame_limit: int,
    ping_s: float = PING_S,
) -> ClientConnection:
    """Connect; frames may have `frame_limit` bytes.

    Raises OSError, TimeoutError, or one of websockets' exceptions, `InvalidStatus` where the
    service has answered the handshake with an HTTP error or a redirect.
    """
    async with asyncio.timeout(connect_s):
        return await _Direct(
            url,
            additional_headers=headers,
            ssl=context,
            open_timeout=None,
            ping_interval=ping_s,
            ping_timeout=ping_s,
            close_timeout=CLOSE_S,
            max_size=frame_limit,
            max_queue=QUEUED_FRAMES,
            compression=None,  # base64 of sound hardly shrinks, and deflating takes time
            # The environment's proxy is for the world outside, and does not know this machine's.
            proxy=None if is_loopback(url) else True,
            logger=_LOGGER,
        )
