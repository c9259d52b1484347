# SPDX-License-Identifier: Apache-2.0
"""What the service and its protocol do to clients that do not expect it, and who sees the key."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

import pytest
from scribe_checks import (
    KEY,
    engine,
    heard,
    noise,
    push,
    refused,
    run,
    service,
    until,
)
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from prot_ros.engines.elevenlabs.scribe_sessions import Keeping
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.scribe_session import Habits


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


async def no_session(connection: ServerConnection) -> None:
    raise AssertionError('there is no session at a redirect')
