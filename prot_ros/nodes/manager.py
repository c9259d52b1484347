# SPDX-License-Identifier: Apache-2.0
"""manager: brings the other nodes up in order, watches them, mends them, releases them in reverse.

Subscribes
    /diagnostics   DiagnosticArray   heartbeats of the nodes of its own namespace
Publishes
    manager/managed_nodes_activated   Bool   latched: whether all nodes are active
Services (std_srvs/Trigger; named and meant as by nav2's lifecycle manager)
    ~/startup     configure all nodes, then activate all
    ~/pause       deactivate all, in reverse: the microphone is closed
    ~/resume      activate all again
    ~/reset       deactivate and clean up all, in reverse; startup brings them up again
    ~/shutdown    the same, and finalize all: their processes have to be started anew after it
    ~/is_active   whether all nodes are active, and what is the matter if not
Calls
    NODE/change_state, NODE/get_state   of each node

Each request is answered when it is done, with what failed and why. One is executed at a time and
another is refused meanwhile, but for pause and shutdown, which win. The manager is a lifecycle
node itself: while it is inactive nobody is watched, so that another program can drive the nodes.
What it decides, and why, is in `core/supervision.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from std_srvs.srv import Trigger

from prot_ros import graph, params
from prot_ros.bridge import Answer, Mailbox
from prot_ros.core.heartbeat import Beat
from prot_ros.core.lifecycle import GOAL, UNKNOWN, Reply, Step
from prot_ros.core.operations import News, Operation, Phase, RequestError
from prot_ros.core.patience import Policy
from prot_ros.core.supervision import Plan
from prot_ros.lifecycle_client import LifecycleClient
from prot_ros.node import ProtNode
from prot_ros.params import param

ASKED_FOR = (
    Operation.STARTUP,
    Operation.PAUSE,
    Operation.RESUME,
    Operation.RESET,
    Operation.SHUTDOWN,
)
ASCEND_DEADLINE_S = 10.0
REASON_S = 1.0
"""How long to wait for a node's own account of why a transition failed; it comes at once, but by
another way than the response."""


@dataclass(frozen=True)
class Params:
    """Parameters of the node manager."""

    autostart: bool = param(True, 'Bring all nodes up at once, without waiting for ~/startup')
    beat_timeout_s: float = param(
        4.0, 'Silence after which a node is lost, at least 2; 0 is never', unit='s', ge=0, le=60
    )
    appear_timeout_s: float = param(
        20.0, 'How long the process of a node may take to appear', unit='s', ge=1, le=300
    )
    retries: int = param(
        3, 'Tries to bring back a lost node alone; further tries of an autostart', ge=0, le=20
    )
    backoff_s: float = param(
        1.0, 'Pause before the second try; each further one is doubled', unit='s', ge=0.1, le=60
    )
    backoff_limit_s: float = param(15.0, 'Longest pause between tries', unit='s', ge=0.1, le=600)
    quiet_s: float = param(
        60.0, 'Time without trouble after which tries count anew', unit='s', ge=1, le=3600
    )
    restarts: int = param(
        1, 'Restarts of all nodes, when one cannot be brought back, before giving up', ge=0, le=10
    )
    stop_timeout_s: float = param(
        3.0, 'What taking all nodes down may take when the process ends', unit='s', ge=0.5, le=30
    )

    def __post_init__(self) -> None:
        if 0 < self.beat_timeout_s < 2 * graph.BEAT_S:
            raise ValueError(
                f'beat_timeout_s is {self.beat_timeout_s:g}, expected 0 or at least '
                f'{2 * graph.BEAT_S:g} s, because nodes beat once in {graph.BEAT_S:g} s'
            )
        if self.backoff_limit_s < self.backoff_s:
            raise ValueError(
                f'backoff_limit_s is {self.backoff_limit_s:g}, expected at least backoff_s, '
                f'which is {self.backoff_s:g} s'
            )

    def policy(self) -> Policy:
        """Return them as the plan takes them."""
        return Policy(
            beat_timeout_s=self.beat_timeout_s,
            appear_s=self.appear_timeout_s,
            retries=self.retries,
            backoff_s=self.backoff_s,
            backoff_limit_s=self.backoff_limit_s,
            quiet_s=self.quiet_s,
            restarts=self.restarts,
            stop_s=self.stop_timeout_s,
        )


class ManagerNode(ProtNode[Params]):
    """Executes the plan's steps, and tells it and people what came of them."""

    params_class = Params
    heeds_interrupts = False

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._plan: Plan | None = None
        namespace = self.get_namespace().strip('/')
        self._managed = {f'{namespace}/{spec.name}'.lstrip('/'): spec.name for spec in graph.NODES}

    # --- on the executor thread ----------------------------------------------------------------

    def declare(self) -> None:
        self.publisher(graph.ALL_ACTIVE)
        self._beats: Mailbox[Beat] = Mailbox('beats', 64, self.bridge.loop)
        self.listen(DiagnosticArray, graph.DIAGNOSTICS, self._hear, graph.DIAGNOSTICS_QOS)
        self._members = {name: LifecycleClient(self, name) for name in self._managed.values()}
        for operation in ASKED_FOR:
            self.service(Trigger, f'~/{operation}', partial(self._asked, operation))
        self.service(Trigger, '~/is_active', self._asked_whether_active)

    def _hear(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            name = self._managed.get(status.name)
            state = next((pair.value for pair in status.values if pair.key == 'state'), '')
            # Other programs report on /diagnostics, too, perhaps often: they fill no mailbox here.
            if name is not None and state:
                failed = status.level == DiagnosticStatus.ERROR
                failure = (status.message or 'it reports an error') if failed else ''
                self._beats.post(Beat(name, state, failure))

    # --- on the loop ---------------------------------------------------------------------------

    async def run(self) -> None:
        startup = f'{self.get_fully_qualified_name()}/startup'
        plan = Plan(
            list(self._managed.values()),
            self.params.policy(),
            f'Mend that, then run: ros2 service call {startup} std_srvs/srv/Trigger',
        )
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()
        self._explained = asyncio.Event()
        self._reasons: dict[str, str] = {}
        self._answers: dict[int, Answer] = {}
        self._said_active: bool | None = None
        self._plan = plan
        try:
            if self.params.autostart:
                plan.request(Operation.STARTUP, self.bridge.loop.time(), patient=True)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear_beats(plan))
                await self._conduct(plan, tasks)
        finally:
            self._plan = None
            for answer in self._answers.values():
                answer.give(False, 'given up, because the manager was deactivated')
            if self._said_active:
                self.publish(graph.ALL_ACTIVE, False)

    async def _conduct(self, plan: Plan, tasks: asyncio.TaskGroup) -> None:
        """Execute one step after another; one that is no longer wanted is dropped."""
        loop = self.bridge.loop
        current: Step | None = None
        executing: asyncio.Task[None] | None = None
        while True:
            self._changed.clear()
            plan.on_tick(loop.time())
            step = plan.step(loop.time())
            self._proclaim(plan)
            if step is not current:
                if executing is not None:
                    executing.cancel()
                    await asyncio.wait({executing})
                current = step
                executing = None
                if step is not None:
                    executing = tasks.create_task(self._execute(plan, step), name=str(step))
            try:
                async with asyncio.timeout_at(plan.wake_at()):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _execute(self, plan: Plan, step: Step) -> None:
        self._reasons.pop(step.node, None)
        reply = await self._members[step.node].execute(step)
        goal = GOAL.get(step.transition, reply.state)
        if reply.state not in (goal, UNKNOWN):
            reply = await self._with_reason(step.node, reply)
        plan.on_reply(step, reply, self.bridge.loop.time())
        self._changed.set()

    async def _with_reason(self, node: str, reply: Reply) -> Reply:
        try:
            async with asyncio.timeout(REASON_S):
                while node not in self._reasons:
                    self._explained.clear()
                    await self._explained.wait()
        except TimeoutError:
            return reply
        return replace(reply, reason=self._reasons[node])

    async def _hear_beats(self, plan: Plan) -> None:
        async for beat in self._beats:
            if beat.failure:
                self._reasons[beat.node] = beat.failure
                self._explained.set()
            plan.on_beat(beat, self.bridge.loop.time())
            self._changed.set()

    def _proclaim(self, plan: Plan) -> None:
        """Tell people, who asked, and other nodes what has become of things."""
        self._log(plan.news)
        plan.news.clear()
        for outcome in plan.outcomes:
            answer = self._answers.pop(outcome.ticket, None)
            if answer is not None:
                answer.give(outcome.success, outcome.message)
        plan.outcomes.clear()
        active = plan.phase is Phase.ACTIVE
        if active is not self._said_active:
            self._said_active = active
            self.publish(graph.ALL_ACTIVE, active)
        self.failure = plan.trouble
        if plan.phase is Phase.STOPPED:
            self._stopped.set()

    def _log(self, news: Iterable[News]) -> None:
        # Not by name of the level: rclpy takes one severity for each line of code.
        log = self.get_logger()
        for item in news:
            if item.level == 'error':
                log.error(item.text)
            elif item.level == 'warning':
                log.warning(item.text)
            elif item.level == 'info':
                log.info(item.text)
            else:
                log.debug(item.text)

    # --- requests ------------------------------------------------------------------------------

    def _asked(self, operation: Operation, request: Trigger.Request, answer: Answer) -> None:
        if self._plan is None:
            answer.give(False, 'the manager is not active')
            return
        try:
            ticket = self._plan.request(operation, self.bridge.loop.time())
        except RequestError as err:
            answer.give(False, str(err))
            return
        self._answers[ticket] = answer
        self._changed.set()

    def _asked_whether_active(self, request: Trigger.Request, answer: Answer) -> None:
        if self._plan is None:
            answer.give(False, 'the manager is not active')
        else:
            answer.give(self._plan.phase is Phase.ACTIVE, self._plan.describe())

    def status(self) -> dict[str, object]:
        if self._plan is None:
            return {}
        return {
            'graph': self._plan.describe(),
            f'queue {self._beats.gauge.name}': self._beats.gauge.summary(),
        }

    # --- the process's side --------------------------------------------------------------------

    async def ascend(self) -> None:
        """Configure and activate itself: it is the root, and nobody else does.

        Raises ParameterError, or RuntimeError when it cannot.
        """
        params.read(self, self.params_class)
        for transition in (self.trigger_configure, self.trigger_activate):
            outcome = await self.bridge.on_executor(transition, ASCEND_DEADLINE_S)
            if outcome != TransitionCallbackReturn.SUCCESS:
                raise RuntimeError(f'the manager did not come up: {self.failure}')

    async def _leave(self) -> None:
        """Take the others down while the executor still takes in their answers, then end."""
        if self._plan is not None:
            try:
                self._plan.request(Operation.STOP, self.bridge.loop.time())
                self._changed.set()
                async with asyncio.timeout(self.params.stop_timeout_s + 1.0):
                    await self._stopped.wait()
            except RequestError:
                pass  # asked for already
            except TimeoutError:
                self.get_logger().warning('the other nodes were not taken down in time')
        await super()._leave()
