# SPDX-License-Identifier: Apache-2.0
"""The package installed as a user does it: by the real colcon, or by pip into a venv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_SOURCE = shutil.ignore_patterns('.*', '__pycache__', '*.egg-info', 'build', 'install', 'log')
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
    pip = [sys.executable, '-m', 'pip', '--python', str(prefix / 'bin/python'), 'install', '-q']
    execute([*pip, *options, str(source(tmp))], environment)
    environment['AMENT_PREFIX_PATH'] = str(prefix)
    environment['PATH'] = f'{prefix}/bin:{environment["PATH"]}'
    return Install(prefix, prefix / 'bin' / 'prot', environment)
