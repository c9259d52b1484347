# SPDX-License-Identifier: Apache-2.0
"""How a simulated Claude fills in a schema of facts: by the rules that read turns offline.

It goes by the request alone: what was said is looked for in the last message, and of each fact it
gives what the schema asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prot_ros.core.facts import Fact
from prot_ros.core.offline.facts_told import facts_told
from prot_ros.simulators.claude_rules import Refused
from prot_ros.simulators.claude_schema import fits

Json = dict[str, Any]

_TURN = re.compile(r'<turn>(.*?)</turn>', re.DOTALL)
_CHARACTERS_PER_TOKEN = 3


def filled_in(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the answer to a valid request and its stop reason; None where no schema is given.

    It is cut at the request's max_tokens, as the service does. Raises Refused where the schema
    wants something else than facts.
    """
    shape = body.get('output_config', {}).get('format')
    if shape is None:
        return None
    schema = shape['schema']
    answer = {'facts': [_entry(fact, schema) for fact in facts_told(_said(body))]}
    if not fits(answer, schema):
        raise Refused('api_error', 'the simulator knows only how to fill in facts')
    text = json.dumps(answer, ensure_ascii=False)
    room = body['max_tokens'] * _CHARACTERS_PER_TOKEN
    return (text, 'end_turn') if len(text) <= room else (text[:room], 'max_tokens')


def _said(body: Mapping[str, Any]) -> str:
    """Return what was said in the turn; '' where the request has no such block, or several."""
    content = body['messages'][-1]['content']
    blocks = (
        [content] if isinstance(content, str) else [block.get('text', '') for block in content]
    )
    turns = _TURN.findall('\n'.join(blocks))
    if len(turns) != 1:
        return ''
    try:
        turn = json.loads(turns[0])
    except ValueError:
        return ''
    said = turn.get('said') if isinstance(turn, dict) else None
    return said if isinstance(said, str) else ''


def _entry(fact: Fact, schema: Mapping[str, Any]) -> Json:
    wanted = schema.get('properties', {}).get('facts', {}).get('items', {}).get('properties', {})
    known: Json = {
        'subject': fact.subject,
        'predicate': fact.predicate,
        'object': fact.object,
        'text': fact.text,
        'since': _date(fact.since),
        'until': _date(fact.until),
        'standing': fact.standing,
        'subject_kind': fact.subject_kind,
        'object_kind': fact.object_kind,
    }
    return {name: known[name] for name in wanted if name in known}


def _date(at: datetime | None) -> str | None:
    return None if at is None else f'{at:%Y-%m-%d}'
