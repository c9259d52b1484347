# SPDX-License-Identifier: Apache-2.0
"""The demo from the first process to the last verdict."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from prot_ros import graph
from prot_ros.cli import settings
from prot_ros.cli.demo import judge, leftovers, memories, recording, voice
from prot_ros.cli.demo.conductor import Conductor
from prot_ros.cli.demo.domain import free_domain
from prot_ros.cli.demo.evidence import FOLLOWED, Evidence
from prot_ros.cli.demo.judge import Verdict
from prot_ros.cli.demo.programme import Programme
from prot_ros.cli.demo.script import ANOTHER_MEETING, FIRST_MEETING, Line
from prot_ros.cli.failure import CommandError
from prot_ros.cli.narrator import FOLLOWED as NARRATED
from prot_ros.cli.participant import Participant, participating
from prot_ros.cli.processes import NodeProcesses, describe
from prot_ros.cli.screen import Screen
from prot_ros.cli.simulated import SimulatedServices
from prot_ros.signals import ending_signals
from prot_ros.tenure import root_cause

FOLDER_PREFIX = 'prot-demo-'
WHOLE_S = 160.0
"""Bringing up and conversing, which take half of it. With what the database may take before and
after, and the processes to end, a demo that gets stuck is over within four minutes."""
OFFLINE: settings.Values = {
    'stt': {'engine': 'pocketsphinx'},
    'dialog': {'engine': 'offline', 'embedding.engine': 'local'},
    'tts': {'engine': 'offline'},
}
"""Whatever keys there are in the environment."""
PATIENCE = {'online.connect_s': 5.0, 'online.first_response_s': 10.0, 'online.stall_s': 10.0}
"""The services share this machine with all nodes; on a small board they may be slow."""
DISCOVERY = 'ROS_AUTOMATIC_DISCOVERY_RANGE'


async def perform(args: argparse.Namespace, screen: Screen) -> int:
    """Hold the conversation, judge it and print all of it; return the exit code."""
    # asyncio.run turns SIGINT into a cancellation, which releases everything; so shall the rest.
    current = asyncio.current_task()
    assert current is not None
    for number in set(ending_signals()) - {signal.SIGINT}:
        asyncio.get_running_loop().add_signal_handler(number, current.cancel)
    await voice.check(args.voice)
    data = memories.folder(args.data)
    memories.prepare(data, fresh=args.fresh)
    known = await memories.known(data)
    lines = ANOTHER_MEETING if known.user else FIRST_MEETING
    programme = Programme(screen)
    programme.introduce(data, known, online=args.online)
    async with AsyncExitStack() as held:
        name = held.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX))
        services = await held.enter_async_context(SimulatedServices()) if args.online else None
        performance = _Performance(Path(name), data, programme, services)
        try:
            await performance.play(lines, args.voice, 'paplay' if args.audible else 'null')
            verdicts = await performance.verdicts(len(lines))
            if not all(verdict.held for verdict in verdicts):
                programme.complaints_in_logs(Path(name))
        finally:
            if args.logs is not None:
                programme.keep_logs(Path(name), args.logs)
    await _record(performance.evidence, args.wav, programme)
    return 0 if programme.close(judge.summary(performance.evidence), verdicts) else 1


async def _record(evidence: Evidence, path: Path, programme: Programme) -> None:
    if not evidence.user_audio:
        return
    try:
        lasts = await asyncio.to_thread(recording.write, evidence, path)
    except OSError as err:
        raise CommandError(f'--wav {str(path)!r} cannot be written: {err.strerror}') from err
    programme.recorded(path, lasts)


class _Performance:
    """One conversation, with all processes that it takes."""

    def __init__(
        self,
        folder: Path,
        data: Path,
        programme: Programme,
        services: SimulatedServices | None,
    ) -> None:
        self.evidence = Evidence()
        self._folder = folder
        self._data = data
        self._programme = programme
        self._services = services
        self._stuck = ''
        self._complaints: list[str] = []
        self._ended = 0

    async def play(self, lines: Sequence[Line], voice_name: str, speaker: str) -> None:
        """Bring the graph up, converse, take it down. What goes wrong is kept for `verdicts`."""
        domain = free_domain()
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        os.environ[DISCOVERY] = 'LOCALHOST'
        pipe = self._folder / 'microphone'
        given: settings.Values = {
            'mic': {'engine': 'pipe', 'file': str(pipe), 'rate': voice.RATE},
            'speaker': {'engine': speaker},
            'dialog': {'database': 'embedded', 'data_folder': str(self._data)},
        }
        environment = dict(os.environ)
        chosen = OFFLINE
        if self._services is not None:
            environment |= self._services.environment
            chosen = self._services.parameters
        for node, values in chosen.items():
            given.setdefault(node, {}).update(values)
            if self._services is not None:
                given[node].update(PATIENCE)
        follow = {topic.name: topic for topic in (*NARRATED, *FOLLOWED)}.values()
        with settings.as_ros_arguments([], given, graph.NAMESPACE, 'info') as (arguments, inherit):
            async with participating(
                graph.NAMESPACE, follow=follow, diagnostics=True
            ) as participant:
                processes = NodeProcesses(
                    arguments,
                    inherit=inherit,
                    environment={**environment, leftovers.MARK: str(self._folder)},
                    log_folder=self._folder,
                )
                self._programme.starting(domain)
                try:
                    await self._play(participant, processes, lines, voice_name, pipe)
                except CommandError as err:
                    self._stuck = str(err)
                    self._programme.stuck(self._stuck)
        self._complaints = processes.complaints()
        self._ended = len(processes.codes)

    async def _play(
        self,
        participant: Participant,
        processes: NodeProcesses,
        lines: Sequence[Line],
        voice_name: str,
        pipe: Path,
    ) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = [
                    tasks.create_task(self._watch_topics(participant)),
                    tasks.create_task(self._watch_nodes(participant)),
                ]
                async with processes:
                    outliving = tasks.create_task(_outlive(processes))
                    try:
                        async with asyncio.timeout(WHOLE_S):
                            await self._converse(pipe, lines, voice_name)
                    except TimeoutError:
                        raise CommandError(f'this is not over after {WHOLE_S:g} s') from None
                    finally:
                        # From here on processes end because they are told to.
                        outliving.cancel()
                    self._programme.ending()
                for task in watching:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise root_cause(group) from None

    async def _converse(self, pipe: Path, lines: Sequence[Line], voice_name: str) -> None:
        conductor = Conductor(self.evidence, pipe, self._programme.user_says)
        spoken = [(line, await voice.synthesize(line.text, voice_name)) for line in lines]
        await conductor.wait_active()
        self._programme.up(self.evidence.nodes)
        await conductor.converse(spoken)

    async def _watch_topics(self, participant: Participant) -> None:
        async for seen in participant.events:
            self.evidence.see(seen)
            self._programme.see(seen)

    async def _watch_nodes(self, participant: Participant) -> None:
        async for node in participant.reports:
            self.evidence.see_node(node)

    async def verdicts(self, lines: int) -> list[Verdict]:
        """Return a verdict for each expectation; the graph has been taken down."""
        said = len(self.evidence.exchanges)
        stuck = self._stuck or f'{said} of {lines} lines were said'
        return [
            Verdict('the conversation is held to its end', not self._stuck, stuck),
            *judge.judge(self.evidence, await memories.committed(self._data)),
            *self._services_were_used(),
            *self._order_is_left_behind(),
        ]

    def _services_were_used(self) -> Iterator[Verdict]:
        if self._services is None:
            return
        asked = self._services.asked
        seen = ', '.join(f'{service} {count}' for service, count in asked.items())
        yield Verdict('every online service was used', all(asked.values()), f'asked: {seen}')
        fallbacks = [
            f'{name} {node.values["fallbacks"]}, because {node.values["online failure"]}'
            for name, node in self.evidence.nodes.items()
            if node.values.get('fallbacks', '0') != '0'
        ]
        seen = '; '.join(fallbacks) or 'nothing did'
        yield Verdict('nothing had to stand in for them', not fallbacks, seen)

    def _order_is_left_behind(self) -> Iterator[Verdict]:
        seen = '; '.join(self._complaints) or f'{self._ended} processes, all with exit code 0'
        whole = self._ended == len(graph.ALL_NODES)
        yield Verdict('all nodes end in order', whole and not self._complaints, seen)
        left = leftovers.processes(str(self._folder))
        if memories.server_is_running(self._data):
            left.append(f'the database server of {self._data}')
        yield Verdict('nothing is left running', not left, '; '.join(left) or 'nothing')


async def _outlive(processes: NodeProcesses) -> None:
    """Raise CommandError when a process ends before it is told to."""
    name, code = await processes.next_end()
    raise CommandError(f'the process of {name} ended {describe(code)}')
