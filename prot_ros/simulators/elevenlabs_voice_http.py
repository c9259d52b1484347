# SPDX-License-Identifier: Apache-2.0
"""The simulated ElevenLabs voice over HTTP: `stream` and `stream/with-timestamps`."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.elevenlabs_speech import (
    HTTP_RATES,
    VOICES,
    RefusedError,
    SpokenPiece,
    check_key,
    check_model,
    check_settings,
    check_text,
    check_voice,
    pieces_of,
    rate_of,
    scripted,
)
from prot_ros.simulators.elevenlabs_voice_request import KEPT, Ear
from prot_ros.simulators.http import Answer, Request

_PATH = re.compile(r'/v1/text-to-speech/([^/]+)/stream(/with-timestamps)?')
_VOICE = re.compile(r'/v1/voices/([^/]+)')
OVERSIZED = 12 * 2**20


@dataclass(frozen=True)
class _Asked:
    """One request that is in order."""

    voice: str
    text: str
    rate: int
    timestamps: bool


class VoiceStreams:
    """Answers the requests."""

    def __init__(self, ear: Ear, key: str) -> None:
        """`key` is the one that is accepted, '' any."""
        self._ear = ear
        self._key = key
        self.requests: deque[Request] = deque(maxlen=KEPT)

    async def answer(self, request: Request, answer: Answer) -> None:
        """Stream a text as sound, or say what is wrong with the request."""
        self.requests.append(request)
        if request.method == 'GET':
            await self._describe(request, answer)
            return
        behaviour = self._ear.plan.next()
        await asyncio.sleep(behaviour.connect_s)
        try:
            asked = self._read(request)
            if behaviour.fault is Fault.ERROR:
                raise scripted(behaviour.error)
        except RefusedError as refused:
            wait = {'retry-after': behaviour.retry_after} if behaviour.retry_after else {}
            await answer.send_json(refused.status, refused.detail(), wait)
            return
        if behaviour.fault in (Fault.REFUSE, Fault.ACCEPT_THEN_CLOSE):
            answer.reset()
            return
        await self._speak(asked, behaviour, answer)

    async def _describe(self, request: Request, answer: Answer) -> None:
        """Answer a question about a voice."""
        try:
            check_key(request.headers, self._key)
            found = _VOICE.fullmatch(request.path)
            if found is None:
                raise RefusedError('not_found', f'there is no {request.path}', 404)
            check_voice(found[1])
        except RefusedError as refused:
            await answer.send_json(refused.status, refused.detail())
            return
        await answer.send_json(200, {'voice_id': found[1], 'name': VOICES[found[1]]})

    def _read(self, request: Request) -> _Asked:
        check_key(request.headers, self._key)
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != 'POST':
            raise RefusedError('not_found', f'there is no {request.method} {request.path}', 404)
        check_voice(found[1])
        try:
            body = request.json()
        except ValueError as err:
            raise RefusedError('invalid_json', str(err), 422) from None
        if not isinstance(body, Mapping) or not body.get('text'):
            raise RefusedError('missing_text', 'body.text: Field required', 422)
        self._ear.note(body)
        check_model(
            str(body.get('model_id', 'eleven_multilingual_v2')),
            body.get('language_code'),
            socket=False,
        )
        check_settings(body.get('voice_settings'))
        formats = request.query.get('output_format', ['mp3_44100_128'])
        return _Asked(
            found[1],
            check_text(body['text']),
            rate_of(formats[-1], HTTP_RATES),
            found[2] is not None,
        )

    async def _speak(self, asked: _Asked, behaviour: Behaviour, answer: Answer) -> None:
        fault = behaviour.fault
        pcm = await self._ear.speech(asked.text, asked.voice, asked.rate)
        pieces = pieces_of(asked.text, pcm, asked.rate)
        await asyncio.sleep(behaviour.first_s)
        if fault is Fault.STALL:
            await answer.stall()
        kind = 'application/json' if asked.timestamps else 'audio/pcm'
        await answer.begin(200, {'content-type': kind, 'request-id': 'simulated'})
        if fault is Fault.OVERSIZED:
            await answer.write(b'{"audio_base64": "' + b'A' * OVERSIZED)
        if fault is Fault.MALFORMED:
            await answer.write(b'{"audio_base64": "AAAA", \n')
        midway = max(1, len(pieces) // 2)
        for at, piece in enumerate(pieces):
            if at == midway and await self._ends_midway(behaviour, answer):
                return
            if at:
                await asyncio.sleep(behaviour.piece_s)
            data = _line(piece) if asked.timestamps else piece.pcm
            if fault is Fault.SLOW_DRIP:
                await answer.drip(data, behaviour.piece_s)
            else:
                await answer.write(data * (2 if fault is Fault.DUPLICATE else 1))
        if len(pieces) <= midway and await self._ends_midway(behaviour, answer):
            return
        await answer.end()

    async def _ends_midway(self, behaviour: Behaviour, answer: Answer) -> bool:
        match behaviour.fault:
            case Fault.STALL_MIDWAY:
                await answer.stall()
            case Fault.EOF_MIDWAY:
                return True  # the connection is closed without the last chunk
            case Fault.RESET_MIDWAY | Fault.ERROR_MIDWAY:
                # A status that was sent cannot be taken back: it is all an HTTP stream can do.
                answer.reset()
            case _:
                return False
        return True


def _line(piece: SpokenPiece) -> bytes:
    alignment = {
        'characters': piece.characters,
        'character_start_times_seconds': [
            (piece.begins_ms + start) / 1000 for start in piece.starts_ms
        ],
        'character_end_times_seconds': [
            (piece.begins_ms + start + last) / 1000
            for start, last in zip(piece.starts_ms, piece.lasts_ms, strict=True)
        ],
    }
    known = alignment if piece.characters else None
    line = {'audio_base64': piece.base64, 'alignment': known, 'normalized_alignment': known}
    return json.dumps(line, ensure_ascii=False).encode() + b'\n'
