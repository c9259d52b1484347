# SPDX-License-Identifier: Apache-2.0
"""ElevenLabs' voice over HTTP, against the simulated service."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from voice_checks import KEY, PATIENT, QUICK, ramp, said
from waiting import until

from prot_ros.core.stamps import Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.voice_http import ElevenLabsHttpSynthesizer
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting
from prot_ros.engines.kinds import EngineError
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.http import HttpServer


class Setup:
    """A service, an engine that uses it, and what the engine is set to."""

    def __init__(self, sim: ElevenLabsVoiceSimulator, rate: int, key: str, limits: Limits) -> None:
        self.sim = sim
        self.setting = VoiceSetting()
        self.engine = ElevenLabsHttpSynthesizer(
            key, lambda: self.setting, rate=rate, url=sim.http_url, limits=limits
        )


@asynccontextmanager
async def service(
    plan: Plan | None = None, *, rate: int = 24_000, key: str = KEY, limits: Limits = PATIENT
) -> AsyncIterator[Setup]:
    async with ElevenLabsVoiceSimulator(plan, key=KEY, speech=ramp) as sim:
        setup = Setup(sim, rate, key, limits)
        try:
            yield setup
        finally:
            await setup.engine.close()


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def watched() -> None:
        async with asyncio.timeout(10):
            await scenario()

    asyncio.run(watched())


@pytest.mark.parametrize('text', ['How are you today?', '안녕하세요, 오늘은 어때요?', '👋 hi ✨'])
def test_a_sentence_arrives_to_the_last_sample_with_its_marks(text):
    async def scenario():
        async with service() as on:
            await on.engine.open()
            pcm, marks = await said(on.engine, text)
            assert pcm == await ramp(text, '', 24_000)
            assert marks[-1].characters == len(text)
            word = text.index(' ') + 1
            begin = next(m.milliseconds for m in marks if m.characters == word)
            assert begin == pytest.approx(20 + 50 * word, abs=3)

    run(scenario)


def test_times_count_from_the_beginning_of_the_sentence_in_every_piece():
    async def scenario():
        async with service(rate=16_000) as on:
            text = 'One two three four five six seven eight.'
            _, marks = await said(on.engine, text)
            begin = next(m.milliseconds for m in marks if m.characters == text.index('eight'))
            assert begin == pytest.approx(20 + 50 * text.index('eight'), abs=3)

    run(scenario)


def test_what_was_said_before_in_the_turn_is_told():
    async def scenario():
        async with service() as on:
            for turn, text in ((1, 'One.'), (1, 'Two.'), (2, 'Three.')):
                await said(on.engine, text, Stamp(turn))
            before = [message.get('previous_text') for message in on.sim.ear.messages]
            assert before == [None, 'One.', None]

    run(scenario)


def test_settings_go_with_each_request():
    async def scenario():
        async with service() as on:
            on.setting = VoiceSetting(speed=1.2, language='ko', model='eleven_v3')
            await said(on.engine, '하나.', Stamp(1))
            await said(on.engine, '둘.', Stamp(1))
            first, second = on.sim.ear.messages
            assert first['voice_settings'] == {'speed': 1.2}
            assert first['language_code'] == 'ko'
            assert 'previous_text' not in second, 'which this model refuses'

    run(scenario)


def test_a07_cancelling_ends_the_request_at_once():
    async def scenario():
        async with service() as on:
            on.sim.plan.coming.append(Behaviour(piece_s=0.5))
            speech = on.engine.speak('The old turn goes on and on and on.', 'en')
            await anext(speech)
            blocked = asyncio.ensure_future(anext(speech))
            await asyncio.sleep(0)
            began = asyncio.get_running_loop().time()
            blocked.cancel()
            await asyncio.wait({blocked})
            await speech.aclose()
            assert asyncio.get_running_loop().time() - began < 0.2
            await until(lambda: on.sim.abandoned == 1)
            pcm, _ = await said(on.engine, 'New.')
            assert pcm == await ramp('New.', '', 24_000)

    run(scenario)


@pytest.mark.parametrize(
    ('fault', 'words'),
    [
        (Fault.REFUSE, 'cannot ask'),
        (Fault.EOF_MIDWAY, 'broke off'),
        (Fault.RESET_MIDWAY, 'broke off'),
        (Fault.STALL, 'silent'),
        (Fault.STALL_MIDWAY, 'silent'),
        (Fault.OVERSIZED, 'more than'),
        (Fault.MALFORMED, 'JSON'),
    ],
)
def test_each_fault_is_one_error_and_the_next_sentence_is_whole(fault, words):
    async def scenario():
        async with service(limits=QUICK if 'stall' in fault else PATIENT) as on:
            on.sim.plan.coming.append(Behaviour(fault))
            with pytest.raises(EngineError, match=words) as caught:
                await said(on.engine, 'This sentence goes wrong somewhere in the middle.')
            assert caught.value.retryable
            pcm, _ = await said(on.engine, 'And this one does not.')
            assert pcm == await ramp('And this one does not.', '', 24_000)

    run(scenario)


def test_a_service_that_is_down_is_an_error_that_may_pass():
    async def scenario():
        async with service() as on:
            await on.engine.open()
            await on.sim.refuse()
            with pytest.raises(EngineError, match='cannot ask') as caught:
                await said(on.engine, 'Hello.')
            assert caught.value.retryable

    run(scenario)


def test_an_error_within_the_stream_is_one():
    async def scenario():
        async def answer(request, answer):
            await answer.begin(200)
            await answer.write(b'{"detail": {"code": "system_busy", "message": "later"}}\n')
            await answer.end()

        async with HttpServer(answer) as server:
            engine = ElevenLabsHttpSynthesizer(KEY, VoiceSetting, url=server.url)
            with pytest.raises(EngineError, match='overloaded') as caught:
                await said(engine, 'Hello.')
            assert caught.value.retryable
            await engine.close()

    run(scenario)


def test_lines_that_come_byte_by_byte_are_put_together():
    async def scenario():
        async with service(Plan(rule=Behaviour(Fault.SLOW_DRIP)), rate=8_000) as on:
            pcm, _ = await said(on.engine, '네.')
            assert pcm == await ramp('네.', '', 8_000)

    run(scenario)


@pytest.mark.parametrize(
    ('error', 'words', 'retryable'),
    [
        ('quota_exceeded', 'no credits', False),
        ('concurrent_limit_exceeded', 'too much', True),
        ('voice_not_found', r'set elevenlabs\.voice', False),
        ('internal_server_error', 'has failed', True),
    ],
)
def test_an_error_says_what_to_do(error, words, retryable):
    async def scenario():
        async with service() as on:
            on.sim.plan.coming.append(Behaviour(Fault.ERROR, error=error, retry_after='3'))
            with pytest.raises(EngineError, match=words) as caught:
                await said(on.engine, 'Hello.')
            assert caught.value.retryable is retryable
            if retryable:
                assert caught.value.retry_after_s == 3.0

    run(scenario)


def test_a_wrong_key_names_the_variable_and_not_itself():
    async def scenario():
        async with service(key='sk_wrong') as on:
            with pytest.raises(EngineError, match='ELEVENLABS_API_KEY') as caught:
                await on.engine.open()
            story = ''.join(traceback.format_exception(caught.value))
            assert 'sk_wrong' not in story + repr(on.engine)

    run(scenario)


def test_the_request_is_what_the_service_documents():
    async def scenario():
        async with service() as on:
            await said(on.engine, 'Hello.')
            request = on.sim.requests[-1]
            assert request.path.endswith('/21m00Tcm4TlvDq8ikWAM/stream/with-timestamps')
            assert request.query == {'output_format': ['pcm_24000']}
            assert request.headers['xi-api-key'] == KEY
            assert json.loads(request.body) == {'text': 'Hello.', 'model_id': 'eleven_flash_v2_5'}

    run(scenario)
