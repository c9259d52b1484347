# SPDX-License-Identifier: Apache-2.0
"""Memory at the pace of a conversation: every use has a deadline, and losing it loses no turn.

Recalling that is late is skipped and counted. A turn that could not be committed is kept here, in
order, and committed with the next one; the reply does not wait for a database that is away.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from prot_ros.core.context import estimate
from prot_ros.core.stamps import Stamp
from prot_ros.engines.embedders.local import LocalEmbedder
from prot_ros.engines.failover import failover
from prot_ros.engines.failover.embedder import FailoverEmbedder
from prot_ros.engines.kinds import Embedder, EngineError, Log, Message
from prot_ros.engines.selection_embedder import EmbedderSettings, embedder
from prot_ros.engines.selection_extractor import ExtractorSettings, extractor
from prot_ros.memory.forgetting.erasure import Wish
from prot_ros.memory.retrieval.recall import Recall, packed
from prot_ros.memory.server.folders import data_folder
from prot_ros.memory.store import SETTLE_S, Memory
from prot_ros.memory.summaries import Waiting

BACKLOG = 200
"""Writes kept while the database is away: about an hour of talk. Beyond that the oldest go."""
URL_VARIABLE = 'PROT_DATABASE_URL'
FACTS = 20
"""Facts a reply is given."""
NAMES = 50
"""Whom the recogniser is told to expect."""
VECTOR_SHARE = 0.4
SETTLE_SHARE = 0.4
"""Of the budget, for a service's vector of what is looked for, and meanwhile for what was told
just now. The rest is for the query: 5 ms, and many times that where the machine is busy."""


NOTHING = Recall(())


class Settings(EmbedderSettings, ExtractorSettings, Protocol):
    """What the memory of a conversation depends on."""

    @property
    def database(self) -> str: ...

    @property
    def data_folder(self) -> str: ...

    @property
    def person(self) -> str: ...

    @property
    def robot(self) -> str: ...

    @property
    def shared(self) -> bool: ...

    @property
    def retention_days(self) -> int: ...

    @property
    def memory_budget_ms(self) -> int: ...

    @property
    def memory_tokens(self) -> int: ...

    @property
    def commit_deadline_s(self) -> float: ...


@dataclass(frozen=True)
class Where:
    """Which database, and why that one."""

    kind: str
    """`url`, `embedded` or `none`."""
    url: str | None
    why: str


def where(setting: str, environment: dict[str, str] | None = None) -> Where:
    """Decide which database is used; raise EngineError when `url` is asked for and not given."""
    url = (os.environ if environment is None else environment).get(URL_VARIABLE) or None
    if setting == 'none':
        return Where('none', None, 'as the parameter says')
    if setting == 'url' or (setting == 'auto' and url):
        if url is None:
            raise EngineError(
                f"parameter 'database' is 'url', but the variable {URL_VARIABLE} is not set; "
                'set it to postgresql://user:password@host/database, or use embedded'
            )
        return Where('url', url, f'{URL_VARIABLE} is set')
    why = 'as the parameter says' if setting == 'embedded' else f'{URL_VARIABLE} is not set'
    return Where('embedded', None, why)


def _tokens(text: str) -> float:
    return estimate(text) + 3  # the line's own marks


class MemoryInTime:
    """A `Memory` that never keeps a conversation waiting."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._memory: Memory | None = None
        self._embedder: Embedder | None = None
        self._held = AsyncExitStack()
        self._backlog: deque[Callable[[Memory], Awaitable[None]]] = deque(maxlen=BACKLOG)
        self._writing = asyncio.Lock()  # one writer, so that turns are committed in order
        self._late = 0
        self._failed = 0

    async def __aenter__(self) -> MemoryInTime:
        place = where(self._settings.database)
        self._log.info(f'memory: {place.kind} ({place.why})')
        if place.kind != 'none':
            async with AsyncExitStack() as held:
                choice = await embedder(self._settings, self._log)
                held.push_async_callback(choice.engine.close)
                self._log.info(choice.sentence('embeddings'))
                local = isinstance(choice.engine, LocalEmbedder)
                reading = await extractor(self._settings, self._log)
                self._log.info(reading.sentence())
                if reading.engine is not None:
                    held.push_async_callback(reading.engine.close)
                memory = Memory(
                    url=place.url,
                    data_folder=data_folder(self._settings.data_folder),
                    person=self._settings.person,
                    robot=self._settings.robot,
                    shared=self._settings.shared,
                    retention_days=self._settings.retention_days,
                    reader=reading.engine,
                    embedder=None if local else choice.engine,
                )
                await held.enter_async_context(memory)
                self._embedder, self._memory = choice.engine, memory
                self._held = held.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._held.aclose()

    async def recent(self, limit: int) -> tuple[Message, ...]:
        """Return the latest messages of earlier conversations, oldest first."""
        if self._memory is None or limit == 0:
            return ()
        return await self._memory.recent(limit)

    @property
    def keeps(self) -> bool:
        """Whether there is a memory at all."""
        return self._memory is not None

    async def summary(self) -> str:
        """Return the latest summary of what was said, '' where there is none."""
        return '' if self._memory is None else await self._memory.summary()

    async def unsummarized(self, stays: Stamp) -> Waiting | None:
        """Return the oldest turns without a summary, of those before the turn `stays`."""
        return None if self._memory is None else await self._memory.unsummarized(stays)

    async def write_summary(self, through: int, text: str) -> None:
        """Keep a summary of everything up to the turn of the number `through`."""
        if self._memory is not None:
            await self._memory.write_summary(through, text)

    async def names(self) -> AsyncIterator[tuple[str, ...]]:
        """Yield whom the memory knows, now and whenever that has changed; ends without memory."""
        known: tuple[str, ...] | None = None
        while self._memory is not None:
            self._memory.grown.clear()
            try:
                found = await self._memory.names(NAMES)
            except EngineError as err:
                self._log.warning(f'memory: names are not known: {err}')
            else:
                if found != known:
                    known = found
                    yield found
            await self._memory.grown.wait()

    async def record_utterance(self, turn: Stamp, text: str, source: str) -> None:
        """Commit what the user said; returns when it is committed, or at the deadline."""
        await self._write(lambda memory: memory.record_utterance(turn, text, source))

    async def record_reply(self, turn: Stamp, said: str, heard: str, cut: bool) -> None:
        """Commit what the robot said; returns when it is committed, or at the deadline."""
        await self._write(lambda memory: memory.record_reply(turn, said, heard, cut))

    async def _write(self, write: Callable[[Memory], Awaitable[None]]) -> None:
        if self._memory is None:
            return
        if len(self._backlog) == BACKLOG:
            self._log.warning(f'{BACKLOG} turns wait for the database; the oldest is dropped')
        self._backlog.append(write)
        try:
            async with asyncio.timeout(self._settings.commit_deadline_s):
                async with self._writing:
                    while self._backlog:
                        # Left in place until it is done: writes are idempotent, so one that is
                        # cut off between commit and here is harmlessly written again.
                        await self._backlog[0](self._memory)
                        self._backlog.popleft()
        except (EngineError, TimeoutError) as err:
            self._failed += 1
            self._log.warning(
                f'memory: {len(self._backlog)} turns are not committed yet: '
                f'{err or "the database does not answer"}'
            )

    def expect(self, text: str) -> None:
        """Say what somebody seems to be saying, which will be recalled when they have said it."""
        if self._memory is not None:
            self._memory.expect(text, FACTS)

    async def recall(self, text: str) -> Recall:
        """Return what may matter to the reply, within the budget; late is nothing."""
        if self._memory is None:
            return NOTHING
        budget_s = self._settings.memory_budget_ms / 1000
        try:
            async with asyncio.timeout(budget_s):
                # What was just told should be known to the very next question.
                found = await self._memory.recall(
                    text, FACTS, VECTOR_SHARE * budget_s, min(SETTLE_S, SETTLE_SHARE * budget_s)
                )
                return packed(found, self._settings.memory_tokens, _tokens)
        except TimeoutError:
            self._late += 1
        except EngineError as err:
            self._failed += 1
            self._log.warning(f'memory: nothing is recalled: {err}')
        return NOTHING

    async def forget(self, turns: Sequence[Stamp]) -> None:
        """Forget what was said in these turns, for good; raise EngineError where that failed.

        Also turns that are not committed yet.
        """
        if self._memory is not None:
            await self._memory.forget(Wish(stamps=tuple(turns)))

    async def forget_name(self, name: str) -> int:
        """Forget everything that was said of somebody; return how many turns; as `forget`."""
        if self._memory is None:
            raise EngineError('there is no memory; the parameter database is none')
        gone = (await self._memory.forget(Wish(name=name))).gone
        return gone.turns + gone.redacted

    @property
    def forgettings(self) -> int:
        """How often something was forgotten, as far as the latest recall knows."""
        return 0 if self._memory is None else self._memory.forgettings

    async def search(self, text: str, limit: int) -> Recall:
        """Return what is known of something, for whoever has the time; raise EngineError."""
        return NOTHING if self._memory is None else await self._memory.recall(text, limit)

    def concern(self) -> str:
        """Return what is wrong with the embeddings, in a sentence; '' for nothing."""
        return failover.concern(self._embedder)

    def status(self) -> dict[str, object]:
        """Return what diagnostics show."""
        if self._memory is None:
            return {'memory': 'none'}
        return {
            'memory late': self._late,
            'memory failed': self._failed,
            'memory backlog': len(self._backlog),
            **self._memory.stats(),
            **self._embeddings(),
        }

    def _embeddings(self) -> dict[str, object]:
        """Return what diagnostics show of a service; nothing of an embedder in this process."""
        if not isinstance(self._embedder, FailoverEmbedder):
            return {}
        shown = self._embedder.status()
        shown.pop('fallbacks')  # there are none
        return {f'embeddings {name}': value for name, value in shown.items()}
