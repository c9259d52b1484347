# SPDX-License-Identifier: Apache-2.0
"""What prot itself adds to the delays of the online services, stage by stage.

    python benchmarks/online.py [--turns 120] [--starts 10] [--soak 1000] [--write]

The whole graph runs as processes, with a database of its own, and speaks the services' protocols
to simulated services in another process, whose delays are fixed and which note when a request came
and when their answer went. A synthetic voice asks in real time, the loudspeaker is paced and
silent. What lies between the services' notes is prot's own: serialising, sockets, ROS, the
database, deciding. It is counted from the moment at which the utterance is known to have ended.

`--starts` parts the turns among so many starts of the robot, so that there are as many first
turns. `--soak` turns follow in the last of them, typed, and as fast as they are answered; the
nodes are looked at after ten and after all of them. `--write` replaces docs/online.md and .svg.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'test'), str(HERE)]
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

from online_services import COMPLETE, SERVICES, WORD_S, Services  # noqa: E402
from running_graph import RunningGraph, synthesise  # noqa: E402

from prot_ros import graph  # noqa: E402
from prot_ros.core.stamps import MILLISECOND  # noqa: E402
from prot_ros.core.wire import TurnReport  # noqa: E402
from prot_ros.simulators.behaviour import Exchange  # noqa: E402

DOCUMENT = HERE.parent / 'docs/online'
DESCRIPTION = HERE / 'online.md.in'
DELAYS_S = {'ears': 0.15, 'mind': 0.3, 'voice': 0.075}
"""Commit to transcript, request to first word, text to first sound: what the services are like
when they are near and well."""
SERVICE = {
    'transcript': ('ears', 'the ears, set to 150 ms'),
    'sentence': ('mind', f'the mind, set to 300 ms and {COMPLETE} words of {1000 * WORD_S:g} ms'),
    'sound': ('voice', 'the voice, set to 75 ms'),
}
"""What comes before a stage."""
END_SILENCE_MS = 600
"""The vad node's `end_silence_ms`."""
QUESTIONS = ('what time is it', 'how are you today', 'what can you do', 'where do i live')
OBSERVED = (graph.TRANSCRIPT, graph.PLAYBACK, graph.TURN)
TURN_S = 30.0
SOAK_WORD_MS = 10.0
"""Replies of an eighth of a second."""
SETTLED = 10
"""Turns before the nodes are looked at for the first time."""
TENTH = slice(7, 12)
"""Turns that the first one is compared with, counted from 0: the tenth and those around it, as
one alone says more about the machine than about its place."""
FIRST_GOAL = 1.2
"""The first turn may take so much of the tenth."""
TYPED = (
    'memory', 'first_token', 'first_sentence', 'first_audio', 'audible', 'commit',
    'voice_to_voice',
)  # fmt: skip
"""Stages of a typed turn, as `TurnReport` explains them."""
GOAL_MS = {'median': 15.0, 'p95': 40.0}

STAGES = {
    'commit': "the utterance's end is known, to its commit at the ears",
    'transcript': 'transcript leaves the ears, to its publication',
    'memory': 'to the facts recalled',
    'request': 'to the request at the mind',
    'sentence': 'the last piece of the first sentence leaves the mind, to its publication',
    'text': 'to its text at the voice',
    'sound': 'the first sound leaves the voice, to its publication',
    'audible': 'to the first audible sample',
}
"""prot's own, in their order."""


@dataclass
class Turn:
    """Milliseconds."""

    endpoint: float
    """From the last frame of the silence that ends the utterance to the stt node."""
    own: dict[str, float]
    service: dict[str, float]

    @property
    def total(self) -> float:
        """Of prot's own, after the endpoint."""
        return sum(self.own.values())


@dataclass
class Held:
    """What a process has."""

    sockets: int
    files: int
    threads: int
    resident_mb: float


