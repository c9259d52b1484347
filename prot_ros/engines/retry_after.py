# SPDX-License-Identifier: Apache-2.0
"""How long a service asks to be left alone: the header Retry-After (RFC 9110, 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MOST_S = 1e6
"""Nobody means to be left alone for longer; it is a mistake, and not heeded."""


def wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds, None where the service does not say; `headers` know no letter case.

    Anthropic's retry-after-ms goes first. A date is judged by the service's own clock, its header
    Date: the clocks of robots are often wrong.
    """
    for name, unit_s in (('retry-after-ms', 0.001), ('retry-after', 1.0)):
        try:
            seconds = float(headers[name]) * unit_s
        except (LookupError, ValueError):  # LookupError: also where it is there twice
            continue
        if 0 <= seconds < MOST_S:
            return seconds
    try:
        at, now = (parsedate_to_datetime(headers[name]) for name in ('retry-after', 'date'))
        seconds = max(0.0, (at - now).total_seconds())
    except (LookupError, ValueError, TypeError):
        return None
    return seconds if seconds < MOST_S else None
