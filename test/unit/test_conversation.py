# SPDX-License-Identifier: Apache-2.0
"""The conversation's one transition table."""

from __future__ import annotations

import random

import pytest

from prot_ros.core.conversation import TRANSITIONS, Conversation, Event, State


def after(*events: Event) -> State:
    conversation = Conversation()
    for event in events:
        assert conversation.apply(event), f'{event} refused in {conversation.state}'
    return conversation.state


def test_a_turn_goes_from_idle_through_listening_thinking_and_speaking_back_to_idle():
    spoken = (Event.SPEECH_STARTED, Event.UTTERANCE, Event.REPLY_AUDIBLE)
    assert after(*spoken) is State.SPEAKING
    assert after(*spoken, Event.REPLY_ENDED) is State.IDLE


def test_speech_over_the_robot_is_listened_to():
    assert after(Event.UTTERANCE, Event.REPLY_AUDIBLE, Event.SPEECH_STARTED) is State.LISTENING


def test_a_cough_is_forgotten():
    assert after(Event.SPEECH_STARTED, Event.NOTHING_UNDERSTOOD) is State.IDLE


@pytest.mark.parametrize(
    'late', [Event.REPLY_AUDIBLE, Event.REPLY_ENDED, Event.NOTHING_UNDERSTOOD]
)
def test_what_comes_after_the_interrupt_is_refused(late):
    conversation = Conversation()
    conversation.apply(Event.UTTERANCE)
    conversation.apply(Event.INTERRUPTED)
    assert not conversation.apply(late)
    assert conversation.state is State.IDLE


def test_a18_random_walks_follow_the_table_and_refusals_change_nothing():
    for seed in range(50):
        chance = random.Random(seed)
        conversation = Conversation()
        for _ in range(200):
            before = conversation.state
            event = chance.choice(list(Event))
            accepted = conversation.apply(event)
            assert accepted == ((before, event) in TRANSITIONS)
            assert conversation.state is TRANSITIONS.get((before, event), before)


def test_a18_every_state_can_be_reached_and_left_and_silence_is_always_possible():
    reached = {State.IDLE} | set(TRANSITIONS.values())
    assert reached == set(State)
    for state in State:
        assert TRANSITIONS[state, Event.INTERRUPTED] is State.IDLE
        assert any(target is not state for (source, _), target in TRANSITIONS.items()
                   if source is state)  # fmt: skip
