# SPDX-License-Identifier: Apache-2.0
"""What the doctor says, for people and for programs."""

from __future__ import annotations

import json

from prot_ros.cli.doctor.examination import Examination
from prot_ros.cli.doctor.finding import Finding, Level
from prot_ros.cli.screen import Screen, printable

TITLES = {
    'python': 'Python packages',
    'programs': 'Programs',
    'engines': 'Engines, one for each node',
    'sound': 'Sound',
    'memory': 'Memory',
    'online': 'Online services',
    'keys': 'Keys in the environment',
    'ros': 'ROS',
    'nodes': 'Running nodes',
}
MARKS = {Level.OK: 'ok', Level.NOTE: '-', Level.DEGRADED: 'degraded', Level.FAILED: 'FAILED'}
STYLES = {Level.OK: 'good', Level.NOTE: 'dim', Level.DEGRADED: 'cut', Level.FAILED: 'bad'}


def of_level(found: Examination, level: Level) -> list[Finding]:
    """Return the findings of one level."""
    return [one for findings in found.values() for one in findings if one.level is level]


def can_converse(found: Examination) -> bool:
    """Tell whether a conversation can be held on this machine."""
    return not of_level(found, Level.FAILED)


def show(screen: Screen, found: Examination) -> None:
    """Print it."""
    for section, findings in found.items():
        screen.line(screen.style('bold', TITLES[section]))
        width = max(len(one.name) for one in findings)
        for one in findings:
            mark = screen.style(STYLES[one.level], MARKS[one.level].ljust(8))
            screen.line(f'  {mark} {one.name.ljust(width)}  {printable(one.detail)}')
            if one.fix:
                indent = ' ' * (len('  degraded ') + width + 2)
                screen.line(f'{indent}{screen.style("dim", "→ " + printable(one.fix))}')
        screen.line()
    screen.line(conclusion(found))


def conclusion(found: Examination) -> str:
    """Return the last word: can one talk with it, and what lacks."""
    degraded = {one.name for one in of_level(found, Level.DEGRADED)}
    failed = [one.name for one in of_level(found, Level.FAILED)]
    if failed:
        return f'No conversation can be held: {", ".join(failed)} failed.'
    engines = {one.name for one in found.get('engines', []) if one.level is Level.DEGRADED}
    how = []
    if 'mic' in engines:
        how.append('typed, because there is no microphone')
    if 'speaker' in engines:
        how.append('read, because there is no loudspeaker')
    words = 'A conversation can be held'
    if how:
        words += ': ' + ' and '.join(how)
    others = sorted(degraded - {'mic', 'speaker'})
    return f'{words}.' + (f' Degraded: {", ".join(others)}.' if others else '')


def as_json(found: Examination) -> str:
    """Return it as JSON: `conversation`, `conclusion`, and `findings` by section."""
    return json.dumps(
        {
            'conversation': can_converse(found),
            'conclusion': conclusion(found),
            'findings': {
                section: [
                    {
                        'name': one.name,
                        'level': one.level.value,
                        'detail': one.detail,
                        'fix': one.fix,
                    }
                    for one in findings
                ]
                for section, findings in found.items()
            },
        },
        ensure_ascii=False,
        indent=2,
    )
