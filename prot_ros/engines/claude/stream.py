# SPDX-License-Identifier: Apache-2.0
"""The events of one streamed message, put together as they come.

Told apart by their `type` alone: the library gives an event that it does not know the class of
another one. What is out of order raises; what is unknown is passed over, as the API asks of its
clients.
"""

from __future__ import annotations

import json
from typing import Any

from prot_ros.engines.kinds import EngineError, Usage
from prot_ros.engines.tools import Use

MOST_TEXT = 100_000
"""Characters of one message, tool arguments included: ten times the longest reply."""

Json = dict[str, Any]


class Incoming:
    """One message. Feed it events with `take`."""

    def __init__(self) -> None:
        self.began = False
        """Whether anything of the content has come."""
        self.stop_reason: str | None = None
        self.said = False
        """Whether there was text in it."""
        self._started = False
        self._stopped = False
        self._blocks: list[Json] = []
        self._open: Json | None = None
        self._arguments: dict[int, list[str]] = {}
        self._malformed: str | None = None
        self._size = 0
        self._counts: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        """Whether all of it has come. A connection may end in good order before."""
        return self._stopped or self.stop_reason is not None

    @property
    def usage(self) -> Usage | None:
        """What the service has counted so far, None where it has said nothing."""
        if not self._counts:
            return None
        count = self._counts.get
        return Usage(
            input=count('input_tokens', 0),
            cache_read=count('cache_read_input_tokens', 0),
            cache_written=count('cache_creation_input_tokens', 0),
            output=count('output_tokens', 0),
        )

    def take(self, event: Any) -> str:
        """Take the next event and return the text that it brings, '' where it brings none."""
        kind = getattr(event, 'type', None)
        if kind == 'message_start':
            if self._started:
                raise _disorder('a second message begins')
            self._started = True
            self._count(getattr(event.message, 'usage', None))
        elif kind == 'content_block_start':
            return self._begin(event)
        elif kind == 'content_block_delta':
            return self._grow(event)
        elif kind == 'content_block_stop':
            self._close(event)
        elif kind == 'message_delta':
            self.stop_reason = getattr(event.delta, 'stop_reason', None) or self.stop_reason
            self._count(getattr(event, 'usage', None))
        elif kind == 'message_stop':
            self._stopped = True
        return ''

    def content(self) -> list[Json]:
        """Return what was said in the form in which it is sent back, thinking included."""
        return [block for block in self._blocks if block['type'] != 'text' or block['text']]

    def uses(self) -> list[Use]:
        """Return what it asks of tools; raise EngineError where that is no JSON object."""
        if self._malformed is not None:
            raise _disorder(f'the arguments of a tool are {self._malformed[:80]!r}')
        return [
            Use(block['id'], block['name'], block['input'])
            for block in self._blocks
            if block['type'] == 'tool_use'
        ]

    def _begin(self, event: Any) -> str:
        if not self._started or event.index != len(self._blocks) or self._open is not None:
            raise _disorder(f'block {event.index!r} begins')
        block = event.content_block
        self.began = True
        self._open = dict(block.to_dict() if hasattr(block, 'to_dict') else block)
        needed = ('id', 'name') if self._open.get('type') == 'tool_use' else ()
        if not all(isinstance(self._open.get(name), str) for name in ('type', *needed)):
            raise _disorder(f'a block is {str(self._open)[:80]}')
        self._blocks.append(self._open)
        if self._open['type'] == 'text':
            text = self._open.get('text') or ''
            self._open['text'] = ''
            return self._say(text)
        return ''

    def _grow(self, event: Any) -> str:
        block = self._open
        if block is None or event.index != len(self._blocks) - 1:
            raise _disorder(f'block {event.index!r} goes on')
        delta = event.delta
        kind = getattr(delta, 'type', None)
        if kind == 'text_delta' and block['type'] == 'text':
            return self._say(delta.text)
        if kind == 'input_json_delta' and block['type'] == 'tool_use':
            self._arguments.setdefault(event.index, []).append(self._checked(delta.partial_json))
        elif kind == 'thinking_delta' and block['type'] == 'thinking':
            block['thinking'] = (block.get('thinking') or '') + self._checked(delta.thinking)
        elif kind == 'signature_delta' and block['type'] == 'thinking':
            block['signature'] = self._checked(delta.signature)
        return ''

    def _say(self, text: Any) -> str:
        words = self._checked(text)
        assert self._open is not None
        self._open['text'] += words
        self.said = self.said or bool(words.strip())
        return words

    def _close(self, event: Any) -> None:
        block, self._open = self._open, None
        if block is None or event.index != len(self._blocks) - 1:
            raise _disorder(f'block {event.index!r} ends')
        if block['type'] != 'tool_use':
            return
        text = ''.join(self._arguments.pop(event.index, ())) or '{}'
        try:
            arguments = json.loads(text)
        except (ValueError, RecursionError):
            arguments = None
        if isinstance(arguments, dict):
            block['input'] = arguments
        else:
            # No disorder where the message was cut for length.
            self._malformed = text

    def _checked(self, text: Any) -> str:
        if not isinstance(text, str):
            raise _disorder(f'a text is {str(text)[:80]!r}')
        self._size += len(text)
        if self._size > MOST_TEXT:
            raise EngineError(
                f'the language model sends more than {MOST_TEXT:,} characters in one message; '
                'lower the parameter max_tokens'
            )
        return text

    def _count(self, usage: Any) -> None:
        for name in (
            'input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens',
            'output_tokens',
        ):  # fmt: skip
            value = getattr(usage, name, None)
            # Later counts are of the whole message; a field that is missing has not changed.
            if isinstance(value, int) and value >= 0:
                self._counts[name] = value


def _disorder(what: str) -> EngineError:
    return EngineError(
        f'the language model sends what does not fit together: {what}', retryable=True
    )
