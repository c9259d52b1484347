# SPDX-License-Identifier: Apache-2.0
"""What the Messages API takes, as strictly as the service: version 2026-10-21."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prot_ros.simulators.claude_schema import complaint
from prot_ros.simulators.http import Request

VERSION = '2026-10-21'
MODELS = ('claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5')
STATUS = {
    'invalid_request_error': 400,
    'authentication_error': 401,
    'billing_error': 402,
    'permission_error': 403,
    'not_found_error': 404,
    'request_too_large': 413,
    'rate_limit_error': 429,
    'api_error': 500,
    'timeout_error': 504,
    'overloaded_error': 529,
}
MOST_OUTPUT = 128_000
MOST_BREAKPOINTS = 4
_SAMPLING = ('temperature', 'top_p', 'top_k')
_FIELDS = {
    'model', 'max_tokens', 'messages', 'system', 'tools', 'tool_choice', 'thinking',
    'output_config', 'cache_control', 'stop_sequences', 'metadata', 'service_tier', 'speed',
    'inference_geo', 'container', 'diagnostics', 'user_profile_id', 'workspace_id', 'stream',
}  # fmt: skip
_EFFORTS = ('low', 'medium', 'high', 'xhigh', 'max')
_TOOL_NAME = re.compile(r'[a-zA-Z0-9_-]{1,128}')
_THINKING = {
    'claude-haiku-5-5': ('adaptive', 'disabled', 'enabled', 'between_tools'),
    'claude-sonnet-5-5': ('adaptive', 'between_tools'),
    'claude-opus-5-5': ('adaptive',),
}


class Refused(Exception):  # noqa: N818 - it is what happened
    """An error answer."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def check_headers(request: Request, key: str | None, key_header: str | None) -> None:
    """Raise Refused for a request without the right key and version.

    `key` None takes any. `key_header` is where it is looked for, None where no key may come.
    """
    given = {
        name: request.headers[name]
        for name in ('authorization', 'x-api-key')
        if name in request.headers
    }
    if key_header is None:
        if given:
            raise Refused('authentication_error', f'no key is wanted, but {sorted(given)} came')
    else:
        found = given.get(key_header, '')
        if key_header == 'authorization':
            found = found.removeprefix('Bearer ') if found.startswith('Bearer ') else ''
        if not found:
            raise Refused('authentication_error', f'{key_header}: header is required')
        if key is not None and found != key:
            raise Refused('authentication_error', f'invalid key {found}')
    version = request.headers.get('anthropic-version')
    if version != VERSION:
        raise Refused('invalid_request_error', f'anthropic-version: {version!r} is not supported')


def check_body(body: object, *, paused: bool) -> dict[str, Any]:
    """Return the body of a valid request; raise Refused naming the field that is not.

    Only after a pause may the model's own message be the last one.
    """
    if not isinstance(body, dict):
        raise _invalid('the body must be an object')
    for name in _SAMPLING:
        if name in body:
            raise _invalid(f'{name}: sampling parameters are not supported in this version')
    for name in body:
        if name not in _FIELDS:
            raise _invalid(f'{name}: Extra inputs are not permitted')
    for name, kind in (('model', str), ('max_tokens', int), ('messages', list)):
        if type(body.get(name)) is not kind:
            raise _invalid(f'{name}: Field required, of type {kind.__name__}')
    if body['model'] not in MODELS:
        raise Refused('not_found_error', f'model: {body["model"]}')
    if not 1 <= body['max_tokens'] <= MOST_OUTPUT:
        raise _invalid(f'max_tokens: expected 1 to {MOST_OUTPUT}')
    _check_thinking(body)
    _check_tools(body)
    if isinstance(body.get('system'), list):
        _check_blocks('system', body['system'], ('text',))
    _check_messages(body['messages'], paused=paused)
    _check_breakpoints(body)
    return body


