# SPDX-License-Identifier: Apache-2.0
"""Realtime speech-to-text that cannot be reached, or refuses: why is said, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from scribe_checks import (
    AT_ONCE,
    FINAL,
    IMPATIENT,
    KEY,
    PATIENCE,
    QUICK,
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

from prot_ros.engines.elevenlabs.recognizer import ElevenLabsRecognizer
from prot_ros.engines.elevenlabs.scribe_sessions import Keeping
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan


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


def test_a06_the_engine_can_be_closed_while_a_successor_is_being_prepared():
    async def scenario():
        plan = Plan()
        plan.coming += [Behaviour(), Behaviour(Fault.STALL)]
        async with service(['one'], plan, keeping=Keeping(rotate_s=0.0)) as (sim, recognizer):
            assert await heard(recognizer, noise(0.5)) == 'one'
            await until(lambda: len(sim.sessions) == 2)
            begin = time.monotonic()
            await recognizer.close()
            assert time.monotonic() - begin < QUICK.connect_s / 2

    run(scenario)


def test_a06_the_engine_can_be_closed_while_it_is_probed():
    async def scenario():
        plan = Plan(Behaviour(connect_s=0.1))
        async with service([], plan) as (sim, recognizer):
            probing = asyncio.create_task(recognizer.probe())
            await until(lambda: sim.sessions)
            await recognizer.close()
            with pytest.raises(EngineError, match='closed meanwhile'):
                await probing
            await until(lambda: not sim.sessions[0].open)

    run(scenario)
