# SPDX-License-Identifier: Apache-2.0
"""Embeddings as Voyage and OpenAI give them: `/v1/embeddings` in either dialect.

Which of the two is meant is told by the model's name. Texts are near when they share parts of
words, as those of prot's own embedder are, stretched to the dimensions that are asked for.
"""

from __future__ import annotations

import asyncio
import base64
import struct
from collections import deque
from collections.abc import Mapping
from types import TracebackType

from prot_ros.engines.embedders.local import vector
from prot_ros.simulators.behaviour import Behaviour, Fault, Plan
from prot_ros.simulators.http import Answer, HttpServer, Request

KEY = 'pa-simulated-embeddings-key'
RECORDED = 256
VOYAGE = {
    'voyage-4-large': 1024, 'voyage-4': 1024, 'voyage-4-lite': 1024, 'voyage-3.5': 1024,
    'voyage-3.5-lite': 1024,
}  # fmt: skip
VOYAGE_DIMENSIONS = (256, 512, 1024, 2048)
VOYAGE_INPUTS = 1000
OPENAI = {
    'text-embedding-3-small': 1536, 'text-embedding-3-large': 3072, 'text-embedding-ada-002': 1536,
}  # fmt: skip
OPENAI_INPUTS = 2048
OPENAI_TOKENS = 8192
"""Of one text. Voyage cuts what is longer, where it is told to."""
_VOYAGE_FIELDS = {
    'input', 'model', 'input_type', 'truncation', 'output_dimension', 'output_dtype',
    'encoding_format',
}  # fmt: skip
_OPENAI_FIELDS = {'input', 'model', 'dimensions', 'encoding_format', 'user'}
_STATUS = {
    'authentication_error': 401,
    'payment_required': 402,
    'permission_error': 403,
    'not_found_error': 404,
    'rate_limit_error': 429,
    'server_error': 500,
    'overloaded_error': 503,
}


class _RefusedError(Exception):
    """The service answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class EmbeddingsSimulator:
    """Serves while it is entered."""

    def __init__(self, plan: Plan | None = None, port: int = 0, *, key: str = KEY) -> None:
        """`key` is the only one that it takes; '' takes every key."""
        self.plan = plan or Plan()
        self.requests: deque[dict[str, object]] = deque(maxlen=RECORDED)
        """Bodies of the latest requests."""
        self.headers: deque[Mapping[str, str]] = deque(maxlen=RECORDED)
        """Of the same, and of those that were refused."""
        self.most_at_once = 0
        """Requests that were under way together."""
        self._at_once = 0
        self._key = key
        self._server = HttpServer(self._answer, port)

    @property
    def url(self) -> str:
        """The service's base URL."""
        return f'{self._server.url}/v1'

    @property
    def connected(self) -> int:
        """Connections that are open now."""
        return self._server.connected

    async def __aenter__(self) -> EmbeddingsSimulator:
        await self._server.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.refuse()

    async def refuse(self) -> None:
        """Be down: nobody listens, and connections are dropped."""
        await self._server.refuse()

    async def listen(self) -> None:
        """Be back at the same port."""
        await self._server.listen()

    async def _answer(self, request: Request, answer: Answer) -> None:
        self.headers.append(request.headers)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._behave(self.plan.next(), request, answer)
        finally:
            self._at_once -= 1

    async def _behave(self, behaviour: Behaviour, request: Request, answer: Answer) -> None:
        fault = behaviour.fault
        if fault in (Fault.ACCEPT_THEN_CLOSE, Fault.REFUSE):
            return
        await asyncio.sleep(behaviour.first_s)
        if fault is Fault.STALL:
            await answer.stall()
        if fault in (Fault.ERROR, Fault.ERROR_MIDWAY):
            status = _STATUS.get(behaviour.error, 500)
            after = behaviour.retry_after
            headers = {} if after is None else {'Retry-After': after}
            voyage = _model(request) not in OPENAI
            await answer.send_json(status, _error(voyage, behaviour.error), headers)
            return
        try:
            given = self._given(request)
        except _RefusedError as err:
            voyage = _model(request) not in OPENAI
            await answer.send_json(err.status, _error(voyage, str(err)))
            return
        await _give(given, behaviour, answer)

    def _given(self, request: Request) -> dict[str, object]:
        """Return the answer; raise _RefusedError for what the services refuse."""
        if request.path != '/v1/embeddings':
            raise _RefusedError(404, f'there is no {request.path}')
        if request.method != 'POST':
            raise _RefusedError(405, 'only POST is allowed')
        scheme, _, key = request.headers.get('authorization', '').partition(' ')
        if scheme != 'Bearer' or not key or key != (self._key or key):
            raise _RefusedError(401, 'Provided API key is invalid.')
        try:
            body = request.json()
        except ValueError as err:
            raise _RefusedError(400, 'the body is no JSON') from err
        if not isinstance(body, dict):
            raise _RefusedError(400, 'the body is no object')
        self.requests.append(body)
        texts = body.get('input')
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
            raise _RefusedError(400, 'input is neither a string nor a list of them')
        if not texts or not all(texts):
            raise _RefusedError(400, 'input must not be empty')
        model = body.get('model')
        if model in VOYAGE:
            return _by_voyage(body, texts)
        if model in OPENAI:
            return _by_openai(body, texts)
        raise _RefusedError(404, f'Model {model} is not supported.')


