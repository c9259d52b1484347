# SPDX-License-Identifier: Apache-2.0
"""`config/prot.yaml`, written from the nodes' parameters, and the check of a user's own.

    python -m prot_ros.params_file > config/prot.yaml

ROS itself passes over a section or a name that no node has, so that a typing error looks like a
parameter without effect; `check_file` finds it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from prot_ros import graph
from prot_ros.params import allowed, by_name, describe, kinds, made, problem
from prot_ros.run import load

PARAMETERS = 'ros__parameters'
OF_EVERY_NODE: dict[str, type] = {'use_sim_time': bool, 'start_type_description_service': bool}
"""What rclpy declares on each node."""

FLAGS = {
    **dict.fromkeys(('true', 'yes', 'y', 'on'), True),
    **dict.fromkeys(('false', 'no', 'n', 'off'), False),
}
"""What ROS's YAML parser takes for a boolean."""

HEADER = """\
# Parameters of prot, each at its default. Copy this file, keep what you change, and give it with
#   ros2 launch prot bringup.launch.py params_file:=mine.yaml
#   prot up --params-file mine.yaml
# What a file leaves out keeps its default. /**/ stands for any namespace.
# Made by `python -m prot_ros.params_file`; descriptions, units and ranges are those of
# `ros2 param describe`. Keys and passwords are no parameters: they come from the environment.
"""


def parameters() -> dict[str, type]:
    """Return the parameter dataclass of each node, in bring-up order."""
    return {spec.name: load(spec).params_class for spec in graph.ALL_NODES}


def render() -> str:
    """Return `config/prot.yaml`: every parameter of every node at its default, explained."""
    return HEADER + ''.join(_section(name, cls) for name, cls in parameters().items())


def _section(name: str, cls: type) -> str:
    lines = [f'\n# {graph.node(name).summary}', f'/**/{name}:', f'  {PARAMETERS}:']
    for parameter, field in by_name(cls).items():
        lines += textwrap.wrap(
            _explanation(field), 99, initial_indent='    # ', subsequent_indent='    # '
        )
        lines.append(f'    {parameter}: {_scalar(field.default)}')
    return '\n'.join(lines) + '\n'


def _explanation(field: dataclasses.Field[Any]) -> str:
    live = ' Set at run time, it takes effect at once.' if field.metadata['live'] else ''
    return _meaning(field) + live


def _meaning(field: dataclasses.Field[Any]) -> str:
    values, unit = allowed(field), field.metadata['unit']
    if field.metadata['one_of']:
        return f'{describe(field)}. O{values[1:]}.'
    if values:
        return f'{field.metadata["doc"]}. From {values}{f" {unit}" if unit else ""}.'
    return f'{describe(field)}.'


