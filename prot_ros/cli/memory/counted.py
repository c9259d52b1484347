# SPDX-License-Identifier: Apache-2.0
"""What `prot memory stats` prints. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from prot_ros.cli.memory import table
from prot_ros.cli.memory.table import counted, minute, size
from prot_ros.cli.screen import Screen, printable
from prot_ros.memory.inspection.census import Counts, Indexes, Server

PLURALS = {'person': 'people'}
MOST_TABLES = 6
"""Of the tables, the largest."""


def show(screen: Screen, place: str, server: Server, people: Mapping[str, Counts]) -> None:
    """Print it."""
    for name, counts in people.items():
        screen.line(screen.style('bold', f'What was told by {printable(name)}'))
        for line in table.table(_person(counts)):
            screen.line(line)
        for failure in counts.failures:
            words = (
                f'{counted(failure.turns, "turn")} could not be read, tried '
                f'{counted(failure.attempts, "time")}, again at {minute(failure.next)}: '
                f'{printable(failure.reason)}'
            )
            screen.line(table.INDENT + screen.style('bad', words))
        screen.line()
    screen.line(screen.style('bold', 'Database'))
    for line in table.table(_server(place, server)):
        screen.line(line)


def _person(counts: Counts) -> list[tuple[str, str]]:
    span = ''
    if counts.oldest is not None and counts.newest is not None:
        span = f', {minute(counts.oldest)} to {minute(counts.newest)}'
    failed = sum(failure.turns for failure in counts.failures)
    kinds = ', '.join(
        counted(number, kind, PLURALS.get(kind, '')) for kind, number in counts.entities.items()
    )
    readers = ', '.join(
        f'{counted(turns, "turn")} by {name or "an earlier version"}'
        for name, turns in counts.extractors.items()
    )
    rows = [
        ('turns', f'{counts.turns:,}{span}'),
        ('read', readers or 'none'),
        ('to be read', f'{counts.waiting:,} waiting, {failed:,} failed'),
        ('facts', f'{counts.facts:,}, of which {counts.true_now:,} are true now'),
        ('tellings', f'{counts.tellings:,}'),
        ('speak of', kinds or 'nobody and nothing yet'),
        ('circles', f'{counts.circles:,}'),
        ('summaries', f'{counts.summaries:,}'),
    ]
    rows += [
        (
            'vectors',
            f'{space.name}: {counted(space.turns, "turn")}, '
            f'{counted(space.entities, "entity", "entities")}',
        )
        for space in counts.spaces
    ]
    return rows


def _server(place: str, server: Server) -> list[tuple[str, str]]:
    largest = list(server.sizes.items())[:MOST_TABLES]
    return [
        ('place', place),
        ('server', f'PostgreSQL {server.version}, pgvector {server.vectors}'),
        ('running since', minute(server.started)),
        ('connections', f'{server.connections:,} of prot'),
        ('schema', f'version {server.schema_version}'),
        ('vector indexes', _indexes(server.vector_indexes)),
        ('size', size(sum(server.sizes.values()))),
        ('largest', ', '.join(f'{name} {size(bytes_)}' for name, bytes_ in largest)),
    ]


def _indexes(there: Indexes) -> str:
    if there.under_way:
        return 'are being made'
    if not there.indexes:
        return 'none: so few vectors are compared one by one'
    cleaned = f'they were cleaned up at {minute(there.cleaned)}' if there.cleaned else 'they are'
    return (
        f'{there.indexes:,}, {size(there.bytes)} together; '
        f'{counted(there.dead, "vector")} replaced or forgotten since {cleaned}'
    )


def as_json(place: str, server: Server, people: Mapping[str, Counts]) -> str:
    """Return it as JSON: `people` by name, and `server`."""
    return table.as_json(
        {
            'people': people,
            'server': {
                **{name: getattr(server, name) for name in server.__dataclass_fields__},
                'place': place,
                'bytes': sum(server.sizes.values()),
            },
        }
    )
