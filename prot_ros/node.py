# SPDX-License-Identifier: Apache-2.0
"""ProtNode: the lifecycle, written once.

A node says what it needs in four hooks, and this file decides when each runs, on which thread,
under which deadline, and how everything is let go again:

    declare()      on configure, executor thread: publishers and mailboxes
    open(stack)    on configure, loop: what is held while configured (model, pool, checked device)
    start(stack)   on activate, loop: what is held while active (stream, socket, subprocess)
    run()          while active, loop: the work; cancelled on deactivate

Interrupts have their own lane: a task that reads them as they come, so that an interrupt never
queues behind data.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.context import Context
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from prot_ros import graph, params
from prot_ros.core.stamps import Stamp, milliseconds
from prot_ros.core.turns import Interrupt, TurnGate, Verdict
from prot_ros.engines.kinds import EngineError
from prot_ros.graph_node import GraphNode
from prot_ros.tenure import AbandonedError, Tenure, root_cause

P = TypeVar('P')

OPEN_DEADLINE_S = 60.0
"""A first `initdb` and a speech model on a small board."""
START_DEADLINE_S = 10.0
MATCH_DEADLINE_S = 1.0
"""A node that is driven alone, without its neighbours, goes on after this."""
RELEASE_DEADLINE_S = 3.0
"""Of each stack. Two of them and the executor fit into the 5 s in which a process must end only
because the second is nearly always immediate; a miss is reported, never hidden."""

EXPECTED = (EngineError, params.ParameterError, TimeoutError, AbandonedError, OSError)
"""Failures that a sentence explains; anything else is a bug and gets its traceback."""


class ProtNode(GraphNode, Generic[P]):
    """A lifecycle node whose work is asyncio and whose resources have an owner."""

    params_class: ClassVar[type]
    heeds_interrupts: ClassVar[bool] = True

    def __init__(
        self, name: str, *, context: Context, loop: asyncio.AbstractEventLoop, **kwargs: Any
    ) -> None:
        """Declare parameters; raise ParameterError when one was given a value it cannot take."""
        super().__init__(name, context=context, loop=loop, **kwargs)
        self.gate = TurnGate()
        self.params: P
        self.failure = ''
        """Why a transition failed, or the work ended while active; '' when all is well.

        Kept while the node recovers and is taken down, until it is configured or activated anew.
        """
        self.has_been_active = asyncio.Event()
        """Set on the loop when the node becomes active for the first time."""
        self.tasks: asyncio.TaskGroup
        """Owns every task of the active state."""
        self._configured: Tenure | None = None
        self._active: Tenure | None = None
        self._leaving = False
        self._diagnostics = self.create_publisher(
            DiagnosticArray, graph.DIAGNOSTICS, graph.DIAGNOSTICS_QOS
        )
        params.declare(self, self.params_class, lambda: self.params if self._configured else None)
        self.add_post_set_parameters_callback(self._after_set)
        self._change_state = self._service_change_state.callback
        self._service_change_state.callback = self._change_state_if_legal

    # --- hooks ---------------------------------------------------------------------------------

    def declare(self) -> None:
        """Make publishers, mailboxes, services: see `graph_node.py`."""

    async def open(self, stack: AsyncExitStack) -> None:
        """Acquire what is held while configured, each thing with its release on the stack."""

    async def start(self, stack: AsyncExitStack) -> None:
        """Acquire what is held while active, each thing with its release on the stack."""

    async def run(self) -> None:
        """Do the work until cancelled."""

    async def on_interrupt(self, interrupt: Interrupt) -> None:
        """Drop what belongs to void turns. Called once for each interrupt that voids something."""

    def on_params_changed(self, old: P, new: P) -> None:
        """Heed what has been set at run time and takes effect at once, from configure to cleanup.

        On the loop; `self.params` is the new object already. Fields that are not `live` are as
        they were at configure in both.
        """

    def concern(self) -> str:
        """Return what works only in part, and what would mend it, in a sentence; '' for nothing.

        It is the message of the node's diagnostics then, at the level WARN.
        """
        return ''

    def status(self) -> dict[str, object]:
        """Return what the node wants to show in its diagnostics."""
        return {}

    def now(self) -> Stamp:
        """Return the node's clock, which is simulated time under `use_sim_time`."""
        return Stamp(self.get_clock().now().nanoseconds)

    # --- transitions: on the executor thread ---------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read parameters, make entities, open what is held while configured."""
        return self._attempt('Configuring', self._configure, self._release_configured)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start what is held while active, then listen."""
        return self._attempt(
            'Activating', lambda: self._activate(state), lambda: self._deactivate(state)
        )

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening, end every task, release what was held while active."""
        return self._attempt('Deactivating', lambda: self._deactivate(state))

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release what was held while configured, and the entities."""
        return self._attempt('Cleaning up', self._release_configured)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from whatever state."""
        return self._attempt('Shutting down', self._release_all)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything; the node is unconfigured then, and may be tried again."""
        if self._attempt('Recovering', self._release_all) == TransitionCallbackReturn.SUCCESS:
            return TransitionCallbackReturn.SUCCESS
        return TransitionCallbackReturn.FAILURE

    def _change_state_if_legal(self, request: Any, response: Any) -> Any:
        try:
            return self._change_state(request, response)
        except RuntimeError as err:
            # In Jazzy a transition that is not possible now, such as activating twice, would end
            # the executor, and leave who asked for it without an answer.
            self.get_logger().warning(f'a transition is refused: {err}')
            response.success = False
            return response

    def _attempt(
        self,
        verb: str,
        step: Callable[[], None],
        undo: Callable[[], None] | None = None,
    ) -> TransitionCallbackReturn:
        """Run a transition's work. rclpy would swallow what it raises, so it is logged here."""
        self.get_logger().info(verb)
        try:
            step()
        except Exception as err:  # noqa: BLE001 - a transition must not raise, whatever happens
            self._explain(f'{verb} failed', err)
            self._note_failure(err)
            if undo is None:
                return TransitionCallbackReturn.ERROR
            try:
                undo()
            except Exception as late:  # noqa: BLE001 - as above
                self._explain(f'{verb} failed, and so did the release', late)
                return TransitionCallbackReturn.ERROR
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _note_failure(self, error: BaseException) -> None:
        """Note a failure, and tell of it now: who waits for the reason cannot read this log."""
        cause = root_cause(error)
        self.failure = str(cause) or repr(cause)
        with contextlib.suppress(RuntimeError):  # the loop closed
            self.bridge.loop.call_soon_threadsafe(self._publish_diagnosis)

    def _explain(self, what: str, error: BaseException) -> None:
        cause = root_cause(error)
        if isinstance(cause, AbandonedError):
            self.get_logger().info(f'{what}: {cause}')  # as intended, and no fault
        elif isinstance(cause, EXPECTED):
            self.get_logger().error(f'{what}: {cause}')
        else:
            import traceback

            trace = ''.join(traceback.format_exception(cause))
            self.get_logger().error(f'{what}: {cause!r}\n{trace}')

    def _configure(self) -> None:
        self.failure = ''
        self.params = params.read(self, self.params_class)
        if self.heeds_interrupts:
            self._interrupts = self.mailbox(graph.INTERRUPT, 16)
        self.declare()
        tenure = Tenure(f'{self.get_name()} configured', self.open, _forever, self._died)
        self._acquire('_configured', tenure, OPEN_DEADLINE_S)

    def _activate(self, state: LifecycleState) -> None:
        self.failure = ''
        super().on_activate(state)
        tenure = Tenure(f'{self.get_name()} active', self.start, self._work, self._died)
        self._acquire('_active', tenure, START_DEADLINE_S)
        # Last, so that nothing arrives before there is someone to take it.
        self._subscribe_all()
        self._await_consumers(MATCH_DEADLINE_S)
        self.bridge.loop.call_soon_threadsafe(self.has_been_active.set)

    def _deactivate(self, state: LifecycleState) -> None:
        try:
            self._release_active()
        finally:
            # Last, so that the work may still publish how it ended.
            super().on_deactivate(state)

    def _acquire(self, slot: str, tenure: Tenure, deadline_s: float) -> None:
        if getattr(self, slot) is not None:
            raise RuntimeError(f'{tenure.label}: the one before has not been released yet')
        setattr(self, slot, tenure)
        if self._leaving:
            raise AbandonedError(f'{tenure.label}: not begun, because a shutdown was asked for')
        # The tenure keeps the deadline itself and says where it hangs; the call's is a backstop.
        self.bridge.call(tenure.begin(deadline_s), deadline_s + 5.0)

    def _release_active(self) -> None:
        self._unsubscribe_all()
        try:
            self._let_go('_active')
        finally:
            self._flush_mailboxes()

    def _release_configured(self) -> None:
        try:
            self._let_go('_configured')
        finally:
            self._destroy_entities()

    def _release_all(self) -> None:
        try:
            self._release_active()
        finally:
            self._release_configured()

    def _let_go(self, slot: str) -> None:
        tenure: Tenure | None = getattr(self, slot)
        if tenure is not None:
            try:
                self.bridge.call(tenure.end(RELEASE_DEADLINE_S), RELEASE_DEADLINE_S + 1.0)
            finally:
                # A release that raised is over all the same; only what still runs stays in the
                # way of a second acquisition.
                if tenure.released:
                    setattr(self, slot, None)

    def _after_set(self, given: list[Parameter]) -> None:
        """Let the loop have what takes effect at once; transitions come on this thread as well."""
        if self._configured is None or not any(
            field.metadata['live'] and parameter.name == name
            for name, field in params.by_name(self.params_class).items()
            for parameter in given
        ):
            return
        values = {parameter.name: parameter.value for parameter in given}
        with contextlib.suppress(RuntimeError):  # the loop closed
            self.bridge.loop.call_soon_threadsafe(self._change_params, values)

    def _change_params(self, values: dict[str, object]) -> None:
        if self._configured is None or not self._configured.ready:
            return
        old = self.params
        try:
            # Replaced as a whole, so that nobody sees half of what was set together.
            self.params = params.changed(old, values)
            if self.params != old:
                self.on_params_changed(old, self.params)
        except Exception as err:  # noqa: BLE001 - set by a stranger, it must not end the node
            self._explain('a parameter that was set could not take effect', err)

    # --- while active: on the loop -------------------------------------------------------------

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.tasks = tasks
            if self.heeds_interrupts:
                tasks.create_task(self._heed_interrupts(), name='interrupts')
            tasks.create_task(self.run(), name='run')

    async def _heed_interrupts(self) -> None:
        async for interrupt in self._interrupts:
            now = self.now()
            verdict = self.gate.interrupt(interrupt.stamp, now)
            if verdict is Verdict.FUTURE:
                ahead = -milliseconds(interrupt.stamp, now)
                self.get_logger().warning(
                    f'an interrupt from {interrupt.source!r} is refused: it is dated '
                    f'{ahead:.0f} ms ahead of the clock, expected at most 1000 ms',
                    throttle_duration_sec=1.0,
                )
            elif verdict is Verdict.VOIDS:
                await self.on_interrupt(interrupt)

    def _died(self, error: BaseException) -> None:
        self._explain('stopped working', error)
        self._note_failure(error)

    # --- the process's side: on the loop -------------------------------------------------------

    @contextlib.asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Spin and beat for as long as the block runs; then release everything.

        The beat comes from the loop: one from another thread would prove only that the process
        exists, not that it works.
        """
        self.bridge.start()
        # Not a TaskGroup: it would wrap what the block raises, which is a sentence for a person.
        beat = asyncio.create_task(self._beat(), name='beat')
        try:
            yield
        finally:
            try:
                await self._leave()
            finally:
                beat.cancel()
                await asyncio.wait({beat})
            if not await self.bridge.stop(RELEASE_DEADLINE_S):
                self.get_logger().error('the executor thread did not end in time')
            if not beat.cancelled():
                beat.result()

    async def ascend(self) -> None:
        """Come up without being told. Nodes do not: the manager, the root of the graph, does."""

    def discard(self) -> None:
        """Destroy the node's ROS side; after `alive`, or instead of it."""
        self.destroy_node()

    async def _leave(self) -> None:
        self._leaving = True
        for tenure in (self._configured, self._active):
            # A transition under way occupies the executor thread; give it up, to get in.
            if tenure is not None and not tenure.ready:
                tenure.abandon()
        try:
            await self.bridge.on_executor(self._finalize, 2 * RELEASE_DEADLINE_S + 2.0)
        except TimeoutError:
            self.get_logger().error('the node did not release everything in time')
        except RuntimeError:
            # Without an executor there are no transitions; what is held is let go all the same.
            for tenure in (self._active, self._configured):
                if tenure is not None:
                    await tenure.end(RELEASE_DEADLINE_S)

    def _finalize(self) -> None:
        if self.lifecycle_state != 'finalized':
            self.trigger_shutdown()
        # A transition asked for in this moment would only be refused, and logged as an error.
        self.bridge.retire()

    @property
    def lifecycle_state(self) -> str:
        """`unconfigured`, `inactive`, `active`, `finalized`, or the name of a transition."""
        return str(self._state_machine.current_state[1])

    async def _beat(self) -> None:
        while True:
            self._publish_diagnosis()
            await asyncio.sleep(graph.BEAT_S)

    def _publish_diagnosis(self) -> None:
        self._diagnostics.publish(self._diagnosis())

    def _concern(self) -> str:
        if self._configured is None or not self._configured.ready:
            return ''  # there is nothing yet that could work in part
        try:
            return self.concern()
        except Exception as err:  # noqa: BLE001 - as below
            return f'what works only in part cannot be told: {err!r}'

    def _shown(self) -> dict[str, object]:
        try:
            return self.status()
        except Exception as err:  # noqa: BLE001 - a bug there must not end the heartbeat
            return {'status': f'cannot be shown: {err!r}'}

    def _diagnosis(self) -> DiagnosticArray:
        state = self.lifecycle_state
        level, message = DiagnosticStatus.OK, state
        queues, warning = self._queues()
        warning = warning or self._concern()
        failure = self.bridge.failure or self.failure
        if warning:
            level, message = DiagnosticStatus.WARN, warning
        if failure:
            level, message = DiagnosticStatus.ERROR, failure
        values: dict[str, object] = {
            'state': state,
            'tasks': len(asyncio.all_tasks()),
            'malformed': self._malformed,
            **queues,
            **self._shown(),
        }
        status = DiagnosticStatus(
            level=level,
            name=self.get_fully_qualified_name().lstrip('/'),
            message=message,
            hardware_id=graph.NAMESPACE,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        return array


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()
