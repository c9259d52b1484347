# SPDX-License-Identifier: Apache-2.0
"""Whose voice is left in the microphone: the robot's, somebody else's, or both."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
from recordings import CARDS, LIBRIVOX
from room import RATE, Room, Sound, samples

from prot_ros.core.echo import HOP_MS, DelayTracker, NoiseFloor
from prot_ros.core.echo_detector import LIKENESS, Attenuator, EchoDetector, Verdict

HOP = RATE * HOP_MS // 1000
HOPS = 1000 // HOP_MS
"""In a second."""
ROBOT = np.concatenate([samples(recording.pcm) for recording in LIBRIVOX])[: 7 * RATE]
SECONDS = 7
USER_AT = 5.0
QUIET = Room(noise_db=-40)


def user(at: float = USER_AT) -> Sound:
    voice = QUIET.user(samples(CARDS[2].pcm))
    track = np.zeros_like(ROBOT)
    track[int(at * RATE) :][: voice.size] = voice[: track.size - int(at * RATE)]
    return track


def judged(
    microphone: Sound, filtered: Sound, reference: Sound, *, unknown: range = range(0)
) -> list[Verdict]:
    detector = EchoDetector(RATE)
    verdicts = []
    for number in range(microphone.size // HOP):
        hop = slice(number * HOP, (number + 1) * HOP)
        known = number not in unknown
        verdicts += detector.judge(microphone[hop], filtered[hop], reference[hop], known=known)
    return verdicts


@functools.cache
def heard(echo_db: float, delay_ms: float, left_db: float, with_user: bool) -> list[Verdict]:
    """Return the verdicts of a room in which a filter leaves so much of the echo."""
    room = Room(echo_db=echo_db, delay_ms=delay_ms, noise_db=-40)
    echo, other = room.echo(ROBOT), user() if with_user else np.zeros_like(ROBOT)
    rest = other + room.noise(ROBOT.size)
    return judged(echo + rest, echo * 10 ** (left_db / 20) + rest, ROBOT)


def of(verdicts: list[Verdict], start_s: float, stop_s: float) -> list[Verdict]:
    return verdicts[int(start_s * HOPS) : int(stop_s * HOPS)]


@pytest.mark.parametrize('delay_ms', [20, 80, 300])
@pytest.mark.parametrize('left_db', [-25.0, -8.0])
def test_the_robot_alone_is_never_taken_for_somebody(delay_ms, left_db):
    verdicts = heard(-6, delay_ms, left_db, False)
    assert Verdict.FILTERED not in verdicts
    assert Verdict.MICROPHONE not in verdicts[10:]


@pytest.mark.parametrize('delay_ms', [20, 300])
@pytest.mark.parametrize('echo_db', [-6.0, 0.0])
def test_somebody_who_speaks_over_the_robot_is_let_through_within_200_ms(delay_ms, echo_db):
    verdicts = heard(echo_db, delay_ms, -20, True)
    assert Verdict.FILTERED not in of(verdicts, 0, USER_AT)
    spoken = USER_AT + speech_begins()
    first = next(n for n, verdict in enumerate(verdicts) if verdict is Verdict.FILTERED)
    assert first * HOP_MS / 1000 < spoken + 0.2
    assert of(verdicts, spoken + 0.2, spoken + 0.6).count(Verdict.FILTERED) > 30, 'and stays so'


def test_a_soft_echo_is_not_forgotten_while_people_speak_over_it_again_and_again():
    # For 4 s of every 8.5 they are 30 dB louder, and their levels move as they like.
    robot = np.resize(ROBOT, 30 * RATE)
    room = Room(echo_db=-30, noise_db=-50)
    voice = np.resize(room.user(np.concatenate([samples(card.pcm) for card in CARDS])), robot.size)
    silent = (np.arange(robot.size) / RATE - 5) % 8.5 > 4
    said = np.where(silent | (np.arange(robot.size) < 5 * RATE), 0.0, voice)
    echo, rest = room.echo(robot), said + room.noise(robot.size)
    verdicts = judged(echo + rest, 0.1 * echo + rest, robot)
    assert Verdict.MICROPHONE not in verdicts[HOPS:]


def speech_begins() -> float:
    loud = np.abs(samples(CARDS[2].pcm)) > 0.1 * np.abs(samples(CARDS[2].pcm)).max()
    return float(np.flatnonzero(loud)[0]) / RATE


def test_the_likeness_is_found_at_every_delay():
    # A residue that follows the robot's voice is its voice, however loud it has become.
    for delay_ms in (20, 300, 440):
        echo = Room(delay_ms=delay_ms, noise_db=-60).echo(ROBOT)
        detector = EchoDetector(RATE)
        likeness = []
        for number in range(2 * HOPS):
            hop = slice(number * HOP, (number + 1) * HOP)
            detector.judge(echo[hop], 0.1 * echo[hop], ROBOT[hop])
            if number > HOPS and number % 5 == 0:
                likeness.append(detector.likeness())
        assert np.median(likeness) > LIKENESS, f'{delay_ms} ms'


def test_what_an_erring_filter_adds_to_a_pause_is_nobody():
    room = Room(noise_db=-60)
    pause = np.arange(ROBOT.size) % (2 * RATE) > 1.5 * RATE
    robot = np.where(pause, 0.0, ROBOT)
    microphone = room.echo(robot) + room.noise(robot.size)
    error = np.where(pause, np.random.default_rng(4).standard_normal(robot.size) * 300, 0.0)
    assert Verdict.FILTERED not in judged(microphone, 0.1 * microphone + error, robot)


def test_a_filter_that_has_lost_its_way_makes_nobody_of_the_robot():
    room = Room(noise_db=-40)
    echo = room.echo(ROBOT)
    noise = room.noise(ROBOT.size)
    lost = np.arange(ROBOT.size) > 4 * RATE
    verdicts = judged(echo + noise, np.where(lost, echo, 0.05 * echo) + noise, ROBOT)
    assert Verdict.FILTERED not in verdicts


@pytest.mark.parametrize('left_db', [-25.0, -60.0])
@pytest.mark.parametrize('lost_s', [0.3, 1.0])
def test_a_canceller_before_it_that_begins_anew_makes_nobody_of_the_robot(left_db, lost_s):
    # The audio server's own, which has left a little, or nothing that can be heard.
    room = Room(delay_ms=70, noise_db=-50)
    echo, noise = room.echo(ROBOT), room.noise(ROBOT.size)
    seconds = np.arange(ROBOT.size) / RATE
    lost = (seconds > 4) & (seconds < 4 + lost_s)
    microphone = np.where(lost, echo, echo * 10 ** (left_db / 20)) + noise
    verdicts = judged(microphone, microphone, ROBOT)
    passed = sum(
        float(np.sum(microphone[at * HOP : (at + 1) * HOP] ** 2))
        for at, verdict in enumerate(verdicts)
        if verdict is not Verdict.ECHO
    )
    assert passed < 0.05 * np.sum((echo * lost) ** 2)


def test_somebody_who_speaks_over_a_robot_that_is_not_heard_is_let_through():
    room = Room(delay_ms=70, noise_db=-50)
    echo = room.echo(ROBOT) * 10 ** (-60 / 20)
    microphone = echo + user() + room.noise(ROBOT.size)
    verdicts = judged(microphone, microphone, ROBOT)
    assert Verdict.ECHO not in of(verdicts, 2, SECONDS)


# --- no echo at all -----------------------------------------------------------------------------


@pytest.mark.parametrize('noise_db', [-90.0, -25.0])
def test_without_an_echo_the_microphone_passes_after_a_second_and_stays_so(noise_db):
    # A headset, over three replies, with a user in each of them.
    replies = np.concatenate([ROBOT, np.zeros(2 * RATE)] * 3)
    voice = np.concatenate([user(at) for at in (2.0, 1.5, 5.5)])
    voice = np.concatenate(
        [np.concatenate((part, np.zeros(2 * RATE))) for part in np.split(voice, 3)]
    )
    microphone = voice + Room(noise_db=noise_db).noise(voice.size)
    verdicts = judged(microphone, microphone, replies)
    assert set(verdicts[HOPS:]) == {Verdict.MICROPHONE}


def test_a_headset_that_is_unplugged_is_noticed():
    room = Room(noise_db=-40)
    robot = np.concatenate((ROBOT, ROBOT))
    echo = room.echo(robot) * (np.arange(robot.size) > ROBOT.size)
    microphone = echo + room.noise(robot.size)
    verdicts = judged(microphone, microphone, robot)
    assert set(of(verdicts, 1, SECONDS)) == {Verdict.MICROPHONE}
    assert Verdict.MICROPHONE not in of(verdicts, SECONDS + 3.5, 2 * SECONDS)


def test_when_the_robot_has_been_silent_for_long_the_microphone_passes():
    room = Room(noise_db=-40)
    robot = np.concatenate((ROBOT, np.zeros(2 * RATE)))
    microphone = room.echo(robot) + room.noise(robot.size)
    verdicts = judged(microphone, 0.1 * microphone, robot)
    assert set(of(verdicts, SECONDS + 1.5, SECONDS + 2)) == {Verdict.MICROPHONE}


def test_nothing_is_told_from_an_echo_whose_reference_was_lost():
    room = Room(noise_db=-40)
    echo = room.echo(ROBOT) + user(4.0) + room.noise(ROBOT.size)
    verdicts = judged(echo, echo, ROBOT, unknown=range(420, 430))
    assert set(verdicts[420:440]) == {Verdict.ECHO}


# --- the parts ----------------------------------------------------------------------------------


def test_the_delay_is_found_to_a_hop():
    random = np.random.default_rng(1)
    moves = random.normal(50, 10, (400, 10))
    for delay in (0, 7, 45):
        tracker = DelayTracker()
        for number in range(60, 400):
            tracker.push(moves[number - delay], moves[number], active=True)
        assert tracker.best == delay
        assert tracker.present


def test_what_only_sounds_at_the_same_time_is_no_echo():
    random = np.random.default_rng(2)
    tracker = DelayTracker()
    for _ in range(400):
        tracker.push(random.normal(50, 10, 10), random.normal(50, 10, 10), active=True)
    assert tracker.present is False


def test_the_noise_floor_falls_at_once_and_rises_slowly():
    floor = NoiseFloor()
    for _ in range(100):
        floor.push(20.0)
    assert floor.db == pytest.approx(20, abs=0.5)
    for _ in range(100):
        floor.push(60.0)
    assert floor.db == pytest.approx(22, abs=0.5)


def test_what_passes_passes_untouched_and_no_later():
    sound = ROBOT[: 50 * HOP]
    out = Attenuator(RATE).apply(sound, -sound, 0 * sound, [Verdict.MICROPHONE] * 50)
    assert np.array_equal(out[HOP:], sound[HOP:])


def test_an_echo_is_turned_down_to_the_noise_of_the_room():
    random = np.random.default_rng(3)
    attenuator = Attenuator(RATE)
    quiet, loud = (random.standard_normal(100 * HOP) * level for level in (10, 1000))
    attenuator.apply(quiet, quiet, quiet, [Verdict.ECHO] * 100)
    out = attenuator.apply(loud, loud, loud, [Verdict.ECHO] * 100)
    assert np.sqrt(np.mean(out[HOP:] ** 2)) < 20


def test_a_change_of_the_verdict_makes_no_edge():
    attenuator = Attenuator(RATE)
    level = np.full(20 * HOP, 1000.0)
    verdicts = list(itertools.islice(itertools.cycle((Verdict.MICROPHONE, Verdict.ECHO)), 20))
    out = attenuator.apply(level, level, 0 * level, verdicts)
    assert np.abs(np.diff(out[HOP:])).max() < 1000 / (0.9 * attenuator.RAMP_MS * RATE / 1000)
