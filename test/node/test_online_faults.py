# SPDX-License-Identifier: Apache-2.0
"""Every fault of every online service, while the robot is idle, listens, thinks and speaks.

Real nodes hold a conversation through the simulated services, over a line that can be cut. In each
case the service begins to fail in one of the robot's states: what is connected is lost in the
manner of the fault, and so is whatever is tried until the end of the turn after. Both turns are
answered all the same, aloud and before a deadline. When the service is well again one of the next
turns is its own (on a machine at rest the first), no more than a few things are left over, and the
diagnostics say what happened.

Nothing stands in for embeddings, as vectors of two engines cannot be compared: without them a turn
finds its memories by words alone, within the same budget. What each look-up was really given is
compared with what the service makes of those words, and so is what the database keeps of each turn
once the service is back.

    python -m pytest -m campaign test/node/test_online_faults.py --faults FOLDER

holds all cases, keeps what came of each in a folder, and writes docs/faults.md of it. `-k`
chooses, such as `-k embeddings`; what was held before stays in the folder, and the document says
of how many runs it is.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pytest
from conftest import Peer, Ros
from line import Line
from test_stt import utterance
from voice_checks import ramp
from waiting import until

from prot_ros import graph
from prot_ros.core.attribution import plain
from prot_ros.core.conversation import State
from prot_ros.core.wire import TurnReport
from prot_ros.engines import keys
from prot_ros.engines.embedders.http import IN_FLIGHT
from prot_ros.engines.embedders.local import vector
from prot_ros.engines.failover import failover
from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer
from prot_ros.nodes.dialog import DialogNode
from prot_ros.nodes.speaker import SpeakerNode
from prot_ros.nodes.stt import SttNode
from prot_ros.nodes.tts import TtsNode
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator, says
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
from prot_ros.simulators.embeddings import EmbeddingsSimulator
from prot_ros.simulators.scribe import ScribeSimulator

REPORT = Path(__file__).resolve().parents[2] / 'docs/faults.md'
KEY = 'sk-planted-0123456789'
HELLO = 'hello robot'
"""What PocketSphinx understands, too."""
THANKS = 'thank you'
"""What is answered shortly, also offline."""
BROUGHT_UP_S = 120.0
ANSWERED_S = 20.0
"""The longest limits of this test together and a reply take 6; the rest is for a busy machine."""
BACK_IN = 5
"""Turns at most until a service that is well again answers by itself."""
SPARE = 2
"""So many tasks, files and connections more than at first are none that were left over."""
LIMITS = {
    'online.connect_s': 0.8, 'online.first_response_s': 1.0, 'online.stall_s': 0.6,
    'online.rest_s': 0.1,
}  # fmt: skip
WELL = {
    'stt': Behaviour(),
    'dialog': Behaviour(first_s=0.1, piece_s=0.04),
    'tts': Behaviour(),
    'tts over http': Behaviour(),
    'embeddings': Behaviour(first_s=0.1),
    'embeddings by openai': Behaviour(first_s=0.1),
}
"""Slow enough for there to be something to fail in the middle of."""
STATES = (State.IDLE, State.LISTENING, State.THINKING, State.SPEAKING)
BEARABLE = (Fault.SLOW_DRIP, Fault.WRONG_ORDER, Fault.DUPLICATE)
"""Some engine makes sense of each of these."""
NO_EMBEDDINGS = (Fault.SLOW_DRIP,)
"""But no embedder of these."""
BUDGET_MS = 1000
"""For memories. Ten times what is usual, so that on a busy machine, too, what is well is there."""
OVER_MS = 500
"""So much longer a busy machine may take to notice that the budget is used up."""
VOICE_ERRORS = ('invalid_api_key', 'quota_exceeded', 'voice_not_found', 'system_busy')
EMBEDDING_ERRORS = (
    'authentication_error', 'payment_required', 'not_found_error', 'rate_limit_error',
    'overloaded_error',
)  # fmt: skip
ERRORS = {
    'stt': ('auth_error', 'quota_exceeded', 'rate_limited', 'transcriber_error'),
    'dialog': ('authentication_error', 'billing_error', 'rate_limit_error', 'overloaded_error'),
    'tts': VOICE_ERRORS,
    'tts over http': VOICE_ERRORS,
    'embeddings': EMBEDDING_ERRORS,
    'embeddings by openai': EMBEDDING_ERRORS,
}
SERVICES = tuple(ERRORS)
EMBEDDERS = {'embeddings': 'voyage', 'embeddings by openai': 'openai'}
BY_ITSELF, STOOD_IN, BROKEN_OFF = 'itself', 'stand-in', 'broken off'
BY_WORDS = 'words alone'
"""What answers without an embedder."""
ABOUT_ME = 'my name is Alice and I have a dog called Rex'
"""Some facts of the user are always found, with a vector or without."""

_KEPT = """
SELECT t.utterance, v.vector, s.name FROM turn AS t
LEFT JOIN turn_vector AS v ON v.turn = t.id LEFT JOIN space AS s ON s.id = v.space
ORDER BY t.id DESC LIMIT 20
"""


@dataclass(frozen=True)
class Case:
    """What came of a fault."""

    service: str
    behaviour: Behaviour
    state: State
    struck: str
    """Who answered in the turn in which it began; in the state idle there is none."""
    after: str
    """And in the turn after."""
    audible_ms: float
    """From the end of the utterance to the first sound, the slower of the two."""
    told: str
    """What the diagnostics said."""
    back_in: int
    """Which of the turns after it was well again was the service's own, counted from 1."""


