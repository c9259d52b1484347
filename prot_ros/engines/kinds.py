# SPDX-License-Identifier: Apache-2.0
"""The kinds of engine, one small interface each. Nodes know these and no engine by name.

Rules every engine keeps:

- Constructing one acquires nothing. `open()` acquires and pays every first-use cost (models,
  devices, subprocess warm-up); `close()` releases, may be called in any state and twice, and never
  raises for a thing that is already gone. An `open()` that fails has released what it took.
- Every failure the outside world can cause is an `EngineError` whose message says what, which
  value, and how to mend it. Cancelling any method cleans up before the cancellation propagates.
- Nothing blocks the event loop: work above about 5 ms runs in a thread that the engine owns and
  joins in `close()`.
- Audio is PCM S16 little-endian mono in `bytes`, an even number of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from prot_ros.core.endpointing import Evidence
from prot_ros.core.facts import Fact
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.wire import AudioChunk


class EngineError(Exception):
    """The outside world refused: a missing device, a broken file, a dead subprocess.

    `retryable` says whether the same call may succeed later without a person's help, and
    `retry_after_s` not before when, where the service says so.
    """

    def __init__(
        self, message: str, *, retryable: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class Log(Protocol):
    """Where an engine says what it noticed: a node's logger, or one of `logging`."""

    def info(self, message: str, /) -> object: ...

    def warning(self, message: str, /) -> object: ...

    def error(self, message: str, /) -> object: ...


class BrokenOff(Exception):  # noqa: N818 - the service has not failed, so a wrapper lets it pass
    """The language model ends its reply before the end: nothing more comes.

    What is unfinished of it is better not said. `reason` is one of `core.endings.REASONS`, which
    has the words to end with.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Engine(Protocol):
    """What all kinds share."""

    name: str
    """As in the parameter that chooses it, such as `pocketsphinx`."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Microphone(Engine, Protocol):
    """A source of 20 ms frames."""

    rate: int
    """Hz."""

    def frames(self) -> AsyncIterator[bytes]:
        """Yield frames of `rate` / 50 samples as they are captured, until the source ends.

        A live source never ends and never waits for its reader: it keeps at most one second and
        drops the oldest beyond that, counted in `dropped`. Raises EngineError when the device is
        lost.
        """
        ...

    dropped: int
    """Frames lost so far because nobody took them in time."""


class VoiceActivity(Protocol):
    """Tells speech from everything else, frame by frame. Pure computation, about 1 ms a frame."""

    name: str

    start: tuple[Evidence, ...]
    """What of its probabilities is enough to begin an utterance: some are surer than others."""

    likely: tuple[Evidence, ...]
    """What is enough to be inaudible for a moment, in case one begins; empty where nothing is
    that comes sooner than `start`."""

    rising: bool
    """Whether with the latest frame a voice may be beginning that it is not sure of yet. False
    where it cannot tell."""

    def probability(self, frame: bytes) -> float:
        """Return how sure it is, 0 to 1, that a 20 ms frame at the configured rate is speech."""
        ...

    def reset(self) -> None:
        """Forget the past: the next frame does not follow the last one."""
        ...


class Recognition(Protocol):
    """One utterance being recognised."""

    async def push(self, pcm: bytes) -> str:
        """Take the next audio and return the current hypothesis of the whole utterance so far."""
        ...

    async def finish(self) -> str:
        """End the utterance and return its text, '' when no words were found."""
        ...

    async def close(self) -> None:
        """Give the utterance up; safe after `finish` and twice."""
        ...


class Recognizer(Engine, Protocol):
    """Speech to text."""

    rate: int
    """Hz that `Recognition.push` expects."""

    def start(self) -> Recognition:
        """Begin an utterance. One at a time; a second `start` gives up the first."""
        ...


@dataclass(frozen=True)
class Message:
    """One contribution to the conversation so far."""

    speaker: str
    """`user` or `robot`."""
    text: str
    """What was said; for the robot only the part that was heard."""
    cut: bool = False
    """The robot was interrupted here."""
    turn: Stamp = field(default=NEVER, compare=False)
    """The turn it belongs to, where there is a record of it."""


@dataclass(frozen=True)
class Prompt:
    """Everything a reply is made from."""

    persona: str
    """Who the robot is and how it talks."""
    history: tuple[Message, ...]
    """Oldest first, without the utterance to be answered."""
    memory: tuple[Fact, ...]
    """Most relevant first."""
    utterance: str
    """What the user just said."""
    now: datetime
    """Local time, time-zone aware."""
    said_before: tuple[tuple[datetime, str], ...] = ()
    """What the user said long before, and when, that may matter; most relevant first."""
    earlier: str = ''
    """A summary of what was said before the history."""


@dataclass(frozen=True)
class Usage:
    """What a language model's service counted for one request, in tokens."""

    input: int
    """Read anew."""
    cache_read: int
    cache_written: int
    output: int


