# SPDX-License-Identifier: Apache-2.0
"""What a language model may do besides talking: tools, each use of which has an end.

What a model asks for is data from outside: arguments are checked by the tool, and every failure
is told to the model, which then says so in its own words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prot_ros.engines.kinds import EngineError

TOOL_S = 1.5
"""Somebody waits in silence meanwhile."""
MOST_RESULT = 4_000
"""Characters of a result: a page."""
MOST_USES = 8
"""Of one message of the model."""


class Tool(Protocol):
    """Something a language model may use."""

    name: str
    """Letters, digits, `_` and `-`, at most 64."""
    description: str
    """For the model: what it is for and when."""
    input_schema: Mapping[str, object]
    """JSON Schema of an object."""

    async def use(self, arguments: Mapping[str, object]) -> str:
        """Do it and return what the model is told.

        Raises ValueError for arguments that do not fit, EngineError where the world refuses.
        """
        ...


@dataclass(frozen=True)
class Use:
    """What a model asks for."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Result:
    """What came of it."""

    id: str
    text: str
    failed: bool = False


async def run(
    tools: Sequence[Tool], uses: Sequence[Use], deadline_s: float = TOOL_S
) -> list[Result]:
    """Do what a message of the model asks for, one after the other, each under the deadline."""
    named = {tool.name: tool for tool in tools}
    results = []
    for number, use in enumerate(uses):
        if number >= MOST_USES:
            results.append(Result(use.id, f'not done: more than {MOST_USES} at once', True))
        elif use.name not in named:
            results.append(Result(use.id, f'there is no tool {use.name[:64]!r}', True))
        else:
            results.append(await _run(named[use.name], use, deadline_s))
    return results


async def _run(tool: Tool, use: Use, deadline_s: float) -> Result:
    try:
        async with asyncio.timeout(deadline_s):
            text = await tool.use(use.arguments)
    except TimeoutError:
        return Result(use.id, f'{tool.name} took longer than {deadline_s:g} s', True)
    except (EngineError, ValueError) as err:
        return Result(use.id, str(err)[:MOST_RESULT], True)
    return Result(use.id, text[:MOST_RESULT] or '(nothing)')
