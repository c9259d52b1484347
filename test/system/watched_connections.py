# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL that say which task used them for what, and complain of sharing."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import asyncpg
import pytest

BEGINS = ('BEGIN', 'START TRANSACTION')
ENDS = ('COMMIT', 'ROLLBACK')


class Watch:
    """What was seen of all connections that were made while it was installed."""

    def __init__(self) -> None:
        self.transactions = 0
        self.made = 0
        """Connections."""
        self.complaints: list[str] = []

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the driver make connections of the watched kind; all else of it is as it is."""
        watch = self

        class Connection(asyncpg.Connection):
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                self._owner: asyncio.Task[Any] | None = None
                watch.made += 1

            def _note(self, query: str) -> None:
                self._owner = watch.note(query, self._owner)

            async def execute(self, query: str, *arguments: Any, **named: Any) -> Any:
                self._note(query)
                return await super().execute(query, *arguments, **named)

            async def _do_execute(self, query: str, *arguments: Any, **named: Any) -> Any:
                self._note(query)
                return await super()._do_execute(query, *arguments, **named)

            async def _prepare(self, query: str, *arguments: Any, **named: Any) -> Any:
                self._note(query)
                return await super()._prepare(query, *arguments, **named)

        for name in ('connect', 'create_pool'):
            made = partial(getattr(asyncpg, name), connection_class=Connection)
            monkeypatch.setattr(asyncpg, name, made)

    def note(self, query: str, owner: asyncio.Task[Any] | None) -> asyncio.Task[Any] | None:
        """Judge a statement; return the task whose transaction is open after it."""
        task = asyncio.current_task()
        words = query.strip().upper()
        if words.startswith('SAVEPOINT') or (owner is not None and words.startswith(BEGINS)):
            self.complaints.append(f'a transaction within another: {query}')
        # A pool takes back what was left open, whoever left it.
        if owner is not None and task is not owner and not words.startswith('ROLLBACK'):
            self.complaints.append(f'{task} does {query!r} within the transaction of {owner}')
        if words.startswith(BEGINS):
            self.transactions += 1
            return task
        return None if words.startswith(ENDS) and 'TO ' not in words else owner
