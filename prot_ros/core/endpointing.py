# SPDX-License-Identifier: Apache-2.0
"""When an utterance begins and ends, from the probability of speech frame by frame.

Time is counted in frames, so nothing here knows a clock. An utterance begins when most frames of a
short window are speech: single clicks do not add up, a word with a closure in it ("sto-p") does.
It ends after enough silence, where a lower threshold counts as speech, so that the soft end of a
word does not count as silence, and where a single click does not count as speech, or somebody who
types would never be answered. A long one is cut, and goes on as the same utterance.

There are more events around the beginning, so that a listener can react in stages: a first speech
frame raises a suspicion, which the beginning confirms, or which is dismissed when the window holds
no speech any more; an utterance that has had more speech than a "mm-hm" is sustained.

What begins an utterance also keeps it going: more than half of a window cannot be speech without
two frames of it that are next to each other or next but one. So no steady sound, however patchy,
makes it begin and end and begin again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class SpeechSuspected:
    """The frame just pushed is speech, and may be the first of an utterance.

    Followed by SpeechStarted or by SuspicionDismissed, and never raised twice before one of them.
    Where the first frame already begins the utterance there is nothing to suspect.
    """


@dataclass(frozen=True)
class SuspicionDismissed:
    """No utterance has begun, and no speech is left of which one could."""


@dataclass(frozen=True)
class SpeechStarted:
    """An utterance has begun."""

    onset_frames_ago: int
    """How many frames before the one just pushed its first speech frame was; 0 is that one."""


@dataclass(frozen=True)
class SpeechSustained:
    """The utterance has had `sustain_ms` of speech. Told once in an utterance, pauses left out."""


@dataclass(frozen=True)
class SpeechCut:
    """The utterance is as long as it may be; the same one goes on with the next frame."""


@dataclass(frozen=True)
class SpeechEnded:
    """The utterance is over."""

    silence_frames: int
    """How many frames, up to the one just pushed, have followed its last speech. What
    `end_silence_ms` asks for, or one more where a click came last."""


Event = (
    SpeechSuspected
    | SuspicionDismissed
    | SpeechStarted
    | SpeechSustained
    | SpeechCut
    | SpeechEnded
)


class Endpointer:
    """Turns probabilities into the beginning and the end of utterances."""

    def __init__(
        self,
        *,
        frame_ms: int = 20,
        start_ms: int = 80,
        end_silence_ms: int = 600,
        max_utterance_ms: int = 30_000,
        sustain_ms: int = 500,
        threshold: float = 0.5,
        end_threshold: float = 0.35,
    ) -> None:
        """Raise ValueError for lengths under one frame or thresholds that contradict.

        `start_ms` of speech begin an utterance, within a window of which they are just over half;
        a `start_ms` of one frame asks for no confirmation. Lengths are rounded up to whole frames.
        Speech counts towards `sustain_ms` where it is at or above `threshold`.
        `end_threshold` is 0.15 below the other by default, as Silero's own iterator has it.
        """
        for name, value in (
            ('start_ms', start_ms),
            ('end_silence_ms', end_silence_ms),
            ('max_utterance_ms', max_utterance_ms),
            ('sustain_ms', sustain_ms),
        ):
            if value < frame_ms:
                raise ValueError(f'{name} is {value}, expected at least one frame, {frame_ms} ms')
        if not 0 < end_threshold <= threshold <= 1:
            raise ValueError(
                f'thresholds are {threshold} and {end_threshold}, expected 0 < end <= start <= 1'
            )
        self._start = -(-start_ms // frame_ms)
        self._silence = -(-end_silence_ms // frame_ms)
        self._max = -(-max_utterance_ms // frame_ms)
        self._sustain = -(-sustain_ms // frame_ms)
        self._threshold = threshold
        self._end_threshold = end_threshold
        self.reset()

    @property
    def window(self) -> int:
        """Frames in which a beginning is looked for: an onset is never longer ago."""
        return 2 * self._start - 1

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is under way."""
        return self._in_speech

    def reset(self) -> None:
        """Forget everything, a suspicion too: the next frame follows nothing."""
        self._in_speech = False
        self._recent: deque[bool] = deque(maxlen=self.window)
        """Before an utterance the window, within one the two frames before the current one."""
        self._suspicious = False
        self._sustained = False
        self._spoken = 0
        self._silent = 0
        self._length = 0

    def push(self, probability: float) -> list[Event]:
        """Take the next frame: its probability of speech, 0 to 1. Return what it brings about.

        Whatever is not at or above a threshold is silence, NaN included.
        """
        speech = probability >= self._threshold
        if self._in_speech:
            self._spoken += speech
            events = self._within_speech(probability >= self._end_threshold)
        else:
            events = self._before_speech(speech)
        if self._in_speech and not self._sustained and self._spoken >= self._sustain:
            self._sustained = True
            # After the beginning, where one frame brings both about; before a cut.
            after = bool(events) and isinstance(events[0], SpeechStarted)
            events.insert(1 if after else 0, SpeechSustained())
        return events

    def _before_speech(self, speech: bool) -> list[Event]:
        self._recent.append(speech)
        if sum(self._recent) >= self._start:
            return [self._begin()]
        if speech and not self._suspicious:
            self._suspicious = True
            return [SpeechSuspected()]
        if self._suspicious and not any(self._recent):
            self._suspicious = False
            return [SuspicionDismissed()]
        return []

    def _begin(self) -> SpeechStarted:
        ago = len(self._recent) - 1 - self._recent.index(True)
        self._spoken = sum(self._recent)
        self._recent = deque(list(self._recent)[-2:], maxlen=2)
        self._suspicious = False
        self._sustained = False
        self._in_speech = True
        self._silent = 0
        self._length = ago + 1
        return SpeechStarted(ago)

    def _within_speech(self, speech: bool) -> list[Event]:
        self._length += 1
        # Where one frame is enough to begin, one is enough to go on.
        goes_on = speech and (self._start == 1 or any(self._recent))
        self._recent.append(speech)
        self._silent = 0 if goes_on else self._silent + 1
        # A frame that may be the first of more speech ends nothing.
        if self._silent >= self._silence and not speech:
            self._in_speech = False
            self._recent = deque(maxlen=self.window)
            return [SpeechEnded(self._silent)]
        if self._length >= self._max:
            self._length = 0
            return [SpeechCut()]
        return []