@dataclass
class Robot:
    """The nodes, the services, and somebody who speaks."""

    peer: Peer
    nodes: dict[str, Any]
    ears: ScribeSimulator
    mind: ClaudeSimulator
    voice: ElevenLabsVoiceSimulator
    vectors: EmbeddingsSimulator
    lines: dict[str, Line]
    """To the services, by their names."""
    reports: list[TurnReport]
    said: str
    """What the audio is of that is said to it."""
    numbers: Any = field(default_factory=itertools.count)
    looked_up: list[tuple[str, list[float]]] = field(default_factory=list)
    """For what words memory was asked, and by which vector."""

    @property
    def services(self) -> dict[str, Any]:
        return {
            'stt': self.ears, 'dialog': self.mind, 'tts': self.voice, 'embeddings': self.vectors
        }  # fmt: skip

    def engine(self, service: str) -> Any:
        """Return what holds the service and whatever stands in for it."""
        if service in EMBEDDERS:
            return self.nodes['dialog'].memory._embedder
        return self.nodes[kind(service)].engine

    def status(self, service: str) -> dict[str, object]:
        """Return the diagnostics of the node that uses the service."""
        status: dict[str, object] = self.nodes[
            'dialog' if service in EMBEDDERS else kind(service)
        ].status()
        return status

    @property
    def state(self) -> State:
        state: State = self.nodes['dialog'].conversation.state
        return state

    async def turn(self, strike: Any = None, state: State = State.IDLE) -> TurnReport:
        """Say something, and return the report when the answer has been heard.

        `strike` is called in this state of the robot.
        """
        # No two alike, because what was said before is not asked for again.
        number = next(self.numbers)
        long = f'Here {number} is. Then {number} goes on. So {number} ends it.'
        self.mind.scripts.clear()
        self.mind.scripts.append(says(long if state is State.SPEAKING else f'Here {number}.'))
        turn = self.nodes['stt'].now()
        understood = self.ears._ears.text
        chunks = utterance(turn, self.said)
        half = len(chunks) // 2 if state is State.LISTENING else 0
        if half:
            await self.peer.say(graph.SPEECH, True, listeners=2)
            await self.peer.say(graph.UTTERANCE, *chunks[:half])
            await until(lambda: self.state is State.LISTENING, what='listening')
            await until(lambda: self.nodes['stt']._recognition is not None, what='an utterance')
            strike()
        await self.peer.say(graph.UTTERANCE, *chunks[half:])
        if half:
            await self.peer.say(graph.SPEECH, False, listeners=2)
        elif strike is not None:
            await until(lambda: self.state is state, what=state.value, within=ANSWERED_S)
            strike()
        found = await until(
            lambda: [report for report in self.reports if report.turn == turn],
            within=ANSWERED_S,
            what='an answer',
        )
        report: TurnReport = found[0]
        assert report.utterance == understood
        assert report.heard, report
        assert report.cut is None
        return report

    def answered_by(self, service: str, report: TurnReport, fallbacks: int) -> str:
        """Return who answered; `fallbacks` is how often it had been the stand-in before."""
        if report.failure is not None:
            return BROKEN_OFF
        if service in EMBEDDERS:
            return self.found_by(service, report)
        return STOOD_IN if self.engine(service).fallbacks > fallbacks else BY_ITSELF

    def found_by(self, service: str, report: TurnReport) -> str:
        """Return how memories were found for a turn: by the service's vector, or by words."""
        words = plain(report.utterance)
        used = [found for asked, found in self.looked_up if plain(asked) == words]
        assert used, f'nothing was looked up for {report.utterance!r}'
        if not used[-1]:
            return BY_WORDS
        # While it is said, that of its first words is asked for, too.
        heard = report.utterance.split()
        beginnings = [' '.join(heard[:count]) for count in range(1, len(heard) + 1)]
        size = self.engine(service).dimensions
        known = any(same(used[-1], begun, size) for begun in beginnings)
        assert known, f'the vector is of other words than {report.utterance!r}'
        return BY_ITSELF

    async def comes_back(self, service: str) -> int:
        """Return which of the next turns is the service's again, once its rest is over."""
        engine = self.engine(service)
        if float(engine._circuit.retry_at) > engine.now() + 2:
            failover.mended(engine)  # what a person has to mend rests for long
        # On a machine that is busier than the limits of this test allow for, one after that.
        turns = 0
        while turns < BACK_IN:
            turns += 1
            if engine.degraded:
                await until(lambda: engine._circuit.retry_at <= engine.now(), what='the rest')
            before = engine.fallbacks
            report = await self.turn()
            by = self.answered_by(service, report, before)
            if by == BY_ITSELF and report.reply.startswith('Here'):
                break
        assert report.failure is None
        assert report.reply.startswith('Here')
        assert by == BY_ITSELF
        if service in EMBEDDERS:
            await self.remembers(service)
        assert engine.concern() == ''
        return turns

    async def remembers(self, service: str) -> None:
        """See whether each turn has the vector that this service gives to its words."""
        memory, engine = self.nodes['dialog'].memory._memory, self.engine(service)
        await until(
            lambda: memory._vectors.complete,
            what='vectors of what was said meanwhile',
            within=ANSWERED_S,
        )
        rows = await memory._run(lambda connection: connection.fetch(_KEPT))
        assert {row['name'] for row in rows} == {f'{engine.name}/{engine.dimensions}'}
        for row in rows:
            kept = row['vector'].to_list()
            assert same(kept, row['utterance'], engine.dimensions), row['utterance']

    def held(self) -> dict[str, int]:
        """Return what could become more and more."""
        lines = {f'connections of {name}': line.connected for name, line in self.lines.items()}
        files = len(os.listdir('/proc/self/fd'))
        return {'tasks': len(asyncio.all_tasks()), 'files': files, **lines}