@dataclass
class Figures:
    """All that is measured."""

    starts: list[list[Turn]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    """Load averages of the machine before each start."""
    typed: list[dict[str, float]] = field(default_factory=list)
    """Of each typed turn the stages, as its report has them."""
    early: dict[str, Held] = field(default_factory=dict)
    late: dict[str, Held] = field(default_factory=dict)

    @property
    def turns(self) -> list[Turn]:
        """Of all starts."""
        return [turn for start in self.starts for turn in start]


# --- measuring ----------------------------------------------------------------------------------


def ask(robot: RunningGraph, services: Services, words: str) -> Turn | str:
    """Hold one turn; return its figures, or why it has none."""
    observer = robot.observer
    services.exchanges()
    observer.seen.clear()
    robot.speak(synthesise(words)).join()
    report = observer.wait(graph.TURN, within=TURN_S)
    transcripts = observer.of(graph.TRANSCRIPT)
    played = [p for p in observer.of(graph.PLAYBACK) if p.turn == report.turn and p.started]
    asked = services.exchanges()
    if report.failure or report.cut or len(transcripts) != 1 or not played:
        return f'{report}'
    transcript = transcripts[0]
    # The mind is also asked what the turns before tell, which is no part of this one.
    asked['mind'] = [one for one in asked['mind'] if one.words == transcript.text]
    if not all(asked[name] and asked[name][0].answered for name in SERVICES):
        return f'not all services were asked: {asked}'
    marks = {'endpoint': transcript.endpoint, 'stt': transcript.stamp}
    marks |= counted(transcript.stamp, report)
    marks |= {'sound': played[0].synthesized, 'audible': played[0].started}
    return parted(marks, {name: asked[name][0] for name in SERVICES}, transcript.speech_end)


def counted(since: int, report: TurnReport) -> dict[str, int]:
    """Return when the dialog node's stages were done, from what each took after the one before."""
    marks, at = {}, float(since)
    for stage in ('memory', 'first_token', 'first_sentence'):
        at += report.latency_ms.get(stage, 0.0) * MILLISECOND
        marks[stage] = round(at)
    return marks


def parted(marks: dict[str, int], asked: dict[str, Exchange], speech_end: int) -> Turn:
    """Part a turn into what is prot's and what is the services'."""
    ears, mind, voice = (asked[name] for name in SERVICES)
    answered = {'ears': ears.answered[0], 'mind': mind.answered[COMPLETE],
                'voice': voice.answered[0]}  # fmt: skip
    spans = {
        'commit': (marks['endpoint'], ears.asked),
        'transcript': (answered['ears'], marks['stt']),
        'memory': (marks['stt'], marks['memory']),
        'request': (marks['memory'], mind.asked),
        'sentence': (answered['mind'], marks['first_sentence']),
        'text': (marks['first_sentence'], voice.asked),
        'sound': (answered['voice'], marks['sound']),
        'audible': (marks['sound'], marks['audible']),
    }
    return Turn(
        (marks['endpoint'] - speech_end) / MILLISECOND - END_SILENCE_MS,
        {stage: (end - begin) / MILLISECOND for stage, (begin, end) in spans.items()},
        {name: (answered[name] - one.asked) / MILLISECOND for name, one in asked.items()},
    )


def held(pid: int) -> Held:
    """Look at a process."""
    links = []
    for link in Path(f'/proc/{pid}/fd').iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(link))
    status = dict(
        line.split(':', 1) for line in Path(f'/proc/{pid}/status').read_text().splitlines()
    )
    return Held(
        sum(link.startswith('socket:') for link in links),
        len(links),
        int(status['Threads']),
        int(status['VmRSS'].split()[0]) / 1024,
    )


def look(robot: RunningGraph) -> dict[str, Held]:
    """Look at all nodes."""
    return {name: held(process.pid) for name, process in robot.processes.items()}


def soak(robot: RunningGraph, services: Services, turns: int, figures: Figures) -> None:
    """Type as fast as it is answered."""
    services.pace(dict.fromkeys(SERVICES, 0.0), SOAK_WORD_MS)
    observer = robot.observer
    for number in range(1, turns + 1):
        observer.seen.clear()
        observer.publish(graph.HEAR, f'how are you, for the time number {number}')
        report = observer.wait(graph.TURN, within=TURN_S)
        if report.failure or report.cut or not report.heard:
            figures.failures.append(f'typed turn {number}: {report}')
        figures.typed.append(report.latency_ms)
        if number == SETTLED:
            figures.early = look(robot)
        if number % 100 == 0:
            print(f'{number} of {turns} typed', file=sys.stderr)
    figures.late = look(robot)


