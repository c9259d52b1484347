# SPDX-License-Identifier: Apache-2.0
"""A voice that begins after quiet needs less evidence; in the midst of sound none begins."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.onset import Agreement, Onset

QUIET = (False, 0.02, 3.0)
SOFT_VOWEL = (True, 0.45, -15.0)
FRICATIVE = (True, 0.15, 0.0)
MUSIC = (True, 0.1, -5.0)
ALERT = (True, 0.2, -15.0)
DOOR = (True, 0.03, -3.0)

Frame = tuple[bool, float, float]


def begun(frames: Iterable[Frame]) -> list[int]:
    """Return the frames with which a voice begins."""
    onset = Onset()
    return [number for number, frame in enumerate(frames) if onset.push(*frame)]


@pytest.mark.parametrize(
    ('frame', 'needed'), [(SOFT_VOWEL, 2), (FRICATIVE, 4)], ids=['soft vowel', 'fricative']
)
def test_a_soft_beginning_after_quiet_is_heard_as_soon_as_both_agree(frame: Frame, needed: int):
    assert begun([QUIET] * 30 + [frame] * 6)[0] == 30 + needed - 1


def test_nothing_begins_in_the_midst_of_sound():
    assert begun([MUSIC] * 200) == []
    assert begun([MUSIC] * 100 + [SOFT_VOWEL] * 5) == []


def test_a_pause_as_long_as_quiet_makes_the_next_sound_a_beginning_again():
    pause = [QUIET] * Onset.QUIET_FRAMES
    assert begun([*[MUSIC] * 100, *pause, *[SOFT_VOWEL] * 2]) == [100 + len(pause) + 1]
    assert begun([*[MUSIC] * 100, *pause[:-5], *[SOFT_VOWEL] * 2]) == []


@pytest.mark.parametrize('frame', [ALERT, DOOR], ids=['alert', 'door'])
def test_what_only_one_of_them_hears_or_what_is_dull_and_doubtful_begins_nothing(frame: Frame):
    assert begun([QUIET] * 30 + [frame] * 10) == []
    assert begun([QUIET] * 30 + [(False, 0.9, 0.0)] * 10) == []


def test_the_first_frames_of_all_may_be_a_voice():
    assert begun([SOFT_VOWEL] * 2) == [1]


@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(0, 1), st.floats(-40, 6)), min_size=1, max_size=120
    )
)
def test_whatever_begins_was_heard_by_both_after_quiet(frames: list[Frame]):
    one = Agreement(3, 0.2, -8.0)
    onset = Onset([one])
    for number, frame in enumerate(frames, 1):
        if onset.push(*frame):
            latest, before = frames[max(0, number - 3) : number], frames[: max(0, number - 3)]
            assert [heard for heard, _, _ in latest] == [True] * 3
            assert sum(heard for heard, _, _ in before[-Onset.QUIET_FRAMES :]) <= Onset.MOST_HEARD
            assert sum(p for _, p, _ in latest) >= 3 * one.probability - 1e-9
