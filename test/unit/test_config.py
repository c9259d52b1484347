# SPDX-License-Identifier: Apache-2.0
"""config/prot.yaml says what the nodes take, and a user's own file is held to it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prot_ros import graph, params_file
from prot_ros.params import by_name, kinds, made

SHIPPED = Path(__file__).parents[2] / 'config' / 'prot.yaml'


def problems(tmp_path: Path, text: str, **kwargs: str) -> list[str]:
    path = tmp_path / 'mine.yaml'
    path.write_text(text, encoding='utf-8')
    found = params_file.check_file(path, **kwargs)
    assert all(line.startswith(str(path)) for line in found)
    return [line.removeprefix(str(path)) for line in found]


def section(node: str, *lines: str) -> str:
    return '\n    '.join([f'{node}:\n  ros__parameters:', *lines]) + '\n'


def test_shipped_file_is_what_the_nodes_declare() -> None:
    assert SHIPPED.read_text(encoding='utf-8') == params_file.render(), 'run `make config`'


def test_shipped_file_has_no_problem() -> None:
    assert params_file.check_file(SHIPPED) == []


def test_shipped_file_gives_every_parameter_its_default() -> None:
    sections = yaml.safe_load(SHIPPED.read_text(encoding='utf-8'))
    assert set(sections) == {f'/**/{spec.name}' for spec in graph.ALL_NODES}
    for name, cls in params_file.parameters().items():
        values = sections[f'/**/{name}']['ros__parameters']
        assert values == {key: field.default for key, field in by_name(cls).items()}
        assert {key: type(value) for key, value in values.items()} == kinds(cls)


def test_shipped_file_fits_the_screen_and_explains_every_line() -> None:
    lines = SHIPPED.read_text(encoding='utf-8').splitlines()
    assert max(map(len, lines)) <= 99
    for before, line in itertools.pairwise(lines):
        if re.match(r'    [\w.]+:', line):
            assert before.startswith('    # '), line


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (section('/**/mic', 'rat: 16000'), ":3: mic: there is no parameter 'rat', did you mean"),
        (section('/**/mice', 'rate: 16000'), ":2: there is no node '/**/mice', did you"),
        (
            section('/**/mic', "rate: '16000'"),
            ":3: mic: parameter 'rate' is '16000' (str), expected int",
        ),
        (section('/**/mic', 'rate: 7'), ":3: mic: parameter 'rate' is 7, expected 8000 to 48000"),
        (
            section('/**/mic', 'rate: 9000'),
            ": mic: parameter 'rate' is 9000, expected 8000, 16000",
        ),
        (section('/**/mic', 'engine: hal'), ":3: mic: parameter 'engine' is 'hal', expected one"),
        (section('/**/tts', 'stall_s: 10'), ":3: tts: parameter 'stall_s' is 10 (int), expected"),
        (section('/**/mic', 'rate: [1]'), ":3: mic: parameter 'rate' is [1] (list), expected int"),
        (section('mic', 'rate: 16000'), ":2: section '/mic' is not for the node /prot/mic, write"),
        (section('/**', 'rat: 16000'), ":3: no node has a parameter 'rat', did you mean 'rate'?"),
        (section('/**', 'use_sim_time: 1'), ":3: parameter 'use_sim_time' is 1, expected true or"),
        (section('/**/mic', 'rate: 16000', 'rate: 8000'), ":4: 'rate' is already given in line 3"),
        ('/**/mic:\n  rate: 16000\n', ":2: section '/**/mic/rate' is '16000', but"),
        ('/**/mic:\n  ros__parameters: 5\n', ':2: expected parameters under ros__parameters'),
        ('- mic\n', ':1: the file is a list, but parameters'),
        ('mic: [\n', ':2: not YAML: '),
        ('mic: \x00\n', ':1: not YAML: '),
    ],
)
def test_a_mistake_gets_one_sentence_with_its_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    'text',
    [
        '',
        '# nothing yet\n',
        section('/**', 'use_sim_time: true', 'rate: 16000'),
        section('/*/mic', 'rate: 48000', 'realtime: no'),
        section('/prot/mic', 'file: 2020-01-01'),
        '/prot:\n  mic:\n    ros__parameters: {rate: 0x3e80}\n',
        section('/**/tts', 'stall_s: 1e1'),
    ],
)
def test_what_ros_reads_as_meant_is_accepted(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == []


@pytest.mark.parametrize('text', ['echo.mode: gate', 'echo: {mode: gate}'])
def test_a_name_with_a_dot_may_be_nested(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'parameters.yaml'
    path.write_text(section('/**/mic', text))
    assert params_file.check_file(path) == []
    values = params_file.values(path)['mic']
    assert values == {'echo.mode': 'gate'}
    assert made(params_file.parameters()['mic'], values).echo_mode == 'gate'


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, section('/**/mic', 'rat: 1', 'rate: 1') + section('/**/ttss', 'voice: slt')
    )
    assert [line.split(':')[1] for line in found] == ['3', '4', '6']


def test_sections_are_held_to_the_namespace(tmp_path: Path) -> None:
    text = section('/robot1/prot/mic', 'rate: 8000')
    assert problems(tmp_path, text, namespace='robot1/prot') == []
    assert problems(tmp_path, section('mic', 'rate: 8000'), namespace='') == []
    assert len(problems(tmp_path, text)) == 1


def test_a_file_of_many_packages_is_held_to_prots_own_sections(tmp_path: Path) -> None:
    path = tmp_path / 'robot.yaml'
    path.write_text(
        section('/**', 'use_sim_time: true', 'odom_frame: odom')
        + section('/camera', 'fps: 30')
        + section('/robot2/prot/mic', 'rate: 8000')
        + section('/**/mic', 'rat: 8000', 'rate: 8000')
    )
    mistakes, doubts = params_file.check_shared_file(path, 'prot')
    assert [line.split(':')[1] for line in mistakes] == ['13']
    assert [line.split(':')[1] for line in doubts] == ['4', '6', '9']
    assert set(params_file.check_file(path)) == {*mistakes, *doubts}


def test_a_file_that_cannot_be_read_gets_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / 'missing.yaml'
    assert params_file.check_file(missing) == [
        f'{missing}: cannot be read: No such file or directory'
    ]
    assert 'Is a directory' in params_file.check_file(tmp_path)[0]
    binary = tmp_path / 'binary.yaml'
    binary.write_bytes(b'\xff\xfe\x00')
    assert 'not UTF-8' in params_file.check_file(binary)[0]


@given(st.text(max_size=60))
def test_any_text_is_answered_and_never_raises(text: str) -> None:
    checker = params_file._Checker('mine.yaml', graph.NAMESPACE)
    checker.check(text)
    assert all(line.startswith('mine.yaml:') for line in checker.problems)
