# SPDX-License-Identifier: Apache-2.0
"""Every fault of every online service, while the robot is idle, listens, thinks and speaks.

Real nodes hold a conversation through the simulated services, over a line that can be cut. In each
case the service begins to fail in one of the robot's states: what is connected is lost in the
manner of the fault, and so is whatever is tried until the end of the turn after. Both turns are
answered all the same, aloud and before a deadline. When the service is well again one of the next
turns is its own (on a machine at rest the first), no more than a few things are left over, and the
diagnostics say what happened.

    python -m pytest -m campaign test/node/test_online_faults.py --faults FOLDER

holds all cases, keeps what came of each in a folder, and writes docs/faults.md of it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Peer, Ros
from line import Line
from test_stt import utterance
from voice_checks import ramp
from waiting import until

from prot_ros import graph
from prot_ros.core.conversation import State
from prot_ros.core.wire import TurnReport
from prot_ros.engines import keys
from prot_ros.engines.failover import failover
from prot_ros.engines.pocketsphinx.recognizer import PocketSphinxRecognizer
from prot_ros.nodes.dialog import DialogNode
from prot_ros.nodes.speaker import SpeakerNode
from prot_ros.nodes.stt import SttNode
from prot_ros.nodes.tts import TtsNode
from prot_ros.simulators.behaviour import Behaviour, Fault
from prot_ros.simulators.claude import ClaudeSimulator, says
from prot_ros.simulators.elevenlabs_voice import ElevenLabsVoiceSimulator
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
}
"""Slow enough for there to be something to fail in the middle of."""
STATES = (State.IDLE, State.LISTENING, State.THINKING, State.SPEAKING)
BEARABLE = (Fault.SLOW_DRIP, Fault.WRONG_ORDER, Fault.DUPLICATE)
"""Some engine makes sense of each of these."""
VOICE_ERRORS = ('invalid_api_key', 'quota_exceeded', 'voice_not_found', 'system_busy')
ERRORS = {
    'stt': ('auth_error', 'quota_exceeded', 'rate_limited', 'transcriber_error'),
    'dialog': ('authentication_error', 'billing_error', 'rate_limit_error', 'overloaded_error'),
    'tts': VOICE_ERRORS,
    'tts over http': VOICE_ERRORS,
}
SERVICES = tuple(ERRORS)
BY_ITSELF, STOOD_IN, BROKEN_OFF = 'itself', 'stand-in', 'broken off'


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
    lines: dict[str, Line]
    """To the services, by the name of the node."""
    reports: list[TurnReport]
    said: str
    """What is said to it."""
    numbers: Any = field(default_factory=itertools.count)

    @property
    def services(self) -> dict[str, Any]:
        return {'stt': self.ears, 'dialog': self.mind, 'tts': self.voice}

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
        assert report.utterance == self.said
        assert report.heard, report
        assert report.cut is None
        return report

    async def comes_back(self, name: str) -> int:
        """Return which of the next turns is the service's again, once its rest is over."""
        engine = self.nodes[name].engine
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
            if report.failure is None and engine.fallbacks == before:
                break
        assert report.failure is None
        assert report.reply.startswith('Here')
        assert engine.fallbacks == before
        assert engine.concern() == ''
        return turns

    def held(self) -> dict[str, int]:
        """Return what could become more and more."""
        lines = {f'connections of {name}': line.connected for name, line in self.lines.items()}
        files = len(os.listdir('/proc/self/fd'))
        return {'tasks': len(asyncio.all_tasks()), 'files': files, **lines}


