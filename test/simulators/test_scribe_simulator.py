# SPDX-License-Identifier: Apache-2.0
"""The simulated speech-to-text is the service's, as the service's own library sees it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elevenlabs.realtime.connection import RealtimeConnection, RealtimeEvents
from elevenlabs.realtime.scribe import AudioFormat, CommitStrategy, ScribeRealtime
from elevenlabs.types import SessionStartedPayload
from scribe_checks import KEY, noise, run
from utterances import spoken
from waiting import until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.scribe import ScribeSimulator
from prot_ros.simulators.scribe_rules import PATH
from prot_ros.simulators.scribe_session import Habits


class Sdk:
    """The service's own library, and what it has told."""

    def __init__(self, connection: RealtimeConnection) -> None:
        self.connection = connection
        self.told: list[dict[str, Any]] = []
        self.closed: list[dict[str, Any]] = []
        for event in RealtimeEvents:
            if event not in ('error', 'open', 'close'):
                connection.on(event, self.told.append)
        connection.on(RealtimeEvents.CLOSE, lambda how: self.closed.append(how))

    def kinds(self) -> list[str]:
        return [told['message_type'] for told in self.told]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [told for told in self.told if told['message_type'] == kind]

    async def send(self, pcm: bytes, **more: str) -> None:
        audio = base64.b64encode(pcm).decode()
        await self.connection.send({'audio_base_64': audio, **more})


@asynccontextmanager
async def sdk(sim: ScribeSimulator, **options: Any) -> AsyncIterator[Sdk]:
    connection = await ScribeRealtime(KEY, sim.url).connect(
        {
            'model_id': 'scribe_v2_realtime',
            'audio_format': AudioFormat.PCM_16000,
            'sample_rate': 16000,
            'commit_strategy': CommitStrategy.MANUAL,
            **options,
        }
    )
    try:
        yield Sdk(connection)
    finally:
        await connection.close()
        await asyncio.wait({connection._message_task})


def test_the_services_own_library_has_an_utterance_understood():
    async def scenario():
        async with ScribeSimulator(key=KEY) as sim, sdk(sim) as client:
            pcm = spoken('what time is it')
            for at in range(0, len(pcm), 3200):
                await client.send(pcm[at : at + 3200])
            await client.connection.commit()
            await until(lambda: client.of('committed_transcript'))
            assert client.kinds()[0] == 'session_started'
            SessionStartedPayload.model_validate(client.told[0])
            assert client.of('partial_transcript')
            assert [said['text'] for said in client.of('committed_transcript')] == [
                'what time is it'
            ]

    run(scenario)


def test_times_and_language_come_in_a_second_copy_where_they_are_asked_for():
    async def scenario():
        async with (
            ScribeSimulator(texts=['안녕 로봇'], key=KEY) as sim,
            sdk(sim, include_timestamps=True, language_code='ko', keyterms=['로봇']) as client,
        ):
            await client.send(noise(0.5), previous_text='처음')
            await client.connection.commit()
            kind = 'committed_transcript_with_timestamps'
            await until(lambda: client.of(kind))
            (said,) = client.of(kind)
            assert said['text'] == '안녕 로봇'
            assert [word['text'] for word in said['words']] == ['안녕', ' ', '로봇']
            assert [word['type'] for word in said['words']] == ['word', 'spacing', 'word']
            assert sim.sessions[0].previous_text == '처음'
            assert client.told[0]['config']['keyterms'] == ['로봇']

    run(scenario)


@pytest.mark.parametrize(
    ('options', 'complaint'),
    [
        ({'language_code': 'ko-KR'}, 'language_code'),
        ({'keyterms': ['x' * 21]}, 'keyterms'),
        ({'keyterms': [f'{i}' for i in range(51)]}, 'keyterms'),
        ({'model_id': 'scribe_v9'}, 'model_id'),
        ({'vad_threshold': 0.95}, 'vad_threshold'),
        ({'vad_silence_threshold_secs': 0.1}, 'vad_silence_threshold_secs'),
        ({'include_timestamps': True, 'filter_background_audio': True}, 'cannot be combined'),
    ],
)
def test_wrong_parameters_are_refused_after_the_socket_is_accepted(options, complaint):
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY) as sim, sdk(sim, **options) as client:
            await until(lambda: client.closed)
            assert client.kinds() == ['invalid_request']
            assert complaint in client.told[0]['error']
            assert client.closed[0]['code'] == 1008

    run(scenario)


def test_a_commit_without_audio_is_throttled_in_the_services_words():
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY) as sim, sdk(sim) as client:
            await client.send(noise(0.1))
            await client.connection.commit()
            await until(lambda: client.closed)
            assert client.told[-1] == {
                'message_type': 'commit_throttled',
                'error': 'Commit request ignored: only 0.10s of uncommitted audio. You need at '
                'least 0.3s of uncommitted audio before committing.',
            }

    run(scenario)


def test_a_context_that_does_not_come_first_is_an_error():
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY) as sim, sdk(sim) as client:
            await client.send(noise(0.1))
            await client.send(noise(0.1), previous_text='too late')
            await until(lambda: client.closed)
            assert client.kinds()[-1] == 'input_error'

    run(scenario)


