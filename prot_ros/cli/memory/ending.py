# SPDX-License-Identifier: Apache-2.0
"""How a subcommand that takes its time ends when it is told to: in order, whoever tells it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from prot_ros.cli.failure import CommandError
from prot_ros.signals import ending_signals

T = TypeVar('T')


def until_ended(work: Coroutine[Any, Any, T], left: str) -> T:
    """Run it; `left` says what there is when it is ended by a signal.

    Raises CommandError for SIGTERM and SIGHUP; Ctrl-C stays a KeyboardInterrupt, as everywhere.
    """

    async def run() -> T:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            if number is not signal.SIGINT:
                loop.add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise CommandError(f'ended by a signal; {left}') from None
    except KeyboardInterrupt:
        print(f'\nEnded by Ctrl-C; {left}.')
        raise
