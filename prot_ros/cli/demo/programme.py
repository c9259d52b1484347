# SPDX-License-Identifier: Apache-2.0
"""What the demo prints: before, during and after the conversation."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from prot_ros import graph
from prot_ros.cli.demo.judge import Verdict
from prot_ros.cli.demo.memories import Known
from prot_ros.cli.demo.script import NAME, Line
from prot_ros.cli.narrator import MARGIN, Narrator
from prot_ros.cli.participant import NodeReport, Seen
from prot_ros.cli.screen import Screen, printable

BAD_NEWS = ('[ERROR]', '[FATAL]', '[WARN]', 'Traceback', 'Error:')
LOG_LINES = 30


class Programme:
    """Prints on a screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._narrator = Narrator(screen, heard=self._understood)
        self._narrating = False
        self._began = time.monotonic()

    def introduce(self, data: Path, known: Known, *, online: bool) -> None:
        """Say what is going to happen, and with what memories."""
        how = 'through simulated online services' if online else 'offline'
        self._screen.line(self._screen.style('bold', f'A conversation with prot, {how}.'))
        if known.user:
            memories = (
                f'{known.facts} facts from {known.turns} turns are remembered: {NAME} is known'
            )
        elif known.turns:
            memories = f'{known.turns} turns are remembered, but not who {NAME} is'
        else:
            memories = 'nothing is remembered yet'
        self._dim(f'database {data}: {memories}')

    def starting(self, domain: int) -> None:
        """Say that the processes are being started."""
        self._dim(
            f'{len(graph.ALL_NODES)} processes are starting, in ROS domain {domain} of this '
            'machine only'
        )

    def up(self, nodes: Mapping[str, NodeReport]) -> None:
        """Say that the conversation can begin, and on which engines."""
        names = (spec.name for spec in graph.NODES)
        engines = (
            f'{name} ({nodes[name].values["engine"]})'
            for name in names
            if nodes[name].values.get('engine')
        )
        took = time.monotonic() - self._began
        self._dim(f'all nodes are active after {took:.1f} s: {", ".join(engines)}')
        self._screen.line()
        self._narrating = True

    def user_says(self, line: Line) -> None:
        """Print what the user is about to say."""
        name = self._screen.style('user', 'You:'.ljust(len(MARGIN)))
        where = self._screen.style('cut', '(over the robot) ') if line.interrupts else ''
        self._screen.line(f'{name}{where}{line.text}')

    def _understood(self, text: str) -> str:
        return self._screen.style('dim', f'{MARGIN}heard as “{printable(text)}”')

    def see(self, seen: Seen) -> None:
        """Narrate what is seen, once the conversation has begun."""
        if self._narrating:
            self._narrator.see(seen)

    def ending(self) -> None:
        """Say that the conversation is over and the graph goes down."""
        self._narrating = False
        self._screen.status('')
        self._screen.line()
        self._dim('the nodes are taken down in reverse order')

    def stuck(self, why: str) -> None:
        """Say that the conversation cannot go on."""
        self._narrating = False
        self._screen.status('')
        self._screen.line(
            self._screen.style('bad', f'The conversation is stuck: {printable(why)}')
        )

    def recorded(self, path: Path, seconds: float) -> None:
        """Say where the recording is."""
        self._dim(f'recorded: {path} ({seconds:.0f} s, you left, the robot right)')

    def close(self, summary: str, verdicts: Sequence[Verdict]) -> bool:
        """Print medians and verdicts; return whether all expectations held."""
        screen = self._screen
        screen.line()
        if summary:
            screen.line(screen.style('bold', summary))
            screen.line()
        for verdict in verdicts:
            mark = (
                screen.style('good', 'ok    ') if verdict.held else screen.style('bad', 'FAILED')
            )
            screen.line(f'{mark} {verdict.expected}')
            screen.line(screen.style('dim', f'       {printable(verdict.seen)}'))
        failed = sum(not verdict.held for verdict in verdicts)
        held = f'{len(verdicts) - failed} of {len(verdicts)} expectations held'
        screen.line()
        screen.line(screen.style('bad' if failed else 'good', held))
        return failed == 0

    def complaints_in_logs(self, folder: Path) -> None:
        """Print what the nodes complained of, the latest of it where there is much."""
        lines = [
            f'{log.stem}: {line}'
            for log in sorted(folder.glob('*.log'))
            for line in log.read_text(errors='replace').splitlines()
            if any(word in line for word in BAD_NEWS)
        ]
        if lines:
            self._screen.line()
            self._screen.line('From the logs of the nodes:')
            for line in lines[-LOG_LINES:]:
                self._dim(printable(line))

    def keep_logs(self, folder: Path, where: Path) -> None:
        """Copy the logs to where somebody wants them."""
        where.mkdir(parents=True, exist_ok=True)
        for log in folder.glob('*.log'):
            shutil.copy(log, where)
        self._dim(f'logs of the nodes: {where}')

    def _dim(self, text: str) -> None:
        self._screen.line(self._screen.style('dim', text))
