# SPDX-License-Identifier: Apache-2.0
"""When an utterance begins and ends, from the probability of speech frame by frame.

Time is counted in frames, so nothing here knows a clock. An utterance begins when there is
evidence of it. Where a detector only says yes or no that is most frames of a short window: single
clicks do not add up, a word with a closure in it ("sto-p") does. Where it says how sure it is,
fewer frames do when it is surer.
It ends after enough silence, where a lower threshold counts as speech, so that the soft end of a
word does not count as silence, and where a single click does not count as speech, or somebody who
types would never be answered. A long one is cut, and goes on as the same utterance.

There are more events around the beginning, so that a listener can react in stages: a first speech
frame raises a suspicion, which the beginning confirms, or which is dismissed when the window holds
no speech any more. Where a detector says that something rises which may become a voice, or there
is evidence that comes sooner and is not quite enough, that is likely for a moment, in which the
beginning confirms it, or else it is dismissed. An utterance that has had more speech than a
"mm-hm" is sustained.

What begins an utterance also keeps it going: more than half of a window cannot be speech without
two frames of it that are next to each other or next but one, and a frame that makes one likely all
by itself may keep it going by itself, too. So no steady sound, however patchy, makes it begin and
end and begin again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """What is enough to say that an utterance has begun."""

    threshold: float
    """Probability at or above which a frame counts, 0 to 1."""
    frames: int
    """How many must count."""
    within: int
    """Among how many, the frame just pushed included: more than half of them must count."""

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be, or would be met by half of the frames."""
        if not (0 < self.threshold <= 1 and 0 < self.frames <= self.within < 2 * self.frames):
            raise ValueError(
                f'{self.frames} of {self.within} frames at {self.threshold} are no evidence, '
                'expected more than half of them, and a threshold above 0 up to 1'
            )

    def met_by(self, probabilities: Sequence[float]) -> bool:
        """Whether the latest of these, which come oldest first, are such evidence."""
        return sum(p >= self.threshold for p in probabilities[-self.within :]) >= self.frames


@dataclass(frozen=True)
class SpeechSuspected:
    """The frame just pushed is speech, and may be the first of an utterance.

    Followed by SpeechStarted or by SuspicionDismissed, and never raised twice before one of them.
    Where the first frame already begins the utterance there is nothing to suspect.
    """


@dataclass(frozen=True)
class SpeechLikely:
    """What just began may well be a voice, which cannot be told for certain yet.

    Followed by SpeechStarted or, after `LIKELY_FRAMES` or more, by SuspicionDismissed. A
    suspicion may have come before it, and is part of it then.
    """


@dataclass(frozen=True)
class SuspicionDismissed:
    """No utterance has begun, and no speech is left of which one could."""


@dataclass(frozen=True)
class SpeechStarted:
    """An utterance has begun."""

    onset_frames_ago: int
    """How many frames before the one just pushed its first speech frame was, or the one with which
    it was likely; 0 is that one."""


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
    | SpeechLikely
    | SuspicionDismissed
    | SpeechStarted
    | SpeechSustained
    | SpeechCut
    | SpeechEnded
)


