# SPDX-License-Identifier: Apache-2.0
"""The README's tables, made from the code: `python test/readme_tables.py` writes them anew."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from prot_ros import graph, messages, params

README = Path(__file__).resolve().parent.parent / 'README.md'


def node_class(spec: graph.NodeSpec) -> Any:
    module, _, name = spec.cls.partition(':')
    return getattr(importlib.import_module(module), name)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def nodes() -> str:
    return table(
        ['node', 'what it does', 'file'],
        [
            [f'`{spec.name}`', spec.summary, f'[`{path}`](prot_ros/{path})']
            for spec in graph.ALL_NODES
            for path in ['nodes/' + spec.cls.partition(':')[0].rpartition('.')[2] + '.py']
        ],
    )


def qos(topic: graph.Topic) -> str:
    profile = topic.qos
    if profile.durability.name == 'TRANSIENT_LOCAL':
        return f'latched, depth {profile.depth}'
    return f'{profile.reliability.name.lower().replace("_", " ")}, depth {profile.depth}'


def topics() -> str:
    rows = []
    for topic in graph.TOPICS:
        message = messages.codec(topic.value).msg.__name__
        carries = topic.value.__name__
        kind = f'`{message}`' + (
            f' ({carries})' if message == 'String' and carries != 'str' else ''
        )
        ways = f'{", ".join(topic.publishers)} → {", ".join(topic.subscribers)}'
        rows.append([f'`{topic.name}`', kind, qos(topic), ways, topic.summary])
    return table(['topic', 'type', 'QoS', 'from → to', 'what it carries'], rows)


def parameters() -> str:
    rows = []
    for spec in graph.ALL_NODES:
        for name, field in params.by_name(node_class(spec).params_class).items():
            default = f'`{field.default!r}`' if field.default != '' else ''
            if isinstance(field.default, str) and len(field.default) > 20:
                default = '(a sentence)'
            rows.append(
                [
                    f'`{spec.name}`',
                    f'`{name}`',
                    default,
                    params.allowed(field),
                    params.describe(field) + ('; live' if field.metadata['live'] else ''),
                ]
            )
    return table(['node', 'parameter', 'default', 'values', 'meaning'], rows)


def interface(spec: graph.NodeSpec) -> dict[str, list[tuple[str, str]]]:
    """Read a node's docstring: section -> (name, what it is)."""
    module = importlib.import_module(spec.cls.partition(':')[0])
    sections: dict[str, list[tuple[str, str]]] = {}
    section = ''
    for line in (module.__doc__ or '').splitlines():
        if line[:1].isupper() and line.split()[0] in ('Subscribes', 'Publishes', 'Services'):
            section = line.split()[0]
        elif line.startswith('    ') and not line.startswith('     ') and section:
            # Names end at two spaces; some lines carry two names, as `heard, said`.
            names, _, rest = line.strip().partition('  ')
            for name in names.split(', '):
                sections.setdefault(section, []).append((name, rest.strip()))
        elif not line.startswith(' '):
            section = ''
    return sections


def services() -> str:
    return table(
        ['service', 'what it does'],
        [[f'`{name}`', text] for name, text in interface(graph.MANAGER)['Services']],
    )


TABLES = {'nodes': nodes, 'topics': topics, 'services': services, 'parameters': parameters}


def filled(text: str) -> str:
    """Return the README with every table made anew."""
    for name, make in TABLES.items():
        text, count = re.subn(
            rf'(<!-- {name} -->\n).*?(<!-- /{name} -->)',
            lambda match, make=make: f'{match[1]}{make()}\n{match[2]}',
            text,
            flags=re.DOTALL,
        )
        if count != 1:
            raise ValueError(f'README.md has {count} places for the table {name!r}, expected 1')
    return text


if __name__ == '__main__':
    README.write_text(filled(README.read_text()))
    sys.exit(0)
