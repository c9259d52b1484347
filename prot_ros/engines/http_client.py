# SPDX-License-Identifier: Apache-2.0
"""The end of an HTTP client: in time, whatever the other end does."""

from __future__ import annotations

import asyncio

import httpx2

CLOSE_S = 2.0


async def disconnect(client: httpx2.AsyncClient) -> None:
    """Close its connections; those that do not answer within CLOSE_S are abandoned."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.aclose()
    except (TimeoutError, httpx2.TransportError):
        pass  # the other end has gone first
