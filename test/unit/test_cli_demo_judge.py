# SPDX-License-Identifier: Apache-2.0
"""The demo's judge can fail: each expectation, broken by one change of what was seen."""

from __future__ import annotations

import socket
import wave
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from prot_ros.cli.demo import domain, judge, recording, script
from prot_ros.cli.demo.course import Course, Exchange, Noticed, PlaybackSeen
from prot_ros.cli.demo.judge import Verdict
from prot_ros.cli.demo.script import ANOTHER_MEETING, FIRST_MEETING, Line
from prot_ros.cli.failure import CommandError
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp
from prot_ros.core.turns import BARGE_IN, Interrupt
from prot_ros.core.wire import AudioChunk, Playback, PlaybackState, Transcript, TurnReport
from prot_ros.engines.kinds import Message

START = Stamp(1_000 * SECOND)
STORY = 'Once there was a lighthouse. A keeper named Ada lived in it with a grey cat.'
HEARD = 'Once there was a lighthouse. A keeper'
ASK = Line('Where do I live?', 'home is remembered', (('seoul',),), from_memory=True)
TELL = Line('Tell me a story.', 'a story is begun', (('once',),), cut_short=True)
STOP = Line('Stop please.', 'who interrupts is answered', (('ask',),), interrupts=True)


def at(ms: float) -> Stamp:
    return Stamp(START + round(ms * MILLISECOND))


def played(turn: Stamp, state: str, ms: float, started: float, seen: float) -> PlaybackSeen:
    report = Playback(
        turn, 0, state, ms, None, ms, started=at(started), synthesized=at(started), stamp=at(seen)
    )
    return PlaybackSeen(at(seen), report)


def course() -> Course:
    """A conversation of three lines that went as it should; the story is cut at 9000 ms."""
    ask, tell, stop = at(100), at(5_100), at(9_000)
    answer = TurnReport(
        ask, 'speech', 'where do i live', 'You live in Seoul.', 'You live in Seoul.', memory=1,
        latency_ms={'voice_to_voice': 800.0, 'stt': 100.0},
    )  # fmt: skip
    story = TurnReport(tell, 'speech', 'tell me a story', STORY, HEARD, cut=BARGE_IN)
    stopped = TurnReport(
        stop, 'speech', 'stop please', 'What would you like to ask?',
        'What would you like to ask?', latency_ms={'voice_to_voice': 900.0, 'stt': 120.0},
    )  # fmt: skip
    return Course(
        exchanges=[
            Exchange(ASK, at(0), [Transcript(ask, 'where do i live', final=True)], [answer]),
            Exchange(TELL, at(5_000), [Transcript(tell, 'tell me a story', final=True)], [story]),
            Exchange(STOP, at(8_900), [Transcript(stop, 'stop please', final=True)], [stopped]),
        ],
        interrupts=[
            Noticed(at(200), Interrupt(Stamp(ask - 1), BARGE_IN)),
            Noticed(at(5_200), Interrupt(Stamp(tell - 1), BARGE_IN)),
            Noticed(at(9_120), Interrupt(Stamp(stop - 1), BARGE_IN)),
        ],
        playback=[
            played(ask, PlaybackState.STARTED, 0, 2_000, 2_010),
            played(ask, PlaybackState.FINISHED, 1_500, 2_000, 3_500),
            played(tell, PlaybackState.STARTED, 0, 6_000, 6_010),
            played(tell, PlaybackState.PROGRESS, 3_000, 6_000, 9_000),
            played(tell, PlaybackState.CUT, 3_150, 6_000, 9_160),
            played(stop, PlaybackState.FINISHED, 1_000, 11_000, 12_000),
        ],
    )


KEPT = [
    Message('user', 'where do i live'), Message('robot', 'You live in Seoul.'),
    Message('user', 'tell me a story'), Message('robot', HEARD, cut=True),
    Message('user', 'stop please'), Message('robot', 'What would you like to ask?'),
]  # fmt: skip


def failures(seen: Course, kept: list[Message] | None = KEPT) -> list[Verdict]:
    return [verdict for verdict in judge.judge(seen, kept) if not verdict.held]


def test_a_conversation_that_went_well_has_no_failure() -> None:
    assert failures(course()) == []
    assert len(list(judge.judge(course(), KEPT))) == 8


def change(exchange: int, **values: object) -> Callable[[Course], None]:
    def do(seen: Course) -> None:
        reports = seen.exchanges[exchange].reports
        reports[-1] = replace(reports[-1], **values)  # type: ignore[arg-type]

    return do


def silent_late(seen: Course) -> None:
    seen.playback[4] = played(at(5_100), PlaybackState.CUT, 3_500, 6_000, 9_520)


def played_on(seen: Course) -> None:
    seen.playback.append(played(at(5_100), PlaybackState.PROGRESS, 3_150, 6_000, 9_900))


def never_cut(seen: Course) -> None:
    del seen.playback[4]


