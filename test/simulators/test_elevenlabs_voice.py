# SPDX-License-Identifier: Apache-2.0
"""ElevenLabs' voice over its multi-context socket, against the simulated service."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from voice_checks import KEY, PATIENT, QUICK, ramp, said
from waiting import until
from websockets.asyncio.client import connect

from prot_ros.core.audio import dbfs
from prot_ros.core.stamps import Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.voice import ElevenLabsSynthesizer
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator

TURN = Stamp(1_700_000_000_000_000_007)


class Setup:
    """A service, an engine that uses it, and what the engine is set to."""

    def __init__(self, sim: ElevenLabsVoiceSimulator, rate: int, key: str, limits: Limits) -> None:
        self.sim = sim
        self.setting = VoiceSetting()
        self.engine = ElevenLabsSynthesizer(
            key, lambda: self.setting, rate=rate, url=sim.url, limits=limits
        )

    @property
    def texts(self) -> list[str]:
        sent = [str(message.get('text', '')).strip() for message in self.sim.ear.messages]
        return [text for text in sent if text]


@asynccontextmanager
async def service(
    plan: Plan | None = None,
    *,
    rate: int = 24_000,
    key: str = KEY,
    snake: bool = False,
    limits: Limits = PATIENT,
) -> AsyncIterator[Setup]:
    async with ElevenLabsVoiceSimulator(plan, key=KEY, speech=ramp, snake=snake) as sim:
        setup = Setup(sim, rate, key, limits)
        try:
            yield setup
        finally:
            await setup.engine.close()
            await until(lambda: sim.connected == 0)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def watched() -> None:
        before = asyncio.all_tasks()
        async with asyncio.timeout(10):
            await scenario()
        left = asyncio.all_tasks() - before
        assert not left, left

    asyncio.run(watched())


@pytest.mark.parametrize('snake', [False, True])
@pytest.mark.parametrize('text', ['How are you today?', '안녕하세요, 오늘은 어때요?', '👋 hi ✨'])
def test_a_sentence_arrives_to_the_last_sample(text, snake):
    async def scenario():
        async with service(snake=snake) as on:
            await on.engine.open()
            pcm, marks = await said(on.engine, text)
            assert pcm == await ramp(text, '', 24_000)
            assert marks[-1].characters == len(text)
            assert [m.milliseconds for m in marks] == sorted(m.milliseconds for m in marks)
            assert on.texts == [text]

    run(scenario)


def test_marks_say_when_each_word_sounds_and_come_before_its_audio():
    async def scenario():
        async with service() as on:
            text = 'One two three four five six seven.'
            marks, heard_ms = [], 0.0
            speech = on.engine.speak(text, 'en', on_marks=marks.extend)
            async with aclosing(speech) as pieces:
                async for pcm in pieces:
                    assert marks[-1].milliseconds >= min(heard_ms, 1700), 'told too late'
                    heard_ms += len(pcm) / 48
            begin = next(m.milliseconds for m in marks if m.characters == text.index('five'))
            # Characters are spread evenly behind 20 ms of silence.
            assert begin == pytest.approx(20 + 50 * text.index('five'), abs=3)

    run(scenario)


def test_sound_comes_at_the_rate_that_is_wanted():
    async def scenario():
        async with service(rate=48_000) as on:
            pcm, _ = await said(on.engine, 'Hello there.')
            want = await ramp('Hello there.', '', 24_000)
            assert len(pcm) == pytest.approx(2 * len(want), abs=8)
            assert len(pcm) % 2 == 0

    run(scenario)


def test_sentences_share_one_socket_and_name_their_turn():
    async def scenario():
        async with service() as on:
            for text in ('One.', 'Two.', 'Three.'):
                await said(on.engine, text, TURN)
            assert on.sim.connections == 1
            contexts = {str(message['context_id']) for message in on.sim.ear.messages}
            assert len(contexts) == 3
            assert all(name.startswith(f'{TURN}-') for name in contexts)
            assert on.sim.headers['xi-api-key'] == KEY

    run(scenario)


def test_trap_8_a_sixth_context_waits_for_a_place_and_the_socket_survives():
    async def scenario():
        plan = Plan(rule=Behaviour(first_s=0.1))
        async with service(plan) as on:
            await on.engine.open()
            for number in range(9):
                # Cut before anything is heard: the service goes on with each for 0.1 s.
                speech = asyncio.ensure_future(said(on.engine, f'Cut {number}.'))
                await until(lambda number=number: f'Cut {number}.' in on.texts)
                speech.cancel()
                await asyncio.wait({speech})
            pcm, _ = await said(on.engine, 'At last.')
            assert pcm == await ramp('At last.', '', 24_000)
            assert on.sim.ear.most_contexts == 5
            assert on.sim.connections == 1

    run(scenario)


def test_places_that_never_become_free_are_left_behind_with_their_socket():
    async def scenario():
        plan = Plan(rule=Behaviour(Fault.STALL))
        async with service(plan, limits=QUICK) as on:
            for number in range(5):
                speech = asyncio.ensure_future(said(on.engine, f'Cut {number}.'))
                await until(lambda number=number: f'Cut {number}.' in on.texts)
                speech.cancel()
                await asyncio.wait({speech})
            plan.rule = Behaviour()
            with pytest.raises(EngineError, match='5 sentences') as caught:
                await said(on.engine, 'No place.')
            assert caught.value.retryable
            await said(on.engine, 'There is now.')
            assert on.sim.connections == 2

    run(scenario)


@pytest.mark.parametrize('model', ['eleven_v3', 'eleven_v3_conversational', 'eleven_v4_turbo'])
def test_trap_9_a_model_that_is_not_on_these_sockets_is_refused_with_what_to_set(model):
    async def scenario():
        async with service() as on:
            on.setting = VoiceSetting(model=model)
            with pytest.raises(EngineError, match=r'set elevenlabs\.model') as caught:
                await on.engine.open()
            assert not caught.value.retryable
            assert on.sim.connections == 0

    run(scenario)


def test_a07_cancelling_reaches_a_blocked_read_at_once_and_the_next_turn_is_whole():
    async def scenario():
        plan = Plan()
        async with service(plan) as on:
            loop = asyncio.get_running_loop()
            for _ in range(3):
                plan.coming.append(Behaviour(piece_s=0.5))
                speech = on.engine.speak('The old turn goes on and on and on.', 'en', turn=TURN)
                await anext(speech)
                blocked = asyncio.ensure_future(anext(speech))
                await asyncio.sleep(0)
                began = loop.time()
                blocked.cancel()
                await asyncio.wait({blocked})
                await speech.aclose()
                assert loop.time() - began < 0.2
                pcm, _ = await said(on.engine, 'New.', Stamp(TURN + 1))
                assert pcm == await ramp('New.', '', 24_000), 'nothing of the old turn is in it'
            assert on.sim.connections == 1
            # Each context was asked to close, so none keeps its place for long.
            names = {m['context_id'] for m in on.sim.ear.messages}
            closed = {m['context_id'] for m in on.sim.ear.messages if m.get('close_context')}
            assert closed == names

    run(scenario)


def test_c02_the_sound_of_a_void_context_is_dropped():
    async def scenario():
        async with service(Plan(rule=Behaviour(first_s=0.05))) as on:
            old = asyncio.ensure_future(said(on.engine, 'Void.', TURN))
            await until(lambda: 'Void.' in on.texts)
            old.cancel()
            await asyncio.wait({old})
            pcm, _ = await said(on.engine, 'Alive and well.', Stamp(TURN + 1))
            assert pcm == await ramp('Alive and well.', '', 24_000)
            assert on.engine.dropped > 0

    run(scenario)


def test_what_is_set_takes_effect_with_the_next_sentence():
    async def scenario():
        async with service() as on:
            await said(on.engine, 'One.')
            on.setting = VoiceSetting(voice='pNInz6obpgDQGcFmaJgB', speed=1.1)
            await said(on.engine, 'Two.')
            assert on.sim.connections == 2
            on.setting = VoiceSetting(voice='pNInz6obpgDQGcFmaJgB', speed=0.9)
            await said(on.engine, 'Three.')
            assert on.sim.connections == 2, 'the speed is not in the address of a socket'
            speeds = [m['voice_settings'] for m in on.sim.ear.messages if 'voice_settings' in m]
            assert speeds == [{'speed': 1.1}, {'speed': 0.9}]

    run(scenario)


def test_a_socket_that_was_lost_is_replaced_with_the_next_sentence():
    async def scenario():
        async with service() as on:
            await on.engine.open()
            await on.sim.refuse()
            await on.sim.listen()
            pcm, _ = await said(on.engine, 'Still here.')
            assert pcm
            assert on.sim.connections == 2

    run(scenario)


def test_a_voice_that_prepares_has_its_socket_before_the_sentence_comes():
    async def scenario():
        async with service() as on:
            await on.engine.open()
            await on.sim.refuse()
            await on.sim.listen()
            for _ in range(3):  # however often it is asked to
                on.engine.prepare()
                await until(lambda: on.sim.connections == 2)
            await said(on.engine, 'Ready.')
            assert on.sim.connections == 2

    run(scenario)


def test_preparing_in_vain_tells_nobody_and_leaves_nothing():
    async def scenario():
        async with service(Plan(rule=Behaviour(connect_s=5.0))) as on:
            on.engine.prepare()
            await asyncio.sleep(0)
            await on.engine.close()
            await on.sim.refuse()
            on.engine.prepare()
            with pytest.raises(EngineError, match='cannot connect'):
                await said(on.engine, 'Nobody is there.')

    run(scenario)


FAULTS = [
    (Fault.REFUSE, 'connect'),
    (Fault.ACCEPT_THEN_CLOSE, 'closed'),
    (Fault.EOF_MIDWAY, 'closed'),
    (Fault.RESET_MIDWAY, 'closed'),
    (Fault.STALL, 'silent'),
    (Fault.STALL_MIDWAY, 'silent'),
    (Fault.WRONG_ORDER, 'no sound'),
    (Fault.OVERSIZED, 'closed'),
    (Fault.MALFORMED, 'JSON'),
]


@pytest.mark.parametrize(('fault', 'words'), FAULTS)
def test_each_fault_is_one_error_and_the_next_sentence_is_whole(fault, words):
    async def scenario():
        plan = Plan()
        limits = QUICK if 'stall' in fault else PATIENT
        async with service(plan, limits=limits) as on:
            if fault is not Fault.REFUSE:
                await on.engine.open()
            plan.coming.append(Behaviour(fault))
            with pytest.raises(EngineError, match=words) as caught:
                await said(on.engine, 'This sentence goes wrong somewhere in the middle.')
            assert caught.value.retryable
            pcm, _ = await said(on.engine, 'And this one does not.')
            assert pcm == await ramp('And this one does not.', '', 24_000)

    run(scenario)


@pytest.mark.parametrize('fault', [Fault.DUPLICATE, Fault.SLOW_DRIP])
def test_what_comes_twice_or_byte_by_byte_is_heard_as_it_should_be(fault):
    async def scenario():
        async with service(Plan(rule=Behaviour(fault)), rate=8_000) as on:
            pcm, _ = await said(on.engine, '두 번.')
            assert pcm == await ramp('두 번.', '', 8_000)

    run(scenario)


@pytest.mark.parametrize(
    ('error', 'words', 'retryable'),
    [
        ('quota_exceeded', 'no credits', False),
        ('detected_unusual_activity', 'unusual activity', False),
        ('max_active_conversations', 'too much', True),
        ('system_busy', 'overloaded', True),
        ('input_timeout_exceeded', 'not used', True),
        ('something_new', 'something_new', False),
    ],
)
@pytest.mark.parametrize('fault', [Fault.ERROR, Fault.ERROR_MIDWAY])
def test_an_error_frame_says_what_to_do(error, words, retryable, fault):
    async def scenario():
        plan = Plan()
        async with service(plan) as on:
            await on.engine.open()
            plan.coming.append(Behaviour(fault, error=error))
            with pytest.raises(EngineError, match=words) as caught:
                await said(on.engine, 'A sentence that is refused.')
            assert caught.value.retryable is retryable

    run(scenario)


def test_too_many_requests_at_the_door_say_when_to_come_back():
    async def scenario():
        busy = Behaviour(Fault.ERROR, error='concurrent_limit_exceeded', retry_after='7')
        async with service(Plan(rule=busy)) as on:
            with pytest.raises(EngineError, match='too much') as caught:
                await on.engine.open()
            assert caught.value.retryable
            assert caught.value.retry_after_s == 7.0

    run(scenario)


@pytest.mark.parametrize('key', ['sk_wrong', ''])
def test_a_wrong_key_names_the_variable_and_appears_nowhere(key, caplog):
    async def scenario():
        async with service(key=key) as on:
            with caplog.at_level(logging.DEBUG), pytest.raises(EngineError) as caught:
                await on.engine.open()
            assert 'ELEVENLABS_API_KEY' in str(caught.value)
            assert not caught.value.retryable
            if key:
                story = ''.join(traceback.format_exception(caught.value))
                assert key not in story + repr(caught.value) + repr(on.engine) + caplog.text

    run(scenario)


@pytest.mark.parametrize('voice', ['NoSuchVoice', '../../v1/user', ''])
def test_a_voice_that_is_not_there_names_the_parameter(voice):
    async def scenario():
        async with service() as on:
            on.setting = VoiceSetting(voice=voice)
            with pytest.raises(EngineError, match=r'set elevenlabs\.voice') as caught:
                await said(on.engine, 'Hello.')
            assert not caught.value.retryable

    run(scenario)


def test_a_text_without_words_asks_for_nothing():
    async def scenario():
        async with service() as on:
            assert await said(on.engine, ' … ') == (b'', [])
            assert on.sim.connections == 0

    run(scenario)


def test_trap_6_a_redirect_is_not_followed_with_the_key():
    async def scenario():
        asked: list[str] = []

        async def elsewhere(reader, writer):
            asked.append((await reader.readuntil(b'\r\n\r\n')).decode())
            writer.close()

        async def redirecting(reader, writer):
            await reader.readuntil(b'\r\n\r\n')
            where = f'ws://127.0.0.1:{thief.sockets[0].getsockname()[1]}/'
            writer.write(
                b'HTTP/1.1 307 Go\r\nLocation: '
                + where.encode()
                + b'\r\nContent-Length: 0\r\n\r\n'
            )
            await writer.drain()
            writer.close()

        thief = await asyncio.start_server(elsewhere, '127.0.0.1', 0)
        front = await asyncio.start_server(redirecting, '127.0.0.1', 0)
        async with thief, front:
            url = f'ws://127.0.0.1:{front.sockets[0].getsockname()[1]}'
            engine = ElevenLabsSynthesizer(KEY, VoiceSetting, url=url, limits=QUICK)
            with pytest.raises(EngineError, match='307'):
                await engine.open()
            await engine.close()
            assert asked == []

    run(scenario)


async def _conversation(sim: ElevenLabsVoiceSimulator, *messages: object) -> dict[str, Any]:
    """Send messages as a client of one's own, and return the error that comes."""
    path = '/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/multi-stream-input'
    query = '?model_id=eleven_flash_v2_5&output_format=pcm_16000&inactivity_timeout=1'
    async with connect(
        sim.url + path + query, additional_headers={'xi-api-key': KEY}, proxy=None
    ) as ws:
        for message in messages:
            await ws.send(json.dumps(message))
        async for text in ws:
            frame = json.loads(text)
            if 'error' in frame:
                await ws.wait_closed()
                assert ws.close_code == frame['code'] == 1008
                return frame
    return {}