def start(turns: int, typed: int, figures: Figures) -> None:
    """Start the robot, hold some turns with it, and end it."""
    figures.loads.append(os.getloadavg()[0])
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='prot-benchmark-'))
        os.chmod(folder, 0o755)  # the database server may run as another user
        services = stack.enter_context(Services())
        services.pace(DELAYS_S)
        parameters = services.parameters
        parameters['dialog'] |= {'database': 'embedded', 'data_folder': f'{folder}/data'}
        robot = stack.enter_context(
            RunningGraph(
                Path(folder), parameters, environment=services.environment, observed=OBSERVED
            )
        )
        held_turns: list[Turn] = []
        figures.starts.append(held_turns)
        for number in range(turns):
            turn = ask(robot, services, QUESTIONS[number % len(QUESTIONS)])
            if isinstance(turn, str):
                figures.failures.append(turn)
                print(f'turn {number + 1}: {turn}', file=sys.stderr)
                continue
            held_turns.append(turn)
            shown = ', '.join(f'{stage} {ms:.1f}' for stage, ms in turn.own.items())
            print(f'turn {number + 1}: {turn.total:.1f} ms: {shown}', file=sys.stderr)
        if typed:
            soak(robot, services, typed, figures)


# --- what is printed ----------------------------------------------------------------------------


def line(name: str, values: list[float]) -> str:
    """Return a row of percentiles."""
    return f'| {name} | ' + ' | '.join(
        f'{np.percentile(values, share):.1f} ms' for share in (10, 50, 95)
    ) + ' |'  # fmt: skip


def stages_table(turns: list[Turn]) -> str:
    """Return the stages as Markdown, in the order in which they happen."""
    rows = ['| from, to | p10 | median | p95 |', '| --- | --- | --- | --- |']
    rows.append(line('(the silence is over, to the stt node)', [turn.endpoint for turn in turns]))
    for stage, name in STAGES.items():
        if stage in SERVICE:
            service, setting = SERVICE[stage]
            rows.append(line(f'*{setting}*', [turn.service[service] for turn in turns]))
        rows.append(line(name, [turn.own[stage] for turn in turns]))
    rows.append(line("**prot's own, together**", [turn.total for turn in turns]))
    rows.append(line('end of the utterance known, to audible', [whole(turn) for turn in turns]))
    return '\n'.join(rows)


def verdict(turns: list[Turn]) -> str:
    """Say whether the goal is met."""
    median, late = np.percentile([turn.total for turn in turns], (50, 95))
    met = median <= GOAL_MS['median'] and late <= GOAL_MS['p95']
    return 'It is met here.' if met else 'It is not met here.'


def whole(turn: Turn) -> float:
    """Return milliseconds from the endpoint to the first audible sample."""
    return turn.total + sum(turn.service.values())


def first_table(starts: list[list[Turn]]) -> str:
    """Compare first turns with those around the tenth, in all and stage by stage."""
    first = [start[0] for start in starts if start]
    tenth = [turn for start in starts for turn in start[TENTH]]
    if not tenth:
        return 'There were too few turns to compare.'
    rows = ['| from, to | first turn | eighth to twelfth turn |', '| --- | --- | --- |']
    both = (first, tenth)
    for stage, name in STAGES.items():
        rows.append(beside(name, [[turn.own[stage] for turn in turns] for turns in both]))
    own = [[turn.total for turn in turns] for turns in both]
    rows.append(beside("**prot's own, together**", own))
    together = [[whole(turn) for turn in turns] for turns in both]
    rows.append(beside('end of the utterance known, to audible', together))
    shares = [statistics.median(one) / statistics.median(two) for one, two in (own, together)]
    of_own, of_all = (f'{100 * (share - 1):+.0f}\u00a0%' for share in shares)
    met = 'It is met' if shares[1] <= FIRST_GOAL else 'It is not met'
    return '\n'.join(rows) + '\n\n' + textwrap.fill(
        f'{met} here: from the end of the utterance to the first audible sample the first turn '
        f"takes {of_all}, prot's own share of that {of_own}.", 99
    )  # fmt: skip


def beside(name: str, columns: list[list[float]]) -> str:
    """Return a row of medians."""
    return f'| {name} | ' + ' | '.join(
        f'{statistics.median(values):.1f} ms' for values in columns
    ) + ' |'  # fmt: skip