def _scalar(value: Any) -> str:
    """Write a value so that both YAML 1.1 parsers, ROS's and Python's, read its type back."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # A quoted string is never taken for a number, a flag or a date.
        return json.dumps(value, ensure_ascii=False)
    return str(value)


class _Section(NamedTuple):
    """A mapping `ros__parameters` and the node name, perhaps with wildcards, it stands under."""

    target: str
    line: int
    parameters: yaml.Node


class _Checker:
    """Collects what is wrong with one file."""

    def __init__(self, path: str | Path, namespace: str) -> None:
        self.path = path
        self.classes = parameters()
        self.full_names = {
            name: '/' + '/'.join(part for part in (*namespace.split('/'), name) if part)
            for name in self.classes
        }
        self.problems: list[str] = []
        self.doubts: list[str] = []
        """Of the problems, those that are none if the file is other packages', too."""
        self.found: dict[str, dict[str, Any]] = {name: {} for name in self.classes}

    def say(self, line: int, sentence: str) -> None:
        self.problems.append(f'{self.path}:{line}: {sentence}')

    def doubt(self, line: int, sentence: str) -> None:
        self.say(line, sentence)
        self.doubts.append(self.problems[-1])

    def read(self) -> None:
        try:
            self.check(Path(self.path).read_text(encoding='utf-8'))
        except OSError as err:
            self.problems.append(f'{self.path}: cannot be read: {err.strerror}')
        except UnicodeDecodeError as err:
            self.problems.append(
                f'{self.path}: cannot be read: not UTF-8 ({err.reason} at byte {err.start})'
            )

    def check(self, text: str) -> None:
        try:
            root = yaml.compose(text, yaml.SafeLoader)
        except yaml.YAMLError as err:
            mark = getattr(err, 'problem_mark', None)
            what = getattr(err, 'problem', None) or err
            self.say(mark.line + 1 if mark else 1, f'not YAML: {what}')
            return
        if root is None:
            return
        for section in self.sections(root, ''):
            self.check_section(section)
        self.check_together()

    def sections(self, node: yaml.Node, target: str) -> Iterator[_Section]:
        """Yield each `ros__parameters`; namespaces may be nested or joined by slashes."""
        if not isinstance(node, yaml.MappingNode):
            what = f'section {target!r}' if target else 'the file'
            self.say(
                _line(node),
                f'{what} is {_words(node)}, but parameters stand under the name of a node and '
                f'{PARAMETERS!r}',
            )
            return
        for key, line, value in self.items(node):
            if key == PARAMETERS:
                yield _Section(target or '/**', line, value)
            else:
                joined = f'{target}/{key}'.replace('//', '/')
                yield from self.sections(value, '/' + joined.strip('/'))

    def items(self, node: yaml.MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            key, line = str(key_node.value), _line(key_node)
            if key in seen:
                self.say(line, f'{key!r} is already given in line {seen[key]}')
                continue
            seen[key] = line
            yield key, line, value

    def flat(self, node: yaml.MappingNode, prefix: str) -> Iterator[tuple[str, int, yaml.Node]]:
        """Yield parameters; ROS takes `echo: {mode: gate}` for `echo.mode: gate`."""
        for key, line, value in self.items(node):
            if isinstance(value, yaml.MappingNode):
                yield from self.flat(value, f'{prefix}{key}.')
            else:
                yield prefix + key, line, value

    def check_section(self, section: _Section) -> None:
        nodes = self.nodes_of(section)
        if not isinstance(section.parameters, yaml.MappingNode):
            self.say(
                section.line,
                f'expected parameters under {PARAMETERS}, found {_words(section.parameters)}',
            )
            return
        for name, line, value_node in self.flat(section.parameters, ''):
            value = _value(value_node)
            having = [node for node in nodes if name in kinds(self.classes[node])]
            if name in OF_EVERY_NODE:
                if type(value) is not OF_EVERY_NODE[name]:
                    self.say(line, f'parameter {name!r} is {value!r}, expected true or false')
            elif having:
                for node in having:
                    self.check_value(node, name, value, line)
            elif len(nodes) == 1:
                self.say(line, f'{nodes[0]}: {problem(self.classes[nodes[0]], name, None)}')
            elif nodes:
                self.doubt(line, self.unknown(name, nodes))

    def nodes_of(self, section: _Section) -> list[str]:
        """Return the nodes a section is for; say so when there are none."""
        nodes = [name for name, full in self.full_names.items() if _matches(section.target, full)]
        last = section.target.rsplit('/', 1)[-1]
        if nodes:
            return nodes
        if last in self.classes:
            self.doubt(
                section.line,
                f'section {section.target!r} is not for the node {self.full_names[last]}, '
                f"write '/**/{last}'",
            )
            return []
        near = difflib.get_close_matches(last, self.classes, n=1)
        hint = f'did you mean {near[0]!r}?' if near else f'there are {", ".join(self.classes)}'
        self.doubt(section.line, f'there is no node {section.target!r}, {hint}')
        return []

    def check_value(self, node: str, name: str, value: Any, line: int) -> None:
        reason = problem(self.classes[node], name, value)
        if reason:
            self.say(line, f'{node}: {reason}')
        else:
            self.found[node][name] = value

    def unknown(self, name: str, nodes: list[str]) -> str:
        known = {field for node in nodes for field in kinds(self.classes[node])}
        near = difflib.get_close_matches(name, known, n=1)
        hint = f', did you mean {near[0]!r}?' if near else ''
        return f'no node has a parameter {name!r}{hint}'

    def check_together(self) -> None:
        """Let each dataclass object to values that are right one by one."""
        for node, values in self.found.items():
            try:
                made(self.classes[node], values)
            except ValueError as err:
                self.problems.append(f'{self.path}: {node}: {err}')


def check_file(path: str | Path, namespace: str = graph.NAMESPACE) -> list[str]:
    """Return what is wrong with a parameter file, a sentence each with file and line.

    Strict where ROS is lenient: sections and names that no node of prot has are reported, and
    those of a node that is not in `namespace`. An empty list means that every value takes effect.
    """
    checker = _Checker(path, namespace)
    checker.read()
    return checker.problems


def check_shared_file(path: str | Path, namespace: str) -> tuple[list[str], list[str]]:
    """Return what is wrong with a file that may be other packages', too, and what is doubtful.

    Doubtful is what may be meant for a node that is not prot's, or not the one in `namespace`.
    """
    checker = _Checker(path, namespace)
    checker.read()
    return [line for line in checker.problems if line not in checker.doubts], checker.doubts


def values(path: str | Path, namespace: str = graph.NAMESPACE) -> dict[str, dict[str, Any]]:
    """Return what a file in which `check_file` finds nothing sets: node, parameter, value."""
    checker = _Checker(path, namespace)
    checker.read()
    return checker.found


def _matches(target: str, full_name: str) -> bool:
    """Tell whether a section is for a node: `*` is one part of a name, `**` any number."""
    pattern = ''.join(
        {'**': '(/[^/]+)*', '*': '/[^/]+'}.get(part, '/' + re.escape(part))
        for part in target.strip('/').split('/')
    )
    return re.fullmatch(pattern, full_name) is not None


def _value(node: yaml.Node) -> Any:
    """Return the value of a YAML node with the type that ROS's parser gives it.

    PyYAML would differ: it takes 1e5 for text, 2020-01-01 for a date and null for nothing.
    """
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    text = str(node.value)
    if node.style is not None:  # quoted or a block
        return text
    if text.lower() in FLAGS:
        return FLAGS[text.lower()]
    if re.fullmatch(r'[-+]?(0x[0-9a-f]+|[0-9]+)', text, re.IGNORECASE):
        octal = re.fullmatch(r'[-+]?0[0-7]+', text)
        return int(text, 8 if octal else 16 if 'x' in text.lower() else 10)
    if re.fullmatch(r'[-+]?(\.?[0-9][0-9.]*(e[-+]?[0-9]+)?|\.inf|\.nan)', text, re.IGNORECASE):
        with contextlib.suppress(ValueError):
            return float(text.lower().replace('.inf', 'inf').replace('.nan', 'nan'))
    return text


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _words(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return 'a list'
    return repr(node.value) if node.value else 'nothing'


if __name__ == '__main__':
    sys.stdout.write(render())