@pytest.mark.parametrize(
    ('messages', 'error'),
    [
        ([{'text': ' ', 'context_id': str(n)} for n in range(6)], 'max_active_conversations'),
        ([{'text': '', 'context_id': 'a', 'flush': True}], 'input_timeout_exceeded'),
        (
            [
                {'text': '', 'context_id': 'a'},
                {'text': ' ', 'context_id': 'a', 'voice_settings': {'speed': 1}},
            ],
            'invalid_message',
        ),
        (
            [{'text': ' ', 'context_id': 'a', 'voice_settings': {'speed': 3}}],
            'invalid_voice_settings',
        ),
        (['no object'], 'invalid_message'),
    ],
)
def test_the_simulator_is_as_strict_as_the_service(messages, error):
    async def scenario():
        async with service() as on:
            assert (await _conversation(on.sim, *messages))['error'] == error

    run(scenario)


@pytest.mark.parametrize('text', ['Hello there.', '안녕하세요.'])
def test_the_simulator_really_speaks(text):
    async def scenario():
        async with ElevenLabsVoiceSimulator() as sim:
            engine = ElevenLabsSynthesizer(KEY, VoiceSetting, url=sim.url, limits=PATIENT)
            pcm, marks = await said(engine, text)
            await engine.close()
            assert 0.5 < len(pcm) / 48_000 < 3
            assert dbfs(pcm) > -35
            assert marks[-1].characters == len(text)
            # The offline voices end with 200 ms of silence.
            assert marks[-1].milliseconds == pytest.approx(len(pcm) / 48 - 200, abs=5)

    run(scenario)
