# SPDX-License-Identifier: Apache-2.0
"""Claude's Messages API on this machine: its wire protocol, its strictness and its failures.

    async with ClaudeSimulator() as sim:
        sim.plan.coming.append(Behaviour(Fault.ERROR, error='overloaded_error', retry_after='2'))
        ...  # a client at sim.url

What it says is scripted in `scripts`; without a script it is what the offline responder says to
the same conversation. Held to a schema of facts it says what is scripted in `readings`, else what
the offline rules read in the turn: a robot that talks has its turns read meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from prot_ros.simulators.behaviour import Behaviour, Exchange, Fault, Plan, exchanges
from prot_ros.simulators.claude_cache import PromptCache
from prot_ros.simulators.claude_mind import OfflineMind
from prot_ros.simulators.claude_rules import MODELS, STATUS, Refused, check_body, check_headers
from prot_ros.simulators.http import Answer, HttpServer, Request

Json = dict[str, Any]
_PIECE = re.compile(r'\s*\S+')
_OVERSIZED = 2**20
KEPT = 100
"""Requests that are remembered."""


@dataclass(frozen=True)
class Script:
    """One message of the model."""

    blocks: tuple[Json, ...]
    """`{'type': 'text', 'text': ...}`, `{'type': 'thinking', 'thinking': ...}` or
    `{'type': 'tool_use', 'name': ..., 'input': {...}}`."""
    stop_reason: str | None = 'end_turn'


def says(text: str, stop_reason: str = 'end_turn') -> Script:
    """Return the script of a message that is only text."""
    return Script(({'type': 'text', 'text': text},), stop_reason)


class ClaudeSimulator:
    """Serves while it is entered."""

    def __init__(self, plan: Plan | None = None, port: int = 0, key: str | None = None) -> None:
        """`key` None takes every key."""
        self.plan = plan or Plan()
        self.key = key
        self.key_header: str | None = 'authorization'
        """Where the key is looked for; older gateways read `x-api-key`. None: none may come."""
        self.scripts: deque[Script] = deque()
        self.readings: deque[Script] = deque()
        self.cache = PromptCache()
        self.requests: deque[Json] = deque(maxlen=KEPT)
        """Bodies of the valid requests for messages, the latest last."""
        self.exchanges = exchanges()
        """Of streamed messages, piece by piece."""
        self.headers: deque[dict[str, str]] = deque(maxlen=KEPT)
        """Of all requests."""
        self.chunk_bytes: int | None = None
        """Cut the stream into chunks of so many bytes, wherever that is; None: one per event."""
        self.http = HttpServer(self._answer, port)
        self._mind = OfflineMind()
        self._paused = False
        self._held = AsyncExitStack()
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return self.http.url

    async def __aenter__(self) -> ClaudeSimulator:
        async with AsyncExitStack() as held:
            await held.enter_async_context(self._mind)
            await held.enter_async_context(self.http)
            self._held = held.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._held.aclose()

    async def _answer(self, request: Request, answer: Answer) -> None:
        exchange = Exchange()
        self.headers.append(dict(request.headers))
        try:
            check_headers(request, self.key, self.key_header)
            if request.method == 'GET' and request.path.startswith('/v1/models/'):
                await self._tell_model(request.path.removeprefix('/v1/models/'), answer)
            elif request.method == 'POST' and request.path == '/v1/messages':
                await self._message(request, answer, exchange)
            else:
                raise Refused('not_found_error', f'{request.method} {request.path}')
        except Refused as refused:
            await self._refuse(answer, refused.kind, str(refused))

    async def _tell_model(self, name: str, answer: Answer) -> None:
        if name not in MODELS:
            raise Refused('not_found_error', f'model: {name}')
        about = {'type': 'model', 'id': name, 'display_name': name}
        await answer.send_json(200, {**about, 'created_at': '2026-10-01T00:00:00Z'})

    async def _refuse(
        self, answer: Answer, kind: str, message: str, retry_after: str | None = None
    ) -> None:
        number = f'req_sim_{next(self._numbers)}'
        body = {'type': 'error', 'error': {'type': kind, 'message': message}, 'request_id': number}
        headers = {'request-id': number}
        if retry_after is not None:
            headers['retry-after'] = retry_after
        await answer.send_json(STATUS[kind], body, headers)

    async def _message(self, request: Request, answer: Answer, exchange: Exchange) -> None:
        if request.headers.get('content-type', '').partition(';')[0] != 'application/json':
            raise Refused('invalid_request_error', 'content-type: expected application/json')
        try:
            asked = request.json()
        except ValueError as err:
            raise Refused('invalid_request_error', f'the body is no JSON: {err}') from err
        body = check_body(asked, paused=self._paused)
        self._paused = False
        self.requests.append(body)
        behaviour = self.plan.next()
        await asyncio.sleep(behaviour.connect_s)
        match behaviour.fault:
            case Fault.REFUSE:
                answer.reset()
            case Fault.ACCEPT_THEN_CLOSE:
                pass
            case Fault.STALL:
                await answer.stall()
            case Fault.ERROR:
                kind = behaviour.error or 'api_error'
                await self._refuse(answer, kind, 'as planned', behaviour.retry_after)
            case _:
                scripts = self.readings if _wants_schema(body) else self.scripts
                script = scripts.popleft() if scripts else says(*await self._mind(body))
                self._paused = script.stop_reason == 'pause_turn'
                if body.get('stream'):
                    await self._stream(answer, body, script, behaviour, exchange)
                else:
                    await self._whole(answer, body, script, behaviour)

    async def _whole(
        self, answer: Answer, body: Json, script: Script, behaviour: Behaviour
    ) -> None:
        await asyncio.sleep(behaviour.first_s)
        message = self._head(body)
        message['content'] = [self._block(block) for block in script.blocks]
        message['stop_reason'] = script.stop_reason
        message['usage']['output_tokens'] = len(json.dumps(message['content']))
        await answer.send_json(200, message)

    def _head(self, body: Json) -> Json:
        return {
            'id': f'msg_sim_{next(self._numbers)}',
            'type': 'message',
            'role': 'assistant',
            'model': body['model'],
            'content': [],
            'stop_reason': None,
            'stop_sequence': None,
            'usage': {**self.cache.count(body), 'output_tokens': 1},
        }

    def _block(self, block: Json) -> Json:
        if block['type'] == 'tool_use':
            return {'id': f'toolu_sim_{next(self._numbers)}', **block}
        if block['type'] == 'thinking':
            return {'signature': 'c2lnbmVk', **block}
        return block

    async def _stream(
        self,
        answer: Answer,
        body: Json,
        script: Script,
        behaviour: Behaviour,
        exchange: Exchange,
    ) -> None:
        exchange.words = _last_words(body)
        self.exchanges.append(exchange)
        headers = {'content-type': 'text/event-stream; charset=utf-8'}
        await answer.begin(200, headers)
        events = list(_events(self._head(body), [self._block(b) for b in script.blocks], script))
        middle = len(events) // 2
        first_delta = next(
            (at for at, event in enumerate(events) if event['type'].endswith('_delta')), middle
        )
        for number, event in enumerate(events):
            if number == max(middle, first_delta + 1) and await _fail(answer, behaviour):
                return
            first = number == first_delta
            if first or event['type'] == 'content_block_delta':
                await asyncio.sleep(behaviour.first_s if first else behaviour.piece_s)
                exchange.answer()
            await self._send(answer, event, behaviour)
        await answer.end()

    async def _send(self, answer: Answer, event: Json, behaviour: Behaviour) -> None:
        data = _sse(event)
        if behaviour.fault is Fault.SLOW_DRIP:
            await answer.drip(data, behaviour.piece_s)
            return
        size = self.chunk_bytes or len(data)
        for at in range(0, len(data), size):
            await answer.write(data[at : at + size])


def _wants_schema(body: Json) -> bool:
    return 'format' in body.get('output_config', {})


def _last_words(body: Json) -> str:
    content = body['messages'][-1]['content']
    if isinstance(content, str):
        return content
    return next((block['text'] for block in reversed(content) if block['type'] == 'text'), '')


async def _fail(answer: Answer, behaviour: Behaviour) -> bool:
    """Let happen what happens in the middle of a stream; return whether that was its end."""
    match behaviour.fault:
        case Fault.ERROR_MIDWAY:
            error = {'type': behaviour.error or 'overloaded_error', 'message': 'as planned'}
            await answer.write(_sse({'type': 'error', 'error': error}))
            await answer.end()
        case Fault.EOF_MIDWAY:
            await answer.end()
        case Fault.RESET_MIDWAY:
            await answer.raw(b'fff\r\nevent: content_block_delta\ndata: {"type": "cont')
            answer.reset()
        case Fault.STALL_MIDWAY:
            await answer.stall()
        case Fault.WRONG_ORDER:
            await answer.write(_sse({'type': 'content_block_stop', 'index': 7}))
            return False
        case Fault.DUPLICATE:
            message = {'id': 'msg_again', 'type': 'message', 'role': 'assistant', 'content': []}
            await answer.write(_sse({'type': 'message_start', 'message': message}))
            return False
        case Fault.OVERSIZED:
            delta = {'type': 'text_delta', 'text': 'x' * _OVERSIZED}
            await answer.write(_sse({'type': 'content_block_delta', 'index': 0, 'delta': delta}))
            return False
        case Fault.MALFORMED:
            await answer.write(b'event: content_block_delta\ndata: {"type": "content_\n\n')
            return False
        case _:
            return False
    return True


def _sse(event: Json) -> bytes:
    data = json.dumps(event, ensure_ascii=False)
    return f'event: {event["type"]}\ndata: {data}\n\n'.encode()


def _events(head: Json, blocks: list[Json], script: Script) -> Iterator[Json]:
    yield {'type': 'message_start', 'message': head}
    yield {'type': 'ping'}
    count = 0
    for index, block in enumerate(blocks):
        yield {'type': 'content_block_start', 'index': index, 'content_block': _empty(block)}
        for delta in _deltas(block):
            count += 1
            yield {'type': 'content_block_delta', 'index': index, 'delta': delta}
        yield {'type': 'content_block_stop', 'index': index}
    delta = {'stop_reason': script.stop_reason, 'stop_sequence': None}
    yield {'type': 'message_delta', 'delta': delta, 'usage': {'output_tokens': count + 1}}
    yield {'type': 'message_stop'}


def _empty(block: Json) -> Json:
    match block['type']:
        case 'text':
            return {'type': 'text', 'text': ''}
        case 'thinking':
            return {'type': 'thinking', 'thinking': '', 'signature': ''}
        case _:
            return {**block, 'input': {}}


def _deltas(block: Json) -> Iterator[Json]:
    match block['type']:
        case 'text':
            for piece in _PIECE.findall(block['text']):
                yield {'type': 'text_delta', 'text': piece}
        case 'thinking':
            yield {'type': 'thinking_delta', 'thinking': block['thinking']}
            yield {'type': 'signature_delta', 'signature': block['signature']}
        case _:
            # The service begins with an empty piece.
            yield {'type': 'input_json_delta', 'partial_json': ''}
            data = json.dumps(block['input'], ensure_ascii=False)
            for at in range(0, len(data), 7):
                yield {'type': 'input_json_delta', 'partial_json': data[at : at + 7]}
