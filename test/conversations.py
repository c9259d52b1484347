# SPDX-License-Identifier: Apache-2.0
"""Conversations with the offline responder, as the dialog node would hold them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prot_ros.core.facts import Fact
from prot_ros.core.offline.facts_told import facts_told
from prot_ros.engines.kinds import Message, Prompt
from prot_ros.engines.llm_offline import OfflineResponder

NOW = datetime(2026, 11, 21, 15, 5, tzinfo=UTC)


class Conversation:
    """A user, a responder, and a memory that keeps what is told, as the dialog node has them."""

    def __init__(self, memory: tuple[Fact, ...] = (), *, remembers: bool = True) -> None:
        self.memory = list(memory)
        self.history: list[Message] = []
        self._remembers = remembers

    def say(self, utterance: str, heard: int | None = None) -> str:
        """Return the reply; `heard` is the number of characters after which it is interrupted."""
        if self._remembers:
            self.memory[:0] = [f for f in facts_told(utterance) if f not in self.memory]
        text = ''.join(asyncio.run(pieces(utterance, self.history, self.memory)))
        self.history += [
            Message('user', utterance),
            Message('robot', text[:heard], cut=heard is not None),
        ]
        return text

    def again(self) -> Conversation:
        """Meet the same person another day."""
        return Conversation(tuple(self.memory))


async def pieces(utterance, history=(), memory=()):
    responder = OfflineResponder()
    await responder.open()
    prompt = Prompt('', tuple(history), tuple(memory), utterance, NOW)
    try:
        return [piece async for piece in responder.reply(prompt)]
    finally:
        await responder.close()


def talk(*utterances):
    conversation = Conversation()
    return [conversation.say(each) for each in utterances][-1]
