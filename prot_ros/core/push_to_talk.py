# SPDX-License-Identifier: Apache-2.0
"""An utterance is as long as a button is pressed: endpointing by hand, for loud places."""

from __future__ import annotations

from prot_ros.core.endpointing import Event, SpeechCut, SpeechEnded, SpeechStarted


class PushToTalk:
    """Takes frames as an Endpointer does, and heeds the button and not the probabilities."""

    window = 1
    """Frames in which a beginning is looked for."""

    def __init__(
        self, *, frame_ms: int = 20, release_ms: int = 160, max_utterance_ms: int = 30_000
    ) -> None:
        """`release_ms` is listened on after the release: people let go before the last sound."""
        self._tail = -(-release_ms // frame_ms)
        self._max = -(-max_utterance_ms // frame_ms)
        self._pressed = False
        self._in_speech = False
        self._released = 0
        self._length = 0

    def press(self, pressed: bool) -> None:
        """Note the button; it counts from the next frame on."""
        self._pressed = pressed

    def push(self, probability: float, *, rising: bool = False) -> list[Event]:
        """Take the next frame; return what it brings about."""
        if not self._in_speech:
            if not self._pressed:
                return []
            self._in_speech, self._released, self._length = True, 0, 1
            return [SpeechStarted(0)]
        self._length += 1
        self._released = 0 if self._pressed else self._released + 1
        if self._released > self._tail:
            self._in_speech = False
            return [SpeechEnded(self._released)]
        if self._length >= self._max:
            self._length = 0
            return [SpeechCut()]
        return []
