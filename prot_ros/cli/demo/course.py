# SPDX-License-Identifier: Apache-2.0
"""The course of the demo's conversation as it was seen, with times and without judgement."""

from __future__ import annotations

from dataclasses import dataclass, field

from prot_ros.cli.demo.script import Line
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.turns import Interrupt
from prot_ros.core.wire import AudioChunk, Playback, Transcript, TurnReport


@dataclass
class Exchange:
    """One line of the user, and what became of it."""

    line: Line
    since: Stamp
    """Before the user began to speak it, and after all that was before; the turn begins after."""
    transcripts: list[Transcript] = field(default_factory=list)
    reports: list[TurnReport] = field(default_factory=list)

    @property
    def understood(self) -> str:
        """What the recogniser made of it."""
        return ' '.join(transcript.text for transcript in self.transcripts if transcript.text)

    @property
    def report(self) -> TurnReport | None:
        """The report on the turn that answers the line, the last where there are several."""
        return self.reports[-1] if self.reports else None


@dataclass(frozen=True)
class Noticed:
    """An interrupt, and when it was seen."""

    at: Stamp
    interrupt: Interrupt


@dataclass(frozen=True)
class PlaybackSeen:
    """A playback report, and when it was seen."""

    at: Stamp
    report: Playback


@dataclass
class Course:
    """All that was seen, each kind in the order in which it came."""

    exchanges: list[Exchange] = field(default_factory=list)
    interrupts: list[Noticed] = field(default_factory=list)
    playback: list[PlaybackSeen] = field(default_factory=list)
    user_audio: list[AudioChunk] = field(default_factory=list)
    robot_audio: list[AudioChunk] = field(default_factory=list)

    def playback_of(self, turn: Stamp) -> list[Playback]:
        """Return the playback reports of a turn."""
        return [seen.report for seen in self.playback if seen.report.turn == turn]

    def audible_from(self, turn: Stamp) -> Stamp | None:
        """Return when the first sample of a turn was heard, None when none was."""
        started = (report.started for report in self.playback_of(turn))
        return next((stamp for stamp in started if stamp != NEVER), None)