@asynccontextmanager
async def robot(ros: Ros, service: str) -> AsyncIterator[Robot]:
    said = HELLO if service == 'stt' else THANKS
    over_http = service == 'tts over http'
    async with AsyncExitStack() as held:
        ears = await held.enter_async_context(ScribeSimulator(texts=[said] * 1000, key=KEY))
        mind = await held.enter_async_context(ClaudeSimulator(key=KEY))
        voice = await held.enter_async_context(ElevenLabsVoiceSimulator(key=KEY, speech=ramp))
        urls = {
            'stt': ears.url, 'dialog': mind.url, 'tts': voice.http_url if over_http else voice.url
        }  # fmt: skip
        lines = {name: await held.enter_async_context(Line(url)) for name, url in urls.items()}
        mouth = {'engine': 'elevenlabs_http'} if over_http else {}
        places: dict[str, tuple[type[Any], dict[str, Any]]] = {
            'speaker': (SpeakerNode, {'engine': 'null'}),
            'tts': (TtsNode, {'elevenlabs.url': lines['tts'].url, **mouth}),
            'dialog': (
                DialogNode, {'database': 'none', 'base_url': lines['dialog'].url},
            ),
            'stt': (SttNode, {'elevenlabs.url': lines['stt'].url}),
        }  # fmt: skip
        mind.plan.rule = WELL['dialog']
        nodes: dict[str, Any] = {}
        # The others may take their time: a busy machine is not what this is about.
        places[service.partition(' ')[0]][1].update(LIMITS)
        for name, (cls, parameters) in places.items():
            nodes[name] = await held.enter_async_context(ros.node(cls, name, **parameters))
        peer = await held.enter_async_context(ros.peer())
        for node in nodes.values():
            assert await ros.go(node, 'configure', 'activate', within=BROUGHT_UP_S), node.failure
        reports = await peer.hear(graph.TURN)
        yield Robot(peer, nodes, ears, mind, voice, lines, reports, said)


@pytest.fixture(autouse=True)
def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (keys.ELEVENLABS, keys.ANTHROPIC):
        monkeypatch.setenv(variable, KEY)
    for variable in (keys.VOYAGE, keys.OPENAI):
        monkeypatch.delenv(variable, raising=False)
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
    name = service.partition(' ')[0]
    engine, line, plan = at.nodes[name].engine, at.lines[name], at.services[name].plan
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
        if report.failure is not None:
            outcomes.append(BROKEN_OFF)
        else:
            outcomes.append(STOOD_IN if engine.fallbacks > before else BY_ITSELF)
        slowest = max(slowest, report.latency_ms.get('voice_to_voice', 0.0))

    if state is State.IDLE:
        strike()
        outcomes.append('')
    else:
        await hold(strike, state)
    await hold()
    told = engine.failure
    if behaviour.fault not in BEARABLE:
        assert told, 'nobody is told what happened'
        assert at.nodes[name].status()['online failure'] == told
        assert KEY not in told
    plan.rule = WELL[service]
    line.reset()  # it is started again
    await line.listen()
    back_in = await at.comes_back(name)
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
        *(Behaviour(Fault.ERROR_MIDWAY, error) for error in errors[-1:]),
        Behaviour(Fault.ERROR, errors[-1], retry_after='1'),
        Behaviour(Fault.ERROR, errors[-1], retry_after='3600'),
    ]


async def hold(at: Robot, service: str, cases: list[tuple[Behaviour, State]]) -> list[Case]:
    """Hold all cases with one robot, which has no more of anything after each."""
    name = service.partition(' ')[0]
    await at.turn()
    await at.comes_back(name)
    before = at.held()

    def settled() -> bool:
        return all(count <= before[what] + SPARE for what, count in at.held().items())

    held = []
    for behaviour, state in cases:
        try:
            held.append(await fail_and_come_back(at, service, behaviour, state))
            await until(settled, what=f'no more of anything than before ({before})')
        except AssertionError as err:
            raise AssertionError(
                f'{service}, {behaviour}, {state.value}: {err} (held: {at.held()})'
            ) from err
    return held


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ('service', 'state'),
    [('stt', State.LISTENING), ('dialog', State.THINKING), ('tts', State.SPEAKING)],
    ids=['stt', 'dialog', 'tts'],
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


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.parametrize('state', STATES, ids=[state.value for state in STATES])
@pytest.mark.parametrize('service', SERVICES)
def test_every_fault_in_every_state_is_survived(ros, request, service, state):
    cases: list[Case] = []

    async def scenario() -> None:
        async with robot(ros, service) as at:
            cases.extend(await hold(at, service, [(each, state) for each in every(service)]))

    ros.run(scenario, within=880)
    folder = request.config.getoption('--faults')
    if folder is not None:
        kept = [{**asdict(case), 'state': state.value} for case in cases]
        path = Path(folder) / f'{service}, {state.value}.json'
        path.write_text(json.dumps(kept, indent=1), encoding='utf-8')
        report(Path(folder))