def _check_thinking(body: Mapping[str, Any]) -> None:
    if 'thinking' in body:
        thinking = body['thinking']
        kind = thinking.get('type') if isinstance(thinking, dict) else None
        if kind not in _THINKING[body['model']]:
            raise _invalid(f'thinking.type: {kind!r} is not supported for this model')
    if 'output_config' in body:
        effort = body['output_config'].get('effort', 'medium')
        if effort not in _EFFORTS:
            raise _invalid(f'output_config.effort: {effort!r}, expected one of {_EFFORTS}')
        _check_format(body['output_config'].get('format'))


def _check_format(shape: Any) -> None:
    if shape is None:
        return
    if not isinstance(shape, dict) or shape.get('type') != 'json_schema':
        raise _invalid('output_config.format.type: expected json_schema')
    wrong = complaint(shape.get('schema'), 'output_config.format.schema')
    if wrong:
        raise _invalid(wrong)


def _check_tools(body: Mapping[str, Any]) -> None:
    for number, tool in enumerate(body.get('tools', ())):
        if not _TOOL_NAME.fullmatch(str(tool.get('name', ''))):
            raise _invalid(f'tools.{number}.name: expected {_TOOL_NAME.pattern}')
        schema = tool.get('input_schema')
        if not isinstance(schema, dict) or schema.get('type') != 'object':
            raise _invalid(f'tools.{number}.input_schema.type: expected object')
    if 'tool_choice' in body and 'tools' not in body:
        raise _invalid('tool_choice: only with tools')


def _check_messages(messages: Sequence[Any], *, paused: bool) -> None:
    if not messages or messages[0].get('role') != 'user':
        raise _invalid('messages: first message must use the "user" role')
    if messages[-1].get('role') != 'user' and not paused:
        raise _invalid('messages: This model does not support assistant message prefill')
    asked: set[str] = set()
    for number, message in enumerate(messages):
        role, content = message.get('role'), message.get('content')
        if role not in ('user', 'assistant'):
            raise _invalid(f'messages.{number}.role: expected user or assistant')
        if isinstance(content, str):
            content = [{'type': 'text', 'text': content}]
        kinds = ('text', 'tool_result', 'image', 'document')
        if role == 'assistant':
            kinds = ('text', 'tool_use', 'thinking', 'redacted_thinking')
        _check_blocks(f'messages.{number}', content, kinds)
        answered = {block['tool_use_id'] for block in content if block['type'] == 'tool_result'}
        if answered != asked:
            raise _invalid(f'messages.{number}: tool_use ids {asked ^ answered} without a match')
        asked = {block['id'] for block in content if block['type'] == 'tool_use'}


def _check_blocks(where: str, blocks: Any, kinds: Sequence[str]) -> None:
    if not isinstance(blocks, list) or not blocks:
        raise _invalid(f'{where}: content must not be empty')
    for number, block in enumerate(blocks):
        kind = block.get('type') if isinstance(block, dict) else None
        if kind not in kinds:
            raise _invalid(f'{where}.{number}.type: {kind!r}, expected one of {tuple(kinds)}')
        if kind == 'text' and not str(block.get('text', '')).strip():
            raise _invalid(f'{where}.{number}: text content blocks must be non-empty')
        if kind == 'thinking' and not block.get('signature'):
            raise _invalid(f'{where}.{number}.signature: Field required')


def _check_breakpoints(body: Mapping[str, Any]) -> None:
    marked = [block for block in blocks(body) if 'cache_control' in block]
    if len(marked) > MOST_BREAKPOINTS:
        raise _invalid(f'cache_control: at most {MOST_BREAKPOINTS}, found {len(marked)}')
    for block in marked:
        if block['cache_control'].get('type') != 'ephemeral':
            raise _invalid('cache_control.type: expected ephemeral')


def blocks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return everything a request has to be read, in the order of the cache."""
    found: list[dict[str, Any]] = [*body.get('tools', ())]
    system = body.get('system', ())
    found += [{'type': 'text', 'text': system}] if isinstance(system, str) else system
    for message in body['messages']:
        content = message['content']
        if isinstance(content, str):
            content = [{'type': 'text', 'text': content}]
        found += [{'role': message['role'], **block} for block in content]
    return found


def _invalid(message: str) -> Refused:
    return Refused('invalid_request_error', message)
