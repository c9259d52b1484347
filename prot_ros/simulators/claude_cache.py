# SPDX-License-Identifier: Apache-2.0
"""The service's prompt cache: beginnings of requests, found again only when equal to the byte."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from prot_ros.simulators.claude_rules import blocks

LOOK_BACK = 20
"""Blocks before a mark among which the end of a cached beginning is looked for."""
KEPT = 1_000
_BYTES_PER_TOKEN = 3


class PromptCache:
    """Counts tokens roughly, at three bytes each."""

    def __init__(self, least_tokens: int = 1_024) -> None:
        self.least_tokens = least_tokens
        """A beginning that is shorter is not kept, and nothing says so."""
        self._kept: OrderedDict[bytes, None] = OrderedDict()

    def count(self, body: Mapping[str, Any]) -> dict[str, int]:
        """Return the usage of a request's input, and keep what it marks."""
        digest = hashlib.sha256(str(body['model']).encode())
        ends: list[tuple[bytes, int, bool]] = []
        size = 0
        for block in blocks(body):
            marked = 'cache_control' in block
            plain = {name: value for name, value in block.items() if name != 'cache_control'}
            data = json.dumps(plain, ensure_ascii=False).encode()
            digest.update(data)
            size += len(data)
            ends.append((digest.digest(), size // _BYTES_PER_TOKEN, marked))
        total = size // _BYTES_PER_TOKEN
        marks = [
            at
            for at, (_, tokens, marked) in enumerate(ends)
            if marked and tokens >= self.least_tokens
        ]
        read = max((self._found(ends, mark) for mark in marks), default=0)
        cached = ends[marks[-1]][1] if marks else 0
        for mark in marks:
            self._keep(ends[mark][0])
        return {
            'input_tokens': total - max(cached, read),
            'cache_read_input_tokens': read,
            'cache_creation_input_tokens': max(0, cached - read),
        }

    def _found(self, ends: list[tuple[bytes, int, bool]], mark: int) -> int:
        for at in range(mark, max(-1, mark - LOOK_BACK), -1):
            if ends[at][0] in self._kept:
                return ends[at][1]
        return 0

    def _keep(self, digest: bytes) -> None:
        self._kept[digest] = None
        self._kept.move_to_end(digest)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