class Responder(Engine, Protocol):
    """The language model: reads a prompt, streams a reply."""

    def reply(
        self, prompt: Prompt, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncIterator[str]:
        """Yield pieces of text whose concatenation is the reply.

        Closing the iterator (or cancelling the task that reads it) ends the work at once, also
        while no piece arrives. `on_usage` is told what the service counted, where it counts: once
        for each request that the reply took. Raises BrokenOff where the model does not go on.
        """
        ...


class Summarizer(Engine, Protocol):
    """Puts talk that leaves the context into a few sentences, at its leisure."""

    async def summarize(self, earlier: str, messages: Sequence[Message]) -> str:
        """Return what is worth knowing of a summary and of the messages that followed it."""
        ...


@dataclass(frozen=True)
class Reading:
    """A turn of which the facts are wanted, and what it takes to understand it."""

    text: str
    """What the user said; only this tells facts."""
    told_at: datetime
    """When, with the time zone in which `yesterday` is meant."""
    before: tuple[Message, ...] = ()
    """The last that was said before, oldest first, for what `she` and `there` mean. What the robot
    remembers is never in it, or it would be learnt once more from itself."""
    known: tuple[str, ...] = ()
    """Names that are known already, the likeliest first, so that their spelling is used again."""


class FactReader(Engine, Protocol):
    """Reads what a turn tells, at its leisure.

    Its `name` has a number, such as `claude-1`, which grows when it learns to read better: by it
    one sees which turns to read again.
    """

    async def read(self, reading: Reading) -> tuple[Fact, ...]:
        """Return the facts that the turn tells, each once; no field of them is beyond measure."""
        ...


class Embedder(Engine, Protocol):
    """Text to vectors for nearest-neighbour search."""

    dimensions: int

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return one unit-length vector of `dimensions` for each text, in order."""
        ...


@dataclass(frozen=True)
class Mark:
    """How far a sentence has been said at a time."""

    characters: int
    """Of the text as it was given, from its beginning."""
    milliseconds: float
    """Of its audio, from its beginning."""


class Synthesizer(Engine, Protocol):
    """Text to speech."""

    rate: int
    """Hz of what `speak` yields."""

    def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: Callable[[Sequence[Mark]], None] | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the sentence as PCM in playing order, in pieces of any even size.

        `language` is an ISO 639-1 code. Sentences of one `turn` belong together. `on_marks` is
        told where the words are, before the audio that they are in, by engines that know it.
        Closing the iterator or cancelling its reader kills the work (subprocesses included) before
        control returns. Text is data: it never reaches a shell or an option parser.
        """
        ...


@runtime_checkable
class Preparable(Protocol):
    """An engine that can get ready for a request that somebody is about to make."""

    def prepare(self) -> None:
        """Begin to connect, if need be, without waiting; the request is told of what fails."""
        ...


class Playback(Engine, Protocol):
    """A loudspeaker, or a file that stands for one. It plays one stream at a time, paced."""

    rate: int
    """Hz of what `write` expects."""

    on_piece: Callable[[bytes, float], None] | None
    """Called with each piece of at most 20 ms that is handed over, as it will sound, and with the
    second of `time.monotonic` at which its first sample will be heard, up to 0.3 s ahead.

    A piece supersedes all that was told before for its first sample and later. So what a change of
    volume, a hold or an abort takes back is told anew: more quietly, or as silence; and a
    loudspeaker that turns out to play sooner or later than was thought has it told anew, too."""

    async def write(self, pcm: bytes) -> None:
        """Append audio; wait while more than the engine's lead (at most 0.3 s) is unplayed."""
        ...

    async def drain(self) -> None:
        """Wait until all that was written has been heard."""
        ...

    async def abort(self) -> None:
        """Fall silent at once and forget what was not heard yet. `write` then starts anew."""
        ...

    async def duck(self) -> None:
        """Go on 18 dB more quietly, until `resume` or the end of the stream.

        Where nothing plays, that is the stream that is written next.
        """
        ...

    async def hush(self) -> None:
        """Go on inaudibly, until `resume` or the end of the stream; else as `duck`."""
        ...

    async def hold(self) -> None:
        """Fall silent at once and keep what was not heard yet; writing and draining wait.

        Where nothing plays, what is written next waits.
        """
        ...

    async def resume(self) -> None:
        """Undo all three: go on at full volume, after a hold with the sample after the last heard.

        The volume glides in 10 ms. Does nothing where there is nothing to undo.
        """
        ...

    def played(self) -> int:
        """Return samples heard since the stream began (the first write after open/abort/drain).

        An estimate of what has left the loudspeaker: it never exceeds what was written, and it
        keeps its value after `abort` and `drain` until the next `write`.
        """
        ...


class EchoCanceller(Engine, Protocol):
    """Takes the robot's own voice out of what the microphone hears.

    `played` and `captured` are pure computation, under 1 ms for 20 ms of sound, and come from one
    thread. Both before and after `open`, and with no reference at all, `captured` works: what
    cannot be cancelled passes.
    """

    def played(self, chunk: AudioChunk, now: Stamp) -> None:
        """Take what the loudspeaker sounds; `chunk.stamp` is when its first sample is audible.

        Chunks come some tens of milliseconds ahead. What comes twice, out of order or dated
        impossibly far ahead is counted and left out.
        """
        ...

    def captured(self, frame: bytes, at: Stamp) -> bytes:
        """Return a 20 ms frame without the echo. `at` is when its first sample was captured."""
        ...

    def status(self) -> dict[str, object]:
        """Return what a person would want to know, such as the delay that was found."""
        ...
