# SPDX-License-Identifier: Apache-2.0
"""The package as it arrives: built by the real colcon, both ways, and by pip into a venv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from prot_ros import graph, run

ROOT = Path(__file__).parents[2]
NOT_SOURCE = shutil.ignore_patterns('.*', '__pycache__', '*.egg-info', 'build', 'install', 'log')
NAMES = [*(spec.name for spec in graph.ALL_NODES), run.COMPOSED]
BUILD_S = 90.0


@dataclass(frozen=True)
class Install:
    """Where the package went, and how a shell that uses it looks."""

    prefix: Path
    command: Path
    """The command `prot`."""
    environment: dict[str, str]

    def output(self, *command: str | Path) -> str:
        # Not in the source tree, where Python would import the source.
        return execute([str(word) for word in command], self.environment, self.prefix)


def execute(command: list[str], environment: dict[str, str], cwd: Path | None = None) -> str:
    done = subprocess.run(
        command,
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert done.returncode == 0, f'{command}: {done.returncode}\n{done.stdout}{done.stderr}'
    return done.stdout


def clean_environment(tmp: Path) -> dict[str, str]:
    # Coverage of the copy would be that of a source file that is gone by the time of the report.
    kept = {key: value for key, value in os.environ.items() if not key.startswith('COVERAGE_')}
    kept['PATH'] = f'{Path(sys.executable).parent}:{kept["PATH"]}'
    kept['COLCON_HOME'] = str(tmp / 'colcon')
    return kept


def source(tmp: Path) -> Path:
    return Path(shutil.copytree(ROOT, tmp / 'src' / 'prot', symlinks=True, ignore=NOT_SOURCE))


def colcon(tmp: Path, *options: str) -> Install:
    source(tmp)
    environment = clean_environment(tmp)
    listed = execute([sys.executable, '-m', 'colcon', 'list'], environment, tmp)
    # `(python)` would mean that package.xml did not parse: ros2 would not find the package.
    assert listed.split() == ['prot', 'src/prot', '(ros.ament_python)']
    execute([sys.executable, '-m', 'colcon', 'build', *options], environment, tmp)
    sourced = execute(['sh', '-c', '. install/setup.sh && env -0'], environment, tmp)
    prefix = tmp / 'install' / 'prot'
    variables = dict(line.split('=', 1) for line in sourced.split('\0') if line)
    return Install(prefix, prefix / 'lib' / 'prot' / 'prot', variables)


def pip(tmp: Path) -> Install:
    """Install into a new venv, which takes the dependencies from the one that runs this test."""
    prefix = tmp / 'venv'
    environment = clean_environment(tmp)
    execute([sys.executable, '-m', 'venv', '--without-pip', str(prefix)], environment)
    here = [path for path in sys.path if path.endswith(('site-packages', 'dist-packages'))]
    (packages,) = prefix.glob('lib/python*/site-packages')
    (packages / 'dependencies.pth').write_text(f'import site; [*map(site.addsitedir, {here})]\n')
    options = '--no-deps --no-build-isolation --no-index --disable-pip-version-check'.split()
    pip = [
        sys.executable,
        '-m',
        'pip',
        '--python',
        str(prefix / 'bin' / 'python'),
        'install',
        '-q',
    ]
    execute([*pip, *options, str(source(tmp))], environment)
    environment['AMENT_PREFIX_PATH'] = str(prefix)
    environment['PATH'] = f'{prefix}/bin:{environment["PATH"]}'
    return Install(prefix, prefix / 'bin' / 'prot', environment)


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