def kind(service: str) -> str:
    """Return the name of its simulator: one that is reached in two ways is one."""
    return service.partition(' ')[0]


def same(given: list[float], text: str, dimensions: int) -> bool:
    """Whether a vector is the one that the simulated service gives to a text."""
    values = np.asarray(vector(text)[:dimensions])
    expected = np.zeros(dimensions)
    expected[: len(values)] = values / (np.linalg.norm(values) or 1.0)
    return len(given) == dimensions and bool(np.allclose(given, expected, atol=1e-3))


def watch_look_ups(at: Robot) -> None:
    """Note what memory is asked for, and by which vector."""
    memory = at.nodes['dialog'].memory._memory
    look_up = memory._look_up

    async def noted(words: str, by: list[float], limit: int) -> Any:
        at.looked_up.append((words, by))
        return await look_up(words, by, limit)

    memory._look_up = memory._foresight._look_up = noted


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Yield a folder that the user can enter whom root hands the database to."""
    folder = Path(tempfile.mkdtemp(prefix='prot-test-'))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def things_to_say(service: str) -> tuple[str, list[str]]:
    """Return what the audio is of, and what is understood by ears that are well."""
    if service in EMBEDDERS:
        # No two alike, and none the beginning of another: a vector is asked for each.
        return THANKS, [ABOUT_ME, *(f'Song {number:04} is what I heard' for number in range(2000))]
    said = HELLO if service == 'stt' else THANKS
    return said, [said] * 1000


@asynccontextmanager
async def robot(ros: Ros, service: str) -> AsyncIterator[Robot]:
    said, understood = things_to_say(service)
    over_http = service == 'tts over http'
    async with AsyncExitStack() as held:
        ears = await held.enter_async_context(ScribeSimulator(texts=understood, key=KEY))
        mind = await held.enter_async_context(ClaudeSimulator(key=KEY))
        voice = await held.enter_async_context(ElevenLabsVoiceSimulator(key=KEY, speech=ramp))
        vectors = await held.enter_async_context(EmbeddingsSimulator(key=KEY))
        urls = {
            'stt': ears.url, 'dialog': mind.url, 'tts': voice.http_url if over_http else voice.url,
            'embeddings': vectors.url,
        }  # fmt: skip
        lines = {name: await held.enter_async_context(Line(url)) for name, url in urls.items()}
        mouth = {'engine': 'elevenlabs_http'} if over_http else {}
        remembering: dict[str, Any] = {'database': 'none'}
        if service in EMBEDDERS:
            remembering = {
                'database': 'embedded',
                'data_folder': str(held.enter_context(reachable_folder())),
                'memory_budget_ms': BUDGET_MS,
                'extraction.engine': 'offline',
                'embedding.engine': EMBEDDERS[service],
                'embedding.base_url': f'{lines["embeddings"].url}/v1',
            }
        places: dict[str, tuple[type[Any], dict[str, Any]]] = {
            'speaker': (SpeakerNode, {'engine': 'null'}),
            'tts': (TtsNode, {'elevenlabs.url': lines['tts'].url, **mouth}),
            'dialog': (DialogNode, {'base_url': lines['dialog'].url, **remembering}),
            'stt': (SttNode, {'elevenlabs.url': lines['stt'].url}),
        }
        mind.plan.rule = WELL['dialog']
        vectors.plan.rule = WELL['embeddings']
        nodes: dict[str, Any] = {}
        # The others may take their time: a busy machine is not what this is about.
        places['dialog' if service in EMBEDDERS else kind(service)][1].update(LIMITS)
        for name, (cls, parameters) in places.items():
            nodes[name] = await held.enter_async_context(ros.node(cls, name, **parameters))
        peer = await held.enter_async_context(ros.peer())
        for node in nodes.values():
            assert await ros.go(node, 'configure', 'activate', within=BROUGHT_UP_S), node.failure
        reports = await peer.hear(graph.TURN)
        at = Robot(peer, nodes, ears, mind, voice, vectors, lines, reports, said)
        if service in EMBEDDERS:
            watch_look_ups(at)
        yield at


@pytest.fixture(autouse=True)
def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (keys.ELEVENLABS, keys.ANTHROPIC, keys.VOYAGE, keys.OPENAI):
        monkeypatch.setenv(variable, KEY)
    # This is not about how quick the offline ears are on a busy machine.
    monkeypatch.setattr(PocketSphinxRecognizer.__init__, '__defaults__', (15.0,))


def cut(line: Line, fault: Fault) -> None:
    """Lose what is connected in the manner of a fault."""
    match fault:
        case Fault.REFUSE:
            line.refuse()
        case Fault.STALL | Fault.STALL_MIDWAY:
            line.freeze()
        case Fault.ACCEPT_THEN_CLOSE | Fault.EOF_MIDWAY:
            line.end()
        case Fault.MALFORMED:
            line.spoil()
        case _:
            line.reset()


async def fail_and_come_back(at: Robot, service: str, behaviour: Behaviour, state: State) -> Case:
    name = kind(service)
    engine, line, plan = at.engine(service), at.lines[name], at.services[name].plan
    engine.failure = ''

    def strike() -> None:
        plan.rule = behaviour
        cut(line, behaviour.fault)

    outcomes: list[str] = []
    slowest = 0.0

    async def hold(*args: Any) -> None:
        nonlocal slowest
        before = engine.fallbacks
        report = await at.turn(*args)
        outcomes.append(at.answered_by(service, report, before))
        if service in EMBEDDERS:
            assert report.memory, 'memories are found by words, too'
            took_ms = report.latency_ms['memory']
            assert took_ms <= BUDGET_MS + OVER_MS, f'the reply waited {took_ms:.0f} ms for memory'
        slowest = max(slowest, report.latency_ms.get('voice_to_voice', 0.0))

    if state is State.IDLE:
        strike()
        outcomes.append('')
    else:
        await hold(strike, state)
    await hold()
    bearable = behaviour.fault in BEARABLE
    shown = 'online failure'
    if service in EMBEDDERS:
        bearable = bearable and behaviour.fault not in NO_EMBEDDINGS
        shown = 'embeddings online failure'
        if not bearable:
            # A reply does not wait until the service is given up; what gives turns their vectors
            # does.
            await until(lambda: engine.failure, what='what happened', within=ANSWERED_S)
    told = engine.failure
    if not bearable:
        assert told, 'nobody is told what happened'
        assert at.status(service)[shown] == told
        assert KEY not in told
    plan.rule = WELL[service]
    line.reset()  # it is started again
    await line.listen()
    back_in = await at.comes_back(service)
    return Case(
        service, behaviour, state, outcomes[0], outcomes[1], slowest, told, back_in
    )  # fmt: skip


def every(service: str) -> list[Behaviour]:
    """Return all that can go wrong with a service."""
    errors = ERRORS[service]
    return [
        *(
            Behaviour(fault)
            for fault in Fault
            if fault not in (Fault.NONE, Fault.ERROR, Fault.ERROR_MIDWAY)
        ),
        *(Behaviour(Fault.ERROR, error) for error in errors),
        # Embeddings come in one piece: there is no middle for an error to come in.
        *(
            Behaviour(Fault.ERROR_MIDWAY, error)
            for error in errors[-1:]
            if service not in EMBEDDERS
        ),
        Behaviour(Fault.ERROR, errors[-1], retry_after='1'),
        Behaviour(Fault.ERROR, errors[-1], retry_after='3600'),
    ]


async def most_connected(at: Robot, service: str) -> bool:
    """Let as many requests be under way as may be; return whether each has its connection."""
    embedder = at.engine(service)
    await asyncio.gather(*(embedder.embed([str(number)]) for number in range(IN_FLIGHT)))
    return at.lines[kind(service)].connected == IN_FLIGHT


async def hold(
    at: Robot,
    service: str,
    cases: list[tuple[Behaviour, State]],
    done: Callable[[Case], None] = lambda _: None,
) -> None:
    """Hold all cases with one robot, which has no more of anything after each."""
    await at.turn()
    await at.comes_back(service)
    if service in EMBEDDERS:
        # It keeps as many connections as it has had requests under way.
        await until(lambda: most_connected(at, service), what='all connections that it may have')
    before = at.held()

    def settled() -> bool:
        return all(count <= before[what] + SPARE for what, count in at.held().items())

    for behaviour, state in cases:
        try:
            case = await fail_and_come_back(at, service, behaviour, state)
            await until(settled, what=f'no more of anything than before ({before})')
        except AssertionError as err:
            raise AssertionError(
                f'{service}, {behaviour}, {state.value}: {err} (held: {at.held()})'
            ) from err
        done(case)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ('service', 'state'),
    [
        ('stt', State.LISTENING),
        ('dialog', State.THINKING),
        ('tts', State.SPEAKING),
        ('embeddings', State.THINKING),
    ],
    ids=['stt', 'dialog', 'tts', 'embeddings'],
)
def test_after_a_fault_of_a_service_turns_are_answered_and_soon_by_itself_again(
    ros, service, state
):
    # One that passes, and one that a person has to mend.
    cases = [
        (Behaviour(Fault.RESET_MIDWAY), state),
        (Behaviour(Fault.ERROR, ERRORS[service][0]), State.IDLE),
    ]

    async def scenario() -> None:
        async with robot(ros, service) as at:
            await hold(at, service, cases)

    ros.run(scenario, within=280)


class Campaign:
    """What came of the cases of a service in a state, as far as they have been held."""

    def __init__(self, config: pytest.Config, service: str, state: State) -> None:
        self.coming = [(behaviour, state) for behaviour in every(service)]
        self.failed: list[str] = []
        self._cases: list[Case] = []
        self._config = config
        self._service, self._state = service, state
        self._began = self._latest = time.monotonic()

    def note(self, case: Case) -> None:
        """Take note of a case that has been held."""
        self._cases.append(case)
        self._tell(
            f'{", ".join(filter(None, (case.struck, case.after)))}; its own again in turn '
            f'{case.back_in}'
        )

    def fail(self, error: AssertionError) -> None:
        """Take note of a case that went wrong."""
        self.failed.append(str(error))
        self._tell(f'FAILED: {error}')

    def _tell(self, what: str) -> None:
        """Show how far it is, also where pytest keeps to itself what is printed."""
        (behaviour, state), *self.coming = self.coming
        now = time.monotonic()
        took_s, self._latest = now - self._latest, now
        total = len(every(self._service))
        capture = self._config.pluginmanager.getplugin('capturemanager')
        with capture.global_and_fixture_disabled():
            print(
                f'\n{self._service}, {state.value} {total - len(self.coming)}/{total}: '
                f'{named(behaviour)}: {what} ({took_s:.1f} s)',
                end='',
                flush=True,
            )

    def keep(self) -> None:
        """Put it into the folder, where one was named, and write the document if it is all."""
        named_folder = self._config.getoption('--faults')
        if named_folder is None:
            return
        folder = Path(named_folder)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f'{self._service}, {self._state.value}.json'
        earlier = json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
        kept = {
            'run': RUN,
            'minutes': (time.monotonic() - self._began) / 60,
            'load': os.getloadavg()[1],
            'cores': os.cpu_count(),
            # What fails and is held again is not forgotten.
            'failed': [*earlier.get('failed', []), *self.failed],
            'cases': [{**asdict(case), 'state': case.state.value} for case in self._cases],
        }
        path.write_text(json.dumps(kept, indent=1), encoding='utf-8')
        report(folder)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize('state', STATES, ids=[state.value for state in STATES])
@pytest.mark.parametrize('service', SERVICES)
def test_every_fault_in_every_state_is_survived(ros, request, service, state):
    campaign = Campaign(request.config, service, state)

    async def scenario() -> None:
        # After a case that went wrong the others are held with a robot that knows nothing of it.
        while campaign.coming:
            try:
                async with robot(ros, service) as at:
                    await hold(at, service, list(campaign.coming), campaign.note)
            except AssertionError as err:
                campaign.fail(err)

    ros.run(scenario, within=1780)
    campaign.keep()
    assert not campaign.failed, '\n'.join(campaign.failed)


# --- the report ---------------------------------------------------------------------------------

RUN = time.strftime('%Y-%m-%d %H:%M:%S')
"""By which what was held by this process is told from what was held before."""

_TEXT = """\
# Every fault of every online service, in every state

