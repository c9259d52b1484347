# SPDX-License-Identifier: Apache-2.0
"""The simulated voice, asked by the vendor's own library: is it right, not merely convenient?"""

from __future__ import annotations

import asyncio
import base64
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from voice_checks import KEY, ramp

from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator

with warnings.catch_warnings():
    warnings.simplefilter('ignore')  # the library's own business
    elevenlabs = pytest.importorskip('elevenlabs', reason='pip install elevenlabs')
    import httpx
    from elevenlabs.client import ElevenLabs
    from elevenlabs.core.api_error import ApiError

# Its socket client reads a field that websockets has renamed.
pytestmark = pytest.mark.filterwarnings('ignore:ConnectionClosed.code:DeprecationWarning')

VOICE = '21m00Tcm4TlvDq8ikWAM'
MODEL = 'eleven_flash_v2_5'
FORMAT = 'pcm_16000'
TEXT = '안녕하세요! How are you?'


def asked(
    question: Callable[[ElevenLabs], Any],
    *,
    key: str = KEY,
    behaviour: Behaviour | None = None,
) -> Any:
    """Ask the simulator with the library, which blocks, in a thread."""

    async def run() -> Any:
        async with ElevenLabsVoiceSimulator(key=KEY, speech=ramp) as sim:
            if behaviour is not None:
                sim.plan.coming.append(behaviour)

            def ask() -> Any:
                with httpx.Client(timeout=5) as http:
                    client = ElevenLabs(api_key=key, base_url=sim.http_url, httpx_client=http)
                    # The library has one host for both, and takes it for a TLS one.
                    client.text_to_speech._ws_base_url = sim.url
                    return question(client)

            async with asyncio.timeout(20):
                return await asyncio.to_thread(ask)

    return asyncio.run(run())


def sound() -> bytes:
    return asyncio.run(ramp(TEXT, VOICE, 16_000))


def test_its_stream_gets_the_sound():
    chunks = asked(
        lambda client: list(
            client.text_to_speech.stream(
                VOICE, text=TEXT, model_id=MODEL, output_format=FORMAT,
                voice_settings=elevenlabs.VoiceSettings(speed=1.1),
            )
        )
    )  # fmt: skip
    assert b''.join(chunks) == sound()


def test_its_stream_with_timestamps_gets_the_sound_and_every_character():
    chunks = asked(
        lambda client: list(
            client.text_to_speech.stream_with_timestamps(
                VOICE, text=TEXT, model_id=MODEL, output_format=FORMAT
            )
        )
    )
    assert b''.join(base64.b64decode(chunk.audio_base_64) for chunk in chunks) == sound()
    told = [chunk.alignment for chunk in chunks if chunk.alignment is not None]
    assert ''.join(char for alignment in told for char in alignment.characters) == TEXT
    starts = [at for alignment in told for at in alignment.character_start_times_seconds]
    assert starts == sorted(starts)


def test_its_realtime_socket_gets_the_sound():
    chunks = asked(
        lambda client: list(
            client.text_to_speech.convert_realtime(
                VOICE, text=iter([TEXT]), model_id=MODEL, output_format=FORMAT
            )
        )
    )
    assert b''.join(chunks) == sound()


@pytest.mark.parametrize(
    ('question', 'status', 'code'),
    [
        ({'voice_id': 'nobody'}, 404, 'voice_not_found'),
        ({'output_format': 'mp3_44100_128'}, 403, 'output_format_not_allowed'),
        ({'model_id': 'eleven_v0'}, 400, 'model_not_found'),
        ({'text': 'x' * 40_001}, 400, 'max_character_limit_exceeded'),
    ],
)
def test_it_sees_the_errors_of_a_request(question, status, code):
    request = {'voice_id': VOICE, 'text': TEXT, 'model_id': MODEL, 'output_format': FORMAT}
    with pytest.raises(ApiError) as caught:
        asked(lambda client: list(client.text_to_speech.stream(**{**request, **question})))
    assert caught.value.status_code == status
    assert caught.value.body['detail']['code'] == code


def test_it_sees_a_wrong_key():
    with pytest.raises(ApiError) as caught:
        asked(lambda client: list(client.text_to_speech.stream(VOICE, text=TEXT)), key='wrong')
    assert caught.value.status_code == 401


def test_it_sees_an_error_on_the_socket():
    # What it raises holds the last frame and the code with which the socket was closed.
    with pytest.raises(ApiError) as caught:
        asked(
            lambda client: list(
                client.text_to_speech.convert_realtime(
                    VOICE, text=iter([TEXT]), model_id=MODEL, output_format=FORMAT
                )
            ),
            behaviour=Behaviour(Fault.ERROR_MIDWAY, error='quota_exceeded'),
        )
    assert caught.value.status_code == 1008
    assert caught.value.body['error'] == 'quota_exceeded'


def test_it_knows_the_voices_apart():
    voice = asked(lambda client: client.voices.get(VOICE))
    assert voice.voice_id == VOICE
