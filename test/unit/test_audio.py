# SPDX-License-Identifier: Apache-2.0
"""Frames, levels, lengths and recordings."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core import audio
from prot_ros.core.audio import SILENT_DBFS, FrameSplitter, Timeline, TimelineFullError, dbfs
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp

ORIGIN = Stamp(1_700_000_000 * SECOND)


def pcm(*values: int) -> bytes:
    return array('h', values).tobytes()


def at(ms: float) -> Stamp:
    return Stamp(ORIGIN + round(ms * MILLISECOND))


def rendered(timeline: Timeline) -> list[tuple[int, ...]]:
    values = array('h', timeline.render())
    return list(zip(values[::2], values[1::2], strict=True))


def timeline(**settings: float) -> Timeline:
    return Timeline(1000, ORIGIN, **{'join_ms': 0, **settings})


def test_lengths_are_samples_and_milliseconds():
    assert audio.samples(20, 16_000) == 320
    assert audio.samples(10, 11_025) == 110
    assert audio.milliseconds(bytes(640), 16_000) == 20


def test_levels_are_relative_to_full_scale():
    sine = [round(32_767 * math.sin(i / 10)) for i in range(6283)]
    assert dbfs(pcm(*sine)) == pytest.approx(-3.01, abs=0.01)
    assert dbfs(pcm(-32_768, -32_768)) == 0
    assert dbfs(pcm(3277, -3277)) == pytest.approx(-20, abs=0.01)
    assert -91 < dbfs(pcm(1)) < -90


def test_a23_silence_and_nothing_have_a_level():
    assert dbfs(bytes(640)) == SILENT_DBFS
    assert dbfs(b'') == SILENT_DBFS


@given(st.lists(st.binary(max_size=30)), st.integers(1, 8))
@settings(derandomize=True, database=None, deadline=None)
def test_frames_are_whole_and_nothing_but_half_a_sample_is_lost(pieces, half):
    splitter = FrameSplitter(2 * half)
    frames = [frame for piece in pieces for frame in splitter.push(piece)]
    assert all(len(frame) == 2 * half for frame in frames)
    rest = splitter.end()
    assert len(rest) < 2 * half
    whole = b''.join(pieces)
    assert b''.join(frames) + rest == whole[: len(whole) // 2 * 2]
    assert splitter.end() == b''


@pytest.mark.parametrize('size', [0, -2, 3])
def test_frames_of_half_samples_are_refused(size):
    with pytest.raises(ValueError, match=f'frame_bytes is {size}, expected a positive even'):
        FrameSplitter(size)


def test_pieces_sound_where_they_were_placed():
    recording = timeline()
    recording.place(1, at(1), pcm(7, 8))
    recording.place(0, at(4), pcm(5))
    assert rendered(recording) == [(0, 0), (0, 7), (0, 8), (0, 0), (5, 0)]
    assert recording.seconds == 0.005


def test_pieces_on_top_of_each_other_are_added_and_clipped():
    recording = timeline()
    recording.place(0, at(0), pcm(30_000, -30_000, 1, 1))
    recording.place(0, at(0), pcm(30_000, -30_000, 1))
    recording.place(0, at(3), pcm(10, 20))
    assert [left for left, _ in rendered(recording)] == [32_767, -32_768, 2, 11, 20]


def test_a_stream_with_unsteady_stamps_is_joined_without_gap_or_overlap():
    recording = timeline(join_ms=10)
    for number, late in enumerate([0, 3, -4, 9, -9, 0]):
        recording.place(0, at(20 * number + 50 + late), pcm(*[1] * 20))
    recording.place(0, at(200), pcm(1))
    left = [left for left, _ in rendered(recording)]
    assert left == [0] * 50 + [1] * 120 + [0] * 30 + [1]


def test_a_recording_is_bounded_and_says_so():
    recording = timeline(limit_s=1)
    recording.place(0, at(999), pcm(1))
    with pytest.raises(TimelineFullError, match=r'would last 1\.0 s, expected at most 1\.0 s'):
        recording.place(1, at(999), pcm(1, 1))
    with pytest.raises(TimelineFullError, match=r'would last 3600\.0 s'):
        recording.place(1, at(3_600_000), b'')
    assert rendered(recording)[-1] == (1, 0), 'what was there stays'


@pytest.mark.parametrize(
    ('channel', 'ms', 'piece', 'message'),
    [
        (2, 0, b'', 'channel is 2, expected 0 to 1'),
        (-1, 0, b'', 'channel is -1, expected 0 to 1'),
        (0, -5, pcm(1), 'start is 5 ms before the origin'),
        (0, 0, b'abc', 'pcm has 3 bytes, expected an even number'),
    ],
)
def test_what_cannot_be_placed_is_refused(channel, ms, piece, message):
    recording = timeline()
    with pytest.raises(ValueError, match=message):
        recording.place(channel, at(ms), piece)
    assert recording.render() == b''


PIECES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 50), st.lists(st.integers(-99, 99), max_size=9))
)


@given(PIECES)
@settings(derandomize=True, database=None, deadline=None)
def test_a_recording_is_the_sum_of_its_pieces_in_any_order(pieces):
    there, back = timeline(), timeline()
    total: dict[tuple[int, int], int] = {}
    for channel, ms, values in pieces:
        there.place(channel, at(ms), pcm(*values))
        for offset, value in enumerate(values):
            total[channel, ms + offset] = total.get((channel, ms + offset), 0) + value
    for channel, ms, values in reversed(pieces):
        back.place(channel, at(ms), pcm(*values))
    assert there.render() == back.render()
    for frame, values in enumerate(rendered(there)):
        assert values == (total.get((0, frame), 0), total.get((1, frame), 0))