Made by `python -m pytest -m campaign test/node/test_online_faults.py --faults FOLDER`.

The nodes `speaker`, `tts`, `dialog` and `stt` hold a conversation through simulated services
(`prot_ros/simulators`) over lines that can be cut. In each case one service begins to fail while
the robot is idle, listens, thinks or speaks: what is connected to it is lost in the manner of the
fault, and whatever is tried meets the fault, until the end of the turn after. Then it is well
again. What must hold in each case: both turns are answered aloud, within {answered} s; one of the
next {most} turns is the service's own again (the latest was number {back_in}; in {first} of the
cases it was the first); of tasks, files and connections of each kind there are at most {spare}
more than before all cases; and the diagnostics say what happened, unless the fault is one that
some engine makes sense of.

How it was held: {runs} The machine has {cores} cores and was busy with other work, too: its load
was {load}.

{count} cases. A cell has who answered in the turn in which the fault began, and in the turn after
it: the service *itself* (it was not needed any more, or made sense of it, or was tried again in
time), its offline *stand-in*, or the reply was *broken off* after what had been said, which the
turn's report tells. *First sound* is the longest time from the end of an utterance to the first
sound of its answer, with limits of {limits} for connecting and for the first response; the offline
recogniser's own time is in it. *Own again* is which turn was the service's own again once it was
well, the latest of the states.

