# SPDX-License-Identifier: Apache-2.0
"""Tells a conversation on the screen as it happens: who speaks, and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prot_ros import graph
from prot_ros.cli.participant import Seen
from prot_ros.cli.screen import Screen, printable
from prot_ros.core.reply import STAGES
from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.wire import Playback, PlaybackState, Sentence, Transcript, TurnReport

FOLLOWED = (
    graph.PARTIAL, graph.TRANSCRIPT, graph.HEARD, graph.STATE, graph.SENTENCE, graph.PLAYBACK,
    graph.TURN,
)  # fmt: skip
"""What a narrator has to see, in the order of cause and effect: of several topics that have a
message, an executor takes the one that was subscribed to first."""

MARGIN = ' ' * 9
"""Where what is neither the user's nor the robot's begins."""
NEWS_OF = {
    PlaybackState.STARTED, PlaybackState.PROGRESS, PlaybackState.SENTENCE, PlaybackState.FINISHED
}  # fmt: skip


def latencies(report: TurnReport) -> str:
    """Return a turn's latencies in words, '' when nothing of it was audible."""
    parts = dict(report.latency_ms)
    whole = parts.pop('voice_to_voice', None)
    if whole is None:
        return ''
    stages = [
        f'{stage.replace("_", " ")} {parts[stage]:.0f}' for stage in STAGES if stage in parts
    ]
    kind = 'voice to voice' if report.source == 'speech' else 'to the first sound'
    return f'{whole:.0f} ms {kind}' + (f' = {" + ".join(stages)}' if stages else '')


def tokens(report: TurnReport) -> str:
    """Return what the language model read and wrote in words, '' where nobody counted."""
    counted = report.tokens
    if not counted:
        return ''
    cached = counted.get('cache_read', 0)
    read = counted.get('input', 0) + counted.get('cache_written', 0) + cached
    out = counted.get('output', 0)
    return f'{read:,.0f} tokens read, {cached:,.0f} of them from the cache; {out:,.0f} written'


class Narrator:
    """Takes what is seen, in order, and prints it."""

    def __init__(self, screen: Screen, *, heard: Callable[[str], str | None]) -> None:
        """`heard` puts what the robot understood into words, None where that need not be said."""
        self._screen = screen
        self._heard = heard
        self._state = ''
        self._turn = NEVER
        self._sentences: dict[int, str] = {}
        self._told = 0
        """Sentences of the turn that have been printed."""
        self._tell: dict[str, Callable[[Any], None]] = {
            graph.STATE.name: self._tell_state,
            graph.PARTIAL.name: self._tell_partial,
            graph.TRANSCRIPT.name: self._tell_transcript,
            graph.HEARD.name: self._tell_heard,
            graph.SENTENCE.name: self._note_sentence,
            graph.PLAYBACK.name: self._tell_playback,
            graph.TURN.name: self._tell_turn,
        }

    def see(self, seen: Seen) -> None:
        """Take one message of a topic; those of others are none of its business."""
        tell = self._tell.get(seen.topic)
        if tell is not None:
            tell(seen.value)

    def _dim(self, text: str) -> None:
        self._screen.line(self._screen.style('dim', f'{MARGIN}{text}'))

    def _tell_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._dim(f'· {printable(state)}')

    def _tell_partial(self, transcript: Transcript) -> None:
        self._screen.status(f'{MARGIN}… {printable(transcript.text)}')

    def _tell_transcript(self, transcript: Transcript) -> None:
        self._screen.status('')
        if not transcript.text:
            self._dim('there was a sound, but no words in it')

    def _tell_heard(self, text: str) -> None:
        words = self._heard(text)
        if words is not None:
            self._screen.line(words)

    def _note_sentence(self, sentence: Sentence) -> None:
        self._follow(sentence.turn)
        if sentence.turn == self._turn and sentence.text:
            self._sentences[sentence.seq] = sentence.text

    def _tell_playback(self, report: Playback) -> None:
        self._follow(report.turn)
        if report.turn == self._turn and report.state in NEWS_OF:
            self._say_up_to(report.seq)

    def _follow(self, turn: Stamp) -> None:
        if turn > self._turn:
            self._turn, self._sentences, self._told = turn, {}, 0

    def _say_up_to(self, seq: int) -> None:
        while self._told <= seq and self._told in self._sentences:
            name = 'Robot:' if self._told == 0 else ''
            text = printable(self._sentences[self._told])
            self._screen.line(f'{self._screen.style("robot", f"{name:<{len(MARGIN)}}")}{text}')
            self._told += 1

    def _tell_turn(self, report: TurnReport) -> None:
        screen = self._screen
        if report.cut is not None:
            heard = f'heard until then: “{printable(report.heard)}”' if report.heard else 'unheard'
            words = f'✂ interrupted by {printable(report.cut)}, {heard}'
            if 'barge_in' in report.latency_ms:
                words += f', silent {report.latency_ms["barge_in"]:.0f} ms after the first sound'
            screen.line(MARGIN + screen.style('cut', words))
        if report.failure is not None:
            words = f'✗ the turn failed: {printable(report.failure)}'
            screen.line(MARGIN + screen.style('bad', words))
        for words in filter(None, (latencies(report), tokens(report))):
            self._dim(words)
