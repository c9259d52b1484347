# SPDX-License-Identifier: Apache-2.0
"""The signals that end a program in order: everything is released first."""

from __future__ import annotations

import signal


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return them. What `nohup` started goes on when its terminal is closed.

    Anything else gets SIGHUP then, whose default action would end it on the spot, with its
    children, folders and shared memory left behind.
    """
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    hangup = () if ignored else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hangup)
