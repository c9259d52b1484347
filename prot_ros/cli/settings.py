# SPDX-License-Identifier: Apache-2.0
"""Parameters as a command is given them: files, then `-p NODE.NAME=VALUE`, checked before a start.

ROS passes over a name that no node has; here it is an error with the nearest name there is.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prot_ros import graph, params, params_file
from prot_ros.cli.failure import UsageError

Values = dict[str, dict[str, Any]]
"""Node name to parameter name to value."""

_FLAGS = {'true': True, 'false': False}


def check_files(paths: Sequence[Path], namespace: str) -> None:
    """Raise UsageError with all that is wrong with parameter files, a line each."""
    problems = [line for path in paths for line in params_file.check_file(path, namespace)]
    if problems:
        raise UsageError('\n       '.join(problems))


def overrides(assignments: Sequence[str]) -> Values:
    """Read `NODE.NAME=VALUE`s; raise UsageError for what no node takes."""
    classes = params_file.parameters()
    values: Values = {}
    for assignment in assignments:
        target, equals, text = assignment.partition('=')
        node, dot, name = target.partition('.')
        if not equals or not dot:
            raise UsageError(f'-p {assignment!r} is not of the form NODE.NAME=VALUE')
        if node not in classes:
            near = difflib.get_close_matches(node, classes, n=1)
            hint = f'did you mean {near[0]!r}?' if near else f'there are {", ".join(classes)}'
            raise UsageError(f'-p {assignment!r}: there is no node {node!r}, {hint}')
        kind = params.kinds(classes[node]).get(name, str)
        value = _typed(text, kind)
        reason = params.problem(classes[node], name, value)
        if reason:
            raise UsageError(f'-p {assignment!r}: {node}: {reason}')
        values.setdefault(node, {})[name] = value
    return values


def _typed(text: str, kind: type) -> Any:
    """Return the text as a value of the parameter's type, or as it is when it is none."""
    if kind is bool:
        return _FLAGS.get(text.lower(), text)
    if kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def effective(files: Sequence[Path], given: Values, namespace: str) -> dict[str, Any]:
    """Return each node's parameters, as its dataclass, as the nodes will have them.

    Raises UsageError for values that are right one by one and contradict each other.
    """
    found: dict[str, Any] = {}
    contents = [params_file.values(path, namespace) for path in files]
    for node, cls in params_file.parameters().items():
        merged: dict[str, Any] = {}
        for values in (*contents, given):
            merged.update(values.get(node, {}))
        try:
            found[node] = params.made(cls, merged)
        except ValueError as err:
            raise UsageError(f'{node}: {err}') from err
    return found


@contextlib.contextmanager
def as_ros_arguments(
    files: Sequence[Path], given: Values, namespace: str, log_level: str
) -> Iterator[tuple[list[str], list[int]]]:
    """Yield the arguments from `--ros-args` on, and the file descriptors that a child inherits.

    `given` becomes a parameter file that exists in memory only, so that nothing is left on disk
    however the process ends. (ROS's own `-p NODE:NAME:=VALUE` means a node without namespace.)
    """
    arguments = ['--ros-args', '--log-level', log_level, '-r', f'__ns:=/{namespace}']
    for path in files:
        arguments += ['--params-file', str(path)]
    if not given:
        yield arguments, []
        return
    descriptor = os.memfd_create('parameters.yaml')
    try:
        os.write(descriptor, _yaml(given, namespace).encode())
        arguments += ['--params-file', f'/proc/self/fd/{descriptor}']
        yield arguments, [descriptor]
    finally:
        os.close(descriptor)


def _yaml(given: Values, namespace: str) -> str:
    # Of several sections for one node ROS takes the one that was mentioned last, but puts equal
    # names together where the first of them stood. Nobody else writes the node's name like this.
    prefix = '/**/**' + (f'/{namespace}' if namespace else '')
    sections = {
        f'{prefix}/{node}': {params_file.PARAMETERS: values} for node, values in given.items()
    }
    return json.dumps(sections, ensure_ascii=False)


def node_names() -> list[str]:
    """Return all nodes in bring-up order, the manager last."""
    return [spec.name for spec in graph.ALL_NODES]
