# SPDX-License-Identifier: Apache-2.0
"""Speech by ElevenLabs over one WebSocket that is kept: no handshake before a sentence.

The voice and the model belong to the socket's URL, so another one is another socket, from the next
sentence on. What is wrong with the service is raised; what else could speak is not decided here.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from time import monotonic
from urllib.parse import urlencode

from websockets.exceptions import InvalidStatus, WebSocketException

from prot_ros.core.stamps import NEVER, Stamp
from prot_ros.core.survival import Limits
from prot_ros.engines.background import Background
from prot_ros.engines.elevenlabs.errors import KEY_VARIABLE
from prot_ros.engines.elevenlabs.voice_audio import OnMarks, SentenceAudio
from prot_ros.engines.elevenlabs.voice_settings import VoiceSetting, service_rate
from prot_ros.engines.elevenlabs.voice_socket import FRAME_LIMIT, VoiceSocket
from prot_ros.engines.kinds import EngineError
from prot_ros.engines.retry_after import wait_s
from prot_ros.engines.websocket_client import open_websocket, tls

URL = 'wss://api.elevenlabs.io'
INACTIVITY_S = 180
"""What the service is asked to wait for text: the most there is."""
FRESH_S = 150.0
"""A socket that has been idle for longer is not trusted with a sentence: the service may be about
to close it, and that would cost more than a handshake."""
DIALOGUE_MODELS = ('eleven_v3', 'eleven_v4')
"""Beginnings of the models that are not on the text-to-speech sockets, but on others with other
messages."""


class ElevenLabsSynthesizer:
    """Speaks each sentence in a context of a multi-context socket."""

    name = 'elevenlabs'

    def __init__(
        self,
        key: str,
        setting: Callable[[], VoiceSetting],
        *,
        rate: int = 24_000,
        url: str = URL,
        limits: Limits = Limits(),
    ) -> None:
        """`setting` is asked at each sentence; `rate` is in Hz; `url` begins with wss: or ws:."""
        self.rate = rate
        self._key = key
        self._setting = setting
        self._url = url.rstrip('/')
        self._limits = limits
        self._service_rate = service_rate(rate)
        self._numbers = itertools.count()
        self._connecting = asyncio.Lock()
        self._tls: ssl.SSLContext | None = None
        self._socket: VoiceSocket | None = None
        self._socket_for: VoiceSetting | None = None
        self._ahead = Background('elevenlabs voice ahead')
        self._used = 0.0
        self.connections = 0
        """Sockets opened since the beginning."""
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Pieces of sentences that were cut and came all the same."""
        return self._dropped + (self._socket.dropped if self._socket is not None else 0)

    async def open(self) -> None:
        if not self._key:
            raise EngineError(f'there is no key for ElevenLabs: set {KEY_VARIABLE}')
        self._tls = await tls(self._url)
        await self._connected(self._setting())

    def prepare(self) -> None:
        self._ahead.start(self._prepare())

    async def _prepare(self) -> None:
        try:
            await self._connected(self._setting())
        except EngineError:
            pass  # whoever speaks next tries again, and is told

    async def close(self) -> None:
        await self._ahead.stop()
        async with self._connecting:
            await self._let_go()

    async def speak(
        self,
        text: str,
        language: str,
        *,
        turn: Stamp = NEVER,
        on_marks: OnMarks | None = None,
    ) -> AsyncIterator[bytes]:
        setting = self._setting()
        if not any(map(str.isalnum, text)):
            return  # a text without words would only keep a context alive
        socket = await self._connected(setting)
        audio = SentenceAudio(text, self._service_rate, self.rate, on_marks)
        try:
            async with socket.context(f'{turn}-{next(self._numbers)}') as context:
                await socket.say(context, ' '.join(text.split()), _voice_settings(setting))
                async with aclosing(context.pieces()) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        yield audio.push(piece.audio, piece.times)
            rest = audio.end()
        except EngineError:
            # Whatever it was, what else is on the socket is in doubt, too.
            await self._forget(socket)
            raise
        finally:
            self._used = monotonic()
        yield rest

    # --- the socket ----------------------------------------------------------------------------

    async def _connected(self, setting: VoiceSetting) -> VoiceSocket:
        """Return a socket for the voice and model, the one there is or a new one."""
        setting.check()
        _check_model(setting.model)
        async with self._connecting:
            if self._socket is not None and self._fits(setting):
                return self._socket
            old, self._socket = self._socket, None
            # At once: saying goodbye to the old one takes as long as greeting the new one.
            _, failure = await asyncio.gather(
                _closed(old), self._renew(setting), return_exceptions=True
            )
            if failure is not None:
                raise failure
            assert self._socket is not None
            return self._socket

    async def _renew(self, setting: VoiceSetting) -> None:
        self._socket = await self._connect(setting)
        self._socket_for, self._used = setting, monotonic()

    def _fits(self, setting: VoiceSetting) -> bool:
        socket, made_for = self._socket, self._socket_for
        return (
            socket is not None
            and made_for is not None
            and socket.alive
            and monotonic() - self._used < FRESH_S
            and self._address(made_for) == self._address(setting)
        )

    async def _connect(self, setting: VoiceSetting) -> VoiceSocket:
        def refusal(said: object, code: int | None) -> EngineError:
            return setting.refusal(said, status=code, key=self._key)

        try:
            connection = await open_websocket(
                self._address(setting),
                {'xi-api-key': self._key},
                context=self._tls,
                connect_s=self._limits.connect_s,
                frame_limit=FRAME_LIMIT,
            )
        except InvalidStatus as err:
            answer = err.response
            raise setting.refusal(
                answer.body,
                status=answer.status_code,
                retry_after_s=wait_s(answer.headers),
                key=self._key,
            ) from None
        except TimeoutError:
            raise EngineError(
                f'{self._url} did not answer within {self._limits.connect_s:g} s', retryable=True
            ) from None
        except (OSError, WebSocketException, ValueError) as err:
            # Not chained: websockets' exceptions may hold the request, and that the key.
            raise EngineError(f'cannot connect to {self._url}: {err}', retryable=True) from None
        self.connections += 1
        return VoiceSocket(connection, refusal, self._limits)

    def _address(self, setting: VoiceSetting) -> str:
        query = {
            'model_id': setting.model,
            'output_format': f'pcm_{self._service_rate}',
            # Whole sentences come at once, so nothing is to be gathered before it is said.
            'auto_mode': 'true',
            'sync_alignment': 'true',
            'inactivity_timeout': INACTIVITY_S,
        }
        if setting.language:
            query['language_code'] = setting.language
        path = f'/v1/text-to-speech/{setting.voice}/multi-stream-input'
        return f'{self._url}{path}?{urlencode(query)}'

    async def _forget(self, socket: VoiceSocket) -> None:
        async with self._connecting:
            if self._socket is socket:
                await self._let_go()

    async def _let_go(self) -> None:
        socket, self._socket = self._socket, None
        await _closed(socket)


async def _closed(socket: VoiceSocket | None) -> None:
    if socket is not None:
        await socket.close()


def _check_model(model: str) -> None:
    if model.startswith(DIALOGUE_MODELS):
        raise EngineError(
            f'the model {model!r} is not on the text-to-speech sockets of ElevenLabs: set '
            "elevenlabs.model to 'eleven_flash_v2_5', or engine to 'elevenlabs_http'"
        )


def _voice_settings(setting: VoiceSetting) -> dict[str, object]:
    # What is not said is as it was set for the voice.
    return {} if setting.speed == 1.0 else {'speed': setting.speed}