def _by_voyage(body: Mapping[str, object], texts: list[str]) -> dict[str, object]:
    _only(body, _VOYAGE_FIELDS, 400)
    if len(texts) > VOYAGE_INPUTS:
        raise _RefusedError(400, f'The batch size limit is {VOYAGE_INPUTS}.')
    if body.get('input_type') not in (None, 'query', 'document'):
        raise _RefusedError(400, 'input_type is none of query, document')
    if body.get('encoding_format') not in (None, 'base64'):
        raise _RefusedError(400, 'encoding_format is not base64')
    dimensions = body.get('output_dimension') or 1024
    if dimensions not in VOYAGE_DIMENSIONS:
        raise _RefusedError(400, f'output_dimension is none of {VOYAGE_DIMENSIONS}')
    assert isinstance(dimensions, int)
    coded = body.get('encoding_format') == 'base64'
    return _answer_of(body, texts, dimensions, coded, {'total_tokens': _tokens(texts)})


def _by_openai(body: Mapping[str, object], texts: list[str]) -> dict[str, object]:
    _only(body, _OPENAI_FIELDS, 400)
    model = str(body['model'])
    if len(texts) > OPENAI_INPUTS:
        raise _RefusedError(400, f'input has more than {OPENAI_INPUTS} items')
    if any(_tokens([text]) > OPENAI_TOKENS for text in texts):
        raise _RefusedError(400, f"This model's maximum context length is {OPENAI_TOKENS} tokens.")
    if body.get('encoding_format', 'float') not in ('float', 'base64'):
        raise _RefusedError(400, 'encoding_format is none of float, base64')
    dimensions = body.get('dimensions', OPENAI[model])
    if 'dimensions' in body and not model.startswith('text-embedding-3'):
        raise _RefusedError(400, 'This model does not support specifying dimensions.')
    if not isinstance(dimensions, int) or not 0 < dimensions <= OPENAI[model]:
        raise _RefusedError(400, f'dimensions is not from 1 to {OPENAI[model]}')
    tokens = _tokens(texts)
    coded = body.get('encoding_format') == 'base64'
    return _answer_of(
        body, texts, dimensions, coded, {'prompt_tokens': tokens, 'total_tokens': tokens}
    )


def _only(body: Mapping[str, object], fields: set[str], status: int) -> None:
    unknown = sorted(set(body) - fields)
    if unknown:
        raise _RefusedError(status, f"Argument '{unknown[0]}' is not supported by our API")


def _answer_of(
    body: Mapping[str, object],
    texts: list[str],
    dimensions: int,
    coded: bool,
    usage: Mapping[str, int],
) -> dict[str, object]:
    data = []
    for index, text in enumerate(texts):
        values = _stretched(vector(text), dimensions)
        embedding = (
            base64.b64encode(struct.pack(f'<{dimensions}f', *values)).decode() if coded else values
        )
        data.append({'object': 'embedding', 'embedding': embedding, 'index': index})
    return {'object': 'list', 'data': data, 'model': body['model'], 'usage': dict(usage)}


def _stretched(values: list[float], dimensions: int) -> list[float]:
    length = sum(value * value for value in values[:dimensions]) ** 0.5 or 1.0
    kept = [value / length for value in values[:dimensions]]
    return kept + [0.0] * (dimensions - len(kept))


def _tokens(texts: list[str]) -> int:
    """Count roughly as the services do: a token is four letters, and Hangul takes one or two."""
    return sum(
        1 + (len(text) + 5 * sum(not char.isascii() for char in text)) // 4 for text in texts
    )


def _model(request: Request) -> object:
    try:
        body = request.json()
    except ValueError:
        return None
    return body.get('model') if isinstance(body, dict) else None


def _error(voyage: bool, message: str) -> dict[str, object]:
    if voyage:
        return {'detail': message}
    return {'error': {'message': message, 'type': 'invalid_request_error', 'code': None}}


async def _give(given: dict[str, object], behaviour: Behaviour, answer: Answer) -> None:
    """Send the answer, with what goes wrong on its way."""
    fault = behaviour.fault
    data = given['data']
    assert isinstance(data, list)
    if fault is Fault.WRONG_ORDER:
        data.reverse()
    if fault is Fault.DUPLICATE:
        data.append(data[0])
    if fault is Fault.OVERSIZED:
        await answer.begin(200)
        while True:
            await answer.write(bytes(64 * 1024))
    if fault is Fault.MALFORMED:
        await answer.send(200, {'content-type': 'application/json'}, b'{"data": [{"embedding"')
        return
    if fault in (Fault.EOF_MIDWAY, Fault.RESET_MIDWAY, Fault.STALL_MIDWAY, Fault.SLOW_DRIP):
        await answer.begin(200, {'content-type': 'application/json'})
        if fault is Fault.SLOW_DRIP:
            await answer.drip(b'{"object": "list", "data": [' + b' ' * 100_000, 0.01)
        await answer.write(b'{"object": "list", "da')
        if fault is Fault.STALL_MIDWAY:
            await answer.stall()
        if fault is Fault.RESET_MIDWAY:
            answer.reset()
            return
        await answer.end()
        return
    await answer.send_json(200, given)
