# SPDX-License-Identifier: Apache-2.0
"""Realtime speech-to-text when the service or the way to it fails: no word is lost in silence."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

import pytest
from scribe_checks import IMPATIENT, KEY, QUICK, heard, noise, push, run, service, until
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from prot_ros.core.survival import Limits
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.scribe_request import ScribeRequest
from prot_ros.engines.scribe_sessions import Keeping
from prot_ros.engines.stt_elevenlabs import ElevenLabsRecognition, ElevenLabsRecognizer
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.scribe_session import Habits

FINAL = {
    'auth_error': 'ELEVENLABS_API_KEY',
    'quota_exceeded': 'credits',
    'unaccepted_terms': 'terms of use',
    'invalid_request': 'elevenlabs.model, language and keyterms',
    'input_error': 'elevenlabs.model',
    'chunk_size_exceeded': 'chunk',
}
"""Errors that a person must mend, and what the message speaks of."""
PATIENCE = ('rate_limited', 'queue_overflow', 'resource_exhausted')
AT_ONCE = ('session_time_limit_exceeded', 'transcriber_error', 'error')


async def refused(recognizer: ElevenLabsRecognizer, seconds: float = 1.0) -> EngineError:
    """Return what an utterance fails with."""
    with pytest.raises(EngineError) as caught:
        await heard(recognizer, noise(seconds))
    return caught.value


async def push_for_ever(recognition: ElevenLabsRecognition, piece_s: float) -> None:
    while True:
        await recognition.push(noise(piece_s))
        await asyncio.sleep(0.001)


# --- before there is a session -------------------------------------------------------------------


@pytest.mark.parametrize('kind', FINAL)
def test_an_error_that_a_person_must_mend_says_what(kind):
    async def scenario():
        async with service([], Plan(Behaviour(Fault.ERROR, error=kind))) as (_, recognizer):
            error = await refused(recognizer)
            assert not error.retryable
            assert FINAL[kind] in str(error)

    run(scenario)


@pytest.mark.parametrize('kind', [*PATIENCE, *AT_ONCE])
def test_an_error_that_passes_can_be_tried_again(kind):
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(Fault.ERROR, error=kind))
        async with service(['hello'], plan) as (_, recognizer):
            assert (await refused(recognizer)).retryable
            assert await heard(recognizer, noise(0.5)) == 'hello'

    run(scenario)


@pytest.mark.parametrize('in_handshake', [False, True])
def test_a_wrong_key_is_named_by_its_variable(in_handshake):
    async def scenario():
        async with service([], key='sk_wrong', refuses_in_handshake=in_handshake) as (
            _,
            recognizer,
        ):
            error = await refused(recognizer)
            assert not error.retryable
            assert 'set ELEVENLABS_API_KEY to a valid one' in str(error)
            with pytest.raises(EngineError, match='ELEVENLABS_API_KEY'):
                await recognizer.probe()

    run(scenario)


def test_no_key_is_said_before_anybody_is_connected_to():
    async def scenario():
        with pytest.raises(EngineError, match='set ELEVENLABS_API_KEY'):
            await ElevenLabsRecognizer('').open()

    run(scenario)


def test_how_long_to_wait_is_passed_on():
    async def scenario():
        plan = Plan(Behaviour(error='rate_limited', retry_after='7'))
        async with service([], plan) as (_, recognizer):
            error = await refused(recognizer)
            assert (error.retryable, error.retry_after_s) == (True, 7.0)

    run(scenario)


def test_a_probe_leaves_nothing_and_says_nothing_where_all_is_well():
    async def scenario():
        async with service([]) as (sim, recognizer):
            await recognizer.probe()
            await until(lambda: not sim.sessions[0].open)

    run(scenario)


def test_an_engine_that_is_not_open_says_so():
    async def scenario():
        recognizer = ElevenLabsRecognizer(KEY)
        recognition = recognizer.start()
        await recognition.push(noise(0.1))
        with pytest.raises(EngineError, match='not open'):
            await recognition.finish()
        await recognition.close()

    run(scenario)


@pytest.mark.parametrize(
    'fault', [Fault.REFUSE, Fault.ACCEPT_THEN_CLOSE, Fault.STALL, Fault.ERROR]
)
def test_a06_a_connect_that_fails_half_way_leaves_nothing_and_the_next_one_works(fault):
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(fault))
        limits = IMPATIENT if fault is Fault.STALL else QUICK
        async with service(['hello'], plan, limits=limits) as (sim, recognizer):
            begin = time.monotonic()
            assert (await refused(recognizer)).retryable
            assert time.monotonic() - begin < IMPATIENT.connect_s + 1.0
            await until(lambda: not any(session.open for session in sim.sessions))
            assert len(asyncio.all_tasks()) < 8
            assert await heard(recognizer, noise(0.5)) == 'hello'

    run(scenario)


def test_a06_where_nobody_listens_it_says_so_and_works_once_somebody_does():
    async def scenario():
        async with service(['hello']) as (sim, recognizer):
            sim.stop_listening()
            error = await refused(recognizer)
            assert error.retryable
            assert 'cannot be reached' in str(error)
            await sim.listen()
            assert await heard(recognizer, noise(0.5)) == 'hello'

    run(scenario)


@pytest.mark.parametrize(
    'first', ['nonsense', b'\x00\xff', '[]', '{"message_type": 1', 'x' * 2**21]
)
def test_a06_a_bad_first_message_leaves_no_socket(first):
    async def scenario():
        ended = asyncio.Event()

        async def greet(connection: ServerConnection) -> None:
            await connection.send(first)
            await connection.wait_closed()
            ended.set()

        async with serve(greet, '127.0.0.1', 0, compression=None) as server:
            (socket,) = server.sockets
            async with engine(f'ws://127.0.0.1:{socket.getsockname()[1]}') as recognizer:
                assert (await refused(recognizer)).retryable
                await asyncio.wait_for(ended.wait(), 2)

    run(scenario)


@pytest.mark.parametrize('answer', [b'', b'HTTP/1.1 200 OK\r\n\r\n', b'SSH-2.0-x\r\n', None])
def test_a06_a_server_that_speaks_something_else_leaves_no_socket(answer):
    async def scenario():
        ended = asyncio.Event()

        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b'\r\n\r\n')
            if answer is None:
                await reader.read()  # says nothing until the client leaves
            else:
                writer.write(answer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(speak, '127.0.0.1', 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with engine(f'ws://127.0.0.1:{port}', IMPATIENT) as recognizer:
                assert (await refused(recognizer)).retryable
                await asyncio.wait_for(ended.wait(), 2)

    run(scenario)


def test_a06_an_utterance_can_be_given_up_at_any_moment_of_its_connect():
    async def scenario():
        async with service(['hello'] * 40) as (sim, recognizer):
            for moments in range(40):
                recognition = recognizer.start()
                await push(recognition, noise(0.3))
                for _ in range(moments):
                    await asyncio.sleep(0)
                await recognition.close()
            await until(lambda: sum(session.open for session in sim.sessions) <= 1)
            assert await heard(recognizer, noise(0.5))

    run(scenario)


def test_a06_the_engine_can_be_closed_at_any_moment_of_a_connect():
    async def scenario():
        for moments in range(0, 30, 2):
            async with service(['hello']) as (_, recognizer):
                recognition = recognizer.start()
                await recognition.push(noise(0.3))
                for _ in range(moments):
                    await asyncio.sleep(0)
                await recognizer.close()
                await recognition.close()

    run(scenario)


# --- in the middle of an utterance ---------------------------------------------------------------


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
            assert recognizer.status() == {'sessions': 2, 'session': 'kept', 'replays': 1}

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


# --- sending, closing, waiting -------------------------------------------------------------------


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
            with pytest.raises(EngineError, match='has not greeted within'):
                await push_for_ever(recognition, 1.0)
            await recognition.close()

    run(scenario)


# --- the traps -----------------------------------------------------------------------------------


@pytest.mark.parametrize('fault', [Fault.ACCEPT_THEN_CLOSE, Fault.ERROR, Fault.EOF_MIDWAY])
def test_trap_4_accept_then_close_is_no_loop(fault):
    async def scenario():
        # An old session is prepared ahead, where a loop could be, too.
        keeping = Keeping(rotate_s=0.01)
        async with service([], Plan(Behaviour(fault)), keeping=keeping) as (sim, recognizer):
            for utterance in range(1, 4):
                recognition = recognizer.start()
                with contextlib.suppress(EngineError):
                    for _ in range(100):
                        await push(recognition, noise(0.02))
                        await asyncio.sleep(0.001)
                    await recognition.finish()
                await recognition.close()
                assert len(sim.handshakes) <= 2 * utterance

    run(scenario)


def test_trap_4_a_successor_that_is_lost_at_once_has_no_successor():
    async def scenario():
        keeping = Keeping(rotate_s=0.0)
        async with service(['one'], keeping=keeping) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            await until(lambda: len(sim.sessions) == 2)
            sim.sessions[1].reset()
            await until(lambda: not sim.sessions[1].open)
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert len(sim.handshakes) == 2

    run(scenario)


def test_trap_5_whoever_does_not_look_is_not_cut_off():
    async def scenario():
        async with service(['one'], keeping=Keeping(ping_s=0.1)) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.5))
            await until(lambda: sim.sessions and sim.sessions[0].chunks)
            begin = time.monotonic()
            # Far more than its queue holds, and five pings that want their pongs in 100 ms.
            while time.monotonic() - begin < 0.5:
                for number in range(100):
                    await sim.sessions[0].say('partial_transcript', text=f'{number}')
                await asyncio.sleep(0.01)
            assert await recognition.finish() == 'one'
            assert len(sim.sessions) == 1

    run(scenario)


@pytest.mark.parametrize('status', [301, 302, 307, 308])
def test_trap_6_a_redirect_does_not_carry_the_key_away(status):
    async def scenario():
        async with service([]) as (elsewhere, _):

            def redirect(connection: ServerConnection, request: Request) -> Response:
                answer = connection.respond(status, '')
                answer.headers['Location'] = elsewhere.url + request.path
                return answer

            async with serve(no_session, '127.0.0.1', 0, process_request=redirect) as server:
                (socket,) = server.sockets
                async with engine(f'ws://127.0.0.1:{socket.getsockname()[1]}') as recognizer:
                    error = await refused(recognizer)
                    assert not error.retryable
                    assert 'elevenlabs.url' in str(error)
            assert not elsewhere.handshakes

    run(scenario)


@pytest.mark.parametrize('closes', [False, True])
def test_trap_7_a_throttled_commit_ends_the_utterance_with_what_was_committed(closes):
    async def scenario():
        # The service commits by itself just before it is asked to.
        habits = Habits(auto_commit_s=12.0, throttle_closes=closes)
        async with service(['all of it', 'next'], habits=habits) as (_, recognizer):
            assert await heard(recognizer, noise(12.04)) == 'all of it'
            assert await heard(recognizer, noise(0.5)) == 'next'

    run(scenario)


@pytest.mark.parametrize(
    'kind', ['commit_throttled', 'input_error', 'insufficient_audio_activity']
)
def test_trap_7_an_error_after_the_commit_that_means_nothing_to_commit_is_none(kind):
    async def scenario():
        plan = Plan()
        plan.coming.append(Behaviour(first_s=5.0))
        async with service(['all of it', 'x'], plan) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.2))
            finishing = asyncio.create_task(recognition.finish())
            await until(lambda: sim.sessions and sim.sessions[0].commits)
            # It need not close the session, which still has audio that nobody wants any more.
            await sim.sessions[0].say(kind, error='nothing to commit')
            assert await finishing == 'all'  # what was understood until then
            await recognition.close()
            await heard(recognizer, noise(0.5))
            assert len(sim.sessions) == 2

    run(scenario)


# --- the key -------------------------------------------------------------------------------------


def test_the_key_is_in_no_log_and_in_no_message(caplog):
    async def scenario():
        said = []
        for plan in (
            Plan(Behaviour(Fault.ERROR, error='error')),
            Plan(Behaviour(Fault.ACCEPT_THEN_CLOSE)),
            Plan(Behaviour(retry_after='1')),
        ):
            async with service([], plan) as (_, recognizer):
                said.append(str(await refused(recognizer)))
                said.append(repr(recognizer) + repr(vars(recognizer)) + repr(recognizer.status()))
        async with service(['one']) as (sim, recognizer):
            recognition = recognizer.start()
            await push(recognition, noise(0.2))
            await until(lambda: sim.sessions and sim.sessions[0].chunks)
            await sim.sessions[0].fail('auth_error', f'the key {KEY} is not good')
            await until(lambda: not sim.sessions[0].open)
            with pytest.raises(EngineError) as caught:
                await recognition.finish()
            assert '***' in str(caught.value)
            said.append(str(caught.value))
        assert KEY not in ' '.join(said)

    with caplog.at_level(logging.DEBUG):
        run(scenario)
    ours = [r.getMessage() for r in caplog.records if r.name != 'websockets.server']
    assert KEY not in ' '.join(ours)


def engine(url: str, limits: Limits = QUICK) -> contextlib.AbstractAsyncContextManager:
    """Return an open engine for a service of the test's own."""

    @contextlib.asynccontextmanager
    async def opened():
        recognizer = ElevenLabsRecognizer(KEY, lambda: ScribeRequest(url), limits)
        await recognizer.open()
        try:
            yield recognizer
        finally:
            await recognizer.close()

    return opened()


async def no_session(connection: ServerConnection) -> None:
    raise AssertionError('there is no session at a redirect')
