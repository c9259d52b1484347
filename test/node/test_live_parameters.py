# SPDX-License-Identifier: Apache-2.0
"""Parameters that are set while a node works: some take effect at once, all say which they are."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from conftest import Peer
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.srv import DescribeParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from waiting import until

from prot_ros.node import ProtNode
from prot_ros.params import param


@dataclass(frozen=True)
class Params:
    voice: str = param('slt', 'The voice', live=True)
    slowest: float = param(0.8, 'Slowest speech', ge=0.5, le=2.0, live=True)
    fastest: float = param(1.2, 'Fastest speech', ge=0.5, le=2.0, live=True)
    device: str = param('', 'The device')

    def __post_init__(self) -> None:
        if self.slowest > self.fastest:
            raise ValueError(f'slowest is {self.slowest}, above fastest, {self.fastest}')


class Voice(ProtNode[Params]):
    params_class = Params

    def declare(self) -> None:
        self.changes: list[tuple[Params, Params]] = []

    async def open(self, stack: AsyncExitStack) -> None:
        stack.callback(lambda: None)

    def on_params_changed(self, old: Params, new: Params) -> None:
        assert self.params is new
        self.changes.append((old, new))
        if new.voice == 'nobody':
            raise KeyError('nobody')

    def concern(self) -> str:
        return 'the voice nobody is unknown; set voice' if self.params.voice == 'nobody' else ''


async def give(peer: Peer, **values: Any) -> Any:
    request = SetParametersAtomically.Request(
        parameters=[
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
    )
    response = await peer.call(SetParametersAtomically, 'node/set_parameters_atomically', request)
    return response.result


def test_a_live_parameter_takes_effect_at_once_and_as_a_whole(ros):
    async def scenario():
        async with ros.node(Voice) as node, ros.peer() as peer:
            await ros.bring_up(node)
            before = node.params
            assert (await give(peer, voice='rms', slowest=1.3, fastest=1.5)).successful
            await until(lambda: node.changes)
            ((old, new),) = node.changes
            assert old is before
            assert (new.voice, new.slowest, new.fastest) == ('rms', 1.3, 1.5)
            assert node.params is new

    ros.run(scenario)


def test_other_parameters_take_effect_at_the_next_configure(ros):
    async def scenario():
        async with ros.node(Voice) as node, ros.peer() as peer:
            await ros.bring_up(node)
            assert (await give(peer, device='hw:1')).successful
            assert (await give(peer, voice='rms', device='hw:2')).successful
            await until(lambda: node.changes)
            assert len(node.changes) == 1
            assert (node.params.voice, node.params.device) == ('rms', '')
            assert await ros.go(node, 'deactivate', 'cleanup', 'configure')
            assert (node.params.voice, node.params.device) == ('rms', 'hw:2')

    ros.run(scenario)


def test_what_is_set_before_configure_is_read_by_it_and_changes_nothing_before(ros):
    async def scenario():
        async with ros.node(Voice) as node, ros.peer() as peer:
            assert (await give(peer, voice='rms')).successful
            await ros.bring_up(node)
            assert node.params.voice == 'rms'
            assert node.changes == []

    ros.run(scenario)


def test_values_that_contradict_what_is_in_force_are_refused(ros):
    async def scenario():
        async with ros.node(Voice) as node, ros.peer() as peer:
            await ros.bring_up(node)
            before = node.params
            result = await give(peer, slowest=1.5)
            assert not result.successful
            assert 'slowest is 1.5' in result.reason
            assert node.params is before
            assert node.get_parameter('slowest').value == 0.8

    ros.run(scenario)


def test_a_change_that_cannot_take_effect_ends_nothing_and_a_concern_is_a_warning(ros):
    async def scenario():
        async with ros.node(Voice) as node, ros.peer() as peer:
            await ros.bring_up(node)
            assert (await give(peer, voice='nobody')).successful
            report = await until(lambda: concerned(peer))
            assert report['message'] == 'the voice nobody is unknown; set voice'
            assert (await give(peer, voice='slt')).successful
            await until(lambda: peer.report('node')['level'] == DiagnosticStatus.OK)
            assert node.lifecycle_state == 'active'

    def concerned(peer: Peer) -> dict[str, Any] | None:
        report = peer.report('node')
        return report if report and report['level'] == DiagnosticStatus.WARN else None

    ros.run(scenario)


def test_a_description_says_when_a_value_takes_effect(ros):
    async def scenario():
        async with ros.node(Voice), ros.peer() as peer:
            request = DescribeParameters.Request(names=['voice', 'device'])
            found = await peer.call(DescribeParameters, 'node/describe_parameters', request)
            assert [each.additional_constraints for each in found.descriptors] == [
                'takes effect at once',
                'takes effect at the next configure',
            ]

    ros.run(scenario)
