# SPDX-License-Identifier: Apache-2.0
"""The demo's database, looked at while prot is not running: what is known, what was committed."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from prot_ros.cli.demo.script import NAME
from prot_ros.cli.failure import CommandError, UsageError
from prot_ros.engines.kinds import EngineError, Message
from prot_ros.memory.server.cluster import Cluster
from prot_ros.memory.server.folders import data_folder
from prot_ros.memory.store import Memory

SUBFOLDER = 'demo'
MARK = 'made-by-prot-demo'
"""A file that tells the demo's folder from one in which a robot keeps its memories."""
OPEN_S = 25.0
ALL = 1000


@dataclass(frozen=True)
class Known:
    """What the database holds before the conversation."""

    turns: int
    facts: int
    user: bool
    """Whether the user's name is among the facts."""


def folder(option: str) -> Path:
    """Return the demo's data folder."""
    return Path(option).expanduser().absolute() if option else data_folder() / SUBFOLDER


def prepare(path: Path, *, fresh: bool) -> None:
    """Make the folder, without memories when `fresh`.

    Raises UsageError for a folder that the demo may not write its own memories into, because
    there are others in it.
    """
    mark = path / MARK
    memories = Cluster(path).folder
    if memories.exists() and not mark.exists():
        raise UsageError(
            f'--data {str(path)!r}: the memories in it are not of the demo; name another folder'
        )
    try:
        missing = [one for one in (path, *path.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir()
            # The database may run as another user, who has to get through.
            one.chmod(0o755)
        mark.touch()
        if fresh and memories.exists():
            shutil.rmtree(memories)
    except OSError as err:
        raise CommandError(f'the data folder {path} cannot be used: {err.strerror}') from err


async def known(path: Path) -> Known:
    """Return what is known of the user; CommandError when the database does not work."""
    try:
        async with asyncio.timeout(OPEN_S):
            async with Memory(None, path) as memory:
                counts = memory.stats()
                facts = (await memory.recall('what is my name', 20)).facts
    except (EngineError, TimeoutError) as err:
        raise CommandError(f'the database in {path} cannot be opened: {err}') from err
    named = any(fact.object.lower() == NAME.lower() for fact in facts)
    return Known(int(str(counts['memory turns'])), int(str(counts['memory facts'])), named)


async def committed(path: Path) -> tuple[Message, ...] | None:
    """Return what was said, as the database has it; None when it cannot be asked."""
    try:
        async with asyncio.timeout(OPEN_S):
            async with Memory(None, path) as memory:
                return await memory.recent(ALL)
    except (EngineError, TimeoutError):
        return None


def server_is_running(path: Path) -> bool:
    """Tell whether a database server is still at work on the folder."""
    return Cluster(path).running() is not None
