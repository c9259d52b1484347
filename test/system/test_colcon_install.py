# SPDX-License-Identifier: Apache-2.0
"""The package as it arrives: built by the real colcon, both ways, and by pip into a venv."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from installation import ROOT, Install, colcon, pip

from prot_ros import graph, run

NAMES = [*(spec.name for spec in graph.ALL_NODES), run.COMPOSED]


@pytest.fixture(scope='module', params=['colcon', 'colcon --symlink-install', 'pip'])
def install(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Install:
    tmp = tmp_path_factory.mktemp('workspace')
    if request.param == 'pip':
        return pip(tmp)
    return colcon(tmp, *request.param.split()[1:])


def test_every_node_is_an_executable_that_answers_help(install: Install, tmp_path: Path) -> None:
    # Started where another module of that name lies: the installed one must run.
    (tmp_path / 'prot_ros.py').write_text('raise SystemExit(__file__)\n')
    running = {
        name: subprocess.Popen(
            [install.prefix / 'lib' / 'prot' / name, '--help'],
            cwd=tmp_path,
            env=install.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in NAMES
    }
    for name, process in running.items():
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert name in output


def test_code_is_the_installed_one(install: Install) -> None:
    where = Path(install.output('python3', '-c', 'import prot_ros; print(prot_ros.__file__)'))
    # Of a symlink install it is the build folder that is on the path.
    workspace = install.prefix.parents[1]
    assert {install.prefix, workspace / 'build'} & set(where.parents)


def test_code_arrives_with_its_data(install: Install) -> None:
    where = install.output('python3', '-c', 'import prot_ros; print(prot_ros.__path__[0])')
    arrived = Path(where.strip())
    wanted = {
        path.relative_to(ROOT / 'prot_ros')
        for path in (ROOT / 'prot_ros').rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }
    assert {path for path in wanted if not (arrived / path).is_file()} == set()


def test_launch_and_configuration_are_in_share(install: Install) -> None:
    for name in ('package.xml', 'config/prot.yaml', 'launch/bringup.launch.py'):
        arrived = install.prefix / 'share' / 'prot' / name
        assert arrived.read_bytes() == (ROOT / name).read_bytes()


def test_ament_index_knows_the_package(install: Install) -> None:
    ask = 'from ament_index_python import get_package_prefix as p; print(p("prot"))'
    assert Path(install.output('python3', '-c', ask).strip()) == install.prefix


def test_command_prot_answers_help(install: Install) -> None:
    assert 'usage: prot' in install.output(install.command, '--help')


def test_no_node_is_a_command_on_the_path(install: Install) -> None:
    commands = install.prefix / 'bin'
    names = {path.name for path in commands.iterdir()} if commands.exists() else set()
    assert names.isdisjoint(NAMES)
