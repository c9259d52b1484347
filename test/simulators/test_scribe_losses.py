# SPDX-License-Identifier: Apache-2.0
"""Realtime speech-to-text that is lost in the middle: no word is lost with it."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from scribe_checks import (
    AT_ONCE,
    FINAL,
    IMPATIENT,
    PATIENCE,
    QUICK,
    heard,
    noise,
    push,
    push_for_ever,
    refused,
    run,
    service,
    until,
)

from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.scribe_session import Habits


@pytest.mark.parametrize(
    'fault',
    [
        Fault.EOF_MIDWAY,
        Fault.RESET_MIDWAY,
        Fault.ERROR_MIDWAY,
        Fault.MALFORMED,
        Fault.OVERSIZED,
    ],
)
def test_d15_a_session_lost_in_the_middle_is_replaced_and_no_word_is_lost(fault):
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(fault))
        async with service(['one two three', 'four'], plan) as (sim, recognizer):
            sound = noise(1.5)
            recognition = recognizer.start()
            await push(recognition, sound[: len(sound) // 2])
            await until(lambda: len(sim.sessions) == 2)  # at once, and not at the end
            await push(recognition, sound[len(sound) // 2 :])
            assert await recognition.finish() == 'one two three'
            assert bytes(sim.sessions[1].audio) == sound
            assert await heard(recognizer, noise(0.5)) == 'four'
            status = recognizer.status()
            assert (status['sessions'], status['session'], status['replays']) == (2, 'kept', 1)

    run(scenario)


def test_d15_a_loss_is_noticed_also_while_nobody_speaks():
    async def scenario():
        async with service(['one']) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.5))
            await until(lambda: sim.sessions and sim.sessions[0].chunks)
            sim.sessions[0].reset()
            await until(lambda: len(sim.sessions) == 2)
            assert await recognition.finish() == 'one'

    run(scenario)


@pytest.mark.parametrize('kind', AT_ONCE)
def test_d15_an_error_that_ends_the_session_only_is_followed_by_another_session(kind):
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(Fault.ERROR_MIDWAY, error=kind))
        async with service(['one'], plan) as (_, recognizer):
            assert await heard(recognizer, noise(1.0)) == 'one'

    run(scenario)


@pytest.mark.parametrize('kind', [*FINAL, *PATIENCE])
def test_an_error_that_another_session_would_meet_is_passed_on(kind):
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(Fault.ERROR_MIDWAY, error=kind))
        async with service(['one'], plan) as (sim, recognizer):
            recognition = recognizer.start()
            with pytest.raises(EngineError) as caught:
                await push_for_ever(recognition, 0.1)
            assert caught.value.retryable == (kind in PATIENCE)
            assert len(sim.sessions) == 1
            await recognition.close()
            assert await heard(recognizer, noise(0.5)) == 'one'

    run(scenario)


def test_what_was_committed_before_the_loss_is_kept_and_not_sent_again():
    async def scenario():
        habits = Habits(auto_commit_s=90.0)
        async with service(['the beginning', 'the end'], habits=habits) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(91))
            await until(lambda: list(sim.sessions[0].texts) == ['the beginning'])
            text = ''
            while not text.startswith('the beginning'):
                (text,) = await push(recognition, noise(0.02))
                await asyncio.sleep(0.001)
            sim.sessions[0].reset()
            await push(recognition, noise(1))
            assert await recognition.finish() == 'the beginning the end'
            assert len(sim.sessions[1].audio) < 10 * 32000
            assert sim.sessions[1].previous_text == 'the beginning'

    run(scenario)


def test_the_hypothesis_stays_while_the_session_is_replaced():
    async def scenario():
        async with service(['one two three']) as (sim, recognizer):
            recognition = recognizer.start()
            text = ''
            while text != 'one two':
                (text,) = await push(recognition, noise(0.02))
                await asyncio.sleep(0.001)
            sim.sessions[0].reset()
            while len(sim.sessions) < 2:
                assert (await push(recognition, noise(0.02)))[-1].startswith('one')
                await asyncio.sleep(0.001)
            assert await recognition.finish() == 'one two three'

    run(scenario)


def test_words_of_an_old_socket_reach_nobody():
    async def scenario():
        async with service(['old words', 'new words']) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.1))
            await until(lambda: sim.sessions and sim.sessions[0].chunks)
            old = sim.sessions[0]
            await recognition.close()
            recognition = recognizer.start()
            await push(recognition, noise(0.1))
            with contextlib.suppress(Exception):
                await old.say('partial_transcript', text='late words')
                await old.say('committed_transcript', text='late words')
            await until(lambda: len(sim.sessions) == 2)
            assert await recognition.finish() == 'old words'

    run(scenario)


@pytest.mark.parametrize('fault', [Fault.EOF_MIDWAY, Fault.RESET_MIDWAY, Fault.MALFORMED])
def test_a_session_that_is_lost_twice_is_an_error_in_good_time(fault):
    async def scenario():
        async with service(['one'], Plan(Behaviour(fault))) as (sim, recognizer):
            begin = time.monotonic()
            assert (await refused(recognizer)).retryable
            assert len(sim.sessions) == 2
            assert time.monotonic() - begin < 2 * QUICK.connect_s + QUICK.first_response_s

    run(scenario)


def test_a_stalled_service_is_an_error_after_its_deadline():
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(Fault.STALL_MIDWAY))
        async with service(['one', 'two'], plan, limits=IMPATIENT) as (_, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(1.0))
            begin = time.monotonic()
            with pytest.raises(EngineError, match='has not answered for') as caught:
                await recognition.finish()
            assert caught.value.retryable
            assert time.monotonic() - begin == pytest.approx(IMPATIENT.first_response_s, abs=0.25)
            await recognition.close()
            assert await heard(recognizer, noise(0.5)) == 'two'

    run(scenario)


def test_an_answer_that_comes_byte_by_byte_is_an_answer():
    async def scenario():
        async with service(['안녕 로봇'], Plan(Behaviour(Fault.SLOW_DRIP))) as (_, recognizer):
            assert await heard(recognizer, noise(0.5)) == '안녕 로봇'

    run(scenario)


def test_a_session_that_died_while_it_rested_costs_nothing():
    async def scenario():
        async with service(['one', 'two']) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            sim.sessions[0].reset()
            await until(lambda: not sim.sessions[0].open)
            assert await heard(recognizer, noise(0.5)) == 'two'

    run(scenario)


def test_a_session_that_dies_with_the_next_utterance_is_replaced():
    async def scenario():
        async with service(['one', 'two']) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            recognition = recognizer.start()
            sim.sessions[0].reset()
            await push(recognition, noise(0.5))
            assert await recognition.finish() == 'two'

    run(scenario)


@pytest.mark.parametrize('failing', ['send', 'close', 'both'])
def test_a09_send_and_close_failures_leave_nothing_and_the_next_utterance_has_a_socket(failing):
    async def scenario():
        async with service(['one', 'two', 'three']) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            recognition = recognizer.start()
            await push(recognition, noise(0.5))
            if failing in ('close', 'both'):
                sim.sessions[0].deafen()
            if failing in ('send', 'both'):
                sim.sessions[0].reset()
            await recognition.close()
            await until(lambda: failing == 'close' or not sim.sessions[0].open)
            tasks = {task.get_name() for task in asyncio.all_tasks()}
            assert 'scribe utterance' not in tasks
            assert await heard(recognizer, noise(0.5)) == 'two'
            assert len(sim.sessions) == 2
            if failing == 'close':
                await until(
                    lambda: 'scribe close' not in {t.get_name() for t in asyncio.all_tasks()}
                )
                sim.sessions[0].reset()

    run(scenario)


def test_a11_nothing_is_heard_after_close():
    async def scenario():
        async with service(['one']) as (_, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.5))
            await recognizer.close()
            assert await recognition.push(noise(0.1)) == ''
            assert await recognition.finish() == ''

    run(scenario)


@pytest.mark.parametrize('fault', [Fault.STALL, Fault.ACCEPT_THEN_CLOSE, Fault.STALL_MIDWAY])
def test_d13_a_lost_service_keeps_nobody_waiting_who_pushes(fault):
    async def scenario():
        async with service([], Plan(Behaviour(fault))) as (_, recognizer):
            recognition = recognizer.start()
            longest = 0.0
            for _ in range(40):
                begin = time.monotonic()
                with contextlib.suppress(EngineError):
                    await recognition.push(noise(0.02))
                longest = max(longest, time.monotonic() - begin)
                await asyncio.sleep(0.002)
            assert longest < 0.05
            await recognition.close()

    run(scenario)


def test_audio_without_a_socket_is_bounded_by_waiting():
    async def scenario():
        plan = Plan(Behaviour(Fault.STALL))
        async with service([], plan, limits=IMPATIENT) as (_, recognizer):
            recognition = recognizer.start()
            taken_s: list[float] = []
            with pytest.raises(EngineError, match='has not greeted within'):
                await push_for_ever(recognition, 1.0, taken_s)
            assert sum(taken_s) == pytest.approx(10.0, abs=1.0)
            await recognition.close()

    run(scenario)
