# SPDX-License-Identifier: Apache-2.0
"""A seeded campaign of interruptions, at every boundary of a turn, each looked at afterwards.

    python test/campaign/interruptions.py [--rounds 1000] [--seed 1]

One robot, all nodes as processes, lives through all rounds. In each the robot is brought to some
moment of a turn, something interrupts it there, and when the new turn has been answered the books
are looked at: nothing of a void turn sounded after the silence, the new utterance was answered,
history holds what was heard of the old reply, queues are empty, and no task is left over.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from running_graph import RunningGraph, synthesise  # noqa: E402

from prot_ros import graph  # noqa: E402
from prot_ros.core.audio import milliseconds  # noqa: E402
from prot_ros.core.heard import SpokenSentence, heard  # noqa: E402
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp  # noqa: E402
from prot_ros.core.turns import Interrupt  # noqa: E402
from prot_ros.core.wire import (  # noqa: E402
    AudioChunk,
    Playback,
    PlaybackState,
    Sentence,
    TurnReport,
)

LONG = 'tell me a long story'
SHORT = ('count to three', 'what time is it', 'my name is alice')
LONG_ANSWER_S = 4.0
"""An answer that takes longer is cut short."""
RESTARTED = ('speaker', 'tts', 'stt', 'vad')


@dataclass
class Round:
    """What was done, and what is wrong with what came of it."""

    number: int
    moment: str
    means: str
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f'round {self.number}: {self.means} {self.moment}'


class Campaign:
    """Interrupts one robot again and again."""

    def __init__(self, robot: RunningGraph, seed: int) -> None:
        self._robot = robot
        self._observer = robot.observer
        self._chance = random.Random(seed)
        self._moments: dict[str, Callable[[float], None]] = {
            'before the first token': self._before_the_first_token,
            'between tokens': self._between_tokens,
            'before the first audio': self._before_the_first_audio,
            'in a sentence': self._in_a_sentence,
            'between sentences': self._between_sentences,
            'in the last chunk': self._in_the_last_chunk,
            'as the reply ends': self._as_the_reply_ends,
            'during endpointing': self._during_endpointing,
            'during recognition': self._during_recognition,
        }
        self._means: dict[str, Callable[[], Stamp]] = {
            'a line typed': self._by_a_line,
            'an interrupt': self._by_an_interrupt,
            'an interrupt twice': self._by_an_interrupt_twice,
            'a delayed, a reordered and a stale message': self._by_messages_out_of_order,
            'a voice': self._by_a_voice,
        }
        self._at_rest: dict[str, int] = {}

    def run(self, rounds: int, *, restarts: bool = True) -> list[Round]:
        """Run so many rounds; return all of them, each with what is wrong."""
        self._settle()
        self._at_rest = self._tasks()
        done = []
        for number in range(1, rounds + 1):
            restart = restarts and number % 50 == 0
            done.append(self._restart(number) if restart else self._round(number))
            for problem in done[-1].problems:
                print(f'{done[-1]}: {problem}', file=sys.stderr)
            if number % 20 == 0:
                bad = sum(bool(each.problems) for each in done)
                print(f'{number} of {rounds} rounds, {bad} with problems', file=sys.stderr)
            self._forget()
        return done

    # --- one round -----------------------------------------------------------------------------

    def _round(self, number: int) -> Round:
        this = Round(
            number,
            self._chance.choice(list(self._moments)),
            self._chance.choices(list(self._means), (4, 4, 2, 2, 1))[0],
        )
        began = time.monotonic()
        try:
            self._moments[this.moment](began)
            # Some milliseconds more or less, so that no round meets quite the same instant.
            time.sleep(self._chance.uniform(0, 0.03))
            voided = self._means[this.means]()
            self._look(this, began, voided)
        except AssertionError as err:
            this.problems.append(str(err).splitlines()[0])
            self._recover()
        return this

    def _look(self, this: Round, began: float, voided: Stamp) -> None:
        """Judge what became of a round: `voided` is what had to be void after it."""
        if this.means in ('an interrupt', 'an interrupt twice'):
            # A robot that was silenced is asked something else.
            self._observer.publish(graph.HEAR, self._chance.choice(SHORT))
        answer = self._observer.wait(
            graph.PLAYBACK,
            lambda p: p.turn > voided and p.state == PlaybackState.STARTED,
            within=20,
            since=began,
        )
        self._hear_out(answer.turn, began)
        report = self._observer.wait(
            graph.TURN, lambda r: r.turn == answer.turn, within=5, since=began
        )
        if report.failure or not report.heard:
            this.problems.append(f'not answered: {report}')
        void = [r for r in self._observer.of(graph.TURN, began) if r.turn <= voided]
        this.problems += [problem for report in void for problem in self._misheard(report, began)]
        this.problems += self._stale_sound(began)
        # What was said while a line was typed is answered after the line is.
        self._observer.wait_for(
            lambda: self._observer.of(graph.STATE)[-1:] == ['idle'], within=20, what='idle'
        )
        this.problems += self._left_over()

    def _hear_out(self, turn: Stamp, began: float) -> None:
        """Listen to an answer for a while: a question that nobody answered is joined to it."""
        try:
            self._observer.wait(
                graph.TURN, lambda r: r.turn == turn, within=LONG_ANSWER_S, since=began
            )
            self._settle()
        except AssertionError:
            self._recover()

    def _stale_sound(self, began: float) -> list[str]:
        """Return what sounded of a turn after it was cut."""
        problems = []
        cuts = {
            p.turn: p.stamp
            for p in self._observer.of(graph.PLAYBACK, began)
            if p.state == PlaybackState.CUT
        }
        for turn, stamp in cuts.items():
            late = [
                chunk
                for chunk in self._observer.of(graph.REFERENCE, began)
                # A piece is announced before it sounds; one that was never heard is superseded.
                if chunk.turn == turn and chunk.stamp > stamp + LEAD
            ]
            if late:
                after = (late[-1].stamp - stamp) / MILLISECOND
                problems.append(f'{len(late)} pieces of a void turn, the last {after:.0f} ms late')
            problems += [
                f'a playback report after the cut: {report.state}'
                for report in self._observer.of(graph.PLAYBACK, began)
                if report.turn == turn and report.stamp > stamp
            ]
        return problems

    def _misheard(self, report: TurnReport, began: float) -> list[str]:
        """Compare history with what the loudspeaker says it played of a cut reply."""
        if report.cut is None or not report.heard:
            return []
        positions: dict[int, Playback] = {}
        for p in self._observer.of(graph.PLAYBACK, began):
            if p.turn == report.turn:
                before = positions.get(p.seq)
                if before is None or p.played_ms >= before.played_ms:
                    positions[p.seq] = p
        sentences = [
            s.text
            for s in self._observer.of(graph.SENTENCE, began)
            if s.turn == report.turn and s.text
        ]
        if not sentences:
            return []  # it began in the round before
        spoken = []
        for seq, text in enumerate(dict.fromkeys(sentences)):
            at = positions.get(seq)
            spoken.append(
                SpokenSentence(text, 0.0, None)
                if at is None
                else SpokenSentence(
                    text, at.played_ms, at.total_ms, at.sounding_ms, at.sounding_total_ms
                )
            )
        expected = heard(spoken).text.split()
        kept = report.heard.split()
        if report.reply.split()[: len(kept)] != kept:
            return [f'history holds what was not said: {report.heard!r}']
        if abs(len(expected) - len(kept)) > 1:
            return [f'history holds {report.heard!r}, heard were {expected}: {positions}']
        return []

    def _left_over(self) -> list[str]:
        """Return queues that are not empty and tasks that are too many, once all is at rest."""
        wrong: list[str] = []

        def clean() -> bool:
            wrong[:] = [
                f'{name}: {pair.key} is {pair.value}'
                for name, status in list(self._observer.diagnostics.items())
                for pair in status.values
                if pair.key.startswith('queue ') and not pair.value.startswith('0/')
            ]
            wrong.extend(
                f'{node} has {count} tasks, at rest {self._at_rest[node]}'
                for node, count in self._tasks().items()
                if count > self._at_rest.get(node, count)
            )
            return not wrong

        try:
            self._observer.wait_for(clean, within=5, what='empty queues')
        except AssertionError:
            return wrong
        return []

    # --- moments -------------------------------------------------------------------------------

    def _ask(self, text: str) -> None:
        self._observer.publish(graph.HEAR, text)

    def _before_the_first_token(self, began: float) -> None:
        self._ask(LONG)
        self._observer.wait(graph.STATE, lambda s: s == 'thinking', within=5, since=began)

    def _between_tokens(self, began: float) -> None:
        self._ask(LONG)
        self._observer.wait(graph.SENTENCE, within=5, since=began)

    def _before_the_first_audio(self, began: float) -> None:
        self._ask(LONG)
        self._observer.wait(graph.SPEECH_AUDIO, within=5, since=began)

    def _in_a_sentence(self, began: float) -> None:
        self._ask(LONG)
        wanted = self._chance.uniform(100, 3000)
        self._wait_for_playback(lambda p: p.turn_played_ms > wanted, began)

    def _between_sentences(self, began: float) -> None:
        self._ask(LONG)
        self._wait_for_playback(lambda p: p.state == PlaybackState.SENTENCE, began)

    def _in_the_last_chunk(self, began: float) -> None:
        self._ask('how are you')
        final = self._observer.wait(graph.SPEECH_AUDIO, lambda c: c.final, within=10, since=began)
        chunks = self._observer.of(graph.SPEECH_AUDIO, began)
        total = sum(milliseconds(c.pcm, c.rate) for c in chunks if c.turn == final.turn)
        self._wait_for_playback(lambda p: p.turn_played_ms > total - 150, began)

    def _as_the_reply_ends(self, began: float) -> None:
        self._ask('how are you')
        self._wait_for_playback(lambda p: p.state == PlaybackState.FINISHED, began)

    def _during_endpointing(self, began: float) -> None:
        self._speak(self._chance.choice(SHORT), began)

    def _during_recognition(self, began: float) -> None:
        self._speak(self._chance.choice(SHORT), began)
        self._observer.wait(graph.SPEECH, lambda speaking: not speaking, within=5, since=began)

    def _speak(self, text: str, began: float) -> None:
        self._robot.speak(voice(text)).join()
        self._observer.wait(graph.SPEECH, lambda speaking: speaking, within=5, since=began)

    def _wait_for_playback(self, condition: Callable[[Playback], bool], began: float) -> None:
        self._observer.wait(graph.PLAYBACK, condition, within=20, since=began)

    # --- means ---------------------------------------------------------------------------------

    def _by_a_line(self) -> Stamp:
        now = Stamp(time.time_ns())
        self._ask(self._chance.choice(SHORT))
        return now

    def _by_an_interrupt(self) -> Stamp:
        now = Stamp(time.time_ns())
        self._observer.publish(graph.INTERRUPT, Interrupt(now, 'operator'))
        return now

    def _by_an_interrupt_twice(self) -> Stamp:
        self._by_an_interrupt()
        time.sleep(self._chance.uniform(0, 0.1))
        return self._by_an_interrupt()

    def _by_messages_out_of_order(self) -> Stamp:
        now = self._by_an_interrupt()
        old, publish = Stamp(now - SECOND // 10), self._observer.publish
        publish(graph.INTERRUPT, Interrupt(Stamp(now - 5 * SECOND), 'stale'))
        publish(graph.INTERRUPT, Interrupt(Stamp(now + 60 * SECOND), 'future'))
        publish(graph.INTERRUPT, Interrupt(now, 'operator'))
        publish(graph.SENTENCE, Sentence(old, 3, 'Nobody may hear this.'))
        publish(graph.SPEECH_AUDIO, AudioChunk(bytes(2880), 24000, turn=old, seq=7))
        publish(graph.PLAYBACK, Playback(old, 0, PlaybackState.FINISHED, 1.0, 1.0, 1.0))
        self._ask(self._chance.choice(SHORT))
        return now

    def _by_a_voice(self) -> Stamp:
        began, now = time.monotonic(), Stamp(time.time_ns())
        self._speak('what time is it', began)
        # On a slow machine what was said before is over already, and its transcript comes first.
        utterance = self._observer.wait(
            graph.TRANSCRIPT, lambda t: t.turn > now or 'time' in t.text, within=5, since=began
        )
        return Stamp(utterance.turn - 1)

    # --- a node restarts -----------------------------------------------------------------------

    def _restart(self, number: int) -> Round:
        """Kill a node while the robot speaks; once it is back, all works as before."""
        node = self._chance.choice(RESTARTED)
        this = Round(number, 'while it speaks', f'the death of {node}')
        began = time.monotonic()
        try:
            self._in_a_sentence(began)
            self._robot.processes[node].send_signal(signal.SIGKILL)
            self._robot.processes[node].wait(5)
            # What it said last is that it was active.
            self._observer.diagnostics.pop(f'{graph.NAMESPACE}/{node}', None)
            self._robot.start_process(node)
            voided = self._by_an_interrupt()
            self._robot.wait_active()
            self._look(Round(number, '', 'an interrupt'), began, voided)
        except AssertionError as err:
            this.problems.append(str(err).splitlines()[0])
            self._recover()
        return this

    # --- rest ----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Wait until nobody speaks and nothing is under way."""
        self._observer.wait_for(
            lambda: (
                self._observer.of(graph.STATE)[-1:] == ['idle']
                and self._observer.of(graph.SPEECH)[-1:] in ([], [False])
            ),
            within=20,
            what='a robot at rest',
        )

    def _recover(self) -> None:
        self._by_an_interrupt()
        self._settle()

    def _tasks(self) -> dict[str, int]:
        return {
            name.rpartition('/')[2]: int(pair.value)
            for name, status in list(self._observer.diagnostics.items())
            for pair in status.values
            if pair.key == 'tasks'
        }

    def _forget(self) -> None:
        """Let go of what was seen, but for the latest of what is latched."""
        kept = {}
        for seen in self._observer.seen:
            if seen.topic in (graph.STATE.name, graph.SPEECH.name):
                kept[seen.topic] = seen
        self._observer.seen[:] = kept.values()


LEAD = 120 * MILLISECOND
"""How far ahead of its sound a piece is announced."""


@cache
def voice(text: str) -> bytes:
    """Return a user's voice."""
    return synthesise(text)


def report(rounds: list[Round]) -> str:
    """Return what was done how often and what was wrong."""
    done = Counter(f'{each.means} {each.moment}' for each in rounds)
    lines = [f'{count:5}  {what}' for what, count in sorted(done.items())]
    for each in rounds:
        lines += [f'{each}: {problem}' for problem in each.problems]
    bad = sum(bool(each.problems) for each in rounds)
    return '\n'.join([*lines, f'{len(rounds)} interruptions, {bad} with problems'])


def main() -> None:
    """Run a campaign; exit with 1 when anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rounds', type=int, default=1000, help='interruptions (default: 1000)')
    parser.add_argument('--seed', type=int, default=1, help='of what is chosen (default: 1)')
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix='prot-campaign-') as folder,
        RunningGraph(Path(folder)) as robot,
    ):
        rounds = Campaign(robot, options.seed).run(options.rounds)
    print(report(rounds))
    sys.exit(any(each.problems for each in rounds))


if __name__ == '__main__':
    main()
