# SPDX-License-Identifier: Apache-2.0
"""What was heard of a reply whose voice told when its words sound."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.heard import SpokenSentence, heard
from prot_ros.core.reply import Reply
from prot_ros.core.stamps import Stamp
from prot_ros.core.wire import Alignment, Marks, Playback, PlaybackState

TURN = Stamp(7)
TEXT = 'Well, strengths are a matter of patience.'
# A voice that draws its first word out and hurries through the rest, unlike any estimate.
SLOW_START: Marks = ((0, 50.0), (5, 2000.0), (6, 2600.0), (41, 3000.0))

quiet = settings(derandomize=True, database=None, deadline=None, max_examples=60)


def cut_at(ms: float, marks: Marks = SLOW_START, text: str = TEXT) -> str:
    return heard([SpokenSentence(text, ms, 3200.0, marks=marks)]).text


@pytest.mark.parametrize(
    ('ms', 'words'),
    [
        (500, ''),
        (1100, 'Well,'),
        (2500, 'Well,'),  # in the pause
        (2700, 'Well, strengths'),
        (2900, 'Well, strengths are a matter of'),
        (3000, TEXT),
        (3100, TEXT),
    ],
)
def test_heard_words_follow_the_alignment_and_not_the_estimate(ms, words):
    assert cut_at(ms) == words


def test_korean_and_scripts_without_spaces_follow_it_too():
    assert cut_at(1000, ((0, 0.0), (2, 1000.0), (3, 1000.0), (6, 4000.0)), '오늘 날씨는') == '오늘'
    # Each character of Han is heard or not heard by itself.
    assert cut_at(1600, ((0, 0.0), (4, 2000.0)), '今天很好') == '今天很'


def test_where_another_voice_has_said_the_rest_that_is_estimated():
    marks = ((0, 0.0), (16, 1000.0))
    text = 'One two three. A second voice, which tells nothing, says all this.'
    early = heard([SpokenSentence(text, 1000.0, 5000.0, marks=marks)]).text
    late = heard([SpokenSentence(text, 3000.0, 5000.0, marks=marks)]).text
    assert early == 'One two three. A'
    assert late.startswith('One two three. A second voice')
    assert late != text


def test_a_cut_reply_is_what_its_alignment_says():
    reply = Reply(TURN, 'speech', 'What is strength?', sentences=[TEXT])
    # It comes in pieces, as the audio does; one that comes twice changes nothing.
    for marks in (SLOW_START[:2], SLOW_START[:2], SLOW_START[2:]):
        reply.align(Alignment(TURN, 0, marks))
    reply.play(
        Playback(
            TURN, 0, PlaybackState.CUT, 2700.0, None, 2700.0, started=Stamp(9), sounding_ms=2e3
        )
    )
    assert reply.heard().text == 'Well, strengths'
    assert reply.heard().cut


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 5e3)), max_size=12), st.data())
@quiet
def test_what_is_heard_is_a_prefix_and_only_grows_whatever_the_marks_say(points, data):
    marks = tuple(zip(sorted(p[0] for p in points), sorted(p[1] for p in points), strict=True))
    first = data.draw(st.floats(0, 5e3))
    later = data.draw(st.floats(first, 6e3))
    text = '네, 그건 a matter of patience. 今天很好'
    assert text.startswith(cut_at(first, marks, text))
    assert cut_at(later, marks, text).startswith(cut_at(first, marks, text))