# --- the report ---------------------------------------------------------------------------------

_TEXT = """\
# Every fault of every online service, in every state

Made by `python -m pytest -m campaign test/node/test_online_faults.py --faults FOLDER`.

The nodes `speaker`, `tts`, `dialog` and `stt` hold a conversation through simulated services
(`prot_ros/simulators`) over lines that can be cut. In each case one service begins to fail while
the robot is idle, listens, thinks or speaks: what is connected to it is lost in the manner of the
fault, and whatever is tried meets the fault, until the end of the turn after. Then it is well
again. What must hold in each case: both turns are answered aloud, within {answered} s; one of the
next {most} turns is the service's own again (the latest was number {back_in}); of tasks, files and
connections of each kind there are at most {spare} more than before all cases; and the diagnostics
say what happened, unless the fault is one that some engine makes sense of.

{count} cases. A cell has who answered in the turn in which the fault began,
and in the turn after it: the service *itself* (it was not needed any more, or made sense of it, or
was tried again in time), its offline *stand-in*, or the reply was *broken off* after what had been
said, which the turn's report tells. The last column has the longest time from the end of an
utterance to the first sound of its answer, with limits of {limits} for connecting and for the
first response, on a machine that was busy with other work; the offline recogniser's own time is in
it.
"""


def report(folder: Path) -> None:
    """Write the document of what is kept, unless something is missing."""
    cases = [
        Case(
            **{**kept, 'behaviour': Behaviour(**kept['behaviour']), 'state': State(kept['state'])}
        )
        for path in folder.glob('*.json')
        for kept in json.loads(path.read_text(encoding='utf-8'))
    ]
    if len(cases) == len(STATES) * sum(len(every(service)) for service in SERVICES):
        REPORT.write_text(written(cases), encoding='utf-8')


def named(behaviour: Behaviour) -> str:
    words = behaviour.fault.replace('_', ' ')
    if behaviour.error:
        words += f': `{behaviour.error}`'
    if behaviour.retry_after:
        words += f', wait {behaviour.retry_after} s'
    return words


def written(cases: list[Case]) -> str:
    limits = f'{LIMITS["online.connect_s"]:g} s and {LIMITS["online.first_response_s"]:g} s'
    back_in = max(case.back_in for case in cases)
    text = _TEXT.format(
        count=len(cases), limits=limits, answered=f'{ANSWERED_S:g}', most=BACK_IN, spare=SPARE,
        back_in=back_in,
    )  # fmt: skip
    parts = [text]
    for service in SERVICES:
        own = [case for case in cases if case.service == service]
        states = ' | '.join(state.value for state in STATES)
        rows = [
            f'| fault | {states} | first sound |',
            '| --- |' + ' --- |' * len(STATES) + ' ---: |',
        ]
        told = ['| fault | what the diagnostics said |', '| --- | --- |']
        for behaviour in every(service):
            found = {case.state: case for case in own if case.behaviour == behaviour}
            cells = [', '.join(filter(None, (found[at].struck, found[at].after))) for at in STATES]
            slowest = max(case.audible_ms for case in found.values())
            rows.append(f'| {named(behaviour)} | {" | ".join(cells)} | {slowest / 1000:.1f} s |')
            said = [case.told for case in found.values() if case.told]
            words = max(said, key=said.count) if said else 'nothing, as it was made sense of'
            told.append(f'| {named(behaviour)} | {_local(words)} |')
        parts.append(f'## {service}\n\n' + '\n'.join(rows) + '\n\n' + '\n'.join(told) + '\n')
    return '\n'.join(parts)


def _local(words: str) -> str:
    """Leave out what is another one at each run."""
    return re.sub(r"(127\.0\.0\.1(:|', ))\d+", r'\1…', words).replace('|', '/')
