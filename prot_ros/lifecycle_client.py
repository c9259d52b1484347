# SPDX-License-Identifier: Apache-2.0
"""Another node's lifecycle services, seen from the loop: with deadlines, and without a wait for
what is not there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lifecycle_msgs.msg import Transition as TransitionMsg
from lifecycle_msgs.srv import ChangeState, GetState

from prot_ros.core.lifecycle import UNKNOWN, Reply, Step, Transition

if TYPE_CHECKING:
    from prot_ros.node import ProtNode

LOOK_S = 0.05
"""How often to look whether a service is there; rclpy has no event for it."""
ASK_AGAIN_S = 2.0
"""A question for the state may have gone to a process that is dead and still listed, while the one
that took its place waits."""
QUESTION_S = 2.0
"""What of a step's time is kept for the question for the state after a transition."""

_IDS = {
    Transition.CONFIGURE: TransitionMsg.TRANSITION_CONFIGURE,
    Transition.ACTIVATE: TransitionMsg.TRANSITION_ACTIVATE,
    Transition.DEACTIVATE: TransitionMsg.TRANSITION_DEACTIVATE,
    Transition.CLEANUP: TransitionMsg.TRANSITION_CLEANUP,
    # Asked for when unconfigured only: the plan goes down one state at a time.
    Transition.SHUTDOWN: TransitionMsg.TRANSITION_UNCONFIGURED_SHUTDOWN,
}


class GoneError(Exception):
    """A node's services are not there, or no longer."""


class LifecycleClient:
    """Moves one node, named relative to the namespace of `owner`."""

    def __init__(self, owner: ProtNode[Any], name: str) -> None:
        """Make the clients; belongs into the `declare` of `owner`."""
        self._bridge = owner.bridge
        self._change = owner.client(ChangeState, f'{name}/change_state')
        self._get = owner.client(GetState, f'{name}/get_state')

    async def execute(self, step: Step) -> Reply:
        """Make a transition, then trust the state that the node tells of, not the response."""
        try:
            async with asyncio.timeout(step.deadline_s):
                await self._appear(step.patience_s)
                if step.transition is not Transition.OBSERVE:
                    await self._transition(step)
                return Reply(await self._state())
        except GoneError as err:
            return Reply(UNKNOWN, str(err), gone=True)
        except TimeoutError:
            return Reply(UNKNOWN, f'it did not answer within {step.deadline_s:.3g} s')

    async def _appear(self, patience_s: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while not (self._change.service_is_ready() and self._get.service_is_ready()):
            left = until - loop.time()
            if left <= 0:
                after = f' after {patience_s:.3g} s; is its process running?' if patience_s else ''
                raise GoneError(f'its services are not there{after}')
            await asyncio.sleep(min(LOOK_S, left))

    async def _transition(self, step: Step) -> None:
        request = ChangeState.Request()
        request.transition.id = _IDS[step.transition]
        left = step.deadline_s - step.patience_s
        try:
            await self._call(self._change, request, left - min(QUESTION_S, left / 4))
        except TimeoutError:
            pass  # the state says how far it came

    async def _state(self) -> str:
        while True:
            try:
                response = await self._call(self._get, GetState.Request(), ASK_AGAIN_S)
            except TimeoutError:
                continue  # the step's own deadline ends this
            return str(response.current_state.label)

    async def _call(self, client: Any, request: Any, deadline_s: float) -> Any:
        """Call a service; raise GoneError as soon as it vanishes, TimeoutError after the deadline.

        A process that ends takes its services away at once, so nobody waits for its answer.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline_s
        response = client.call_async(request)
        answer = self._bridge.following(response)
        try:
            while not answer.done():
                left = until - loop.time()
                if left <= 0:
                    raise TimeoutError
                await asyncio.wait({answer}, timeout=min(LOOK_S, left))
                if not answer.done() and not client.service_is_ready():
                    raise GoneError('its services went away')
            return answer.result()
        finally:
            if not response.done():
                response.cancel()  # or the client would keep it for ever
