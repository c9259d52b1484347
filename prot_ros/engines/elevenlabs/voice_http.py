# SPDX-License-Identifier: Apache-2.0
"""Speech by ElevenLabs over HTTP: one streamed answer for each sentence.

The second way: for models that the sockets do not have, and for networks that let no socket
through. It begins a little later than a socket that is there already, but it tells the service
what was said before in the turn, which a socket's contexts cannot.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

import httpx2

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.elevenlabs.errors import KEY_VARIABLE, complaint
from prot_ros.engines.elevenlabs.voice_audio import OnMarks, SentenceAudio, http_times
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting, service_rate
from prot_ros.engines.http_client import disconnect
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.retry_after import wait_s

URL = 'https://api.elevenlabs.io'
LINE_LIMIT = 8 * 2**20
"""Bytes of one line: two minutes of base64 at 24 kHz."""
ERROR_LIMIT = 64 * 2**10
"""Bytes of an answer that is an error."""
BEFORE_LIMIT = 300
"""Characters of what was said before; the service takes its tone from the last sentence or two."""
KEPT_S = 120.0
"""A connection is kept for as long as a conversation may pause."""


class ElevenLabsHttpSynthesizer:
    """Speaks each sentence by a request of its own, on connections that are kept."""

    name = 'elevenlabs_http'

    def __init__(
        self,
        key: str,
        setting: Callable[[], VoiceSetting],
        *,
        rate: int = 24_000,
        url: str = URL,
        limits: Limits = Limits(),
    ) -> None:
        """`setting` is asked at each sentence; `rate` is in Hz; `url` begins with https:."""
        self.rate = rate
        self._key = key
        self._setting = setting
        self._url = url.rstrip('/')
        self._limits = limits
        self._service_rate = service_rate(rate)
        self._client: httpx2.AsyncClient | None = None
        self._turn = NEVER
        self._before = ''
        """What was said in that turn."""

    async def open(self) -> None:
        if not self._key:
            raise EngineError(f'there is no key for ElevenLabs: set {KEY_VARIABLE}')
        self._setting().check()
        if self._client is None:
            # In a thread: it reads the certificates.
            self._client = await asyncio.to_thread(self._make_client)
            try:
                await self._greet(self._setting())
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: OnMarks | None = None,
    ) -> AsyncIterator[bytes]:
        setting = self._setting()
        setting.check()
        if not any(map(str.isalnum, text)):
            return
        if turn != self._turn or turn == NEVER:
            self._turn, self._before = turn, ''
        audio = SentenceAudio(text, self._service_rate, self.rate, on_marks)
        async with (
            self._answer(setting, text) as answer,
            aclosing(_lines(answer)) as lines,  # type: ignore[type-var]
        ):
            patience = self._limits.first_response_s
            while True:
                line = await self._next(lines, patience)
                if line is None:
                    break
                patience = self._limits.stall_s
                message = _object(line)
                sound = message.get('audio_base64')
                if message.get('detail') or message.get('error'):
                    raise setting.refusal(message, key=self._key)
                if isinstance(sound, str) and sound:
                    yield audio.push(sound, http_times(message), relative=False)
        rest = audio.end()
        self._before = f'{self._before} {text}'[-BEFORE_LIMIT:].strip()
        yield rest

    # --- one request ---------------------------------------------------------------------------

    async def _greet(self, setting: VoiceSetting) -> None:
        """Pay for the connection, and learn whether the key is good.

        Only that: a key may be allowed to speak and not to ask about voices.
        """
        request = self._made().build_request('GET', f'/v1/voices/{setting.voice}')
        async with self._sent(request) as answer:
            if answer.status_code in (401, 403):
                body = await self._complaint(answer)
                if complaint(body).code != 'missing_permissions':
                    raise setting.refusal(body, status=answer.status_code, key=self._key)

    @asynccontextmanager
    async def _answer(self, setting: VoiceSetting, text: str) -> AsyncIterator[httpx2.Response]:
        """Hold the answer to a request; leaving it before its end closes the connection."""
        if self._client is None:
            await self.open()
        request = self._made().build_request(
            'POST',
            f'/v1/text-to-speech/{setting.voice}/stream/with-timestamps',
            params={'output_format': f'pcm_{self._service_rate}'},
            json=self._body(setting, text),
        )
        async with self._sent(request) as answer:
            if answer.status_code != 200:
                raise setting.refusal(
                    await self._complaint(answer),
                    status=answer.status_code,
                    retry_after_s=wait_s(answer.headers),
                    key=self._key,
                )
            yield answer

    @asynccontextmanager
    async def _sent(self, request: httpx2.Request) -> AsyncIterator[httpx2.Response]:
        patience = self._limits.connect_s + self._limits.first_response_s
        try:
            async with asyncio.timeout(patience):
                answer = await self._made().send(request, stream=True)
        except TimeoutError:
            raise _silent(patience) from None
        except httpx2.HTTPError as err:
            raise EngineError(f'cannot ask {self._url}: {_why(err)}', retryable=True) from None
        try:
            yield answer
        finally:
            await answer.aclose()

    def _made(self) -> httpx2.AsyncClient:
        assert self._client is not None
        return self._client

    def _body(self, setting: VoiceSetting, text: str) -> Mapping[str, object]:
        body: dict[str, object] = {'text': text, 'model_id': setting.model}
        if setting.language:
            body['language_code'] = setting.language
        if setting.speed != 1.0:
            body['voice_settings'] = {'speed': setting.speed}
        if self._before and not setting.model.startswith('eleven_v3'):  # which refuses it
            body['previous_text'] = self._before
        return body

    async def _complaint(self, answer: httpx2.Response) -> bytes:
        """Return the beginning of an error; '' where not even that comes."""
        body = b''
        try:
            async with asyncio.timeout(self._limits.stall_s):
                async for data in answer.aiter_bytes():
                    body += data
                    if len(body) > ERROR_LIMIT:
                        break
        except (TimeoutError, httpx2.HTTPError):
            pass  # the status says enough
        return body[:ERROR_LIMIT]

    async def _next(self, lines: AsyncIterator[bytes], patience: float) -> bytes | None:
        try:
            async with asyncio.timeout(patience):
                return await anext(lines, None)
        except TimeoutError:
            raise _silent(patience) from None
        except httpx2.HTTPError as err:
            raise EngineError(
                f'the answer of {self._url} broke off: {_why(err)}', retryable=True
            ) from None

    def _make_client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self._url,
            headers={'xi-api-key': self._key},
            follow_redirects=False,  # the key would go along
            timeout=httpx2.Timeout(None, connect=self._limits.connect_s),
            limits=httpx2.Limits(max_connections=5, keepalive_expiry=KEPT_S),
        )


async def _lines(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """Yield the lines of an answer, whichever way it is cut into pieces."""
    rest = bytearray()
    async with aclosing(answer.aiter_bytes()) as pieces:
        async for piece in pieces:
            # What is there has no end of line in it: only what is new is looked at.
            searched = len(rest)
            rest += piece
            while (end := rest.find(b'\n', searched)) >= 0:
                line, searched = bytes(rest[:end]), 0
                del rest[: end + 1]
                if line.strip():
                    yield line
            if len(rest) > LINE_LIMIT:
                raise EngineError(
                    f'ElevenLabs sent a line of more than {LINE_LIMIT} bytes', retryable=True
                )
    if rest.strip():
        yield bytes(rest)


def _object(line: bytes) -> Mapping[str, object]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise EngineError(f'ElevenLabs sent what is no JSON object: {line[:80]!r}', retryable=True)
    return message


def _silent(seconds: float) -> EngineError:
    return EngineError(f'ElevenLabs was silent for {seconds:g} s', retryable=True)


def _why(err: httpx2.HTTPError) -> str:
    return str(err) or type(err).__name__
