# SPDX-License-Identifier: Apache-2.0
"""What travels on the topics: exact round trips, and nothing malformed gets through."""

from __future__ import annotations

import json
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core import wire
from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.core.wire import (
    Alignment,
    AudioChunk,
    Names,
    Playback,
    Sentence,
    Transcript,
    TurnReport,
)

TURN = Stamp(1_700_000_000 * SECOND + 7)

stamps = st.integers(0, 2**32 * SECOND - 1).map(Stamp)
quiet = settings(derandomize=True, database=None, deadline=None)


@given(
    st.lists(st.integers(-32768, 32767), max_size=200),
    st.sampled_from([1, 2]),
    stamps,
    stamps,
    st.integers(0, 2**31),
    st.booleans(),
    st.booleans(),
)
@quiet
def test_audio_survives_the_message(samples, channels, turn, stamp, seq, final, continues):
    samples = samples[: len(samples) // channels * channels]
    chunk = AudioChunk(
        pcm=array('h', samples).tobytes(), rate=24000, channels=channels, turn=turn, stamp=stamp,
        seq=seq, final=final, continues=continues, sentence=3, sentence_final=True,
    )  # fmt: skip
    assert wire.decode_audio(*wire.encode_audio(chunk)) == chunk


def test_the_layout_is_the_documented_one():
    dims, samples = wire.encode_audio(
        AudioChunk(pcm=bytes(640), rate=16000, turn=TURN, stamp=TURN, seq=4, final=True)
    )
    assert dims[0] == ('frame', 320, 320)
    assert dims[1] == ('channel', 1, 1)
    layout = {label: (size, stride) for label, size, stride in dims}
    assert layout['rate'][0] == 16000
    assert layout['turn'] == (1_700_000_000, 7)
    assert layout['stamp'] == (1_700_000_000, 7)
    assert layout['seq'][0] == 4
    assert layout['final'] == (1, 0)
    assert len(samples) == 320


@pytest.mark.parametrize(
    ('label', 'size', 'stride'),
    [
        ('frame', 7, 7),
        ('channel', 0, 0),
        ('channel', 3, 3),
        ('rate', 0, 0),
        ('rate', 96_000, 0),
        ('turn', 1, 10**9),
        ('stamp', 1, 4_000_000_000),
    ],
)
def test_audio_whose_layout_does_not_fit_is_refused(label, size, stride):
    dims, samples = wire.encode_audio(AudioChunk(pcm=bytes(20), rate=16000))
    dims = [(name, size, stride) if name == label else (name, a, b) for name, a, b in dims]
    with pytest.raises(ValueError, match=r'expected|says'):
        wire.decode_audio(dims, samples)


def test_audio_without_layout_is_refused():
    with pytest.raises(ValueError, match="no dim 'frame'"):
        wire.decode_audio([], array('h', [1, 2]))


def test_audio_beyond_ten_seconds_is_refused():
    dims, samples = wire.encode_audio(AudioChunk(pcm=bytes(2 * 480_001), rate=48000))
    with pytest.raises(ValueError, match='at most 480000'):
        wire.decode_audio(dims, samples)


VALUES = [
    Transcript(turn=TURN, text='안녕하세요', seq=2, final=True, speech_end=TURN),
    Sentence(turn=TURN, seq=0, text='Hello "you" \\ \n', final=False, language='en'),
    Playback(turn=TURN, seq=1, state='cut', played_ms=10.5, total_ms=None, turn_played_ms=99.0),
    Playback(turn=TURN, seq=1, state='cut', played_ms=10.5, total_ms=20.0, turn_played_ms=99.0),
    TurnReport(TURN, 'speech', 'a', 'b c', 'b', cut='barge_in', latency_ms={'stt': 12.5}),
]


@pytest.mark.parametrize('value', VALUES, ids=lambda value: type(value).__name__)
def test_json_survives_the_message(value):
    assert wire.decode_json(type(value), wire.encode_json(value)) == value


def test_unknown_keys_are_ignored_for_newer_senders():
    data = json.loads(wire.encode_json(VALUES[0]))
    data['mood'] = 'cheerful'
    assert wire.decode_json(Transcript, json.dumps(data)) == VALUES[0]


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('', 'not JSON'),
        ('{', 'not JSON'),
        ('[1]', 'expected an object'),
        ('null', 'expected an object'),
        ('[' * 100_000, 'not JSON'),
        ('"' + 'x' * 300_000 + '"', 'at most'),
        ('{}', "'turn' is missing"),
        ('{"turn": 5, "text": "a"}', 'stamp'),
        ('{"turn": {"sec": 1, "nanosec": 2}, "text": 7}', 'text is'),
        ('{"turn": {"sec": 1, "nanosec": 2}, "text": "a", "seq": -1}', 'seq is'),
        ('{"turn": {"sec": 1, "nanosec": 2}, "text": "a", "seq": true}', 'seq is'),
        ('{"turn": {"sec": 1, "nanosec": 2}, "text": "a", "final": "yes"}', 'final is'),
        ('{"turn": {"sec": 1, "nanosec": 2}, "text": "' + 'x' * 10_001 + '"}', 'at most 10000'),
    ],
)
def test_malformed_json_is_refused_with_the_field(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        wire.decode_json(Transcript, text)


@pytest.mark.parametrize('number', ['NaN', 'Infinity', '-1', '1e400', '"5"', 'true'])
def test_numbers_that_are_none_are_refused(number):
    text = wire.encode_json(VALUES[2]).replace('10.5', number)
    with pytest.raises(ValueError, match='played_ms is'):
        wire.decode_json(Playback, text)


def test_an_unknown_playback_state_is_refused():
    text = wire.encode_json(VALUES[2]).replace('"cut"', '"paused"')
    with pytest.raises(ValueError, match='state is'):
        wire.decode_json(Playback, text)


@given(st.text(max_size=50) | st.characters(codec=None, categories=['Cs']))
@quiet
def test_any_text_can_be_sent(text):
    sent = wire.encode_json(Sentence(turn=TURN, seq=0, text=text))
    sent.encode('utf-8')
    assert len(wire.decode_json(Sentence, sent).text) == len(text)


@given(st.text(max_size=200))
@quiet
def test_arbitrary_text_never_raises_anything_but_valueerror(text):
    try:
        wire.decode_json(Playback, text)
    except ValueError:
        pass


@given(stamps, st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1e6)), max_size=20))
@quiet
def test_an_alignment_survives_the_message(turn, points):
    marks = tuple(zip(sorted(p[0] for p in points), sorted(p[1] for p in points), strict=True))
    alignment = Alignment(turn, 3, marks)
    assert wire.decode_json(Alignment, wire.encode_json(alignment)) == alignment


@pytest.mark.parametrize(
    'marks',
    [
        None, 7, 'x', [7], [[1]], [[1, 2, 3]], [[-1, 0]], [[0, -1]], [[0.5, 1]], [[True, 1]],
        [['1', 1]], [[1, '1']], [[1, True]], [[1, 1e13]], [[10**9, 1]], [[1, None]],
        [[2, 1], [1, 2]], [[1, 2], [2, 1]], [[1, 1]] * (wire.MARKS_LIMIT + 1),
    ],
)  # fmt: skip
def test_marks_that_make_no_sense_are_refused(marks):
    text = json.dumps({'turn': {'sec': 1, 'nanosec': 0}, 'seq': 0, 'marks': marks})
    with pytest.raises(ValueError, match='expected'):
        wire.decode_json(Alignment, text)


def test_names_survive_json_and_only_so_many_of_them():
    names = Names(('Alice', '지수'))
    assert wire.decode_json(Names, wire.encode_json(names)) == names
    for text in ('{"names": "Alice"}', '{"names": [1]}', json.dumps({'names': ['x'] * 101})):
        with pytest.raises(ValueError, match='names'):
            wire.decode_json(Names, text)