def soak_table(figures: Figures) -> str:
    """Compare what the nodes hold early and late."""
    rows = [
        '| node | sockets | open files | threads | resident memory |',
        '| --- | --- | --- | --- | --- |',
    ]
    for name, early in figures.early.items():
        late = figures.late[name]
        rows.append(
            f'| {name} | {early.sockets} → {late.sockets} | {early.files} → {late.files} | '
            f'{early.threads} → {late.threads} | '
            f'{early.resident_mb:.0f} → {late.resident_mb:.0f} MB |'
        )
    return '\n'.join(rows)


def pace(figures: Figures) -> str:
    """Compare the stages of typed turns at the beginning and at the end."""
    typed = figures.typed
    if not typed:
        return 'None.'
    some = min(100, len(typed))
    early, late = typed[:some], typed[-some:]
    rows = [f'| stage | the first {some} | the last {some} |', '| --- | --- | --- |']
    for stage in TYPED:
        columns = [[turn[stage] for turn in turns if stage in turn] for turns in (early, late)]
        if all(columns):
            rows.append(beside(stage, columns))
    return '\n'.join(rows) + f'\n\n{len(figures.failures)} turns of all failed.'


def plot(turns: list[Turn], path: Path) -> None:
    """Draw where the time goes, and how prot's own is spread."""
    import matplotlib as mpl

    mpl.use('svg')
    mpl.rcParams['svg.hashsalt'] = 'prot'  # the same figures make the same file
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.8), width_ratios=(3, 2))
    at = 0.0
    labels: list[str] = []
    for stage in STAGES:
        bars = [(stage, [turn.own[stage] for turn in turns], 'C1')]
        if stage in SERVICE:
            service = SERVICE[stage][0]
            bars.insert(0, (service, [turn.service[service] for turn in turns], 'C7'))
        for name, values, colour in bars:
            median = statistics.median(values)
            left.barh(len(labels), median, left=at, color=colour)
            labels.append(f'{name} {median:.1f} ms')
            at += median
    left.set_yticks(range(len(labels)), labels, fontsize='small')
    left.invert_yaxis()
    left.set(xlabel="ms after the utterance's end is known; grey: the services")
    own = sorted(turn.total for turn in turns)
    share = np.arange(1, len(own) + 1) / len(own) * 100
    right.step(own, share, where='post', label="prot's own, all stages")
    right.plot(
        [GOAL_MS['median'], GOAL_MS['p95']], [50, 95], 'k_', markersize=14, label='goal, at most'
    )
    right.set(xlabel='ms', ylabel='turns [%]', xlim=(0, max(50, own[-1])))
    right.grid(alpha=0.3)
    right.legend(fontsize='small')
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument('--turns', type=int, default=120, help='spoken ones (default: 120)')
    parser.add_argument('--starts', type=int, default=10, help='of the robot (default: 10)')
    parser.add_argument('--soak', type=int, default=1000, help='typed turns (default: 1000)')
    parser.add_argument('--write', action='store_true', help='write docs/online.md and .svg')
    options = parser.parse_args()
    figures = Figures()
    for number in range(options.starts):
        last = number == options.starts - 1
        start(options.turns // options.starts, options.soak if last else 0, figures)
    facts = {
        'command': f'python benchmarks/online.py --turns {options.turns} '
        f'--starts {options.starts} --soak {options.soak} --write',
        'turns': len(figures.turns),
        'starts': options.starts,
        'soak': options.soak,
        'busy': f'{os.cpu_count()} cores and, before each start, a load average of '
        f'{min(figures.loads):.1f} to {max(figures.loads):.1f}',
        'stages': stages_table(figures.turns),
        'verdict': verdict(figures.turns),
        'first': first_table(figures.starts),
        'held': soak_table(figures),
        'pace': pace(figures),
    }
    print('\n\n'.join(facts[name] for name in ('stages', 'first', 'held', 'pace')))
    if options.write:
        text = DESCRIPTION.read_text(encoding='utf-8').format(**facts)
        DOCUMENT.with_suffix('.md').write_text(text, encoding='utf-8')
        plot(figures.turns, DOCUMENT.with_suffix('.svg'))


if __name__ == '__main__':
    main()
