# SPDX-License-Identifier: Apache-2.0
"""What a turn's report says of its stages."""

from __future__ import annotations

import pytest

from prot_ros.core.reply import Reply
from prot_ros.core.stamps import MILLISECOND, SECOND, Stamp

TURN = Stamp(5 * SECOND)
STAGES = ('speech_end', 'endpoint', 'stt', 'memory', 'first_token', 'audible')


def reply(**at_ms: int) -> Reply:
    made = Reply(TURN, 'speech', 'hello')
    for stage, ms in at_ms.items():
        made.mark(stage, Stamp(TURN + ms * MILLISECOND))
    return made


def test_stages_follow_one_another_and_together_are_the_whole():
    stages = dict(zip(STAGES, (0, 600, 750, 755, 1060, 1140), strict=True))
    told = reply(**stages).latencies()
    assert told['stt'] == 150.0
    assert told['audible'] == 80.0
    whole = told.pop('voice_to_voice')
    assert sum(told.values()) == pytest.approx(whole) == 1140.0


def test_a_commit_goes_on_beside_the_stages_and_counts_from_the_transcript():
    stages = dict(zip(STAGES, (0, 600, 750, 755, 1060, 1140), strict=True))
    told = reply(**stages, commit=770).latencies()
    assert told.pop('commit') == 20.0
    assert told == reply(**stages).latencies()


def test_a_typed_turns_commit_counts_from_its_arrival():
    assert reply(speech_end=0, commit=7, audible=400).latencies() == {
        'audible': 400.0, 'voice_to_voice': 400.0, 'commit': 7.0,
    }  # fmt: skip
