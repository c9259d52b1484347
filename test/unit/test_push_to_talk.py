# SPDX-License-Identifier: Apache-2.0
"""An utterance is as long as the button is pressed, and a little longer."""

from __future__ import annotations

from prot_ros.core.endpointing import SpeechCut, SpeechEnded, SpeechStarted
from prot_ros.core.push_to_talk import PushToTalk


def test_speech_without_the_button_is_nothing():
    assert all(PushToTalk().push(1.0) == [] for _ in range(100))


def test_it_begins_with_the_press_and_ends_after_the_release():
    button = PushToTalk(frame_ms=20, release_ms=60)
    button.press(True)
    assert button.push(0.0) == [SpeechStarted(0)]
    assert [button.push(0.0) for _ in range(50)] == [[]] * 50
    button.press(False)
    assert [button.push(1.0) for _ in range(3)] == [[]] * 3
    assert button.push(1.0) == [SpeechEnded(4)]
    assert button.push(1.0) == []


def test_a_button_that_is_let_go_for_a_moment_ends_nothing():
    button = PushToTalk(frame_ms=20, release_ms=60)
    button.press(True)
    button.push(0.0)
    button.press(False)
    button.push(0.0)
    button.press(True)
    assert [button.push(0.0) for _ in range(20)] == [[]] * 20


def test_a_button_that_is_stuck_cuts_and_goes_on():
    button = PushToTalk(frame_ms=20, max_utterance_ms=100)
    button.press(True)
    events = [event for _ in range(16) for event in button.push(0.0)]
    assert events == [SpeechStarted(0), SpeechCut(), SpeechCut(), SpeechCut()]