@pytest.mark.parametrize(
    'kind',
    [
        'auth_error',
        'quota_exceeded',
        'unaccepted_terms',
        'rate_limited',
        'queue_overflow',
        'resource_exhausted',
        'session_time_limit_exceeded',
        'transcriber_error',
        'error',
    ],
)
def test_the_services_own_library_knows_the_errors(kind):
    async def scenario():
        plan = Plan(Behaviour(Fault.ERROR_MIDWAY, error=kind))
        async with ScribeSimulator(plan, texts=['one'], key=KEY) as sim, sdk(sim) as client:
            failed: list[Any] = []
            client.connection.on(RealtimeEvents.ERROR, failed.append)
            await client.send(noise(0.5))
            await until(lambda: failed)
            assert failed[0]['message_type'] == kind
            await until(lambda: client.closed)

    run(scenario)


def test_the_hypothesis_comes_again_and_again_and_once_more_after_the_commit():
    async def scenario():
        habits = Habits(repeat_s=0.01)
        async with (
            ScribeSimulator(texts=['one two'], key=KEY, habits=habits) as sim,
            sdk(sim) as client,
        ):
            await client.send(noise(0.3))
            await until(lambda: len(client.of('partial_transcript')) > 3)
            assert {said['text'] for said in client.of('partial_transcript')} == {'one'}
            await client.send(noise(0.1))
            await client.connection.commit()
            await until(lambda: client.of('committed_transcript'))
            seen = len(client.told)
            await until(lambda: len(client.told) > seen + 3)
            assert {said['text'] for said in client.told[seen:]} == {'one two'}

    run(scenario)


def test_a_long_utterance_is_committed_unasked():
    async def scenario():
        async with ScribeSimulator(texts=['one', 'two'], key=KEY) as sim, sdk(sim) as client:
            for _ in range(89):
                await client.send(noise(1.0))
            await until(lambda: len(sim.sessions[0].chunks) == 89)
            assert not client.of('committed_transcript')
            await client.send(noise(1.0))
            await until(lambda: client.of('committed_transcript'))

    run(scenario)


def test_an_idle_session_is_ended():
    async def scenario():
        habits = Habits(idle_s=0.1)
        async with (
            ScribeSimulator(texts=[], key=KEY, habits=habits) as sim,
            sdk(sim) as client,
        ):
            await until(lambda: client.closed)
            assert client.closed[0]['code'] == 1000
            await until(lambda: sim.sessions[0].close_code == 1000)

    run(scenario)


def test_a_session_has_a_longest_time():
    async def scenario():
        habits = Habits(session_s=0.1)
        async with (
            ScribeSimulator(texts=[], key=KEY, habits=habits) as sim,
            sdk(sim) as client,
        ):
            await until(lambda: client.closed)
            assert client.kinds() == ['session_started', 'session_time_limit_exceeded']

    run(scenario)


@pytest.mark.parametrize(
    'message',
    [
        'not json',
        '[]',
        '{"message_type": "commit"}',
        '{"message_type": "input_audio_chunk", "audio_base_64": "", "sample_rate": 16000}',
        '{"message_type": "input_audio_chunk", "audio_base_64": "", "commit": false}',
        json.dumps({'message_type': 'input_audio_chunk', 'commit': False, 'sample_rate': 8000,
                    'audio_base_64': ''}),
        json.dumps({'message_type': 'input_audio_chunk', 'commit': False, 'sample_rate': 16000,
                    'audio_base_64': '****'}),
        json.dumps({'message_type': 'input_audio_chunk', 'commit': False, 'sample_rate': 16000,
                    'audio_base_64': 'AAAA'}),
        b'{"message_type": "input_audio_chunk"}',
    ],
    ids=range(9),
)  # fmt: skip
def test_messages_that_the_service_does_not_know_are_refused(message):
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY) as sim, raw(sim) as client:
            assert json.loads(await client.recv())['message_type'] == 'session_started'
            await client.send(message)
            assert json.loads(await client.recv())['message_type'] == 'input_error'
            with pytest.raises(ConnectionClosed):
                await client.recv()

    run(scenario)


def test_a_chunk_that_is_too_long_is_refused():
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY) as sim, sdk(sim) as client:
            await client.send(noise(11))
            await until(lambda: client.closed)
            assert client.kinds()[-1] == 'chunk_size_exceeded'

    run(scenario)


@pytest.mark.parametrize(
    'query', ['', 'model_id=scribe_v2_realtime&nonsense=1', 'model_id=a&model_id=b']
)
def test_a_query_that_the_service_does_not_know_is_refused(query):
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY) as sim, raw(sim, query) as client:
            assert json.loads(await client.recv())['message_type'] == 'invalid_request'

    run(scenario)


def test_other_paths_are_not_there_and_the_key_may_be_refused_in_the_handshake():
    async def scenario():
        async with ScribeSimulator(texts=[], key=KEY, refuses_in_handshake=True) as sim:
            for path, status in (('/', 404), (f'{PATH}?model_id=scribe_v2_realtime', 401)):
                with pytest.raises(InvalidStatus) as caught:
                    await connect(sim.url + path, proxy=None)
                assert caught.value.response.status_code == status

    run(scenario)


@asynccontextmanager
async def raw(
    sim: ScribeSimulator, query: str = 'model_id=scribe_v2_realtime'
) -> AsyncIterator[ClientConnection]:
    headers = {'xi-api-key': KEY}
    async with connect(f'{sim.url}{PATH}?{query}', additional_headers=headers, proxy=None) as made:
        yield made
