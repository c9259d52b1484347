# SPDX-License-Identifier: Apache-2.0
"""What a language model knows of the conversation: the latest word by word, the rest in short.

When the history has grown to three quarters of what it may have, its older half is summed up in
the background, and leaves when that is done. Where it cannot be done, it leaves when it must: its
turns are in the database, and are summed up when the language model is back, or at the next start.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from prot_ros.core.context import Estimate, History
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.engines.background import Background
from prot_ros.engines.kinds import EngineError, Message, Prompt, Summarizer, Usage
from prot_ros.memory.in_time import MemoryInTime
from prot_ros.memory.retrieval.recall import Recall

RETRY_S = (30.0, 120.0, 600.0)
"""Until a summary is tried again that could not be made."""
_log = logging.getLogger(__name__)


class ConversationContext:
    """The context of one conversation. `open` and `close` once each."""

    def __init__(
        self,
        persona: str,
        memory: MemoryInTime,
        summarizer: Summarizer | None,
        most_messages: int,
        most_tokens: int,
    ) -> None:
        """`summarizer` is open, and None where nothing can sum up."""
        self._persona = persona
        self._memory = memory
        self._summarizer = summarizer
        self._most_messages = most_messages
        self._estimate = Estimate()
        self._history: History[Message] = History(most_messages, most_tokens, self._estimate)
        self._earlier = ''
        self._wanted = asyncio.Event()
        self._working = Background('summaries')
        self.summaries = 0
        """Made since the start."""
        self.failed = 0

    async def open(self) -> None:
        """Read the latest messages and the latest summary; begin to sum up what has none."""
        for message in await self._memory.recent(self._most_messages):
            self._history.add(message)
        if self._summarizer is not None and self._memory.keeps:
            self._earlier = await self._memory.summary()
            self._wanted.set()
            self._working.start(self._work())

    async def close(self) -> None:
        """End a summary that is being made; its turns wait for the next start."""
        await self._working.stop()

    def add(self, message: Message) -> None:
        """Append what was said."""
        self._history.add(message)
        if self._history.should_shrink:
            self._wanted.set()

    def last_turn(self) -> Stamp | None:
        """Return the turn in which the user spoke last, None where nothing was said."""
        return next(
            (
                message.turn
                for message in reversed(self._history.messages)
                if message.speaker == 'user' and message.turn
            ),
            None,
        )

    async def reload(self) -> None:
        """Have no more in mind than the memory has: something was forgotten there."""
        kept = await self._memory.recent(self._most_messages)
        self._history.drop(len(self._history.messages))
        for message in kept:
            self._history.add(message)
        self._earlier = await self._memory.summary() if self._earlier else ''

    def prompt(self, utterance: str, recall: Recall, now: datetime) -> Prompt:
        """Return what a reply is made from."""
        return Prompt(
            persona=self._persona,
            history=self._history.messages,
            memory=recall.facts,
            said_before=tuple((turn.at, turn.text) for turn in recall.turns),
            utterance=utterance,
            now=now,
            earlier=self._earlier,
        )

    def counted(self, prompt: Prompt, usage: Usage) -> None:
        """Learn from what the service counted for a prompt."""
        texts = [prompt.persona, prompt.earlier, prompt.utterance]
        texts += [fact.text for fact in prompt.memory]
        texts += [text for _, text in prompt.said_before]
        texts += [message.text for message in prompt.history]
        whole = usage.input + usage.cache_read + usage.cache_written
        self._estimate.correct(self._estimate.tokens(texts), whole)

    def status(self) -> dict[str, object]:
        """Return what diagnostics show."""
        return {
            'context messages': len(self._history.messages),
            'context tokens': round(self._history.tokens),
            'summaries': self.summaries,
            'summaries failed': self.failed,
        }

    async def _work(self) -> None:
        failures = 0
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._sum_up()
                failures = 0
            except EngineError as err:
                pause_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
                self.failed += 1
                _log.warning('no summary of earlier talk, again in %g s: %s', pause_s, err)
                await asyncio.sleep(pause_s)
                self._wanted.set()

    async def _sum_up(self) -> None:
        """Sum up all that has left the history, and what should."""
        assert self._summarizer is not None
        leaving = self._history.older_half() if self._history.should_shrink else ()
        block = {id(message) for message in leaving}
        earlier = await self._memory.summary()

        while True:
            waiting = await self._memory.unsummarized(self._first_after(block))
            if waiting is None:
                break
            earlier = await self._summarizer.summarize(earlier, waiting.messages)
            await self._memory.write_summary(waiting.through, earlier)
            self.summaries += 1
        # Both at once, because each changes what the service has in its cache. Of the block, some
        # may have had to go before.
        self._earlier = earlier
        self._history.drop(sum(id(message) in block for message in self._history.messages))

    def _first_after(self, block: set[int]) -> Stamp:
        """Return the first turn in the history that stays there, NEVER where there is none."""
        return next(
            (
                message.turn
                for message in self._history.messages
                if message.speaker == 'user' and message.turn and id(message) not in block
            ),
            NEVER,
        )