Nothing stands in for embeddings, as vectors of two engines cannot be compared. There *itself*
means that the turn's memories were looked up by a vector of the service's (seen at the look-up,
and compared with what the simulator makes of those words, or of the first of them while they were
being said), and *words alone* that there was none. What else must hold: the reply has not waited
longer than its budget for memories, here {budget} ms (and {over} ms for a busy machine to notice),
and has facts in either case; and when the service is back, each of the last 20 turns kept in the
database, a real one, has the vector that the service gives to its words, and none of another
engine. `embeddings` are Voyage's. An answer comes in one piece, so there is no error in its
middle, and there is no order in a single text; what becomes of several is in `test/simulators`.
"""


def report(folder: Path) -> None:
    """Write the document of what is kept, unless something is missing."""
    kept = [json.loads(path.read_text(encoding='utf-8')) for path in folder.glob('*.json')]
    count = sum(len(each['cases']) for each in kept)
    if count == len(STATES) * sum(len(every(service)) for service in SERVICES):
        REPORT.write_text(written(kept), encoding='utf-8')


def runs_of(kept: list[dict[str, Any]]) -> str:
    """Return in how many runs it was held, in words, and what was held in the later ones."""
    minutes = sum(each['minutes'] for each in kept)
    runs = sorted({each['run'] for each in kept})
    if len(runs) == 1:
        return f'in one go, in {minutes:.0f} minutes.'
    later = [
        f'{each["cases"][0]["service"]} while {each["cases"][0]["state"]} ({why_again(each)})'
        for each in kept
        if each['run'] != runs[0]
    ]
    return (
        f'in {len(runs)} runs, in {minutes:.0f} minutes. Not in the first, of {runs[0]}: '
        f'{"; ".join(sorted(later))}.'
    )


def why_again(kept: dict[str, Any]) -> str:
    failed = [' '.join(each.split()) for each in kept.get('failed', [])]
    return 'at first ' + ' / '.join(failed) if failed else 'had not been held'


def named(behaviour: Behaviour) -> str:
    words = behaviour.fault.replace('_', ' ')
    if behaviour.error:
        words += f': `{behaviour.error}`'
    if behaviour.retry_after:
        words += f', wait {behaviour.retry_after} s'
    return words


def written(kept: list[dict[str, Any]]) -> str:
    cases = [
        Case(
            **{**case, 'behaviour': Behaviour(**case['behaviour']), 'state': State(case['state'])}
        )
        for each in kept
        for case in each['cases']
    ]
    loads = sorted(each['load'] for each in kept)
    limits = f'{LIMITS["online.connect_s"]:g} s and {LIMITS["online.first_response_s"]:g} s'
    back_in = max(case.back_in for case in cases)
    words = _TEXT.format(
        count=len(cases), limits=limits, answered=f'{ANSWERED_S:g}', most=BACK_IN, spare=SPARE,
        back_in=back_in, first=sum(case.back_in == 1 for case in cases), budget=BUDGET_MS,
        over=OVER_MS,
        runs=runs_of(kept), cores=kept[0]['cores'], load=f'{loads[0]:.0f} to {loads[-1]:.0f}',
    )  # fmt: skip
    paragraphs = [fill(each, 99, break_on_hyphens=False) for each in words.split('\n\n')]
    parts = ['\n\n'.join(paragraphs) + '\n']
    for service in SERVICES:
        own = [case for case in cases if case.service == service]
        states = ' | '.join(state.value for state in STATES)
        rows = [
            f'| fault | {states} | first sound | own again |',
            '| --- |' + ' --- |' * len(STATES) + ' ---: | ---: |',
        ]
        told = ['| fault | what the diagnostics said |', '| --- | --- |']
        for behaviour in every(service):
            found = {case.state: case for case in own if case.behaviour == behaviour}
            cells = [', '.join(filter(None, (found[at].struck, found[at].after))) for at in STATES]
            slowest = max(case.audible_ms for case in found.values())
            latest = max(case.back_in for case in found.values())
            rows.append(
                f'| {named(behaviour)} | {" | ".join(cells)} | {slowest / 1000:.1f} s | {latest} |'
            )
            said = [case.told for case in found.values() if case.told]
            words = max(said, key=said.count) if said else 'nothing, as it was made sense of'
            told.append(f'| {named(behaviour)} | {_local(words)} |')
        parts.append(f'## {service}\n\n' + '\n'.join(rows) + '\n\n' + '\n'.join(told) + '\n')
    return '\n'.join(parts)


def _local(words: str) -> str:
    """Leave out what is another one at each run."""
    return re.sub(r"(127\.0\.0\.1(:|', ))\d+", r'\1…', words).replace('|', '/')
