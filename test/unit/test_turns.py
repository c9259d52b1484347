# SPDX-License-Identifier: Apache-2.0
"""Turns are times: what an interrupt voids, and how a new turn is named."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prot_ros.core.stamps import SECOND, Stamp
from prot_ros.core.turns import BARGE_IN, HEAR, Interrupt, TurnGate, Verdict, barge_in

NOW = Stamp(1_700_000_000 * SECOND)


def at(ms: int) -> Stamp:
    return Stamp(NOW + ms * 1_000_000)


def test_an_interrupt_voids_what_began_at_or_before_it_and_nothing_later():
    gate = TurnGate()
    assert gate.interrupt(at(0), at(1)) is Verdict.VOIDS
    assert gate.is_void(at(-5))
    assert gate.is_void(at(0))
    assert not gate.is_void(Stamp(at(0) + 1))


def test_a_repeated_or_older_interrupt_changes_nothing():
    gate = TurnGate()
    gate.interrupt(at(0), at(0))
    assert gate.interrupt(at(0), at(10)) is Verdict.STALE
    assert gate.interrupt(at(-500), at(10)) is Verdict.STALE
    assert gate.voided == at(0)


def test_an_interrupt_from_the_future_is_refused():
    gate = TurnGate()
    assert gate.interrupt(at(1001), NOW) is Verdict.FUTURE
    assert not gate.is_void(NOW)
    assert gate.begin(at(5)) == at(5), 'it must not move later turns either'
    assert gate.interrupt(at(1000), NOW) is Verdict.VOIDS


def test_a_clock_stepped_back_does_not_deafen_the_robot():
    gate = TurnGate()
    gate.interrupt(at(0), at(0))
    turn = gate.begin(at(-60_000))
    assert not gate.is_void(turn)
    assert turn == at(0) + 1


def test_a_barge_in_voids_all_before_its_turn_and_not_its_turn():
    gate = TurnGate()
    before = gate.begin(at(0))
    turn = gate.begin(at(0))
    interrupt = barge_in(turn)
    gate.interrupt(interrupt.stamp, at(1))
    assert gate.is_void(before)
    assert not gate.is_void(turn)


def test_a_turn_dated_in_the_future_by_someone_else_is_not_followed():
    gate = TurnGate()
    gate.seen(at(60_000), NOW)
    assert gate.begin(NOW) == NOW
    gate.seen(at(500), NOW)
    assert gate.begin(NOW) == at(500) + 1


def test_only_interrupts_that_are_not_the_users_own_words_void_speech():
    assert not Interrupt(NOW, BARGE_IN).voids_speech
    assert not Interrupt(NOW, HEAR).voids_speech
    assert Interrupt(NOW, 'operator').voids_speech
    assert Interrupt(NOW, '').voids_speech


@given(st.lists(st.tuples(st.booleans(), st.integers(-5000, 5000)), max_size=30))
@settings(derandomize=True, database=None, deadline=None)
def test_new_turns_are_never_void_and_only_grow(steps):
    gate = TurnGate()
    last = Stamp(0)
    for is_interrupt, ms in steps:
        if is_interrupt:
            gate.interrupt(at(ms), NOW)
        else:
            turn = gate.begin(at(ms))
            assert not gate.is_void(turn)
            assert turn > last
            last = turn