LIKELY_FRAMES, MOST_LIKELY_FRAMES = 10, 25
"""For how long something is likely, and may be where it goes on to be one: a detector is sure of a
soft beginning, the f of "four", after 100 to 200 ms, of a breath and an "and" after 300."""
STILL_LIKELY, MORE_FRAMES = 0.3, 5
"""At or above which probability it goes on to be likely, and for how many frames."""


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
        start: Sequence[Evidence] = (),
        likely: Sequence[Evidence] = (),
    ) -> None:
        """Raise ValueError for lengths under one frame or thresholds that contradict.

        Any one of `start` begins an utterance, any one of `likely` makes one likely; `threshold`
        is then the lowest of the latter, or of the former where there are none. Without `start`,
        `start_ms` of speech begin it, within a window of which they are just over half;
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
        if likely or start:
            threshold = min(one.threshold for one in likely or start)
        lowest = min((one.threshold for one in (*start, *likely)), default=threshold)
        if not 0 < end_threshold <= lowest <= 1:
            raise ValueError(
                f'thresholds are {lowest} and {end_threshold}, expected 0 < end <= start <= 1'
            )
        frames = -(-start_ms // frame_ms)
        self._start = tuple(start) or (Evidence(threshold, frames, 2 * frames - 1),)
        self._likely_evidence = tuple(likely)
        first = self._likely_evidence or self._start
        self._onset_threshold = lowest
        self._window = max(one.within for one in (*self._start, *first))
        self._suspicious_window = max(one.within for one in first)
        alone = [one.threshold for one in first if one.frames == 1]
        self._sure = min(alone, default=math.inf)
        self._silence = -(-end_silence_ms // frame_ms)
        self._max = -(-max_utterance_ms // frame_ms)
        self._sustain = -(-sustain_ms // frame_ms)
        self._threshold = threshold
        self._end_threshold = end_threshold
        self.reset()

    @property
    def window(self) -> int:
        """Frames in which a beginning is looked for: an onset is never longer ago."""
        return max(self._window, MOST_LIKELY_FRAMES + MORE_FRAMES + 1)

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is under way."""
        return self._in_speech

    def reset(self) -> None:
        """Forget everything, a suspicion too: the next frame follows nothing."""
        self._in_speech = False
        self._recent: deque[float] = deque(maxlen=self._window)
        """The latest probabilities, as far as a beginning is looked for."""
        self._spoke = (False, False)
        """Within an utterance, whether the two frames before the current one were speech."""
        self._suspicious = False
        self._likely = 0
        """For how many frames more it stays likely that a voice has begun."""
        self._likely_for = 0
        self._sustained = False
        self._spoken = 0
        self._silent = 0
        self._length = 0

    def push(self, probability: float, *, rising: bool = False) -> list[Event]:
        """Take the next frame: its probability of speech, 0 to 1. Return what it brings about.

        Whatever is not at or above a threshold is silence, NaN included. `rising` says that a
        voice may be beginning, of which the detector is not sure yet.
        """
        if self._in_speech:
            self._spoken += probability >= self._threshold
            events = self._within_speech(probability)
        else:
            events = self._before_speech(probability, rising)
        if self._in_speech and not self._sustained and self._spoken >= self._sustain:
            self._sustained = True
            # After the beginning, where one frame brings both about; before a cut.
            after = bool(events) and isinstance(events[0], SpeechStarted)
            events.insert(1 if after else 0, SpeechSustained())
        return events

    def _before_speech(self, probability: float, rising: bool) -> list[Event]:
        self._recent.append(probability)
        recent = list(self._recent)
        if any(evidence.met_by(recent) for evidence in self._start):
            return [self._begin(recent)]
        speech = [one >= self._threshold for one in recent[-self._suspicious_window :]]
        if self._likely:
            self._likely -= 1
            self._likely_for += 1
            if probability >= STILL_LIKELY and self._likely_for <= MOST_LIKELY_FRAMES:
                self._likely = max(self._likely, MORE_FRAMES)
            if self._likely:
                return []
            self._suspicious = False
            return [SuspicionDismissed()]
        if rising or any(evidence.met_by(recent) for evidence in self._likely_evidence):
            self._likely, self._likely_for = LIKELY_FRAMES, 0
            return [SpeechLikely()]
        if speech[-1] and not self._suspicious:
            self._suspicious = True
            return [SpeechSuspected()]
        if self._suspicious and not any(speech):
            self._suspicious = False
            return [SuspicionDismissed()]
        return []

    def _begin(self, recent: list[float]) -> SpeechStarted:
        ago = len(recent) - 1 - [one >= self._onset_threshold for one in recent].index(True)
        if self._likely:
            ago = max(ago, self._likely_for + 1)
            self._likely = 0
        speech = [one >= self._threshold for one in recent]
        self._spoken = sum(speech)
        self._spoke = (len(speech) > 1 and speech[-2], speech[-1])
        self._recent.clear()
        self._suspicious = False
        self._sustained = False
        self._in_speech = True
        self._silent = 0
        self._length = ago + 1
        return SpeechStarted(ago)

    def _within_speech(self, probability: float) -> list[Event]:
        speech = probability >= self._end_threshold
        self._length += 1
        goes_on = speech and (probability >= self._sure or any(self._spoke))
        self._spoke = (self._spoke[1], speech)
        self._silent = 0 if goes_on else self._silent + 1
        # A frame that may be the first of more speech ends nothing.
        if self._silent >= self._silence and not speech:
            self._in_speech = False
            return [SpeechEnded(self._silent)]
        if self._length >= self._max:
            self._length = 0
            return [SpeechCut()]
        return []
