# SPDX-License-Identifier: Apache-2.0
"""A conversation as it is told on the screen."""

from __future__ import annotations

import io
from typing import Any

from prot_ros import graph
from prot_ros.cli.narrator import Narrator, latencies, tokens
from prot_ros.cli.participant import Seen
from prot_ros.cli.screen import Screen
from prot_ros.core.stamps import Stamp
from prot_ros.core.wire import Playback, PlaybackState, Sentence, Transcript, TurnReport

FIRST, SECOND = Stamp(10**18), Stamp(2 * 10**18)


def told(*messages: tuple[graph.Topic, Any]) -> list[str]:
    out = io.StringIO()
    narrator = Narrator(Screen(out, environment={}), heard=lambda text: f'You:     {text}')
    for topic, value in messages:
        narrator.see(Seen(FIRST, topic.name, value))
    return out.getvalue().splitlines()


def sentence(turn: Stamp, seq: int, text: str, *, final: bool = False) -> tuple[graph.Topic, Any]:
    return graph.SENTENCE, Sentence(turn, seq, text, final=final)


def played(turn: Stamp, seq: int, state: str) -> tuple[graph.Topic, Any]:
    return graph.PLAYBACK, Playback(turn, seq, state, 10.0, None, 10.0)


def test_a_sentence_is_told_when_it_becomes_audible() -> None:
    made = [sentence(FIRST, 0, 'Hello.'), sentence(FIRST, 1, 'How are you?')]
    assert told(*made) == []
    assert told(*made, played(FIRST, 0, PlaybackState.STARTED)) == ['Robot:   Hello.']
    ended = [sentence(FIRST, 2, '', final=True), played(FIRST, 2, PlaybackState.FINISHED)]
    assert told(*made, *ended) == ['Robot:   Hello.', '         How are you?']


def test_a_sentence_is_told_once_and_void_turns_are_not_told() -> None:
    lines = told(
        sentence(FIRST, 0, 'Old.'),
        sentence(SECOND, 0, 'New.'),
        played(FIRST, 0, PlaybackState.PROGRESS),
        played(SECOND, 0, PlaybackState.STARTED),
        played(SECOND, 0, PlaybackState.PROGRESS),
    )
    assert lines == ['Robot:   New.']


def test_an_interruption_is_told_with_what_had_been_heard() -> None:
    report = TurnReport(FIRST, 'speech', 'tell', 'Once there was.', 'Once', cut='barge_in')
    assert told((graph.TURN, report)) == [
        '         ✂ interrupted by barge_in, heard until then: “Once”'
    ]


def test_a_failed_turn_says_why() -> None:
    report = TurnReport(FIRST, 'hear', 'x', '', '', failure='the voice is silent')
    assert told((graph.TURN, report)) == ['         ✗ the turn failed: the voice is silent']


def test_states_are_told_when_they_change_and_sounds_without_words_as_such() -> None:
    states = [(graph.STATE, state) for state in ('idle', 'idle', 'listening')]
    nothing = (graph.TRANSCRIPT, Transcript(FIRST, '', final=True))
    assert told(*states, nothing) == [
        '         · idle',
        '         · listening',
        '         there was a sound, but no words in it',
    ]


def test_nothing_that_is_said_acts_on_the_terminal() -> None:
    lines = told(
        sentence(FIRST, 0, 'A\x1b[2J\r\nB'),
        played(FIRST, 0, PlaybackState.STARTED),
        (graph.STATE, '\x1b[31m'),
        (graph.TURN, TurnReport(FIRST, 'say', '', '', '\x07', cut='\x1b', failure='\x9b')),
    )
    assert lines[0] == 'Robot:   A [2J  B'
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for line in lines for char in line)


def test_latencies_are_in_the_order_of_the_stages() -> None:
    report = TurnReport(
        FIRST, 'speech', 'x', 'y', 'y',
        latency_ms={'audible': 3.0, 'stt': 90.4, 'endpoint': 610.0, 'voice_to_voice': 703.4},
    )  # fmt: skip
    assert latencies(report) == '703 ms voice to voice = endpoint 610 + stt 90 + audible 3'
    assert latencies(TurnReport(FIRST, 'speech', 'x', 'y', '')) == ''


def test_tokens_are_told_where_somebody_counted_them() -> None:
    counted = {'input': 40.0, 'cache_read': 2_000.0, 'cache_written': 60.0, 'output': 35.0}
    report = TurnReport(FIRST, 'speech', 'x', 'y', 'y', tokens=counted)
    assert told((graph.TURN, report)) == [
        '         2,100 tokens read, 2,000 of them from the cache; 35 written'
    ]
    assert tokens(TurnReport(FIRST, 'speech', 'x', 'y', 'y')) == ''
