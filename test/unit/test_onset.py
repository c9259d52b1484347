# SPDX-License-Identifier: Apache-2.0
"""A voice that rises out of the quiet needs less evidence; in the midst of sound none begins."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.onset import Floor, Onset, Rise

Frame = tuple[float, float, float]

ROOM = (45.0, 48.0, 0.02)
SOFT_VOWEL = (55.0, 42.0, 0.45)
FRICATIVE = (52.0, 53.0, 0.15)
FAINT = (52.0, 45.0, 0.1)
MUSIC = (60.0, 48.0, 0.1)
ALERT = (60.0, 45.0, 0.2)
DOOR = (70.0, 68.0, 0.03)
SURE_BUT_AS_LOUD_AS_THE_ROOM = (46.0, 49.0, 0.9)


def begun(frames: Iterable[Frame]) -> list[int]:
    """Return the frames with which a voice begins."""
    onset = Onset()
    return [number for number, frame in enumerate(frames) if onset.push(*frame)]


@pytest.mark.parametrize(
    ('frame', 'needed'),
    [(SOFT_VOWEL, 2), (FRICATIVE, 3), (FAINT, 4)],
    ids=['soft vowel', 'fricative', 'faint'],
)
def test_a_soft_beginning_after_quiet_is_heard_at_once(frame: Frame, needed: int):
    assert begun([ROOM] * 40 + [frame] * 6)[0] == 40 + needed - 1


def test_a_louder_room_is_the_room_after_a_while():
    louder = (65.0, 66.0, 0.02)
    assert begun([ROOM] * 100 + [louder] * 160 + [(75.0, 62.0, 0.45)] * 2) == [261]


def test_nothing_begins_in_the_midst_of_sound():
    beat = [MUSIC, MUSIC, ROOM, ROOM]
    assert begun(beat * 50 + [(70.0, 60.0, 0.45)] * 5) == []


def test_a_pause_as_long_as_quiet_makes_the_next_sound_a_beginning_again():
    pause = [ROOM] * Onset.QUIET_FRAMES
    said = [MUSIC] * 20
    begin = 40 + len(said) + len(pause) + 1
    assert begun([*[ROOM] * 40, *said, *pause, *[SOFT_VOWEL] * 2]) == [begin]
    assert begun([*[ROOM] * 40, *said, *pause[:-9], *[SOFT_VOWEL] * 2]) == []


@pytest.mark.parametrize(
    'frame', [ALERT, DOOR, SURE_BUT_AS_LOUD_AS_THE_ROOM], ids=['alert', 'door', 'the room']
)
def test_what_may_be_no_voice_or_is_dull_and_doubtful_or_does_not_rise_begins_nothing(frame):
    assert begun([ROOM] * 40 + [frame] * 10) == []


def test_noise_of_the_microphone_is_no_room_to_rise_from():
    hiss, hum = (10.0, 11.0, 0.5), (38.0, 30.0, 0.5)
    assert begun([hiss] * 100 + [hum] * 5) == []


@given(st.lists(st.floats(0, 90), min_size=1, max_size=400))
def test_a_fifth_of_the_time_the_room_is_no_louder_than_its_floor(levels: list[float]):
    floor = Floor()
    found = [floor.push(level) for level in levels]
    assert min(found) >= Floor.LEAST_DB
    known = ([levels[0]] * Floor.FRAMES + levels)[-Floor.FRAMES - 1 : -1]
    assert sum(level <= found[-1] for level in known) >= Floor.FRAMES * Floor.SHARE


@given(
    st.lists(
        st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(0, 1)), min_size=1, max_size=150
    )
)
def test_whatever_begins_rose_and_may_be_a_voice(frames: list[Frame]):
    one = Rise(3, 0.2, -8.0)
    onset, floor, bright = Onset([one]), Floor(), Floor()
    loud = []
    for number, (level, difference, sure) in enumerate(frames, 1):
        above = level - floor.push(level), difference - bright.push(difference)
        loud.append(max(above) > Onset.ABOVE_DB)
        if onset.push(level, difference, sure):
            assert loud[-3:] == [True] * 3
            assert sum(loud[:-3][-Onset.QUIET_FRAMES :]) <= Onset.MOST_LOUD
            assert sum(p for _, _, p in frames[number - 3 : number]) >= 3 * one.probability - 1e-9
