# SPDX-License-Identifier: Apache-2.0
"""Utterances begin and end where people hear them begin and end."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.endpointing import (
    LIKELY_FRAMES,
    MORE_FRAMES,
    MOST_LIKELY_FRAMES,
    Endpointer,
    Evidence,
    SpeechCut,
    SpeechEnded,
    SpeechLikely,
    SpeechStarted,
    SpeechSuspected,
    SpeechSustained,
    SuspicionDismissed,
)

SPEECH, SILENCE = 0.9, 0.0


def all_events(endpointer: Endpointer, *runs: tuple[float, int]) -> list[tuple[int, object]]:
    """Push runs of (probability, milliseconds); return (milliseconds, event)."""
    out: list[tuple[int, object]] = []
    now = 0
    for probability, ms in runs:
        for _ in range(ms // 20):
            now += 20
            out += [(now, event) for event in endpointer.push(probability)]
    return out


def events(endpointer: Endpointer, *runs: tuple[float, int]) -> list[tuple[int, object]]:
    """Return only the beginnings, cuts and ends."""
    bounds = (SpeechStarted, SpeechCut, SpeechEnded)
    return [(at, e) for at, e in all_events(endpointer, *runs) if isinstance(e, bounds)]


def test_speech_starts_when_confirmed_and_knows_its_onset():
    assert events(Endpointer(start_ms=80), (SILENCE, 400), (SPEECH, 200)) == [
        (480, SpeechStarted(3))
    ]


def test_speech_ends_after_the_silence_and_knows_how_long_it_was():
    seen = events(Endpointer(end_silence_ms=600), (SPEECH, 500), (SILENCE, 2000))
    assert seen[1:] == [(1100, SpeechEnded(30))]


def test_short_pause_does_not_end_the_utterance():
    seen = events(Endpointer(), (SPEECH, 500), (SILENCE, 580), (SPEECH, 500), (SILENCE, 400))
    assert [type(event) for _, event in seen] == [SpeechStarted]


def test_single_clicks_do_not_start_an_utterance():
    clicks = [(SPEECH, 20), (SILENCE, 200)] * 50
    assert events(Endpointer(start_ms=80), *clicks) == []


def test_single_clicks_do_not_keep_an_utterance_going():
    clicks = [(SILENCE, 280), (SPEECH, 20)] * 50
    seen = events(Endpointer(end_silence_ms=600), (SPEECH, 500), *clicks)
    # The second click comes when the silence is complete: the frame after it tells.
    assert seen[1:] == [(1120, SpeechEnded(31))]


def test_a_short_word_after_a_pause_keeps_it_going():
    seen = events(Endpointer(), (SPEECH, 500), (SILENCE, 580), (SPEECH, 40), (SILENCE, 580))
    assert len(seen) == 1


@pytest.mark.parametrize('period', range(1, 6))
@pytest.mark.parametrize('start_ms', [20, 40, 60, 80, 200])
def test_a_steady_sound_does_not_begin_and_end_again_and_again(start_ms, period):
    patchy = [(SPEECH, 20), (SILENCE, 20 * (period - 1))] * 500
    seen = events(Endpointer(start_ms=start_ms, max_utterance_ms=10**6), *patchy)
    assert len(seen) <= 1


def test_what_is_no_number_is_silence():
    assert events(Endpointer(), (math.nan, 2000)) == []
    seen = events(Endpointer(), (SPEECH, 200), (math.nan, 2000))
    assert [type(event) for _, event in seen] == [SpeechStarted, SpeechEnded]


def test_lengths_are_rounded_up_to_whole_frames():
    assert events(Endpointer(start_ms=90), (SPEECH, 200)) == [(100, SpeechStarted(4))]


def test_a_word_with_a_closure_in_it_starts_one():
    seen = events(Endpointer(start_ms=80), (SPEECH, 60), (SILENCE, 40), (SPEECH, 60))
    assert seen == [(120, SpeechStarted(5))]


def test_soft_speech_does_not_start_an_utterance_but_keeps_one_going():
    assert events(Endpointer(), (0.4, 2000)) == []
    assert len(events(Endpointer(), (SPEECH, 200), (0.4, 2000))) == 1


def test_a_long_utterance_is_cut_and_goes_on_as_the_same_one():
    seen = events(Endpointer(max_utterance_ms=1000), (SPEECH, 2500), (SILENCE, 1000))
    assert [type(event) for _, event in seen] == [
        SpeechStarted,
        SpeechCut,
        SpeechCut,
        SpeechCut,
        SpeechEnded,
    ]
    assert [at for at, _ in seen] == [80, 1000, 2000, 3000, 3100]


def test_the_first_speech_frame_raises_a_suspicion_that_the_beginning_confirms():
    seen = all_events(Endpointer(start_ms=80), (SILENCE, 400), (SPEECH, 200))
    assert seen == [(420, SpeechSuspected()), (480, SpeechStarted(3))]


def test_a_click_raises_a_suspicion_that_is_dismissed_when_the_window_has_passed():
    seen = all_events(Endpointer(start_ms=80), (SPEECH, 20), (SILENCE, 2000))
    assert seen == [(20, SpeechSuspected()), (160, SuspicionDismissed())]


def test_clicks_within_one_window_are_one_suspicion():
    clicks = [(SPEECH, 20), (SILENCE, 80)] * 10
    seen = all_events(Endpointer(start_ms=80), *clicks, (SILENCE, 1000))
    assert seen == [(20, SpeechSuspected()), (920 + 140, SuspicionDismissed())]


def test_what_begins_at_its_first_frame_is_never_suspected():
    assert all_events(Endpointer(start_ms=20), (SPEECH, 100)) == [(20, SpeechStarted(0))]


def test_speech_within_an_utterance_is_no_suspicion_and_the_next_one_raises_its_own():
    sentence = ((SPEECH, 200), (SILENCE, 200), (SPEECH, 200), (SILENCE, 1000))
    seen = all_events(Endpointer(sustain_ms=5000), *sentence, *sentence)
    assert [type(e) for _, e in seen] == [SpeechSuspected, SpeechStarted, SpeechEnded] * 2


SURER_IS_SOONER = (Evidence(0.9, 1, 1), Evidence(0.7, 2, 2), Evidence(0.5, 3, 3))


@pytest.mark.parametrize(('probability', 'frames'), [(0.95, 1), (0.75, 2), (0.55, 3), (0.45, 0)])
def test_the_surer_the_sooner(probability, frames):
    seen = events(Endpointer(start=SURER_IS_SOONER), (SILENCE, 400), (probability, 1000))
    assert seen == ([(400 + 20 * frames, SpeechStarted(frames - 1))] if frames else [])


def test_the_onset_is_the_first_frame_that_any_evidence_counts():
    endpointer = Endpointer(start=SURER_IS_SOONER)
    assert events(endpointer, (SILENCE, 100), (0.55, 40), (0.95, 20)) == [(160, SpeechStarted(2))]


def test_evidence_gives_the_threshold_of_suspicion_and_the_window():
    endpointer = Endpointer(start=SURER_IS_SOONER, threshold=0.99)
    assert endpointer.window == max(3, MOST_LIKELY_FRAMES + MORE_FRAMES + 1)
    assert all_events(endpointer, (0.55, 20), (SILENCE, 100)) == [
        (20, SpeechSuspected()),
        (80, SuspicionDismissed()),
    ]


@pytest.mark.parametrize('period', range(1, 6))
def test_what_begins_all_by_itself_also_keeps_it_going_by_itself(period):
    patchy = [(0.95, 20), (SILENCE, 20 * (period - 1))] * 300
    seen = events(Endpointer(start=SURER_IS_SOONER, max_utterance_ms=10**6), *patchy)
    assert [type(event) for _, event in seen] == [SpeechStarted]


@pytest.mark.parametrize('bad', [(0.5, 2, 4), (0.5, 0, 1), (0.5, 3, 2), (0.0, 1, 1), (1.1, 1, 1)])
def test_what_is_no_evidence_is_refused(bad):
    with pytest.raises(ValueError, match='no evidence'):
        Evidence(*bad)


def test_speech_is_sustained_once_and_its_pauses_do_not_count():
    runs = ((SPEECH, 300), (SILENCE, 400), (SPEECH, 2000))
    seen = all_events(Endpointer(sustain_ms=500), *runs)
    assert seen[2:] == [(900, SpeechSustained())]


def test_soft_speech_does_not_count_towards_sustained_speech():
    seen = all_events(Endpointer(sustain_ms=500), (SPEECH, 480), (0.4, 2000), (SPEECH, 20))
    assert seen[2:] == [(2500, SpeechSustained())]


def test_a_backchannel_is_not_sustained_and_leaves_nothing_for_the_next_one():
    mm_hm = ((SPEECH, 400), (SILENCE, 1000))
    seen = all_events(Endpointer(sustain_ms=500), *mm_hm, *mm_hm, (SPEECH, 500))
    assert [at for at, e in seen if e == SpeechSustained()] == [3300]


def test_speech_that_goes_on_after_a_cut_is_not_sustained_a_second_time():
    seen = all_events(Endpointer(max_utterance_ms=500, sustain_ms=500), (SPEECH, 3000))
    assert [type(e) for _, e in seen[:4]] == [
        SpeechSuspected,
        SpeechStarted,
        SpeechSustained,
        SpeechCut,
    ]
    assert sum(e == SpeechSustained() for _, e in seen) == 1


def test_what_is_sustained_as_it_begins_has_begun_first():
    seen = all_events(Endpointer(start_ms=80, sustain_ms=60), (SPEECH, 200))
    assert seen[1:] == [(80, SpeechStarted(3)), (80, SpeechSustained())]


def test_reset_forgets_a_suspicion_without_a_word():
    endpointer = Endpointer()
    all_events(endpointer, (SPEECH, 40))
    endpointer.reset()
    assert all_events(endpointer, (SILENCE, 1000)) == []


def test_reset_forgets_an_utterance_under_way():
    endpointer = Endpointer()
    events(endpointer, (SPEECH, 500))
    endpointer.reset()
    assert not endpointer.in_speech
    assert events(endpointer, (SILENCE, 2000)) == []


@pytest.mark.parametrize(
    'bad',
    [
        {'start_ms': 0},
        {'end_silence_ms': 10},
        {'sustain_ms': 0},
        {'threshold': 0.2},
        {'end_threshold': 0.0},
        {'start': [Evidence(0.3, 2, 2)]},
        {'start': [Evidence(0.3, 2, 2)], 'likely': [Evidence(0.9, 1, 1)]},
        {'start': [Evidence(0.9, 2, 2)], 'likely': [Evidence(0.3, 1, 1)]},
    ],
)
def test_settings_that_cannot_work_are_refused(bad):
    with pytest.raises(ValueError, match='expected'):
        Endpointer(**bad)


@given(
    st.lists(st.floats(0, 1), max_size=400),
    st.integers(1, 10),
    st.integers(1, 30),
    st.integers(1, 60),
    st.sampled_from([(), SURER_IS_SOONER]),
)
@settings(derandomize=True, database=None, deadline=None)
def test_starts_and_ends_alternate_and_nothing_is_longer_than_allowed(
    probabilities, start, silence, longest, evidence
):
    endpointer = Endpointer(
        start_ms=start * 20,
        end_silence_ms=silence * 20,
        max_utterance_ms=longest * 20,
        start=evidence,
    )
    speaking, suspicious, since_cut = False, False, 0
    for probability in probabilities:
        since_cut += 1
        for event in endpointer.push(probability):
            if isinstance(event, SpeechSuspected):
                assert not speaking
                assert not suspicious
                suspicious = True
            elif isinstance(event, SuspicionDismissed):
                assert suspicious
                suspicious = False
            elif isinstance(event, SpeechSustained):
                assert speaking
            elif isinstance(event, SpeechStarted):
                assert not speaking
                assert suspicious or start == 1 or evidence
                suspicious = False
                assert 0 <= event.onset_frames_ago < endpointer.window
                speaking, since_cut = True, event.onset_frames_ago + 1
            else:
                assert speaking
                if isinstance(event, SpeechEnded):
                    assert event.silence_frames in (silence, silence + 1)
                    speaking = False
                since_cut = 0
        assert speaking == endpointer.in_speech
        if speaking:
            assert since_cut <= max(longest, endpointer.window)


def likely(endpointer: Endpointer, frames: list[tuple[float, bool]]) -> list[tuple[int, type]]:
    """Push (probability, rising); return (number, kind of event)."""
    return [
        (number, type(event))
        for number, (probability, rising) in enumerate(frames)
        for event in endpointer.push(probability, rising=rising)
    ]


def test_what_rises_is_likely_until_the_detector_is_sure():
    frames = [(0.1, True), (0.2, False), (0.3, False), (0.99, False), (0.99, False)]
    sure = Endpointer(start=[Evidence(0.98, 1, 1)])
    assert likely(sure, frames) == [(0, SpeechLikely), (3, SpeechStarted)]


def test_an_utterance_that_was_likely_began_then():
    endpointer = Endpointer(start=[Evidence(0.98, 1, 1)])
    frames = [(0.1, True), (0.1, False), (0.2, False), (0.99, False)]
    seen = [event for one, rising in frames for event in endpointer.push(one, rising=rising)]
    assert seen == [SpeechLikely(), SpeechStarted(3)]
    assert endpointer.window > 3


def test_what_rises_and_becomes_nothing_is_dismissed_in_time():
    frames = [(0.1, True)] * 3 + [(0.1, False)] * 50
    assert likely(Endpointer(), frames) == [
        (0, SpeechLikely),
        (LIKELY_FRAMES, SuspicionDismissed),
    ]


def test_what_goes_on_to_be_likely_is_not_dismissed_but_not_for_ever():
    frames = [(0.1, True), *[(0.1, False)] * 8, *[(0.4, False)] * 100]
    sure = Endpointer(start=[Evidence(0.98, 1, 1)])
    assert likely(sure, frames) == [
        (0, SpeechLikely),
        (MOST_LIKELY_FRAMES + MORE_FRAMES, SuspicionDismissed),
    ]
    sure.reset()
    assert likely(sure, [*frames[:20], (0.99, False)])[1:] == [(20, SpeechStarted)]


def test_a_suspicion_that_becomes_likely_is_dismissed_once():
    frames = [(0.6, False), (0.1, True), *[(0.1, False)] * 50]
    assert likely(Endpointer(start=[Evidence(0.5, 3, 3)]), frames) == [
        (0, SpeechSuspected),
        (1, SpeechLikely),
        (1 + LIKELY_FRAMES, SuspicionDismissed),
    ]


def test_speech_that_is_still_there_when_it_is_no_longer_likely_is_suspected_anew():
    frames = [(0.1, True), *[(0.1, False)] * LIKELY_FRAMES, (0.6, False), (0.6, False)]
    assert likely(Endpointer(start=[Evidence(0.5, 3, 3)]), frames) == [
        (0, SpeechLikely),
        (LIKELY_FRAMES, SuspicionDismissed),
        (LIKELY_FRAMES + 1, SpeechSuspected),
    ]


IN_STAGES = {
    'likely': (Evidence(0.98, 1, 1), Evidence(0.6, 3, 3)),
    'start': (Evidence(0.98, 2, 2), Evidence(0.4, 6, 7)),
}


@pytest.mark.parametrize(
    ('probabilities', 'expected'),
    [
        pytest.param([0.99, 0.99], [(0, SpeechLikely), (1, SpeechStarted)], id='a voice'),
        pytest.param(
            [0.7] * 6,
            [(0, SpeechSuspected), (2, SpeechLikely), (5, SpeechStarted)],
            id='a voice in noise',
        ),
        pytest.param(
            [0.99, *[0.1] * 20],
            [(0, SpeechLikely), (LIKELY_FRAMES, SuspicionDismissed)],
            id='a click',
        ),
        pytest.param([0.5] * 6, [(5, SpeechStarted)], id='less than a suspicion, for long'),
        pytest.param([0.5] * 5, [], id='less than a suspicion'),
        pytest.param(
            [0.7, *[0.1] * 9],
            [(0, SpeechSuspected), (3, SuspicionDismissed)],
            id='a suspicion lasts no longer than what makes it likely',
        ),
    ],
)
def test_less_evidence_makes_it_likely_and_more_begins_it(probabilities, expected):
    endpointer = Endpointer(**IN_STAGES)
    assert likely(endpointer, [(one, False) for one in probabilities]) == expected


def test_the_onset_is_the_first_frame_that_counts_for_what_begins_it():
    endpointer = Endpointer(**IN_STAGES)
    seen = [event for one in [0.1, 0.4, 0.99, 0.99] for event in endpointer.push(one)]
    assert seen == [SpeechLikely(), SpeechStarted(2)]


def test_a_frame_that_is_likely_by_itself_keeps_an_utterance_going():
    endpointer = Endpointer(**IN_STAGES, end_silence_ms=100)
    frames = [0.99, 0.99, *[0.1] * 4, 0.99, *[0.1] * 4, 0.99, *[0.1] * 5]
    assert likely(endpointer, [(one, False) for one in frames]) == [
        (0, SpeechLikely),
        (1, SpeechStarted),
        (len(frames) - 1, SpeechEnded),
    ]


@given(
    st.lists(st.tuples(st.sampled_from((0.0, 0.4, 0.6, 0.99)), st.booleans()), max_size=300),
    st.sampled_from(
        (
            {'start': (Evidence(0.98, 1, 1), Evidence(0.5, 3, 3))},
            {'start': (Evidence(0.5, 4, 7),)},
            IN_STAGES,
        )
    ),
)
def test_every_doubt_is_resolved_before_the_next_and_none_is_raised_within_speech(frames, rule):
    endpointer = Endpointer(**rule, end_silence_ms=100)
    doubt: type | None = None
    speaking = False
    for _, kind in likely(endpointer, frames):
        if kind is SpeechSuspected:
            assert doubt is None
            assert not speaking
            doubt = kind
        elif kind is SpeechLikely:
            assert doubt is not SpeechLikely
            assert not speaking
            doubt = kind
        elif kind is SuspicionDismissed:
            assert doubt is not None
            doubt = None
        elif kind is SpeechStarted:
            doubt, speaking = None, True
        elif kind is SpeechEnded:
            speaking = False
