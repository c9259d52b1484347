# SPDX-License-Identifier: Apache-2.0
"""Parameters on the command line: checked against the nodes, stronger than any file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from prot_ros import graph
from prot_ros.cli import arguments, settings
from prot_ros.cli.failure import UsageError


def test_default_namespace_is_that_of_the_graph() -> None:
    assert arguments.NAMESPACE == graph.NAMESPACE


def test_values_have_the_type_of_their_parameter() -> None:
    given = settings.overrides(
        ['mic.rate=8000', 'mic.realtime=False', 'dialog.commit_deadline_s=3', 'dialog.person=7=x']
    )
    assert given == {
        'mic': {'rate': 8000, 'realtime': False},
        'dialog': {'commit_deadline_s': 3.0, 'person': '7=x'},
    }
    assert type(given['dialog']['commit_deadline_s']) is float


@pytest.mark.parametrize(
    ('assignment', 'sentence'),
    [
        ('rate=3', 'is not of the form NODE.NAME=VALUE'),
        ('mic.rate', 'is not of the form NODE.NAME=VALUE'),
        ('mik.rate=3', "there is no node 'mik', did you mean 'mic'?"),
        ('x.rate=3', "there is no node 'x', there are speaker,"),
        ('mic.rat=3', "mic: there is no parameter 'rat', did you mean 'rate'?"),
        ('mic.rate=3', 'expected 8000 to 48000'),
        ('mic.rate=fast', "parameter 'rate' is 'fast' (str), expected int"),
        ('mic.realtime=maybe', "parameter 'realtime' is 'maybe' (str), expected bool"),
        ('mic.engine=hal', "parameter 'engine' is 'hal', expected one of auto"),
    ],
)
def test_what_no_node_takes_gets_one_sentence(assignment: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        settings.overrides([assignment])
    assert sentence in str(refused.value)


def test_all_mistakes_in_the_files_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**/mic:\n  ros__parameters:\n    rat: 1\n    file: 2\n')
    with pytest.raises(UsageError) as refused:
        settings.check_files([path], 'prot')
    assert f"{path}:3: mic: there is no parameter 'rat'" in str(refused.value)
    assert f"{path}:4: mic: parameter 'file' is 2" in str(refused.value)


def test_effective_parameters_are_those_of_the_last_file_and_the_command_line(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / 'first.yaml', tmp_path / 'second.yaml'
    first.write_text('/**/mic:\n  ros__parameters: {rate: 8000, device: "a"}\n')
    second.write_text('/prot/mic:\n  ros__parameters: {rate: 32000}\n')
    found = settings.effective([first, second], {'mic': {'device': 'b'}}, 'prot')
    assert (found['mic'].rate, found['mic'].device) == (32000, 'b')
    assert found['tts'].voice == 'slt'


def test_effective_parameters_that_contradict_are_refused() -> None:
    with pytest.raises(UsageError, match="mic: parameter 'rate' is 11025"):
        settings.effective([], {'mic': {'rate': 11025}}, 'prot')


@pytest.fixture
def context() -> Iterator[Context]:
    made = Context()
    yield made
    rclpy.try_shutdown(context=made)


@pytest.mark.parametrize('namespace', ['prot', 'house/kitchen', ''])
@pytest.mark.parametrize('section', ['/**/mic', '/**', '{full}'])
def test_the_command_line_is_stronger_than_any_section_of_a_file(
    context: Context, tmp_path: Path, namespace: str, section: str
) -> None:
    full = f'/{namespace}/mic'.replace('//', '/')
    path = tmp_path / 'mine.yaml'
    lines = f'{section.format(full=full)}:\n  ros__parameters: {{rate: 8000, file: "kept"}}\n'
    path.write_text(lines + '/**/nobody:\n  ros__parameters: {rate: 1}\n')
    odd = 'a "b" : {c}\n#김 0x1F'
    given: dict[str, dict[str, Any]] = {'mic': {'rate': 48000, 'realtime': False, 'device': odd}}
    with settings.as_ros_arguments([path], given, namespace, 'info') as (words, inherit):
        assert len(inherit) == 1
        rclpy.init(args=words, context=context, signal_handler_options=SignalHandlerOptions.NO)
        node = Node('mic', context=context, enable_rosout=False, start_parameter_services=False)
        got = {name: value.value for name, value in node._parameter_overrides.items()}
        node.destroy_node()
    assert got == {'rate': 48000, 'file': 'kept', 'realtime': False, 'device': odd}


def test_nothing_is_left_of_the_file_in_memory() -> None:
    with settings.as_ros_arguments([], {'mic': {'rate': 8000}}, 'prot', 'info') as (
        words,
        inherit,
    ):
        path = Path(words[-1])
        assert path.exists()
    assert not path.exists()
    with settings.as_ros_arguments([], {}, 'prot', 'info') as (words, inherit):
        assert inherit == []
        assert '--params-file' not in words