@pytest.mark.parametrize(
    ('breaks', 'expected', 'words'),
    [
        (change(0, heard='You live in Paris.'), 'home is remembered', 'none of the words'),
        (change(0, memory=0), 'home is remembered', 'nothing was found in memory'),
        (change(0, failure='no voice'), 'home is remembered', 'the turn failed: no voice'),
        (lambda c: c.exchanges[0].reports.clear(), 'home is remembered', 'never answered'),
        (change(1, cut=None), 'the reply is interrupted by the voice of the user', 'to its end'),
        (change(1, cut='x'), 'the reply is interrupted by the voice of the user', 'cut by x'),
        (change(1, heard=STORY), 'what was heard of it is a true beginning of it', 'heard 76'),
        (change(1, heard='Twice'), 'what was heard of it is a true beginning of it', 'heard 5'),
        (silent_late, 'silence within 300 ms of the interrupt', 'silent 380 ms after'),
        (never_cut, 'silence within 300 ms of the interrupt', 'no report on the cut'),
        (played_on, 'nothing of a void turn is played later', 'progress 780 ms after'),
    ],
)  # fmt: skip
def test_one_thing_that_goes_wrong_fails_its_expectation(
    breaks: Callable[[Course], None], expected: str, words: str
) -> None:
    seen = course()
    breaks(seen)
    found = {verdict.expected: verdict.seen for verdict in failures(seen)}
    assert words in found[expected]


def test_what_is_not_in_the_database_is_missed() -> None:
    lost = [message for message in KEPT if message.text != HEARD]
    assert [verdict.seen for verdict in failures(course(), lost)] == [
        f'missing: {HEARD!r} of the robot'
    ]
    assert [v.seen for v in failures(course(), None)] == ['the database could not be asked']


def test_speech_that_was_joined_to_what_followed_is_not_missed() -> None:
    seen = course()
    part = TurnReport(at(50), 'speech', 'where do', 'reply', '', cut=BARGE_IN)
    seen.exchanges[0].reports.insert(0, part)
    assert failures(seen) == []


def test_summary_has_medians_and_the_time_to_silence() -> None:
    words = judge.summary(course())
    assert words.startswith('3 turns; medians: voice to voice 850 ms, recognition 110 ms')
    assert words.endswith('silent 150 ms after the user begins to speak over it')


@pytest.mark.parametrize('meeting', [FIRST_MEETING, ANOTHER_MEETING])
def test_script_has_at_least_eight_turns_and_one_interruption(meeting: tuple[Line, ...]) -> None:
    assert len(meeting) >= 8
    assert [a.cut_short for a in meeting[:-1]] == [b.interrupts for b in meeting[1:]]
    assert sum(line.interrupts for line in meeting) == 1


def test_who_is_known_does_not_introduce_herself_again() -> None:
    told = ' '.join(line.text for line in ANOTHER_MEETING)
    assert script.NAME not in told
    assert script.HOME not in told


def test_recording_has_the_user_left_and_what_was_heard_of_the_robot_right(tmp_path: Path) -> None:
    seen = course()
    frame = array('h', [1000] * 320).tobytes()
    seen.user_audio = [AudioChunk(frame, 16000, stamp=at(20 * n), seq=n) for n in range(100)]
    voice = array('h', [-2000] * 24 * 60).tobytes()
    seen.robot_audio = [
        AudioChunk(voice, 24000, turn=at(5_100), stamp=at(5_900), seq=n) for n in range(80)
    ]
    path = tmp_path / 'talk.wav'
    assert recording.write(seen, path) == pytest.approx(9.15, abs=0.01)
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 24000)
        both = array('h', sound.readframes(sound.getnframes()))
    left, right = both[0::2], both[1::2]
    assert left[24000] == pytest.approx(1000, abs=5)
    assert not any(left[24000 * 21 // 10 :])
    assert not any(right[: 6 * 24000])
    # 4.8 s were synthesised, 3.15 s were heard.
    assert right[7 * 24000] == -2000
    assert sum(sample != 0 for sample in right) == 24 * 3150


def test_a_turn_that_was_never_audible_is_not_in_the_recording(tmp_path: Path) -> None:
    seen = Course(robot_audio=[AudioChunk(bytes(4800), 24000, turn=at(0))])
    seen.user_audio = [AudioChunk(bytes(640), 16000, stamp=at(0))]
    assert recording.write(seen, tmp_path / 'talk.wav') == pytest.approx(0.02)


def test_domain_of_the_demo_is_one_that_nobody_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, 'FIRST', 98)
    taken = []
    try:
        for number in (98, 99, 100):
            found = {domain.free_domain() for _ in range(12)}
            assert found <= set(range(98, 101)) - {port[0] for port in taken}
            probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            taken.append((number, probe))
            probe.bind(('', 7400 + 250 * number + 12))
        with pytest.raises(CommandError, match='all ROS domains from 98 to 100 are in use'):
            domain.free_domain()
    finally:
        for _, probe in taken:
            probe.close()
