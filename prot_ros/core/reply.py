# SPDX-License-Identifier: Apache-2.0
"""The books of one reply: what was to be said, what has been heard, and when each stage was done.

Pure: the dialog node tells it what happens, with times, and asks for the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prot_ros.core.heard import Heard, SpokenSentence, heard
from prot_ros.core.interruption import Policy
from prot_ros.core.stamps import NEVER, Stamp, milliseconds
from prot_ros.core.turns import BARGE_IN
from prot_ros.core.wire import MARKS_LIMIT, Alignment, Playback, PlaybackState, TurnReport

STAGES = (
    'speech_end', 'endpoint', 'stt', 'memory', 'first_token', 'first_sentence', 'first_audio',
    'audible',
)  # fmt: skip
"""In the order in which they happen. `speech_end` is where counting starts. Beside them, from the
request on, goes `commit`."""


@dataclass
class Reply:
    """One turn of the robot, from the request to its last audible sample."""

    turn: Stamp
    source: str
    """`speech`, `hear`, `say` or `announce`."""
    utterance: str
    policy: str = Policy.INTERRUPTIBLE
    priority: int = 0
    yield_after: int | None = None
    """The sentence at whose end it makes way for the user; None while it need not."""
    sentences: list[str] = field(default_factory=list)
    complete: bool = False
    """Nothing more will be said: the end of the reply has been published."""
    cut: str | None = None
    """The source of the interrupt that ended it."""
    cut_at: Stamp = NEVER
    """What that interrupt voided up to: at a barge-in the beginning of what the user said."""
    failure: str | None = None
    forgotten: bool = False
    """Whether it asked for something to be forgotten, itself included."""
    remembered: int = 0
    tokens: dict[str, float] = field(default_factory=dict)
    """As in `TurnReport.tokens`."""
    ended: str | None = None
    """The final PlaybackState, None while playback goes on."""
    _played: dict[int, tuple[float, float | None]] = field(default_factory=dict)
    _sounding: dict[int, tuple[float, float | None]] = field(default_factory=dict)
    _alignment: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    _marks: dict[str, Stamp] = field(default_factory=dict)
    _silent: bool = False
    _silent_at: Stamp = NEVER
    """When the loudspeaker last fell silent for somebody."""

    def mark(self, stage: str, at: Stamp) -> None:
        """Note when a stage was done; only the first time counts."""
        if at != NEVER:
            self._marks.setdefault(stage, at)

    def count(self, tokens: Mapping[str, int]) -> None:
        """Add what a request to the language model took."""
        for kind, number in tokens.items():
            self.tokens[kind] = self.tokens.get(kind, 0) + number

    def play(self, report: Playback) -> bool:
        """Take a playback report of this turn; return whether it changed anything.

        Reports may come twice or in another order: positions only ever grow.
        """
        if self.ended is not None:
            return False
        if report.state in (PlaybackState.HUSHED, PlaybackState.HELD):
            if not self._silent:
                self._silent, self._silent_at = True, report.stamp
        elif report.state in (PlaybackState.STARTED, PlaybackState.PROGRESS):
            self._silent = False
        if report.started != NEVER:
            self.mark('first_audio', report.synthesized)
            self.mark('audible', report.started)
        _advance(self._played, report.seq, report.played_ms, report.total_ms)
        if report.sounding_ms is not None:
            _advance(self._sounding, report.seq, report.sounding_ms, report.sounding_total_ms)
        # A report on a later sentence proves that the ones before it were heard to their end.
        for earlier in self._played:
            if earlier < report.seq:
                played, total = self._played[earlier]
                self._played[earlier] = (max(played, total or played), total)
        if report.state in (PlaybackState.FINISHED, PlaybackState.CUT, PlaybackState.FAILED):
            self.ended = report.state
        return True

    def align(self, alignment: Alignment) -> None:
        """Take when words of a sentence sound; what does not follow on what is known is left."""
        known = self._alignment.setdefault(alignment.seq, [])
        for mark in alignment.marks:
            rises = not known or (mark[0] >= known[-1][0] and mark[1] >= known[-1][1])
            if rises and len(known) < MARKS_LIMIT:
                known.append(mark)

    @property
    def is_answer(self) -> bool:
        """Whether it answers a person, and is not something that others want said."""
        return self.source in ('speech', 'hear')

    @property
    def asked(self) -> bool:
        """Whether the latest sentence that was heard of it, at least in part, asks something."""
        begun = [text for seq, text in enumerate(self.sentences) if seq in self._played]
        return bool(begun) and begun[-1].rstrip('"\'”’)').endswith(('?', '？'))

    @property
    def must_yield(self) -> bool:
        """Whether the sentence that it was allowed to finish has been heard."""
        return self.yield_after is not None and self.finished_sentences > self.yield_after

    @property
    def audible(self) -> bool:
        """Whether anything of it has been heard."""
        return 'audible' in self._marks

    @property
    def finished_sentences(self) -> int:
        """How many sentences, counted from the first, have been heard to their end."""
        count = 0
        while self._is_finished(count):
            count += 1
        return count

    def _is_finished(self, seq: int) -> bool:
        played, total = self._played.get(seq, (0.0, None))
        return total is not None and played >= total

    def heard(self) -> Heard:
        """Return what was heard of it."""
        spoken = [self._spoken(seq, text) for seq, text in enumerate(self.sentences)]
        if self.ended == PlaybackState.FINISHED:
            # All but what the voice failed at, which has no length.
            return Heard(' '.join(s.text for s in spoken if s.total_ms != 0.0), cut=False)
        return heard(spoken)

    def _spoken(self, seq: int, text: str) -> SpokenSentence:
        played_ms, total_ms = self._played.get(seq, (0.0, None))
        sounding_ms, sounding_total_ms = self._sounding.get(seq, (None, None))
        marks = tuple(self._alignment.get(seq, ()))
        return SpokenSentence(text, played_ms, total_ms, sounding_ms, sounding_total_ms, marks)

    def latencies(self) -> dict[str, float]:
        """Return milliseconds as `TurnReport.latency_ms` has them."""
        out: dict[str, float] = {}
        before: Stamp | None = None
        for stage in STAGES:
            at = self._marks.get(stage)
            if at is None:
                continue
            if before is not None:
                out[stage] = round(milliseconds(before, at), 1)
            before = at
        requested = self._marks.get('stt') or self._marks.get('speech_end')
        if requested is not None and 'commit' in self._marks:
            out['commit'] = round(milliseconds(requested, self._marks['commit']), 1)
        first = next((self._marks[stage] for stage in STAGES if stage in self._marks), None)
        if first is not None and self.audible:
            out['voice_to_voice'] = round(milliseconds(first, self._marks['audible']), 1)
        if self.cut == BARGE_IN and self._silent_at > self.cut_at:
            out['barge_in'] = round(milliseconds(self.cut_at, self._silent_at), 1)
        return out

    def report(self) -> TurnReport:
        """Return the report that is published when the turn is over."""
        return TurnReport(
            turn=self.turn,
            source=self.source,
            utterance=self.utterance,
            reply=' '.join(self.sentences),
            heard=self.heard().text,
            cut=self.cut,
            failure=self.failure,
            memory=self.remembered,
            tokens=dict(self.tokens),
            latency_ms=self.latencies(),
        )


def _advance(
    book: dict[int, tuple[float, float | None]], seq: int, played: float, total: float | None
) -> None:
    """Note how far a sentence has come; it never goes back."""
    before, known = book.get(seq, (0.0, None))
    book[seq] = (max(before, played), total if total is not None else known)
