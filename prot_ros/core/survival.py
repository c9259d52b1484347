# SPDX-License-Identifier: Apache-2.0
"""How long an online engine is waited for, and how often it is tried.

Nobody waits ten seconds for a sentence: the limits are those of a conversation, not those of the
services' own libraries, whose retries are switched off.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one online engine may take. All times in seconds."""

    connect_s: float = 2.0
    """To a socket that is ready for work, TLS and the service's greeting included."""
    first_response_s: float = 3.0
    """From the request (for recognition: the commit) to the first piece of the answer."""
    stall_s: float = 3.0
    """Between two pieces of an answer."""
    retries: int = 1
    """Further tries of one request, as long as nothing of its answer has been used."""
