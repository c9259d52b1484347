# SPDX-License-Identifier: Apache-2.0
"""`recall`: the language model searches the memory by itself, for what was not asked in words."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros.memory.in_time import MemoryInTime

MOST_QUERY = 500
"""Characters."""
FACTS = 20


class RecallTool:
    """Implements `engines.tools.Tool`."""

    name = 'recall'
    description = (
        'Search what the robot remembers of this person and of others. Use it when something '
        'from the past would help and is not among the remembered facts that you were given. '
        'Search by names and nouns, in the language of the conversation.'
    )
    input_schema: Mapping[str, object] = {
        'type': 'object',
        'properties': {'query': {'type': 'string', 'description': 'What to search for'}},
        'required': ['query'],
        'additionalProperties': False,
    }

    def __init__(self, memory: MemoryInTime) -> None:
        self._memory = memory

    async def use(self, arguments: Mapping[str, object]) -> str:
        """Return what is found, a line each; raise ValueError for a query that is none."""
        query = arguments.get('query')
        if not isinstance(query, str) or not query.strip():
            raise ValueError(f'query is {str(query)[:80]!r}, expected words to search for')
        found = await self._memory.search(query[:MOST_QUERY], FACTS)
        lines = [' '.join(fact.text.split()) for fact in found.facts]
        lines += [
            f'On {turn.at:%Y-%m-%d} the user said: {" ".join(turn.text.split())}'
            for turn in found.turns
        ]
        return '\n'.join(lines) or 'Nothing is remembered.'
