# SPDX-License-Identifier: Apache-2.0
"""The state of the conversation, by one transition table."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Published on the topic `state` by value."""

    IDLE = 'idle'
    LISTENING = 'listening'
    THINKING = 'thinking'
    SPEAKING = 'speaking'


class Event(Enum):
    """What can happen to a conversation."""

    SPEECH_STARTED = 'speech started'
    NOTHING_UNDERSTOOD = 'nothing understood'
    """The utterance had no words in it."""
    UTTERANCE = 'utterance'
    """A transcript, a typed line or a say request is being answered."""
    REPLY_AUDIBLE = 'reply audible'
    REPLY_RESUMED = 'reply resumed'
    """The robot had fallen silent for a cough, and goes on with what it was saying."""
    REPLY_ENDED = 'reply ended'
    """Heard to its end, failed, or there was nothing to say."""
    INTERRUPTED = 'interrupted'
    """Somebody else than the speaking user asked for silence."""


_I, _L, _T, _S = State.IDLE, State.LISTENING, State.THINKING, State.SPEAKING

TRANSITIONS: dict[tuple[State, Event], State] = {
    (_I, Event.SPEECH_STARTED): _L,
    (_I, Event.UTTERANCE): _T,
    (_I, Event.INTERRUPTED): _I,
    (_L, Event.SPEECH_STARTED): _L,
    (_L, Event.NOTHING_UNDERSTOOD): _I,
    (_L, Event.UTTERANCE): _T,
    (_L, Event.REPLY_RESUMED): _S,
    (_L, Event.INTERRUPTED): _I,
    (_T, Event.SPEECH_STARTED): _L,
    (_T, Event.UTTERANCE): _T,
    (_T, Event.REPLY_AUDIBLE): _S,
    (_T, Event.REPLY_ENDED): _I,
    (_T, Event.INTERRUPTED): _I,
    (_S, Event.SPEECH_STARTED): _L,
    (_S, Event.UTTERANCE): _T,
    (_S, Event.REPLY_AUDIBLE): _S,
    (_S, Event.REPLY_ENDED): _I,
    (_S, Event.INTERRUPTED): _I,
}
"""Everything that is not here is refused: a playback report that arrives after the interrupt, an
empty transcript of an utterance that something else has replaced."""


class Conversation:
    """Where the conversation is."""

    def __init__(self) -> None:
        self.state = State.IDLE

    def apply(self, event: Event) -> bool:
        """Go where the table says; return False, changing nothing, for an illegal event."""
        target = TRANSITIONS.get((self.state, event))
        if target is None:
            return False
        self.state = target
        return True
