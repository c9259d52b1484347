# SPDX-License-Identifier: Apache-2.0
"""One streamed message that never leaves the process, so that the first real one is not slower.

The library makes its models of what is sent and received when it first needs them, which takes
50 ms: as much as a tenth of the answer's whole delay.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import anthropic
import httpx2

from prot_ros.engines.claude.request import ClaudeSettings, request
from prot_ros.engines.claude.stream import Incoming
from prot_ros.engines.kinds import Message, Prompt

_USAGE = {'input_tokens': 1, 'output_tokens': 1}
_EVENTS: tuple[dict[str, Any], ...] = (
    {'type': 'message_start', 'message': {'type': 'message', 'content': [], 'usage': _USAGE}},
    {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}},
    {'type': 'content_block_delta', 'index': 0, 'delta': {'type': 'text_delta', 'text': 'Hi'}},
    {'type': 'content_block_stop', 'index': 0},
    {'type': 'message_delta', 'delta': {'stop_reason': 'end_turn'}, 'usage': _USAGE},
    {'type': 'message_stop'},
)
_TOOL = {'name': 'nothing', 'description': 'Nothing', 'input_schema': {'type': 'object'}}


async def rehearse() -> None:
    """Ask for a message and take it."""
    prompt = Prompt('Robi', (Message('user', 'Hello'),), (), 'Hi', datetime.now(UTC))
    body = {**request(prompt, ClaudeSettings()), 'tools': [_TOOL]}
    incoming = Incoming()
    async with anthropic.AsyncAnthropic(
        api_key='none',
        base_url='http://rehearsal.invalid',
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(_answer)),
    ) as client:
        async for event in await client.messages.create(**body, stream=True):
            incoming.take(event)


def _answer(request: httpx2.Request) -> httpx2.Response:
    text = ''.join(f'event: {event["type"]}\ndata: {json.dumps(event)}\n\n' for event in _EVENTS)
    return httpx2.Response(200, headers={'content-type': 'text/event-stream'}, text=text)
