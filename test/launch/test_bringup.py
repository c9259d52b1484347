# SPDX-License-Identifier: Apache-2.0
"""`ros2 launch prot bringup.launch.py`, by the real launch: up, a conversation, down again."""

from __future__ import annotations

import atexit
import functools
import os
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

import pytest
import yaml
from domains import Domain
from installation import colcon
from observer import Observer

from prot_ros import graph, run

launch_testing = pytest.importorskip(
    'launch_testing', reason='launch_testing is not here: source a ROS distribution'
)
from launch import LaunchDescription  # noqa: E402
from launch.actions import IncludeLaunchDescription  # noqa: E402
from launch_testing.actions import ReadyToTest  # noqa: E402
from launch_testing.asserts import assertExitCodes  # noqa: E402

UP_S = 60.0
PARAMETERS = {
    'mic': {'engine': 'none'},
    'speaker': {'engine': 'null'},
    'dialog': {'database': 'none'},
}


@functools.cache
def workspace() -> Path:
    """Build the package and source it; return a folder for what else is needed."""
    folder = tempfile.TemporaryDirectory(prefix='prot-launch-')
    atexit.register(folder.cleanup)
    os.environ.update(colcon(Path(folder.name)).environment)
    return Path(folder.name)


def parameter_file() -> Path:
    path = workspace() / 'mine.yaml'
    sections = {f'/**/{node}': {'ros__parameters': values} for node, values in PARAMETERS.items()}
    path.write_text(yaml.safe_dump(sections))
    return path


@pytest.mark.launch_test
@launch_testing.parametrize('composed', ['true', 'false'])
def generate_test_description(composed: str) -> tuple[LaunchDescription, dict[str, Any]]:
    launch_file = workspace() / 'install/prot/share/prot/launch/bringup.launch.py'
    domain = Domain()
    os.environ['ROS_DOMAIN_ID'] = str(domain.id)
    bringup = IncludeLaunchDescription(
        str(launch_file),
        launch_arguments={'composed': composed, 'params_file': str(parameter_file())}.items(),
    )
    return LaunchDescription([bringup, ReadyToTest()]), {'domain': domain}


class TestConversation(unittest.TestCase):
    """While it runs."""

    def setUp(self) -> None:
        self.observer = Observer(int(os.environ['ROS_DOMAIN_ID']))
        self.addCleanup(self.observer.close)
        deadline = time.monotonic() + UP_S
        while not (answer := self.observer.call('manager/is_active')).success:
            assert time.monotonic() < deadline, answer.message

    def test_every_node_becomes_active(self) -> None:
        wanted = {spec.name: 'active' for spec in graph.NODES}
        self.observer.wait_for(
            lambda: wanted.items() <= self.observer.node_states().items(),
            within=10,
            what=f'diagnostics with {wanted}',
        )

    def test_parameters_of_the_file_arrive(self) -> None:
        def engine_of_the_microphone() -> str | None:
            for name, status in self.observer.diagnostics.items():
                if name.endswith('mic'):
                    return next((v.value for v in status.values if v.key == 'engine'), None)
            return None

        self.observer.wait_for(
            lambda: engine_of_the_microphone() == 'none', within=10, what='engine none in mic'
        )

    def test_what_is_heard_is_answered(self) -> None:
        self.observer.publish(graph.HEAR, 'hello')
        assert self.observer.wait(graph.SAID, within=30)

    def test_processes_are_those_of_the_table(self, proc_info: Any, composed: str) -> None:
        wanted = [run.COMPOSED] if composed == 'true' else [s.name for s in graph.ALL_NODES]
        assert sorted(n.rpartition('-')[0] for n in proc_info.process_names()) == sorted(wanted)


@launch_testing.post_shutdown_test()
class TestShutdown(unittest.TestCase):
    """After launch has sent SIGINT."""

    def test_every_process_ends_with_exit_code_0(self, proc_info: Any, domain: Domain) -> None:
        domain.close()
        assertExitCodes(proc_info)
