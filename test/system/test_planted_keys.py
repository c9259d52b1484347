# SPDX-License-Identifier: Apache-2.0
"""Keys are in the environment of a running robot and at their services, and nowhere else.

The whole robot runs with all keys set and talks through every online service there is, which take
the keys or refuse them. Whatever a person, another node or another user of the machine could see
of it is searched for them: logs, topics, diagnostics, parameters, command lines, and what the
doctor says.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import prot
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from running_graph import RunningGraph

from prot_ros import graph
from prot_ros.engines import keys
from prot_ros.simulators.claude import ClaudeSimulator
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.embeddings import EmbeddingsSimulator
from prot_ros.simulators.scribe import ScribeSimulator

PLANTED = {
    variable: f'sk-planted-{number}-c0ffee' for number, variable in enumerate(keys.VARIABLES)
}
MARK = 'c0ffee'


@dataclass
class Simulated:
    """The services, which run on a thread of their own."""

    ears: ScribeSimulator
    mind: ClaudeSimulator
    voice: ElevenLabsVoiceSimulator
    embeddings: EmbeddingsSimulator

    @property
    def came(self) -> str:
        """What came with the requests."""
        return str(
            [handshake.headers for handshake in self.ears.handshakes]
            + list(self.mind.headers)
            + [self.voice.headers]
            + list(self.embeddings.headers)
        )


@contextmanager
def services(embedder: str, *, taken: bool) -> Iterator[Simulated]:
    def takes(variable: str) -> str:
        return PLANTED[variable] if taken else 'another'

    simulated = Simulated(
        ScribeSimulator(texts=['my name is Alice'] * 100, key=takes(keys.ELEVENLABS)),
        ClaudeSimulator(key=takes(keys.ANTHROPIC)),
        ElevenLabsVoiceSimulator(key=takes(keys.ELEVENLABS)),
        EmbeddingsSimulator(key=takes(keys.VOYAGE if embedder == 'voyage' else keys.OPENAI)),
    )
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with AsyncExitStack() as held:
            for one in (
                simulated.ears, simulated.mind, simulated.voice, simulated.embeddings
            ):  # fmt: skip
                await held.enter_async_context(one)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name='services')
    thread.start()
    try:
        assert ready.wait(30), 'the services do not start'
        yield simulated
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        assert not thread.is_alive()
        loop.close()


def shown_parameters(robot: RunningGraph) -> str:
    """Return all that other nodes can read of the robot's parameters."""
    ask = robot.observer.call
    shown = []
    for spec in graph.ALL_NODES:
        names = ask(f'{spec.name}/list_parameters', ListParameters).result.names
        assert names
        for srv_type, service in (
            (GetParameters, 'get_parameters'), (DescribeParameters, 'describe_parameters')
        ):  # fmt: skip
            request = srv_type.Request(names=names)
            shown.append(str(ask(f'{spec.name}/{service}', srv_type, request)))
    return '\n'.join(shown)


def command_lines(robot: RunningGraph) -> str:
    """Return those of the robot's processes and of what they have started."""
    lines = []
    for process in robot.processes.values():
        own = psutil.Process(process.pid)
        lines += [str(each.cmdline()) for each in (own, *own.children(recursive=True))]
    return '\n'.join(lines)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ('embedder', 'taken'),
    [('voyage', True), ('voyage', False), ('openai', False)],
    ids=['taken', 'refused', 'refused, openai'],
)
def test_no_key_is_seen_by_anybody_but_its_service(
    tmp_path: Path, data_folder: Path, embedder: str, taken: bool
) -> None:
    told: dict[str, str] = {}
    with services(embedder, taken=taken) as simulated:
        parameters: dict[str, dict[str, Any]] = {
            'stt': {'elevenlabs.url': simulated.ears.url},
            'tts': {'elevenlabs.url': simulated.voice.url},
            'dialog': {
                'base_url': simulated.mind.url,
                'database': 'embedded',
                'data_folder': str(data_folder),
                'embedding.engine': embedder,
                'embedding.base_url': simulated.embeddings.url,
            },
        }
        with RunningGraph(tmp_path, parameters, environment=PLANTED) as robot:
            for line in ('my name is Alice', 'who am I?'):
                robot.observer.publish(graph.HEAR, line)
                report = robot.observer.wait(
                    graph.TURN, lambda r, line=line: r.utterance == line, within=30
                )
                assert report.heard
                told[f'processes while it hears {line}'] = command_lines(robot)
            robot.speak(bytes(32_000)).join()
            told['parameters'] = shown_parameters(robot)
            told['topics'] = str(robot.observer.seen)
            told['diagnostics'] = str(robot.observer.diagnostics)
            assert set(robot.stop().values()) == {0}
            told['logs'] = '\n'.join(map(robot.log, robot.processes))
        settings = [
            word
            for node, values in parameters.items()
            for name, value in values.items()
            for word in ('-p', f'{node}.{name}={value}')
        ]
        environment = {**os.environ, **robot.environment}
        for form in ([], ['--json']):
            done = prot(environment, 'doctor', '--online', *form, *settings)
            told[f'doctor {form}'] = done.stdout + done.stderr
        used = (
            keys.ELEVENLABS, keys.ANTHROPIC, keys.VOYAGE if embedder == 'voyage' else keys.OPENAI
        )  # fmt: skip
        assert all(PLANTED[variable] in simulated.came for variable in used)
    where = [name for name, text in told.items() if MARK in text]
    assert not where
    # It has been looked where something is to be seen.
    assert 'elevenlabs' in told['parameters']
    assert 'Alice' in told['topics']
    assert 'prot_ros.run' in told['processes while it hears who am I?']
    if not taken:
        for variable in used:
            assert f'set {variable}' in told['logs'] + told['diagnostics']
            assert f'set {variable}' in told['doctor []']
