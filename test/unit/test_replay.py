# SPDX-License-Identifier: Apache-2.0
"""Audio that is not committed can be sent again, and there is never too much of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prot_ros.core.replay import ReplayBuffer


def test_what_was_sent_is_given_again_after_a_rewind():
    audio = ReplayBuffer(100)
    audio.push(b'abcd')
    assert audio.take(3) == b'abc'
    audio.push(b'ef')
    audio.rewind()
    assert audio.take(100) == b'abcdef'


def test_what_is_committed_is_not_given_again_and_what_is_unsent_cannot_be_committed():
    audio = ReplayBuffer(100)
    audio.push(b'abcdef')
    audio.take(4)
    audio.commit(2)
    audio.rewind()
    assert audio.take(2) == b'cd'
    audio.commit(100)
    assert audio.take(100) == b'ef'


def test_the_oldest_is_dropped_and_counted():
    audio = ReplayBuffer(4)
    audio.push(b'abcd')
    audio.take(2)
    audio.push(b'efgh')
    assert (len(audio), audio.dropped, audio.unsent) == (4, 4, 4)
    assert audio.take(4) == b'efgh'


@pytest.mark.parametrize('limit', [-2, 0, 1, 3])
def test_a_limit_without_whole_samples_is_refused(limit):
    with pytest.raises(ValueError, match='even number'):
        ReplayBuffer(limit)


@given(
    st.lists(st.tuples(st.sampled_from(['push', 'take', 'commit', 'rewind']), st.integers(0, 9)))
)
def test_it_is_a_window_of_the_stream(operations):
    audio = ReplayBuffer(16)
    stream = b''
    begin = sent = 0
    for what, size in operations:
        if what == 'push':
            piece = bytes((len(stream) + at) % 256 for at in range(size))
            stream += piece
            audio.push(piece)
            begin = max(begin, len(stream) - 16)
            sent = max(sent, begin)
        elif what == 'take':
            assert audio.take(size) == stream[sent : sent + size]
            sent = min(len(stream), sent + size)
        elif what == 'commit':
            audio.commit(size)
            begin = min(begin + size, sent)
        else:
            audio.rewind()
            sent = begin
        assert len(audio) == len(stream) - begin
        assert audio.sent == sent - begin
        assert audio.unsent == len(stream) - sent
