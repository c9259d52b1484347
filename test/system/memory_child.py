# SPDX-License-Identifier: Apache-2.0
"""A process that uses the memory and is killed: `memory_child.py COMMAND ARGUMENT...`.

Prints a line for each thing that has happened, then waits, or goes on, until it is ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from memory_story import utterance
from readers import Reads

from prot_ros.core.facts import USER, Fact
from prot_ros.core.stamps import Stamp
from prot_ros.memory.long_work import connected
from prot_ros.memory.moving.exporting import export
from prot_ros.memory.moving.importing import load
from prot_ros.memory.server.postgres import EmbeddedPostgres
from prot_ros.memory.store import Memory


def say(*words: object) -> None:
    print(*words, flush=True)


def likes(text: str) -> tuple[Fact, ...]:
    """An extractor: whatever is said is liked."""
    return (Fact(USER, 'likes', text, f'I like {text}'),)


async def never(text: str) -> tuple[Fact, ...]:
    """An extractor that has not come back when the process is killed."""
    say('extracting')
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def serve(folder: str) -> None:
    """Run a server, and say which process it is."""
    async with EmbeddedPostgres(Path(folder)) as postgres:
        say('ready', postgres.pid, postgres.owned, os.geteuid())
        await asyncio.get_running_loop().create_future()


async def tell(url: str, *texts: str) -> None:
    """Commit utterances whose extraction never ends."""
    async with Memory(url, Path('/nonexistent'), reader=Reads(never)) as memory:
        for number, text in enumerate(texts, 1):
            await memory.record_utterance(Stamp(number), text, 'hear')
            say('committed', number)
        await asyncio.get_running_loop().create_future()


async def talk(url: str, first: str) -> None:
    """Commit utterances and extract them, as fast as that goes."""
    async with Memory(url, Path('/nonexistent'), reader=Reads(likes)) as memory:
        for number in range(int(first), int(first) + 10_000):
            await memory.record_utterance(Stamp(number), f'thing {number}', 'hear')
            say('committed', number)


async def live(url: str, first: str, seed: str) -> None:
    """Tell a story from one turn on, and read it by the rules, as fast as that goes."""
    async with Memory(url, Path('/nonexistent')) as memory:
        for number in range(int(first), int(first) + 10_000):
            await memory.record_utterance(Stamp(number), utterance(number, int(seed)), 'hear')
            say('committed', number)


async def read(url: str) -> None:
    """Read what waits to be read."""
    async with Memory(url, Path('/nonexistent')):
        say('open')
        await asyncio.get_running_loop().create_future()


async def bring(url: str, path: str) -> None:
    """Import a file, saying how far it is."""
    async with connected(url) as connection:
        await load(connection, Path(path), on_read=lambda done, size: say('read', done, size))


async def write(url: str, path: str) -> None:
    """Export all, saying every thousandth turn."""

    def tell_of(done: int, total: int) -> None:
        if done % 1_000 == 0:
            say('written', done, total)

    async with connected(url) as connection:
        scopes = [row['id'] for row in await connection.fetch('SELECT id FROM scope')]
        await export(connection, scopes, Path(path), on_turn=tell_of)


COMMANDS = {
    'serve': serve,
    'tell': tell,
    'talk': talk,
    'live': live,
    'read': read,
    'import': bring,
    'export': write,
}

if __name__ == '__main__':
    command = COMMANDS[sys.argv[1]]
    asyncio.run(command(*sys.argv[2:]))
