# SPDX-License-Identifier: Apache-2.0
"""Changes of volume, sample by sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.engines.playback.volume import Volume

GLIDE = 100


def constant(samples: int) -> bytes:
    return np.full(samples, 10_000, '<i2').tobytes()


def values(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, '<i2').astype(int)


def test_audio_at_full_volume_is_left_alone():
    pcm = constant(50)
    assert Volume(GLIDE).apply(pcm, 0) is pcm


def test_a_change_glides_from_the_sample_on_that_it_was_made_for():
    volume = Volume(GLIDE)
    volume.change(0.1, 1000)
    heard = values(volume.apply(constant(300), 900))
    assert (heard[:100] == 10_000).all()
    assert heard[150] == 5500
    assert (heard[200:] == 1000).all()


def test_a_change_during_a_change_goes_on_from_where_it_is():
    volume = Volume(GLIDE)
    volume.change(0.1, 0)
    volume.change(1.0, 50)
    assert volume.at(50) == 0.55
    assert volume.at(150) == 1.0


def test_what_begins_in_the_middle_of_a_sound_rises_from_nothing():
    volume = Volume(GLIDE)
    volume.change(1.0, 20, since=0.0)
    heard = values(volume.apply(constant(200), 20))
    assert heard[0] == 0
    assert heard[100] == 10_000


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 300)), max_size=10
    )
)  # fmt: skip
def test_no_sequence_of_changes_makes_a_step_that_would_click(changes):
    volume, heard, at = Volume(GLIDE), [], 0
    for gain, wait in changes:
        heard.append(values(volume.apply(constant(wait), at)))
        at += wait
        volume.change(gain, at)
    heard.append(values(volume.apply(constant(200), at)))
    steps = np.abs(np.diff(np.concatenate(heard)))
    assert steps.max() <= 10_000 / GLIDE + 1
