# SPDX-License-Identifier: Apache-2.0
"""What `ros2 launch prot bringup.launch.py --show-args` tells."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from installation import ROOT

# Not `launch`: a package of that name on PyPI is another program.
pytest.importorskip('launch_testing', reason='launch is not here: source a ROS distribution')
from launch import LaunchContext
from launch.launch_description_sources import (
    get_launch_description_from_python_launch_file,
)

NAMES = [
    'namespace',
    'params_file',
    'use_sim_time',
    'autostart',
    'use_respawn',
    'log_level',
    'composed',
]


@pytest.fixture
def arguments() -> dict[str, Any]:
    path = str(ROOT / 'launch' / 'bringup.launch.py')
    description = get_launch_description_from_python_launch_file(path)
    return {argument.name: argument for argument in description.get_launch_arguments()}


def test_every_argument_is_described_and_has_a_default(arguments: dict[str, Any]) -> None:
    assert list(arguments) == NAMES
    for argument in arguments.values():
        assert argument.description
        assert argument.default_value is not None


@pytest.mark.parametrize('name', ['use_sim_time', 'autostart', 'use_respawn', 'composed'])
def test_a_flag_takes_nothing_but_true_and_false(arguments: dict[str, Any], name: str) -> None:
    context = LaunchContext()
    context.launch_configurations[name] = 'maybe'
    with pytest.raises(RuntimeError, match='maybe'):
        arguments[name].execute(context)
    context.launch_configurations[name] = 'true'
    arguments[name].execute(context)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (None, 'cannot be read: No such file or directory'),
        ('/**/mic:\n  ros__parameters: {rat: 1}\n', "there is no parameter 'rat', did you mean"),
    ],
)
def test_a_parameter_file_with_a_mistake_starts_nothing(
    tmp_path: Path, text: str | None, expected: str
) -> None:
    path = tmp_path / 'mine.yaml'
    if text is not None:
        path.write_text(text)
    launch_file = ROOT / 'launch' / 'bringup.launch.py'
    done = subprocess.run(
        ['ros2', 'launch', str(launch_file), f'params_file:={path}'],
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{os.environ.get("PYTHONPATH", "")}'},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert expected in done.stdout + done.stderr
    assert 'process started' not in done.stdout
